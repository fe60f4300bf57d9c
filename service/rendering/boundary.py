"""The notebook's picture: filled contours of fixed levels, the decision line, the true
boundary dashed where it is known, the points, a colour bar.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bundle.card import TrueBoundary
from bundle.comparison import Dataset
from service.dataplane.grid_functions import Kind
from service.dataplane.grids import Boundary, Grid
from service.registry.models import ModelVersion
from service.rendering.fonts import families
from service.rendering.pictures import draw_picture

MAX_SIDE_RATIO = 1000
"""The longer side of a rectangle that is drawn to scale, by its shorter one: the other would be less than a pixel."""

SAMPLES = 200
"""Along each side of the rectangle in which the true boundary is looked for: finer than a picture's dashes."""


@dataclass(frozen=True)
class _Style:
    """How a kind of number is drawn. The levels are fixed, so that a colour means the same in every picture; they reach
    as far as the numbers can: the standard deviation of two runs to 0.71, of more to less.
    """

    label: str
    colours: str
    levels: NDArray[np.float64]
    line: float | None = None


_STYLES = {
    Kind.PROBABILITY: _Style("P(y = 1)", "RdBu_r", np.linspace(0, 1, 11), line=0.5),
    Kind.STD: _Style("standard deviation of P(y = 1)", "viridis", np.linspace(0, 0.75, 16)),
    Kind.AGREEMENT: _Style("share of runs on the majority's side", "viridis", np.linspace(0.5, 1, 11)),
    Kind.DIFFERENCE: _Style("difference of P(y = 1)", "RdBu_r", np.linspace(-1, 1, 21), line=0),
}


def draw(boundary: Boundary, version: ModelVersion, title: str, dataset: Dataset | None, width: int) -> bytes:
    """Return a PNG `width` pixels wide."""
    return draw_picture(width, width * 0.84, lambda figure: _draw(figure, boundary, version, title, dataset))


def _draw(figure: Figure, boundary: Boundary, version: ModelVersion, title: str, dataset: Dataset | None) -> None:
    style = _STYLES.get(boundary.kind) or _style_of(boundary)
    axes = figure.add_subplot()
    x, y, z = boundary.grid.x, boundary.grid.y, boundary.values
    filled = axes.contourf(x, y, z, levels=style.levels, cmap=style.colours, extend="neither")
    if style.line is not None and z.min() < style.line < z.max():
        axes.contour(x, y, z, levels=[style.line], colors="white", linewidths=3.5)
        axes.contour(x, y, z, levels=[style.line], colors="black", linewidths=1.5)
    if dataset is not None:
        _scatter(axes, dataset)
    if version.card is not None and version.card.true_boundary is not None:
        _outline(axes, version.card.true_boundary, boundary.grid)
    axes.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]), aspect=_aspect(boundary.grid))
    x_name, y_name = (feature.name for feature in version.features[:2])
    fonts = families(x_name, y_name, title)
    axes.set_xlabel(x_name, family=fonts, parse_math=False)  # a column's name is never markup, whatever its dollars
    axes.set_ylabel(y_name, family=fonts, parse_math=False)
    axes.set_title(title, family=fonts, parse_math=False)
    figure.colorbar(filled, ax=axes, label=style.label, ticks=style.levels[::2])


def _aspect(grid: Grid) -> Literal["equal", "auto"]:
    """Return how long the axes' units are: equally, unless one axis would then be no line any more but a dot."""
    spans = sorted((grid.x[-1] - grid.x[0], grid.y[-1] - grid.y[0]))
    return "equal" if spans[1] < MAX_SIDE_RATIO * spans[0] else "auto"


def _style_of(boundary: Boundary) -> _Style:
    """Return levels that reach as far as the numbers do on this grid; about 0 where they are activations."""
    low, high = float(boundary.values.min()), float(boundary.values.max())
    if boundary.kind is Kind.VALUE:
        room = max((high - low) / 2, 1e-6 * max(abs(low), abs(high), 1))
        return _Style("value", "viridis", (low + high) / 2 + np.linspace(-room, room, 21))
    reach = max(abs(low), abs(high), 1e-6)
    return _Style("activation", "RdBu_r", np.linspace(-reach, reach, 21), line=0)


def _outline(axes: Axes, true: TrueBoundary, grid: Grid) -> None:
    """Dash the part of the true boundary that lies in the picture.

    A circle would be dashed all around, which takes for ever where the picture shows a millionth of it.
    """
    x, y = (
        np.linspace(max(along[0], center - 1.1 * true.radius), min(along[-1], center + 1.1 * true.radius), SAMPLES)
        for along, center in zip((grid.x, grid.y), true.center, strict=True)
    )
    if not (x[0] < x[-1] and y[0] < y[-1]):
        return
    distances = np.hypot(x - true.center[0], (y - true.center[1])[:, np.newaxis])
    if distances.min() < true.radius < distances.max():
        axes.contour(x, y, distances, levels=[true.radius], colors="black", linestyles="--", linewidths=1.2)


def _scatter(axes: Axes, dataset: Dataset) -> None:
    for label, marker, colour in ((0, "o", "#92c5de"), (1, "^", "#f4a582")):
        points = dataset.points[dataset.labels == label]
        axes.scatter(
            points[:, 0],
            points[:, 1],
            s=14,
            marker=marker,
            c=colour,
            edgecolors="black",
            linewidths=0.4,
            label=f"y = {label}",
        )
    axes.legend(loc="upper right", framealpha=0.9)
