"""Marching cubes, held against scikit-image's, and against what a surface is."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from skimage.measure import marching_cubes, mesh_surface_area

from service.dataplane.surface import Surface, surface_of

X, Y, Z = np.linspace(-1.5, 1.5, 24), np.linspace(-1.2, 1.8, 21), np.linspace(-2, 1, 18)
AXES = (X, Y, Z)


def sampled(function: str) -> NDArray[np.float32]:
    z, y, x = np.meshgrid(Z, Y, X, indexing="ij")
    functions = {
        "ball": 1 - np.sqrt(x**2 + y**2 + z**2),
        "plane": 0.3 * x - 0.2 * y + z,
        "two balls": np.maximum(0.5 - np.hypot(np.hypot(x - 0.7, y), z), 0.5 - np.hypot(np.hypot(x + 0.7, y), z)),
        "saddle": x * y + 0.3 * z,
    }
    return functions[function].astype(np.float32)


def area_of(vertices: NDArray[np.float64], triangles: NDArray[np.integer]) -> float:
    return float(mesh_surface_area(vertices, triangles))  # type: ignore[no-untyped-call]


def area(surface: Surface) -> float:
    return area_of(surface.vertices, surface.triangles)


@pytest.mark.parametrize("function", ["ball", "plane", "two balls", "saddle"])
def test_vertices_and_area_are_those_of_scikit_image(function: str) -> None:
    volume = sampled(function)
    ours = surface_of(volume, 0.05, *AXES)
    steps = tuple(axis[1] - axis[0] for axis in reversed(AXES))
    theirs, faces, _, _ = marching_cubes(volume, 0.05, spacing=steps, method="lorensen")  # type: ignore[no-untyped-call]
    theirs = (theirs + [axis[0] for axis in reversed(AXES)])[:, ::-1]
    assert len(ours.vertices) == len(np.unique(theirs.round(6), axis=0))
    assert np.abs(sorted_rows(ours.vertices) - sorted_rows(np.unique(theirs.round(6), axis=0))).max() < 1e-4
    assert area(ours) == pytest.approx(area_of(theirs, faces), rel=0.01)


def sorted_rows(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    rounded = rows.round(4)
    return rows[np.lexsort(rounded.T)]


def test_a_balls_surface_has_its_area_and_normals_away_from_it() -> None:
    surface = surface_of(sampled("ball"), 0.0, *AXES)
    assert area(surface) == pytest.approx(4 * np.pi, rel=0.02)
    outwards = surface.vertices / np.linalg.norm(surface.vertices, axis=1, keepdims=True)
    assert (surface.normals * outwards).sum(axis=1).min() > 0.98
    a, b, c = (surface.vertices[surface.triangles[:, i]] for i in range(3))
    across = np.cross(b - a, c - a)
    assert ((across * a).sum(axis=1) >= 0).all()  # counterclockwise seen from outside


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), st.sampled_from([2, 3, 5]))
def test_no_volume_leaves_a_hole(seed: int, inner: int) -> None:
    """Within a margin of what is outside the surface is closed: each edge is passed once each way for each triangle."""
    volume = np.zeros((inner + 2,) * 3, np.float32)
    volume[1:-1, 1:-1, 1:-1] = np.random.default_rng(seed).choice([0, 1], (inner,) * 3)
    triangles = surface_of(volume, 0.5, *(np.arange(inner + 2.0),) * 3).triangles
    ways = Counter((int(a), int(b)) for t in triangles for a, b in zip(t, np.roll(t, -1), strict=True))
    assert all(ways[b, a] == count for (a, b), count in ways.items())


@pytest.mark.parametrize("level", [-5, 5])
def test_a_level_that_the_volume_does_not_reach_has_no_surface(level: float) -> None:
    surface = surface_of(sampled("ball"), level, *AXES)
    assert (surface.vertices.shape, surface.triangles.shape) == ((0, 3), (0, 3))
