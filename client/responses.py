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


class Response:
    """A dataclass that is printed in one line: an array as its type and shape, and what is not there not at all."""

    def __repr__(self) -> str:
        values = ((field.name, getattr(self, field.name)) for field in fields(self))  # type: ignore[arg-type]
        parts = (f"{name}={_in_short(value)}" for name, value in values if value is not None and np.size(value))
        return f"{type(self).__name__}({', '.join(parts)})"


@dataclass(frozen=True, eq=False, repr=False)
class Prediction(Response):
    """One model's prediction at n points.

    Attributes
    ----------
    model : str
        The model that answered.
    version : int
        Its version, from 1.
    probabilities : ndarray of float32, shape (n,)
        P(y = 1) of each point, in [0, 1]: of two classes with names the second's. Shape (n, k) of k > 2 classes.
        Empty for a model that gives no probabilities.
    labels : ndarray of int64 or str, shape (n,)
        1 where the probability is at least the threshold, else 0; or the name of the class, where they have other
        names. Empty for a model that gives no probabilities.
    values : ndarray of float32, shape (n,)
        What a model gives that gives no probabilities, such as a regression; else empty. Shape (n, k) of a model that
        gives k numbers of which nothing is known.
    classes : tuple of str
        The classes' names, where they are not 0 and 1.
    """

    model: str
    version: int
    probabilities: NDArray[np.float32]
    labels: NDArray[np.int64] | NDArray[np.str_]
    values: NDArray[np.float32] = field(default_factory=lambda: np.empty(0, np.float32))
    classes: tuple[str, ...] = ()

    @classmethod
    def from_document(cls, document: Document) -> "Prediction":
        values, classes = document.get("values"), tuple(document.get("classes", ()))
        return cls(
            document["model"],
            document["version"],
            np.array(document["probabilities"] if values is None else [], dtype=np.float32),
            _labels(document["labels"]) if values is None else np.empty(0, np.int64),
            np.array(values or [], dtype=np.float32),
            classes,
        )

    def to_document(self) -> dict[str, Any]:
        numbers: dict[str, Any] = (
            {"values": _shortest_decimals(self.values)}
            if len(self.values)
            else {"probabilities": _shortest_decimals(self.probabilities), "labels": self.labels.tolist()}
        )
        if self.classes:
            numbers["classes"] = list(self.classes)
        return {"model": self.model, "version": self.version, **numbers}


@dataclass(frozen=True, eq=False, repr=False)
class Boundary(Response):
    """A model's probabilities, values, a statistic, a difference or activations on a grid over two of its features.

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
        `probability` of one training run, or its `value`, or its `label`; over all runs the `mean` or `std` (standard
        deviation), or the `agreement` (share of runs that give the majority's label).
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
    class_ : str or None
        The class whose probability was asked for.
    classes : tuple of str
        With `labels`: the names of the classes.
    labels : ndarray of int64, shape (ny, nx), or None
        Of a model with more than two classes, if none was asked for: the position of the most probable one among
        `classes`. The values are then its probability.
    held : mapping of str to float, str or None, or None
        What the other features are held at, by name. None if there are no others, or they are averaged over.
    average : mapping of str to int, or None
        Over how many `rows` `of` the data the other features are averaged.
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
    class_: str | None = None
    classes: tuple[str, ...] = ()
    labels: NDArray[np.int64] | None = None
    held: Mapping[str, float | str | None] | None = None
    average: Mapping[str, int] | None = None

    @classmethod
    def from_npy(cls, grid: Document, content: bytes) -> "Boundary":
        """Read a NumPy file and the header `Boundary-Grid` that describes it.

        Raises
        ------
        KeyError, TypeError, ValueError
            If one of them is malformed, or the two do not match.
        """
        x, y = grid["x"], grid["y"]
        array = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
        has_labels = grid["numbers"] == ["label", "values"]
        if array.shape != (*((2,) if has_labels else ()), y["nodes"], x["nodes"]):
            raise ValueError(f"{array.shape} values for {y['nodes']} × {x['nodes']} nodes")
        values = array[1] if has_labels else array
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
            grid.get("class"),
            tuple(grid.get("classes", ())),
            array[0].astype(np.int64) if has_labels else None,
            grid.get("held"),
            grid.get("average"),
        )

    @property
    def quantity(self) -> Quantity:
        """What the values measure, which decides how they are drawn."""
        if self.layer is not None:
            return "activation"
        if self.minus is not None:
            return "difference"
        if self.labels is not None:
            return "label"
        quantities: dict[str, Quantity] = {"std": "std", "agreement": "agreement"}
        return quantities.get(self.statistic, "probability" if self.are_probabilities else "value")

    @property
    def is_slice(self) -> bool:
        """Whether there are other features, which are held or averaged over."""
        return self.held is not None or self.average is not None

    def to_document(self) -> dict[str, Any]:
        optional = {
            "minus": self.minus,
            "layer": self.layer,
            "unit": self.unit,
            "class": self.class_,
            "features": list(self.features) if self.is_slice else None,
            "held": self.held,
            "average": self.average,
            "classes": list(self.classes) or None,
        }
        labels = {} if self.labels is None else {"label": self.labels.tolist()}
        return {
            "model": self.model,
            "version": self.version,
            "epoch": self.epoch,
            "replicate": self.replicate,
            "statistic": self.statistic,
            **{name: value for name, value in optional.items() if value is not None},
            "x": self.x.tolist(),
            "y": self.y.tolist(),
            **labels,
            "probabilities" if self.are_probabilities else "values": _shortest_decimals(self.values),
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
class Dataset(Response):
    """The data set of an experiment's served replicate: n points with d features.

    Attributes
    ----------
    experiment : str
        The experiment's name.
    features : tuple of str, length d
        The features' names.
    points : ndarray of float32, shape (n, d)
        The points; NaN where a value is missing, and of a category its position.
    labels : ndarray of int64, str or float32, shape (n,)
        The class of each point, 0 or 1, or its name; in a regression the value of the target.
    split : ndarray of str, shape (n,)
        The split of each point: `train`, `validation` or `test`.
    true_boundary : TrueBoundary or None
        The boundary between the classes. None where it is not known.
    classes : tuple of str
        The classes' names, where they are not 0 and 1.
    target : str
        What the labels are of.
    """

    experiment: str
    features: tuple[str, ...]
    points: NDArray[np.float32]
    labels: NDArray[np.int64] | NDArray[np.str_] | NDArray[np.float32]
    split: NDArray[np.str_]
    true_boundary: TrueBoundary | None
    classes: tuple[str, ...] = ()
    target: str | None = None

    @classmethod
    def from_document(cls, document: Document) -> "Dataset":
        truth = document["true_boundary"]
        return cls(
            document["experiment"],
            tuple(document["features"]),
            np.array(document["points"], dtype=np.float32),
            _labels(document["labels"]),
            np.array(document["split"], dtype=np.str_),
            None if truth is None else TrueBoundary.from_document(truth),
            tuple(document.get("classes", ())),
            document.get("target"),
        )

    def to_document(self) -> dict[str, Any]:
        return {
            "experiment": self.experiment,
            "features": list(self.features),
            "points": _shortest_decimals(self.points),
            "labels": _shortest_decimals(self.labels) if self.labels.dtype == np.float32 else self.labels.tolist(),
            "split": self.split.tolist(),
            "true_boundary": None if self.true_boundary is None else self.true_boundary.to_document(),
            **({"classes": list(self.classes)} if self.classes else {}),
            **({} if self.target is None else {"target": self.target}),
        }


def _labels(labels: list[Any]) -> NDArray[Any]:
    """Return labels as numbers or texts, whichever they are."""
    array = np.array(labels)
    if array.dtype.kind == "U":
        return array
    return array.astype(np.float32 if array.dtype.kind == "f" else np.int64)


def _shortest_decimals(values: NDArray[Any]) -> list[Any]:
    """Return float32 values [n] or [n, k] as floats with the shortest decimals: 0.1 instead of 0.10000000149011612, and
    None for NaN.
    """
    if values.ndim > 1:
        return [_shortest_decimals(row) for row in values]
    return [None if np.isnan(value) else float(str(value)) for value in values]


def _in_short(value: object) -> str:
    return f"<{value.dtype.type.__name__} {value.shape}>" if isinstance(value, np.ndarray) else repr(value)
