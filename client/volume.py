"""`Volume`: a model's values on the nodes of a block, over three of its features."""

import io
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from client.responses import Document, Response


@dataclass(frozen=True, eq=False, repr=False)
class Volume(Response):
    """A model's probabilities or values over three of its features.

    Attributes
    ----------
    model : str
        The model that answered.
    version : int
        Its version, from 1.
    epoch : int or None
        The epoch after which the weights were recorded. None for a model without recorded epochs.
    replicate : int
        The training run; 0 is the served one.
    features : tuple of str, length 3
        The names of the features along x, y and z.
    x, y, z : ndarray of float64, shapes (nx,), (ny,) and (nz,)
        The coordinates, ascending.
    values : ndarray of float32, shape (nz, ny, nx)
        The value at each `(x[i], y[j], z[k])` is `values[k, j, i]`.
    are_probabilities : bool
        Whether the values are probabilities: P(y = 1), or the class's that was asked for.
    held : mapping of str to float, str or None
        What the other features are held at, by name.
    class_ : str or None
        The class whose probability was asked for.
    """

    model: str
    version: int
    epoch: int | None
    replicate: int
    features: tuple[str, ...]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    z: NDArray[np.float64]
    values: NDArray[np.float32]
    are_probabilities: bool
    held: Mapping[str, float | str | None]
    class_: str | None = None

    @classmethod
    def from_npy(cls, grid: Document, content: bytes) -> "Volume":
        """Read a NumPy file and the header `Boundary-Grid` that describes it.

        Raises
        ------
        KeyError, TypeError, ValueError
            If one of them is malformed, or the two do not match.
        """
        values = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
        axes = [grid[axis] for axis in "xyz"]
        if values.shape != tuple(axis["nodes"] for axis in reversed(axes)):
            raise ValueError(f"{values.shape} values for other nodes")
        x, y, z = (np.linspace(axis["min"], axis["max"], axis["nodes"]) for axis in axes)
        return cls(
            grid["model"],
            grid["version"],
            grid["epoch"],
            grid["replicate"],
            tuple(axis["feature"] for axis in axes),
            x,
            y,
            z,
            values.astype(np.float32, copy=False),
            grid["numbers"] == "probabilities",
            grid["held"],
            grid.get("class"),
        )
