"""The explorer's contour lines are contourpy's, on the same grids."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from typing import cast

import contourpy
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page

from tests.conftest import Server
from tests.web.explorer import evaluated

LEVEL = 0.5

Array = NDArray[np.float64]
Point = tuple[float, float]


def lines_of(page: Page, grid: Array) -> list[Array]:
    """Return the page's lines; the last point of a closed one is its first again."""
    script = """
        const { contours } = await import("/explorer/contours.js");
        return contours(given[0], given[1], given[2], given[3]);
    """
    found = evaluated(page, script, grid.ravel().tolist(), grid.shape[1], grid.shape[0], LEVEL)
    return [np.array(one["points"] + (one["points"][:1] if one["isClosed"] else [])) for one in found]


def lines_of_contourpy(grid: Array) -> list[Array]:
    """Return contourpy's. A node at the level is low to it, and high to the page: so grid and level are negated."""
    masked = np.ma.masked_invalid(-grid)
    lines = contourpy.contour_generator(z=masked, name="serial", corner_mask=False).lines(-LEVEL)
    return cast("list[Array]", lines)


def segments(lines: list[Array]) -> Counter[frozenset[Point]]:
    """Return the pieces of lines between two edges, whichever way they go; a piece of no length is none."""
    rounded = [[(round(float(x), 6), round(float(y), 6)) for x, y in points] for points in lines]
    return Counter(frozenset(pair) for line in rounded for pair in pairwise(line) if len(set(pair)) > 1)


def is_closed(line: Array) -> bool:
    return bool(np.all(line[0] == line[-1]))


def smooth(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Return hills and valleys with closed and open lines."""
    y, x = (np.linspace(-3, 3, n) for n in shape)
    waves = [np.outer(np.sin(a * y + b), np.cos(c * x + d)) for a, b, c, d in rng.uniform(-2, 2, (4, 4))]
    total: Array = LEVEL + sum(waves, np.zeros(shape))
    return total


def with_holes(grid: Array, rng: np.random.Generator) -> Array:
    return np.where(rng.random(grid.shape) < 0.05, np.nan, grid)


RNG = np.random.default_rng(5)
GRIDS = {
    "hills": smooth(RNG, (81, 81)),
    "wide hills": smooth(RNG, (20, 50)),
    "noise, full of saddles": RNG.random((30, 40)),
    "noise of few values, many at the level": RNG.integers(0, 3, (30, 40)) / 2,
    "hills with holes": with_holes(smooth(RNG, (60, 60)), RNG),
    "noise with holes": with_holes(RNG.random((30, 40)), RNG),
    "a saddle whose mean is high": np.array([[1, 0.2], [0.1, 1]]),
    "a saddle whose mean is low": np.array([[0.6, 0], [0, 0.6]]),
    "a saddle whose mean is the level": np.array([[1, 0], [0, 1]]),
    "a high node in the middle": np.pad([[1.0]], 2),
    "a low node in the middle": 1 - np.pad([[1.0]], 2),
    "a high node in a corner": np.pad([[1.0]], ((0, 3), (0, 3))),
    "everything at the level": np.full((5, 5), LEVEL),
    "half of it at the level": np.repeat([[0, 0, LEVEL, LEVEL]], 4, axis=0),
    "nothing but holes": np.full((5, 5), np.nan),
}


@pytest.fixture(scope="module")
def empty(browser: Browser, server: Server) -> Iterator[Page]:
    """A page of the service's origin, which may import its modules."""
    with closing(browser.new_page(base_url=server.url)) as page:
        page.goto("/health/live")
        yield page


@pytest.mark.parametrize("name", GRIDS)
def test_the_lines_are_contourpys(empty: Page, name: str) -> None:
    grid = np.asarray(GRIDS[name], np.float64)
    ours, right = lines_of(empty, grid), lines_of_contourpy(grid)
    assert segments(ours) == segments(right)
    assert Counter(map(is_closed, ours)) == Counter(map(is_closed, right))


def test_a_line_that_is_open_ends_at_the_border(empty: Page) -> None:
    (line,) = lines_of(empty, np.repeat([[0.0, 1.0, 1.0]], 3, axis=0))
    assert not is_closed(line)
    assert sorted(map(tuple, line)) == [(0.5, 0), (0.5, 1), (0.5, 2)]


def test_the_high_side_is_on_the_left(empty: Page) -> None:
    (line,) = lines_of(empty, np.pad([[1.0]], 1))
    assert is_closed(line)
    (x, y), (x_next, y_next) = line[:-1].T, line[1:].T
    assert np.sum(x * y_next - x_next * y) > 0  # counterclockwise around the high node
