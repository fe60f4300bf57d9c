"""Grids: a function of a model evaluated at the nodes of a rectangle."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.dataplane.grid_functions import GridFunction, Kind
from service.errors import InvalidError
from service.registry.models import ModelVersion

POINTS_AT_ONCE = 16_384
"""Points built and evaluated at a time, so that a large grid needs little more memory than its answer. As fast as any
larger number: 128 kB of points stay in the cache, and in the heap."""


@dataclass(frozen=True)
class Grid:
    """The nodes x [nx] × y [ny] of a rectangle, float64, both ends included."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]

    @classmethod
    def spanning(cls, x_min: float, x_max: float, y_min: float, y_max: float, resolution: int) -> "Grid":
        """Return the grid with `resolution` nodes along each axis."""
        return cls(np.linspace(x_min, x_max, resolution), np.linspace(y_min, y_max, resolution))


@dataclass(frozen=True)
class Boundary:
    """A function's values at the nodes of a grid: `values[row, column]` float32 [ny, nx], row = y, column = x."""

    grid: Grid
    kind: Kind
    values: NDArray[np.float32]


def check_plane(version: ModelVersion) -> None:
    """Raise InvalidError where a model cannot be drawn: it does not have two features."""
    if len(version.features) != 2:
        raise InvalidError.of(
            "model",
            f"{version.name} has {len(version.features)} features; a boundary is drawn for models with 2",
        )


def bands(version: ModelVersion, function: GridFunction, grid: Grid) -> Iterator[NDArray[np.float32]]:
    """Evaluate a function on a grid, yielding a band of its rows at a time, float32 [rows, nx]."""
    x = grid.x.astype(np.float32)
    rows = max(1, POINTS_AT_ONCE // len(x))
    for first in range(0, len(grid.y), rows):
        y = grid.y[first : first + rows].astype(np.float32)
        points = np.empty((len(y), len(x), 2), np.float32)
        points[:, :, 0] = x
        points[:, :, 1] = y[:, np.newaxis]
        yield function.evaluate(version, points.reshape(-1, 2)).reshape(len(y), len(x))


def evaluate(version: ModelVersion, function: GridFunction, grid: Grid) -> Boundary:
    """Evaluate a function on a whole grid."""
    return Boundary(grid, function.kind, np.concatenate(list(bands(version, function, grid))))
