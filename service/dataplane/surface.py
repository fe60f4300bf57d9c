"""The surface on which a volume has a value: marching cubes (Lorensen and Cline 1987), with a table that is made here.

A cube's corners lie inside, where the volume reaches the level, or outside. On each of its faces the surface runs from
edge to edge; the pieces join to loops around the cube, which are filled with triangles. Where a face has two inside
corners across from each other, each is cut off by itself: both cubes that share the face do the same, so there are no
holes, which the original table has (Dürst 1988). docs/decisions/0024-many-classes-many-features.md says why this is
not a library's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

EDGES = [(a, a | 1 << axis) for axis in range(3) for a in range(8) if not a >> axis & 1]
"""A cube's edges by their corners; the bits of a corner's number are its place along x, y and z. Four an axis."""

FACES = ((0, 4, 6, 2), (1, 3, 7, 5), (0, 1, 5, 4), (2, 6, 7, 3), (0, 2, 3, 1), (4, 5, 7, 6))
"""A cube's faces by their corners, counterclockwise seen from outside."""


Nodes = tuple[NDArray[np.intp], ...]
"""Indices of nodes along z, y and x."""


@dataclass(frozen=True)
class Surface:
    """Triangles, int32 [t, 3], between vertices (x, y, z), float64 [v, 3], counterclockwise seen from where the volume
    is below the level; normals, float64 [v, 3], of length 1, point there.
    """

    vertices: NDArray[np.float64]
    normals: NDArray[np.float64]
    triangles: NDArray[np.int32]


def surface_of(volume: NDArray[np.float32], level: float, *axes: NDArray[np.float64]) -> Surface:
    """Return the surface on which a volume, [nz, ny, nx], has a value, by linear interpolation along the cubes' edges.

    Args:
        volume: its values at the nodes.
        level: the value.
        axes: the coordinates x [nx], y [ny] and z [nz], ascending; the surface ends where they do.
    """
    inside = volume >= level
    slopes = [np.gradient(volume, axis, axis=2 - i) for i, axis in enumerate(axes)]
    vertices, normals, numbers = [], [], []
    count = 0
    for axis in range(3):
        along = 2 - axis  # x is the volume's last
        near, far = (_shifted(along, end) for end in (slice(None, -1), slice(1, None)))
        crossed = inside[near] != inside[far]
        here = np.nonzero(crossed)
        there = tuple(index + (i == along) for i, index in enumerate(here))
        before, after = volume[here].astype(np.float64), volume[there].astype(np.float64)
        share = ((level - before) / (after - before))[:, np.newaxis]
        vertices.append(_places(axes, here) * (1 - share) + _places(axes, there) * share)
        normals.append(_at(slopes, here) * (share - 1) - _at(slopes, there) * share)
        number = np.zeros(crossed.shape, np.int32)
        number[here] = np.arange(count, count + len(share), dtype=np.int32)
        numbers.append(number)
        count += len(share)
    return Surface(np.concatenate(vertices), _unit(np.concatenate(normals)), _triangles(inside, numbers))


def _places(axes: Sequence[NDArray[np.float64]], nodes: Nodes) -> NDArray[np.float64]:
    return np.stack([axis[index] for axis, index in zip(axes, reversed(nodes), strict=True)], axis=-1)


def _at(slopes: Sequence[NDArray[np.float32]], nodes: Nodes) -> NDArray[np.float64]:
    return np.stack([slope[nodes] for slope in slopes], axis=-1).astype(np.float64)


def _triangles(inside: NDArray[np.bool_], numbers: list[NDArray[np.int32]]) -> NDArray[np.int32]:
    """Return the triangles of all cubes; `numbers` are the vertices' on the edges along x, y and z."""
    nz, ny, nx = (n - 1 for n in inside.shape)
    cases = np.zeros((nz, ny, nx), np.uint8)
    for corner in range(8):
        cases |= _from(inside, corner, (nz, ny, nx)).astype(np.uint8) << np.uint8(corner)
    crossed = (cases > 0) & (cases < 255)
    at = np.nonzero(crossed)
    of_edges = np.stack(
        [
            numbers[edge // 4][tuple(index + (corner >> bit & 1) for index, bit in zip(at, (2, 1, 0), strict=True))]
            for edge, (corner, _) in enumerate(EDGES)
        ],
        axis=-1,
    )
    table, counts = _table()
    found = cases[crossed]
    which = np.repeat(np.arange(len(found)), counts[found])
    triangles = table[found][np.arange(table.shape[1]) < counts[found][:, np.newaxis]]
    return of_edges[which[:, np.newaxis], triangles]


@cache
def _table() -> tuple[NDArray[np.int8], NDArray[np.int64]]:
    """Return for each of the 256 cases its triangles by the numbers of edges, [256, most, 3], and how many it has."""
    cases = [_case([bool(case >> corner & 1) for corner in range(8)]) for case in range(256)]
    counts = np.array([len(triangles) for triangles in cases])
    table = np.zeros((256, counts.max(), 3), np.int8)
    for case, triangles in enumerate(cases):
        table[case, : len(triangles)] = np.reshape(triangles, (-1, 3))
    return table, counts


def _case(inside: list[bool]) -> list[tuple[int, int, int]]:
    """Return the triangles of a cube with these corners inside."""
    following: dict[int, int] = {}
    for face in FACES:
        around = list(zip(face, (*face[1:], face[0]), strict=True))
        entries = [i for i, (a, b) in enumerate(around) if not inside[a] and inside[b]]
        for entry in entries:
            leaving = next(
                i % 4 for i in range(entry, entry + 4) if inside[around[i % 4][0]] > inside[around[i % 4][1]]
            )
            following[_edge(*around[entry])] = _edge(*around[leaving])
    triangles = []
    while following:
        first, loop = next(iter(following)), []
        while first in following:
            loop.append(first)
            first = following.pop(first)
        triangles += [(loop[0], a, b) for a, b in pairwise(loop[1:])]
    return triangles


def _edge(a: int, b: int) -> int:
    return EDGES.index((min(a, b), max(a, b)))


def _from(inside: NDArray[np.bool_], corner: int, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return whether that corner of each cube is inside."""
    z, y, x = (slice(corner >> bit & 1, (corner >> bit & 1) + n) for bit, n in zip((2, 1, 0), shape, strict=True))
    return inside[z, y, x]


def _shifted(along: int, end: slice) -> tuple[slice, ...]:
    return tuple(end if i == along else slice(None) for i in range(3))


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return vectors of length 1; one that has none points along z."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: NDArray[np.float64] = np.where(lengths > 0, vectors / np.where(lengths > 0, lengths, 1), [0.0, 0.0, 1.0])
    return unit
