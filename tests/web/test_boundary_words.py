"""What is said of a map's boundary is what a person would say who sees it."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page

from tests.conftest import Server
from tests.web.explorer import evaluated

Array = NDArray[np.float64]

X, Y = np.meshgrid(np.linspace(-1, 1, 81), np.linspace(-1, 1, 81))
RADIUS, ANGLE = np.hypot(X, Y), np.arctan2(Y, X)
ARM = (RADIUS < 0.9) & (RADIUS > 0.1) & (np.cos(ANGLE - 9 * RADIUS) > 0.3)
SQUARES = (np.floor(2.99 * (X + 1)) + np.floor(2.99 * (Y + 1))) % 2
CLASSES = ["setosa", "versicolor", "virginica"]


def p(logits: Array) -> Array:
    probabilities: Array = 1 / (1 + np.exp(-10 * logits))
    return probabilities


def hill(x: float, y: float) -> Array:
    return np.asarray(np.exp(-20 * ((X - x) ** 2 + (Y - y) ** 2)))


BOUNDARIES = {
    "a circle": (p(RADIUS - 0.6), "a closed curve around the centre, y = 0 inside"),
    "a circle that a corner cuts": (
        p(0.8 - np.hypot(X - 1, Y - 1)),
        "a curve from the top to the right edge, y = 1 above it",
    ),
    "a hill": (hill(0.6, -0.5), "a closed curve at the bottom right, y = 1 inside"),
    "a level line": (p(Y - 0.2), "a straight line from the left edge to the right edge, y = 1 above it"),
    "an upright line": (p(0.2 - X), "a straight line from the bottom to the top, y = 1 to its left"),
    "a slanted line": (p(X - Y), "a straight line from the left edge to the top, y = 1 below it"),
    "a parabola": (p(X**2 - 0.5 - Y), "a curve from the left edge to the right edge, y = 1 below it"),
    "xor": (
        p(X * Y + 0.02),
        "two curves: from the bottom to the right edge, and from the left edge to the top, …",
    ),
    "two stripes' edges": (
        p(0.4 - np.abs(X)),
        "two straight lines from the bottom to the top, …",
    ),
    "two hills": (
        np.maximum(hill(-0.5, 0), hill(0.5, 0)),
        "two closed curves: at the left, and at the right, …",
    ),
    "a ring": (p(0.2 - np.abs(RADIUS - 0.6)), "two closed curves around the centre, …"),
    "a spiral": (ARM.astype(float), "a winding closed curve in the centre, y = 1 inside"),
    "a checkerboard": (SQUARES, "ten curves and eight closed curves, y = 1 on 50% of the map"),
    "nothing": (np.full((81, 81), 0.2), "no boundary: y = 0 everywhere"),
    "everything": (np.full((81, 81), 0.5), "no boundary: y = 1 everywhere"),
    "no numbers": (np.full((81, 81), np.nan), "no boundary: there are no numbers"),
    "a hole": (np.where(RADIUS < 0.2, np.nan, 0.9), "no boundary: y = 1 everywhere"),
    "a speck beside a line": (
        np.maximum(p(X - 0.5), hill(-0.5, 0) > 0.99),
        "a straight line from the bottom to the top, y = 1 to its right",
    ),
    "a speck alone": ((hill(-0.5, 0.5) > 0.99).astype(float), "a closed curve at the top left, y = 1 inside"),
    "two nodes an axis": (
        np.array([[0.0, 0], [1, 1]]),
        "a straight line from the left edge to the right edge, y = 1 above it",
    ),
}

REGIONS = {
    "thirds": (
        np.where(X < -0.3, 0, np.where(Y > 0, 1, 2)),
        "three regions: setosa at the left, versicolor at the top right, virginica at the bottom right",
    ),
    "one class in two parts": (
        np.where(np.abs(X) > 0.4, 1, 0),
        "three regions: setosa in the centre, versicolor at the left and at the right",
    ),
    "a ring": (np.where(RADIUS < 0.4, 2, 0), "two regions: setosa around the centre, virginica in the centre"),
    "one class": (np.full((81, 81), 2), "no boundary: virginica everywhere"),
    "a speck": (np.where(hill(0, 0) > 0.99, 1, 2), "no boundary: virginica everywhere"),
    "a checkerboard": (SQUARES, "36 regions: setosa in 18 pieces, versicolor in 18 pieces"),
}

VALUES = {
    "a slope": (X + Y, "lowest at the bottom left, highest at the top right"),
    "a bowl": (RADIUS, "lowest in the centre, highest in several places"),
    "a ridge": (-np.abs(RADIUS - 0.5), "lowest in several places, highest around the centre"),
    "a plain": (np.full((81, 81), 3.0), "the same everywhere"),
    "no numbers": (np.full((81, 81), np.nan), "there are no numbers"),
}


@pytest.fixture(scope="module")
def empty(browser: Browser, server: Server) -> Iterator[Page]:
    """A page of the service's origin, which may import its modules."""
    with closing(browser.new_page(base_url=server.url)) as page:
        page.goto("/health/live")
        yield page


def said(page: Page, call: str, grid: Array, module: str = "explorer/boundary-words.js") -> Any:
    values = [None if np.isnan(value) else float(value) for value in grid.ravel()]
    script = f"""
        const words = await import("/{module}");
        const [values, side] = [Float64Array.from(given[0], (value) => value ?? NaN), given[1]];
        return words.{call};
    """
    return evaluated(page, script, values, grid.shape[0])


@pytest.mark.parametrize("name", BOUNDARIES)
def test_a_boundary_in_words(empty: Page, name: str) -> None:
    grid, words = BOUNDARIES[name]
    told = said(empty, "describe(values, side, { telling: true })", grid)
    plain = said(empty, "describe(values, side)", grid)
    share = f"y = 1 on {100 * np.mean(grid >= 0.5):.0f}% of the map"
    assert told == words.replace("…", share)
    assert told.startswith(plain)
    assert told.removeprefix(plain) in words.replace("…", share)


@pytest.mark.parametrize("name", REGIONS)
def test_the_regions_of_classes_in_words(empty: Page, name: str) -> None:
    labels, words = REGIONS[name]
    assert said(empty, f"describe(values, side, {{ classes: {CLASSES} }})", np.asarray(labels, float)) == words


@pytest.mark.parametrize("name", VALUES)
def test_where_values_are_lowest_and_highest(empty: Page, name: str) -> None:
    values, words = VALUES[name]
    assert said(empty, "describeValues(values, side)", values) == words


def test_the_level_and_the_names_of_both_sides_are_the_callers(empty: Page) -> None:
    call = 'describe(values, side, { level: 0, low: "negative", high: "positive", telling: true })'
    assert said(empty, call, X - 2) == "no boundary: negative everywhere"
    assert said(empty, call, X) == "a straight line from the bottom to the top, positive to its right"


def test_the_lesson_takes_several_lines_for_none_of_its_kinds(empty: Page) -> None:
    kinds = {
        "a slanted line": "straight",
        "a parabola": "open",
        "a circle": "closed",
        "two stripes' edges": "several",
        "xor": "several",
        "a checkerboard": "several",
        "nothing": "none",
    }
    call = 'shapeOf(values, 0.5, ["class 0", "class 1"]).kind'
    assert {name: said(empty, call, BOUNDARIES[name][0], "lesson/shape.js") for name in kinds} == kinds
