"""The service's responses as dataclasses with NumPy arrays, read from JSON documents and NumPy files, without I/O."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from client.display import BoundaryDisplay, PlotMethod, Quantity

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Document = Mapping[str, Any]
"""Decoded JSON. The service's OpenAPI document describes its structure."""

SPLITS = ("train", "validation", "test")


class _Response:
    """A dataclass that is printed in one line: an array as its type and shape, and what is not there not at all."""

    def __repr__(self) -> str:
        values = ((field.name, getattr(self, field.name)) for field in fields(self))  # type: ignore[arg-type]
        parts = (f"{name}={_in_short(value)}" for name, value in values if value is not None and np.size(value))
        return f"{type(self).__name__}({', '.join(parts)})"


@dataclass(frozen=True, eq=False, repr=False)
class Prediction(_Response):
    """One model's prediction at n points.

    Attributes
    ----------
    model : str
        The model that answered.
    version : int
        Its version, from 1.
    probabilities : ndarray of float32, shape (n,)
        P(y = 1) of each point, in [0, 1]. Empty for a model that gives no probabilities.
    labels : ndarray of int64, shape (n,)
        1 where the probability is at least the threshold, else 0. Empty for a model that gives no probabilities.
    values : ndarray of float32, shape (n,)
        What a model gives that gives no probabilities, such as a regression; else empty.
    """

    model: str
    version: int
    probabilities: NDArray[np.float32]
    labels: NDArray[np.int64]
    values: NDArray[np.float32] = field(default_factory=lambda: np.empty(0, np.float32))

    @classmethod
    def from_document(cls, document: Document) -> "Prediction":
        values = document.get("values")
        return cls(
            document["model"],
            document["version"],
            np.array(document["probabilities"] if values is None else [], dtype=np.float32),
            np.array(document["labels"] if values is None else [], dtype=np.int64),
            np.array(values or [], dtype=np.float32),
        )

    def to_document(self) -> dict[str, Any]:
        numbers = (
            {"values": _shortest_decimals(self.values)}
            if len(self.values)
            else {"probabilities": _shortest_decimals(self.probabilities), "labels": self.labels.tolist()}
        )
        return {"model": self.model, "version": self.version, **numbers}


@dataclass(frozen=True, eq=False, repr=False)
class Boundary(_Response):
    """A model's probabilities, a statistic, a difference or activations on a grid of the plane.

    Attributes
    ----------
    model : str
        The model that answered.
    version : int
        Its version, from 1.
    epoch : int or None
        The epoch after which the weights were recorded. None for a model without recorded epochs.
    replicate : int or None
        The training run; 0 is the served one. None for a statistic over all runs.
    statistic : str
        `probability` of one training run; over all runs the `mean` or `std` (standard deviation) of the probability,
        or the `agreement` (share of runs on the majority's side of P = 0.5).
    features : tuple of str, length 2
        The names of the features along x and y.
    x : ndarray of float64, shape (nx,)
        The columns' coordinates, ascending, from `x_min` to `x_max`.
    y : ndarray of float64, shape (ny,)
        The rows' coordinates, ascending, from `y_min` to `y_max`.
    values : ndarray of float32, shape (ny, nx)
        The value at each `(x[column], y[row])`: the statistic, in [0, 1], unless `minus` or `layer` is set.
    are_probabilities : bool
        Whether the values are P(y = 1) or its mean. The decision boundary is then where they are 0.5.
    minus : str or None
        The model whose statistic was subtracted. The values are then differences in [-1, 1].
    layer, unit : int or None
        The hidden unit, counted from 1, whose activations the values are.
    """

    model: str
    version: int
    epoch: int | None
    replicate: int | None
    statistic: str
    features: tuple[str, str]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    values: NDArray[np.float32]
    are_probabilities: bool
    minus: str | None = None
    layer: int | None = None
    unit: int | None = None

    @classmethod
    def from_npy(cls, grid: Document, content: bytes) -> "Boundary":
        """Read a NumPy file and the header `Boundary-Grid` that describes it.

        Raises
        ------
        KeyError, TypeError, ValueError
            If one of them is malformed, or the two do not match.
        """
        x, y = grid["x"], grid["y"]
        values = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
        if values.shape != (y["nodes"], x["nodes"]):
            raise ValueError(f"{values.shape} values for {y['nodes']} × {x['nodes']} nodes")
        return cls(
            grid["model"],
            grid["version"],
            grid["epoch"],
            grid["replicate"],
            grid["statistic"],
            (x["feature"], y["feature"]),
            np.linspace(x["min"], x["max"], x["nodes"]),
            np.linspace(y["min"], y["max"], y["nodes"]),
            values.astype(np.float32, copy=False),
            grid["numbers"] == "probabilities",
            grid.get("minus"),
            grid.get("layer"),
            grid.get("unit"),
        )

    @property
    def quantity(self) -> Quantity:
        """What the values measure, which decides how they are drawn."""
        if self.layer is not None:
            return "activation"
        if self.minus is not None:
            return "difference"
        quantities: dict[str, Quantity] = {"std": "std", "agreement": "agreement", "value": "value"}
        return quantities.get(self.statistic, "probability")

    def to_document(self) -> dict[str, Any]:
        optional = {"minus": self.minus, "layer": self.layer, "unit": self.unit}
        return {
            "model": self.model,
            "version": self.version,
            "epoch": self.epoch,
            "replicate": self.replicate,
            "statistic": self.statistic,
            **{name: value for name, value in optional.items() if value is not None},
            "x": self.x.tolist(),
            "y": self.y.tolist(),
            "probabilities" if self.are_probabilities else "values": [_shortest_decimals(row) for row in self.values],
        }

    def plot(
        self, ax: "Axes | None" = None, *, plot_method: PlotMethod = "contourf", **kwargs: object
    ) -> BoundaryDisplay:
        """Draw the values with Matplotlib. Takes, returns and raises what `BoundaryDisplay.plot` does.

        Examples
        --------
        >>> with BoundaryClient() as client:
        ...     display = client.boundary("tanh-3").plot()
        ...     data = client.dataset()
        >>> display.ax_.scatter(*data.points.T, c=data.labels, edgecolors="black")
        >>> display.figure_.colorbar(display.surface_, label="P(y = 1)")
        """
        return BoundaryDisplay.from_boundary(self, ax=ax, plot_method=plot_method, **kwargs)


@dataclass(frozen=True)
class TrueBoundary:
    """The sphere that separates class 0, inside, from class 1, outside. With two features it is a circle."""

    center: tuple[float, ...]
    radius: float

    @classmethod
    def from_document(cls, document: Document) -> "TrueBoundary":
        return cls(tuple(document["center"]), document["radius"])

    def to_document(self) -> dict[str, Any]:
        return {"center": list(self.center), "radius": self.radius}


@dataclass(frozen=True, eq=False, repr=False)
class Dataset(_Response):
    """The data set of an experiment's served replicate: n points with d features.

    Attributes
    ----------
    experiment : str
        The experiment's name.
    features : tuple of str, length d
        The features' names.
    points : ndarray of float32, shape (n, d)
        The points.
    labels : ndarray of int64, shape (n,)
        The class of each point, 0 or 1.
    split : ndarray of str, shape (n,)
        The split of each point: `train`, `validation` or `test`.
    true_boundary : TrueBoundary or None
        The boundary between the classes. None where it is not known.
    """

    experiment: str
    features: tuple[str, ...]
    points: NDArray[np.float32]
    labels: NDArray[np.int64]
    split: NDArray[np.str_]
    true_boundary: TrueBoundary | None

    @classmethod
    def from_document(cls, document: Document) -> "Dataset":
        truth = document["true_boundary"]
        return cls(
            document["experiment"],
            tuple(document["features"]),
            np.array(document["points"], dtype=np.float32),
            np.array(document["labels"], dtype=np.int64),
            np.array(document["split"], dtype=np.str_),
            None if truth is None else TrueBoundary.from_document(truth),
        )

    def to_document(self) -> dict[str, Any]:
        return {
            "experiment": self.experiment,
            "features": list(self.features),
            "points": [_shortest_decimals(point) for point in self.points],
            "labels": self.labels.tolist(),
            "split": self.split.tolist(),
            "true_boundary": None if self.true_boundary is None else self.true_boundary.to_document(),
        }


def _shortest_decimals(values: NDArray[np.float32]) -> list[float]:
    """Return float32 values [n] as floats with the shortest decimals: 0.1 instead of 0.10000000149011612."""
    return [float(str(value)) for value in values]


def _in_short(value: object) -> str:
    return f"<{value.dtype.type.__name__} {value.shape}>" if isinstance(value, np.ndarray) else repr(value)
