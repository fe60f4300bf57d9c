"""Grids: a function of a model evaluated at the nodes of a rectangle."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.dataplane.grid_functions import GridFunction, Kind
from service.engines import Points
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
    """A function's values at the nodes of a grid: `values[row, column]` float32 [ny, nx], row = y, column = x; of the
    kind LABEL [ny, nx, 2].
    """

    grid: Grid
    kind: Kind
    values: NDArray[np.float32]


def bands(version: ModelVersion, function: GridFunction, grid: Grid) -> Iterator[NDArray[np.float32]]:
    """Evaluate a function on a grid, yielding a band of its rows at a time, float32 [rows, nx]; of the kind LABEL
    [rows, nx, 2].
    """
    x = grid.x.astype(np.float32)
    rows = max(1, POINTS_AT_ONCE // len(x))
    for first in range(0, len(grid.y), rows):
        y = grid.y[first : first + rows].astype(np.float32)
        points = np.empty((len(y), len(x), 2), np.float32)
        points[:, :, 0] = x
        points[:, :, 1] = y[:, np.newaxis]
        values = function.evaluate(version, points.reshape(-1, 2))
        yield values.reshape(len(y), len(x), *values.shape[1:])


def evaluate(version: ModelVersion, function: GridFunction, grid: Grid) -> Boundary:
    """Evaluate a function on a whole grid."""
    return Boundary(grid, function.kind, np.concatenate(list(bands(version, function, grid))))


@dataclass(frozen=True)
class Block:
    """The nodes x [nx] × y [ny] × z [nz] of a box, float64, both ends included."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    z: NDArray[np.float64]


def layers(version: ModelVersion, function: GridFunction, block: Block) -> Iterator[NDArray[np.float32]]:
    """Evaluate a function on a block, yielding a layer at a time, float32 [ny, nx], one for each z."""
    for z in block.z.astype(np.float32):
        yield np.concatenate(list(bands(version, _at_depth(function, z), Grid(block.x, block.y))))


def _at_depth(function: GridFunction, z: np.float32) -> GridFunction:
    def evaluate(version: ModelVersion, nodes: Points) -> NDArray[np.float32]:
        return function.evaluate(version, np.column_stack([nodes, np.full(len(nodes), z, np.float32)]))

    return GridFunction(function.kind, evaluate)
