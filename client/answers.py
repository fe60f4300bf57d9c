"""What the service answers, as values with NumPy arrays. Pure: from JSON documents and NumPy files, and to JSON."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from client.display import BoundaryDisplay, PlotMethod, draw

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Document = Mapping[str, Any]
"""Decoded JSON; its shape stands in the service's OpenAPI document."""

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)
class Prediction:
    """One model's prediction at n points.

    Attributes
    ----------
    model : str
        The model that answered.
    version : int
        Its version, from 1.
    probabilities : ndarray of float32, shape (n,)
        P(y = 1) of each point, in [0, 1].
    labels : ndarray of int64, shape (n,)
        1 where the probability reaches the threshold, else 0.
    """

    model: str
    version: int
    probabilities: NDArray[np.float32]
    labels: NDArray[np.int64]

    @classmethod
    def from_document(cls, document: Document) -> "Prediction":
        return cls(
            document["model"],
            document["version"],
            np.array(document["probabilities"], dtype=np.float32),
            np.array(document["labels"], dtype=np.int64),
        )

    def to_document(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "version": self.version,
            "probabilities": _digits(self.probabilities),
            "labels": self.labels.tolist(),
        }


@dataclass(frozen=True, eq=False)
class Boundary:
    """What was asked of a model on a grid of the plane.

    Attributes
    ----------
    model : str
        The model that answered.
    version : int
        Its version, from 1.
    epoch : int or None
        The epoch after which; None for a model that recorded none.
    replicate : int or None
        The training run, 0 the served one; None for a statistic over all of them.
    statistic : str
        `probability` of one training run, or over all of them the `mean` or `std` (standard deviation) of the
        probability, or the `agreement` (share of runs on the majority's side of P = 0.5).
    features : tuple of str, length 2
        The names of the features along x and y.
    x : ndarray of float64, shape (nx,)
        The columns' coordinates, ascending, both ends included.
    y : ndarray of float64, shape (ny,)
        The rows' coordinates, ascending, both ends included.
    values : ndarray of float32, shape (ny, nx)
        The numbers at `(x[column], y[row])`: the statistic, in [0, 1], unless `minus` or `layer` says otherwise.
    are_probabilities : bool
        Whether the values are P(y = 1) or its mean, so that the boundary is where they are 0.5.
    minus : str or None
        The model whose statistic was subtracted; the values are then differences in [-1, 1].
    layer, unit : int or None
        The hidden unit, counted from 1, whose activations the values are instead.
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
    def from_npy(cls, described: Document, content: bytes) -> "Boundary":
        """Read a NumPy file and what the header `Boundary-Grid` says of it.

        Raises
        ------
        KeyError, TypeError, ValueError
            They are none, or do not fit together.
        """
        x, y = described["x"], described["y"]
        values = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
        if values.shape != (y["nodes"], x["nodes"]):
            raise ValueError(f"{values.shape} values for {y['nodes']} × {x['nodes']} nodes")
        return cls(
            described["model"],
            described["version"],
            described["epoch"],
            described["replicate"],
            described["statistic"],
            (x["feature"], y["feature"]),
            np.linspace(x["min"], x["max"], x["nodes"]),
            np.linspace(y["min"], y["max"], y["nodes"]),
            values.astype(np.float32, copy=False),
            described["numbers"] == "probabilities",
            described.get("minus"),
            described.get("layer"),
            described.get("unit"),
        )

    def to_document(self) -> dict[str, Any]:
        asked = {"minus": self.minus, "layer": self.layer, "unit": self.unit}
        return {
            "model": self.model,
            "version": self.version,
            "epoch": self.epoch,
            "replicate": self.replicate,
            "statistic": self.statistic,
            **{name: value for name, value in asked.items() if value is not None},
            "x": self.x.tolist(),
            "y": self.y.tolist(),
            "probabilities" if self.are_probabilities else "values": [_digits(row) for row in self.values],
        }

    def plot(
        self, ax: "Axes | None" = None, *, plot_method: PlotMethod = "contourf", **kwargs: object
    ) -> BoundaryDisplay:
        """Draw the values with Matplotlib, in the manner of scikit-learn's `DecisionBoundaryDisplay`.

        Colours mean the same in every plot of the same quantity: probabilities reach from 0 to 1, with the line where
        they are 0.5; differences from -1 to 1 and activations as far from 0 to both sides as they go, with the line
        where they are 0.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure if left out.
        plot_method : {"contourf", "contour", "pcolormesh"}
            The method of `ax` that draws.
        **kwargs
            Passed on to it; they go before the levels, colours and limits that it is given otherwise.

        Returns
        -------
        BoundaryDisplay
            With `ax_`, `figure_`, `surface_` and `line_`.

        Raises
        ------
        ImportError
            Matplotlib is not installed: it comes with the extra `client-plot`.
        ValueError
            There is no such plot method.

        Examples
        --------
        >>> with BoundaryClient() as client:
        ...     display = client.boundary("tanh-3").plot()
        ...     data = client.dataset()
        >>> display.ax_.scatter(*data.points.T, c=data.labels, edgecolors="black")
        >>> display.figure_.colorbar(display.surface_, label="P(y = 1)")
        """
        return draw(self, ax, plot_method, kwargs)


@dataclass(frozen=True)
class TrueBoundary:
    """The sphere that parts the classes, 0 inside and 1 outside; with two features a circle."""

    center: tuple[float, ...]
    radius: float

    @classmethod
    def from_document(cls, document: Document) -> "TrueBoundary":
        return cls(tuple(document["center"]), document["radius"])

    def to_document(self) -> dict[str, Any]:
        return {"center": list(self.center), "radius": self.radius}


@dataclass(frozen=True, eq=False)
class Dataset:
    """The data of an experiment's served replicate: n points with d features.

    Attributes
    ----------
    experiment : str
        The experiment's name.
    features : tuple of str, length d
        The features' names.
    points : ndarray of float32, shape (n, d)
        The points.
    labels : ndarray of int64, shape (n,)
        0 or 1 for each point.
    split : ndarray of str, shape (n,)
        For each point `train`, `validation` or `test`.
    true_boundary : TrueBoundary or None
        What parts the classes, where it is known.
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
            "points": [_digits(point) for point in self.points],
            "labels": self.labels.tolist(),
            "split": self.split.tolist(),
            "true_boundary": None if self.true_boundary is None else self.true_boundary.to_document(),
        }


def _digits(values: NDArray[np.float32]) -> list[float]:
    """Return float32 values [n] with float32's digits: 0.1, not the 0.10000000149011612 that the nearest one is."""
    return [float(str(value)) for value in values]
