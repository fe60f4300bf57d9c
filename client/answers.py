"""What the service answers, as values with NumPy arrays. Pure: from JSON documents and back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
    """A model on a grid of the plane: `matplotlib.pyplot.contourf(b.x, b.y, b.values)` draws it.

    Attributes
    ----------
    model : str
        The model that answered.
    version : int
        Its version, from 1.
    x : ndarray of float64, shape (nx,)
        The columns' coordinates, ascending, both ends included.
    y : ndarray of float64, shape (ny,)
        The rows' coordinates, ascending, both ends included.
    values : ndarray of float32, shape (ny, nx)
        P(y = 1) in [0, 1] at `(x[column], y[row])`.
    """

    model: str
    version: int
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    values: NDArray[np.float32]

    @classmethod
    def from_document(cls, document: Document) -> "Boundary":
        return cls(
            document["model"],
            document["version"],
            np.array(document["x"], dtype=np.float64),
            np.array(document["y"], dtype=np.float64),
            np.array(document["probabilities"], dtype=np.float32),
        )

    def to_document(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "version": self.version,
            "x": self.x.tolist(),
            "y": self.y.tolist(),
            "probabilities": [_digits(row) for row in self.values],
        }


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
    """

    experiment: str
    features: tuple[str, ...]
    points: NDArray[np.float32]
    labels: NDArray[np.int64]
    split: NDArray[np.str_]

    @classmethod
    def from_document(cls, document: Document) -> "Dataset":
        return cls(
            document["experiment"],
            tuple(document["features"]),
            np.array(document["points"], dtype=np.float32),
            np.array(document["labels"], dtype=np.int64),
            np.array(document["split"], dtype=np.str_),
        )

    def to_document(self) -> dict[str, Any]:
        return {
            "experiment": self.experiment,
            "features": list(self.features),
            "points": [_digits(point) for point in self.points],
            "labels": self.labels.tolist(),
            "split": self.split.tolist(),
        }


def _digits(values: NDArray[np.float32]) -> list[float]:
    """Return float32 values [n] with float32's digits: 0.1, not the 0.10000000149011612 that the nearest one is."""
    return [float(str(value)) for value in values]
