"""Lines of a study: a metric along a factor or over epochs, and gradient norms from layer to layer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bundle.study import Level, Study
from bundle.study_rows import Column, taken
from verdicts.cells import codes, grouped, levels_of, numbers
from verdicts.claim_words import metric_name
from verdicts.pictures.frame import MARGIN, Fonts, Frame, Picture, extent
from verdicts.pictures.letters import fitted, widest, width_of
from verdicts.pictures.study_view import EPOCH, check, chosen, varied, view_of, words_of

MAX_LINES = 12
MAX_PANELS = 8
PANEL = 300
"""The least width of a panel in pixels, where the picture has it."""

LOG_FROM_RATIO = 20
"""Where the largest level is so many times the least, levels are drawn on a logarithmic scale."""


@dataclass(frozen=True)
class Line:
    """Values by place along x, each with what is drawn around it; NaN where there is none."""

    label: str
    x: list[float]
    middle: list[float]
    low: list[float]
    high: list[float]


@dataclass(frozen=True)
class Scale:
    """How levels stand along x: at their values, or, where one is text or none, side by side."""

    levels: list[Level]
    label: str

    @property
    def is_number(self) -> bool:
        return all(isinstance(level, int | float) for level in self.levels)

    @property
    def places(self) -> list[float]:
        if self.is_number:
            return [float(level) for level in self.levels if isinstance(level, int | float)]
        return [float(i) for i in range(len(self.levels))]

    def apply(self, axes: Axes, frame: Frame, pixels: float) -> None:
        places = self.places
        if self.is_number:
            positive = [place for place in places if place > 0]
            if positive and min(places) >= 0 and max(positive) >= LOG_FROM_RATIO * min(positive):
                axes.set_xscale(
                    "symlog" if min(places) == 0 else "log", **({"linthresh": 1} if min(places) == 0 else {})
                )
                axes.set_xlim(-0.2 if min(places) == 0 else min(places) / 1.2, 1.2 * max(places))
                if min(places) > 0 and max(places) < 10 * LOG_FROM_RATIO * min(places):
                    _tick(axes, places, [words_of(level) for level in self.levels], frame, pixels)
            else:
                axes.set_xlim(*extent(places))
                frame.mark(axes.xaxis, pixels)
        else:
            _tick(axes, places, [words_of(level) for level in self.levels], frame, pixels)
            axes.set_xlim(-0.4, len(places) - 0.6)
        axes.set_xlabel(fitted(self.label, pixels, frame.size), **_named(frame))


def curves(
    study: Study,
    columns: dict[str, Column],
    asked: tuple[str | None, str | None, str],
    width: int,
    fonts: Fonts,
) -> Picture:
    """Return a metric along x, a factor or `epoch`, with a line for each level of y; intervals of 95%.

    Raises:
        ValueError: there are no rows, or no such factors.
    """
    check(columns)
    x, y, metric = asked
    names = varied(study, columns)
    x = chosen(x, [EPOCH, *names], "x") or along(names)
    y = chosen(y, [name for name in names if name != x], "y") or next((name for name in names if name != x), None)
    view = view_of(study, columns, (x, y))
    scale = Scale(levels_of(view.columns[x]), x)
    levels = levels_of(view.columns[y]) if y else [None]
    lines = []
    for level in levels[:MAX_LINES]:
        rows = view.columns if y is None else _at(view.columns, y, level)
        groups = {group.levels[x]: group.summary for group in grouped(rows, [x], metric, study.overlap)}
        found = [(place, groups[at]) for place, at in zip(scale.places, scale.levels, strict=True) if at in groups]
        told = [(place, summary) for place, summary in found if summary is not None]
        ends = [summary.ci95 or [np.nan, np.nan] for _, summary in told]
        lines.append(
            Line(
                f"{y} {words_of(level)}" if y else "",
                [place for place, _ in told],
                [summary.mean for _, summary in told],
                [low for low, _ in ends],
                [high for _, high in ends],
            )
        )
    over = f"over {len(np.unique(numbers(view.columns, 'replicate')))} runs at most"
    notes = [f"Means {over}, with their 95% intervals.", *view.notes, *_of_all(y, levels)]
    title = f"{study.title}: {metric_name(metric)} by {x}"
    return _panels([("", lines)], _Look(title, notes, scale, metric_name(metric), _colours(levels)), width, fonts)


def along(names: Sequence[str]) -> str:
    """Return what curves are along if nothing is asked for: the number of samples where it varies, else epochs."""
    return "n_samples" if "n_samples" in names else EPOCH


def gradients(
    study: Study, columns: dict[str, Column], asked: tuple[str | None, str | None], width: int, fonts: Fonts
) -> Picture:
    """Return gradient norms from layer to layer, with a line for each level of x and a panel for each of y.

    Raises:
        ValueError: there are no rows, no gradient norms, or no such factors.
    """
    check(columns)
    names = varied(study, columns)
    x = chosen(asked[0], names, "x") or ("depth" if "depth" in names else next(iter(names), None))
    y = chosen(asked[1], [name for name in names if name != x], "y")
    found = {int(name.rsplit("_", 1)[1]): name for name in columns if name.startswith("gradient_norm_")}
    if not found:
        raise ValueError("these rows have no gradient norms")
    view = view_of(study, columns, (x, y))
    layers = [found[layer] for layer in sorted(found)]
    levels = levels_of(view.columns[x]) if x else [None]
    apart = levels_of(view.columns[y]) if y else [None]
    panels = []
    for panel in apart[:MAX_PANELS]:
        rows = _at(view.columns, y, panel) if y else view.columns
        lines = [
            _layers(f"{x} {words_of(level)}" if x else "", _at(rows, x, level) if x else rows, layers)
            for level in levels[:MAX_LINES]
        ]
        panels.append((f"{y} {words_of(panel)}" if y else "", lines))
    notes = [
        "Medians over runs of the L2 norm of the training loss' gradient; bands hold the middle half of the runs.",
        *view.notes,
        *_of_all(x, levels),
        *([f"The first {MAX_PANELS} of {len(apart)} levels of {y}."] if len(apart) > MAX_PANELS else []),
    ]
    scale = Scale([*map(str, range(1, len(layers) + 1))], "layer, from the first to the output's")
    title = f"{study.title}: gradient norm by layer"
    return _panels(panels, _Look(title, notes, scale, "gradient norm", _colours(levels), is_log=True), width, fonts)


def _layers(label: str, rows: dict[str, Column], layers: Sequence[str]) -> Line:
    every = [(float(place), numbers(rows, name)) for place, name in enumerate(layers)]
    known = [(layer, values[np.isfinite(values)]) for layer, values in every]
    told = [(layer, np.quantile(values, [0.25, 0.5, 0.75]).tolist()) for layer, values in known if len(values)]
    low, middle, high = ([quantiles[i] for _, quantiles in told] for i in range(3))
    return Line(label, [layer for layer, _ in told], middle, low, high)


@dataclass(frozen=True)
class _Look:
    title: str
    notes: list[str]
    scale: Scale
    label: str
    colours: list[Any]
    is_log: bool = False


def _panels(panels: Sequence[tuple[str, Sequence[Line]]], look: _Look, width: int, fonts: Fonts) -> Picture:
    labelled = panels[0][1]
    entries = [
        Line2D([], [], color=colour, marker="o", markersize=4, label=line.label)
        for line, colour in zip(labelled, look.colours, strict=False)
        if line.label
    ]
    words = [words_of(level) for level in look.scale.levels]
    texts = (look.title, *look.notes, *(line.label for line in labelled), *(name for name, _ in panels), *words)
    frame = Frame(width, look.title, entries, look.notes, fonts(*texts))
    across = max(1, min(len(panels), int((width - MARGIN) // PANEL)))
    room = (width - MARGIN) / across
    left = MARGIN + width_of("−0.0000", frame.size) + 1.6 * frame.line
    plot = room - left - 0.8 * frame.line
    rotated = 0.0 if look.scale.is_number else min(widest(words, frame.size), 110)
    high, above, below = min(0.62 * plot, 420), 1.5 * frame.line, 3 * frame.line + rotated
    limits = _limits([line for _, lines in panels for line in lines], is_log=look.is_log)

    def draw(figure: Figure) -> None:
        frame.draw(figure)
        for i, (name, lines) in enumerate(panels):
            row, column = divmod(i, across)
            top = frame.top + row * (high + above + below) + above
            axes = frame.axes(figure, column * room + left, top, plot, high)
            _fill(axes, lines, look, limits[0])
            axes.set_ylim(*limits)
            look.scale.apply(axes, frame, plot)
            if not look.is_log:
                frame.mark(axes.yaxis, high)
            axes.set_ylabel(fitted(look.label, high, frame.size), **_named(frame))
            axes.set_title(fitted(name, plot, frame.size), pad=4, **_named(frame))

    return Picture(frame.height(-(-len(panels) // across) * (high + above + below)), draw)


def _fill(axes: Axes, lines: Sequence[Line], look: _Look, floor: float) -> None:
    clip: Callable[[list[float]], list[float]] = (
        (lambda values: [max(value, floor) for value in values]) if look.is_log else (lambda values: values)
    )
    for line, colour in zip(lines, look.colours, strict=False):
        axes.plot(line.x, clip(line.middle), "o-", color=colour, markersize=3.5, linewidth=1.5)
        axes.fill_between(line.x, clip(line.low), clip(line.high), color=colour, alpha=0.2, linewidth=0)
    if look.is_log:
        axes.set_yscale("log")


def _limits(lines: Sequence[Line], *, is_log: bool) -> tuple[float, float]:
    """Return the ends of the axis up; on a logarithmic scale 0 is drawn at its lower end."""
    ends = [v for line in lines for v in (*line.middle, *line.low, *line.high) if np.isfinite(v)]
    if not is_log:
        return extent(ends or [0.0, 1.0])
    positive = [value for value in ends if value > 0] or [1.0]
    return max(min(positive) / 2, 1e-300), max(positive) * 2


def _colours(levels: Sequence[Level]) -> list[Any]:
    count = min(MAX_LINES, len(levels))
    if count > 1 and all(level is None or isinstance(level, int | float) for level in levels):
        return [colormaps["viridis"](0.9 * i / (count - 1)) for i in range(count)]
    return [colormaps["tab10"](i % 10) for i in range(count)]


def _at(columns: dict[str, Column], name: str, level: Level) -> dict[str, Column]:
    levels = levels_of(columns[name])
    place = levels.index(level) if level in levels else -1
    return taken(columns, codes(columns[name], levels) == place)


def _of_all(name: str | None, levels: Sequence[Level]) -> list[str]:
    return [f"The first {MAX_LINES} of {len(levels)} levels of {name}."] if len(levels) > MAX_LINES else []


def _tick(axes: Axes, places: Sequence[float], words: Sequence[str], frame: Frame, pixels: float) -> None:
    every = max(1, -(-int(len(words) * 1.6 * frame.line) // max(1, int(pixels))))
    shown = [fitted(word, 110, frame.size) for word in words]
    axes.set_xticks(list(places)[::every], shown[::every], **_named(frame))
    axes.minorticks_off()
    if widest(shown, frame.size) * len(shown[::every]) > 0.9 * pixels:
        axes.tick_params("x", rotation=90)


def _named(frame: Frame) -> dict[str, Any]:
    return {"family": list(frame.families), "parse_math": False, "fontsize": frame.size}
