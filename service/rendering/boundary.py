"""The notebook's picture: filled contours of fixed levels, the decision line, the true
boundary dashed where it is known, the points, a colour bar. Of more than two classes areas, one hue a class.
"""

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.contour import QuadContourSet
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bundle.card import TrueBoundary
from bundle.comparison import Dataset
from service.dataplane.grid_functions import Kind
from service.dataplane.grids import Boundary, Grid
from service.rendering import classes
from service.rendering.fonts import families
from service.rendering.lettering import in_a_row, in_two_lines, shortened, title_size
from service.rendering.pictures import draw_picture
from service.rendering.subject import Subject

MAX_SIDE_RATIO = 1000
"""The longer side of a rectangle that is drawn to scale, by its shorter one: the other would be less than a pixel."""

MIN_AXES_SHARE = 0.65
"""The share of a picture's width and height that its axes have at least."""

FAINT_ALPHA = 0.25
"""The opacity of points that are drawn where they do not lie."""

TWO_HUES = ("#92c5de", "#f4a582")

SAMPLES = 200
"""Along each side of the rectangle in which the true boundary is looked for: finer than a picture's dashes."""


@dataclass(frozen=True)
class _Style:
    """How a kind of number is drawn. The levels of probabilities are fixed, so that a colour means the same in every
    picture; they reach as far as the numbers can: the standard deviation of two runs to 0.71, of more to less.
    """

    label: str
    colours: str
    levels: NDArray[np.float64]
    line: float | None = None


_STYLES = {
    Kind.PROBABILITY: _Style("{}", "RdBu_r", np.linspace(0, 1, 11), line=0.5),
    Kind.STD: _Style("standard deviation of {}", "viridis", np.linspace(0, 0.75, 16)),
    Kind.AGREEMENT: _Style("share of runs on the majority's side", "viridis", np.linspace(0.5, 1, 11)),
    Kind.DIFFERENCE: _Style("difference of {}", "RdBu_r", np.linspace(-1, 1, 21), line=0),
    Kind.VALUE: _Style("{}", "viridis", np.linspace(0, 1, 21)),
    Kind.ACTIVATION: _Style("activation", "RdBu_r", np.linspace(-1, 1, 21), line=0),
}


def draw(boundary: Boundary, subject: Subject, width: int) -> bytes:
    """Return a PNG `width` pixels wide."""
    return draw_picture(width, width * 0.84, lambda figure: _draw(figure, boundary, subject))


def _draw(figure: Figure, boundary: Boundary, subject: Subject) -> None:
    axes = figure.add_subplot()
    width, height = figure.bbox.width, figure.bbox.height
    x_name, y_name = (feature.name for feature in subject.features)
    categories = [name for feature in subject.features for name in feature.categories or ()]
    fonts = families(x_name, y_name, subject.title, subject.quantity, *subject.version.classes, *categories)
    filled = None
    if boundary.kind is Kind.LABEL:
        classes.fill(axes, boundary, len(subject.version.classes))
    else:
        style = _style_of(boundary, subject)
        filled = _fill(axes, boundary, style)
        bar = figure.colorbar(filled, ax=axes, ticks=style.levels[::2])
        label = in_two_lines(style.label.format(subject.quantity), MIN_AXES_SHARE * height)
        bar.set_label(label, family=fonts, parse_math=False)
    if subject.data is not None:
        _scatter(axes, subject.data, subject, filled if boundary.kind is Kind.VALUE else None)
    elif boundary.kind is Kind.LABEL:
        classes.name(axes, subject.version.classes)
    if subject.version.card is not None and subject.version.card.true_boundary is not None and subject.is_whole:
        _outline(axes, subject.version.card.true_boundary, subject.axes, boundary.grid)
    _name_categories(axes, subject, fonts, width)
    x, y = boundary.grid.x, boundary.grid.y
    axes.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]), aspect=_aspect(boundary.grid, subject))
    # a column's name is never markup, whatever its dollars
    axes.set_xlabel(in_two_lines(x_name, MIN_AXES_SHARE * width), family=fonts, parse_math=False)
    axes.set_ylabel(in_two_lines(y_name, MIN_AXES_SHARE * height), family=fonts, parse_math=False)
    axes.set_title(subject.title, family=fonts, parse_math=False, fontsize=title_size(width))
    _finish_legend(axes, fonts, width, height)


def _finish_legend(axes: Axes, fonts: list[str], width: float, height: float) -> None:
    """Write the names with these fonts, as far as there is room, and show the markers strong, also of faint points."""
    legend = axes.get_legend()
    if legend is None:
        return
    if len(legend.get_texts()) * classes.LINE_PIXELS > classes.LEGEND * height:
        legend.remove()  # it would cover the picture
        return
    for text in legend.get_texts():
        text.set(text=shortened(text.get_text(), width / 3), family=fonts, parse_math=False)
    for handle in legend.legend_handles:
        if handle is not None:
            handle.set_alpha(1)


def _fill(axes: Axes, boundary: Boundary, style: _Style) -> QuadContourSet:
    x, y, z = boundary.grid.x, boundary.grid.y, boundary.values
    filled = axes.contourf(x, y, z, levels=style.levels, cmap=style.colours, extend="neither")
    if style.line is not None and z.min() < style.line < z.max():
        axes.contour(x, y, z, levels=[style.line], colors="white", linewidths=3.5)
        axes.contour(x, y, z, levels=[style.line], colors="black", linewidths=1.5)
    return filled


def _aspect(grid: Grid, subject: Subject) -> Literal["equal", "auto"]:
    """Return how long the axes' units are: equally in the plane of the notebook, where both are the same. Not so where
    features are standardized or have categories, and where one axis would then be no line any more but a dot.
    """
    spans = sorted((grid.x[-1] - grid.x[0], grid.y[-1] - grid.y[0]))
    alike = subject.is_whole and all(f.sd is None and f.categories is None for f in subject.features)
    return "equal" if alike and spans[1] < MAX_SIDE_RATIO * spans[0] else "auto"


def _name_categories(axes: Axes, subject: Subject, fonts: list[str], width: float) -> None:
    """Name the places of a feature's categories along its axis."""
    for set_ticks, feature in zip((axes.set_xticks, axes.set_yticks), subject.features, strict=True):
        if feature.categories is not None and len(feature.categories) <= classes.MAX_NAMED:
            names = [shortened(name, width / 5) for name in feature.categories]
            is_crowded = set_ticks == axes.set_xticks and in_a_row(names) > MIN_AXES_SHARE * width
            set_ticks(range(len(names)), names, family=fonts, parse_math=False, rotation=90 if is_crowded else 0)


def _style_of(boundary: Boundary, subject: Subject) -> _Style:
    """Return a kind's style, with levels that reach as far as the numbers do on this grid where they have no bounds."""
    style, values = _STYLES[boundary.kind], boundary.values
    low, high = float(values.min()), float(values.max())
    reach = max(abs(low), abs(high)) or 1.0
    if boundary.kind is Kind.ACTIVATION:
        return replace(style, levels=np.linspace(-reach, reach, 21))
    if boundary.kind is Kind.AGREEMENT and subject.version.task == "multiclass":  # of k classes, from 1 / k
        return replace(style, label="share of runs with the majority's class", levels=np.linspace(0, 1, 11))
    if subject.version.output != "value":
        return style
    if boundary.kind is Kind.DIFFERENCE:
        return replace(style, levels=np.linspace(-reach, reach, 21))
    if boundary.kind is Kind.STD:
        return replace(style, levels=np.linspace(0, reach, 16))
    room = max((high - low) / 2, 1e-6 * reach)
    return replace(style, levels=(low + high) / 2 + np.linspace(-room, room, 21))


def _outline(axes: Axes, true: TrueBoundary, order: tuple[int, ...], grid: Grid) -> None:
    """Dash the part of the true boundary that lies in the picture.

    A circle would be dashed all around, which takes for ever where the picture shows a millionth of it.
    """
    middle = [true.center[i] for i in order]
    x, y = (
        np.linspace(max(along[0], center - 1.1 * true.radius), min(along[-1], center + 1.1 * true.radius), SAMPLES)
        for along, center in zip((grid.x, grid.y), middle, strict=True)
    )
    if not (x[0] < x[-1] and y[0] < y[-1]):
        return
    distances = np.hypot(x - middle[0], (y - middle[1])[:, np.newaxis])
    if distances.min() < true.radius < distances.max():
        axes.contour(x, y, distances, levels=[true.radius], colors="black", linestyles="--", linewidths=1.2)


def _scatter(axes: Axes, data: Dataset, subject: Subject, filled: QuadContourSet | None) -> None:
    """Draw the points: of two classes circles and triangles, of more by hue, of a regression by the same colours."""
    points = data.points[:, list(subject.axes)]
    look: dict[str, Any] = {"s": 14, "edgecolors": "black", "linewidths": 0.4}
    if not subject.is_whole:
        look["alpha"] = FAINT_ALPHA
    if not data.classes:
        of_values: dict[str, Any] = {} if filled is None else {"cmap": filled.cmap, "norm": filled.norm}
        axes.scatter(points[:, 0], points[:, 1], c="white" if filled is None else data.labels, **of_values, **look)
        return
    hues = TWO_HUES if len(data.classes) == 2 else classes.hues(len(data.classes))
    for label, name in enumerate(data.classes):
        x, y = points[data.labels == label].T
        marker = "^" if len(data.classes) == 2 and label == 1 else "o"
        axes.scatter(x, y, marker=marker, color=hues[label], label=f"y = {name}", **look)
    if len(data.classes) <= classes.MAX_NAMED:
        axes.legend(loc="upper right", framealpha=0.9)
