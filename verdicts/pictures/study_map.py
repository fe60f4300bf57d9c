"""A study over two factors: each cell is the boundary that its runs make, above the metric's mean."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bundle.card import Task
from bundle.study import Level, Study
from bundle.study_rows import BoundaryMap, Column
from verdicts.cells import grouped, levels_of
from verdicts.claim_words import metric_name
from verdicts.pictures.frame import MARGIN, Fonts, Frame, Picture
from verdicts.pictures.letters import fitted, widest, width_of
from verdicts.pictures.study_view import check, chosen, varied, view_of, words_of

MAX_LEVELS = 40
"""Levels of a factor that are drawn."""

SIDE = 150
"""The most pixels that a boundary is wide and high."""

CAPTIONS: Mapping[Task, str] = {
    "binary": "Each square is the mean of a cell's runs: blue where P(y = 1) is near 0, red near 1, a line at 0.5.",
    "multiclass": "Each square has the class that most of a cell's runs give, the paler the fewer agree.",
    "regression": "Each square is the mean of a cell's runs, from blue (least) to yellow (most).",
}

Colours: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Grid:
    """The levels of two factors that are drawn, x ascending to the right and y upwards, and what is at each place."""

    x: str | None
    y: str | None
    columns: list[Level]
    rows: list[Level]
    means: dict[tuple[Level, Level], float]
    cells: dict[tuple[Level, Level], str]
    notes: list[str]


def picture(
    study: Study,
    columns: dict[str, Column],
    maps: Mapping[str, BoundaryMap],
    asked: tuple[str | None, str | None, str],
    width: int,
    fonts: Fonts,
) -> Picture:
    """Return the map over the factors and with the metric that are asked for.

    Raises:
        ValueError: there are no rows, or no such factors.
    """
    x, y, metric = asked
    grid = _grid(study, columns, x, y, metric)
    words = [words_of(level) for level in (*grid.columns, *grid.rows)]
    drawn = {place: maps[cell] for place, cell in grid.cells.items() if cell in maps}
    notes = [*([CAPTIONS[study.task]] if drawn else []), f"Numbers: means of {metric_name(metric)}.", *grid.notes]
    by = " and ".join(name for name in (grid.y, grid.x) if name is not None)
    title = f"{study.title}: {metric_name(metric)}{f' by {by}' if by else ''}"
    frame = Frame(width, title, (), notes, fonts(title, *notes, *words))
    left, bar = _left(grid, width, frame), width_of("0.0000", frame.size) + 46
    side = max(4, min(SIDE, int((width - left - bar - MARGIN) / len(grid.columns)) - 2))
    strip = frame.line if side >= width_of("0.000", 0.8 * frame.size) else max(2.0, 0.2 * side)
    high = (side if drawn else 0) + max(strip, 0 if drawn else 0.6 * side) + 2
    labels = [fitted(words_of(level), max(side, 90), frame.size) for level in grid.columns]
    is_upright = widest(labels, frame.size) > side
    below = (widest(labels, frame.size) if is_upright else frame.line) + 1.6 * frame.line
    low, most = _ends(list(grid.means.values()))

    def draw(figure: Figure) -> None:
        frame.draw(figure)
        across, up = len(grid.columns) * (side + 2), len(grid.rows) * high
        axes = frame.axes(figure, left, frame.top, across, up)
        axes.grid(visible=False)
        norm, colours = Normalize(low, most), colormaps["viridis"]
        image = np.ones((round(up), round(across), 3))
        for (column, row), mean in grid.means.items():
            at, top = grid.columns.index(column) * (side + 2), (len(grid.rows) - 1 - grid.rows.index(row)) * high
            colour = np.array(colours(norm(mean))[:3]) if np.isfinite(mean) else np.full(3, 0.85)
            begin, end = round(top), round(top + high - 2)
            image[begin:end, at : at + side] = colour
            if (boundary := drawn.get((column, row))) is not None:
                image[begin : begin + side, at : at + side] = tile(boundary, study.task, side)
            if strip == frame.line or not drawn:
                text = f"{mean:.3f}" if np.isfinite(mean) else "none"
                text = text if abs(mean) < 1000 else f"{mean:.3g}"
                middle = top + (side + strip / 2 if drawn else (high - 2) / 2)
                dark = np.isfinite(mean) and float(colour @ [0.3, 0.6, 0.1]) < 0.55
                shown: dict[str, Any] = {"size": 0.8 * frame.size, "color": "white" if dark else "black"}
                if side >= width_of(text, 0.8 * frame.size):
                    axes.text(at + side / 2, middle, text, ha="center", va="center", **shown)
        axes.imshow(image, extent=(0, across, up, 0), interpolation="nearest", aspect="auto")
        for spine in axes.spines.values():
            spine.set_visible(False)
        named: dict[str, Any] = {"family": list(frame.families), "parse_math": False, "fontsize": frame.size}
        axes.set_xticks([(i + 0.5) * (side + 2) for i in range(len(labels))], labels, **named)
        axes.tick_params(length=0)
        if is_upright:
            axes.tick_params("x", rotation=90)
        beside = [fitted(words_of(level), left - 2.2 * frame.line, frame.size) for level in reversed(grid.rows)]
        axes.set_yticks([(i + 0.5) * high for i in range(len(beside))], beside if grid.y else [""], **named)
        axes.set_xlabel(fitted(grid.x or "", max(60, across), frame.size), **named)
        axes.set_ylabel(fitted(grid.y or "", max(60, up), frame.size), **named)
        scale = frame.axes(figure, left + across + 10, frame.top, 12, max(up, 3 * frame.line))
        bar_ = figure.colorbar(ScalarMappable(norm, colours), cax=scale)
        bar_.ax.tick_params(labelsize=0.8 * frame.size)
        frame.mark(bar_.ax.yaxis, max(up, 3 * frame.line), most=6)

    return Picture(frame.height(max(len(grid.rows) * high, 3 * frame.line) + below), draw)


def tile(boundary: BoundaryMap, task: Task, side: int) -> Colours:
    """Return a boundary's colours, [side, side, 3], the highest y above."""
    at = np.minimum((np.arange(side) + 0.5) / side * boundary.values.shape[-1], boundary.values.shape[-1] - 1).astype(
        int
    )
    values = boundary.values[:, at[::-1]][:, :, at].astype(np.float64) / 255
    if task == "multiclass" and len(values) > 1:
        shares = values if boundary.labels is None else boundary.labels[:, at[::-1]][:, :, at] / 255
        hues = np.asarray(colormaps["tab10" if len(values) <= 10 else "hsv"](_places(len(values))))[:, :3]
        strength = 0.15 + 0.85 * shares.max(axis=0)[..., np.newaxis]
        colours: Colours = 1 - strength * (1 - hues[shares.argmax(axis=0)])
        return colours
    found = np.array(colormaps["RdBu_r" if task == "binary" else "viridis"](values[0]))[..., :3]
    if task == "binary":
        is_high = values[0] > 0.5
        edge = np.zeros_like(is_high)
        edge[1:] |= is_high[1:] != is_high[:-1]
        edge[:, 1:] |= is_high[:, 1:] != is_high[:, :-1]
        found[edge] = 0.1
    return found


def _places(count: int) -> NDArray[np.float64] | NDArray[np.int64]:
    return np.arange(count) if count <= 10 else np.arange(count) / count


def _grid(study: Study, columns: dict[str, Column], x: str | None, y: str | None, metric: str) -> Grid:
    check(columns)
    names = varied(study, columns)
    x = chosen(x, names, "x") or next((name for name in names if name != y), None)
    y = chosen(y, names, "y") or next((name for name in names if name != x), None)
    y = None if y == x else y
    view = view_of(study, columns, (x, y))
    by = [name for name in (x, y) if name is not None]
    across, up = (_levels(view.columns, name) for name in (x, y))
    notes = [*view.notes, *_left_out(view.columns, (x, y))]
    means: dict[tuple[Level, Level], float] = {}
    cells: dict[tuple[Level, Level], str] = {}
    for group in grouped(view.columns, by, metric):
        place = (group.levels.get(x or ""), group.levels.get(y or ""))
        if place[0] in across and place[1] in up:
            means[place] = float("nan") if group.summary is None else group.summary.mean
    for group in grouped(view.columns, [*by, "cell"], metric):
        place = (group.levels.get(x or ""), group.levels.get(y or ""))
        cells.setdefault(place, str(group.levels["cell"]))
    return Grid(x, y, across, up, means, {place: cell for place, cell in cells.items() if place in means}, notes)


def _levels(columns: dict[str, Column], name: str | None) -> list[Level]:
    return [None] if name is None else levels_of(columns[name])[:MAX_LEVELS]


def _left_out(columns: dict[str, Column], names: Sequence[str | None]) -> list[str]:
    counts = [(name, len(levels_of(columns[name]))) for name in names if name is not None]
    return [f"The first {MAX_LEVELS} of {count} levels of {name}." for name, count in counts if count > MAX_LEVELS]


def _ends(means: Sequence[float]) -> tuple[float, float]:
    known = [mean for mean in means if np.isfinite(mean)] or [0.0, 1.0]
    low, high = min(known), max(known)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _left(grid: Grid, width: int, frame: Frame) -> float:
    if grid.y is None:
        return MARGIN + 2.2 * frame.line
    words = [words_of(level) for level in grid.rows]
    return MARGIN + min(widest(words, frame.size), 0.25 * width) + 2.2 * frame.line
