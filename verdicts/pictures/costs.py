"""Scores over the models' size or the time that they took to train: what a better one costs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from bundle.comparison import Summary
from verdicts.pictures.frame import MARGIN, Fonts, Frame, Picture, extent
from verdicts.pictures.letters import fitted, line_height, width_of, wrapped

PLOT = 0.6
"""The plot's height over the picture's width."""

FRONT, OTHER = "#1b7837", "#4393c3"

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Place:
    """A model on the map: `cost` is on a logarithmic axis."""

    name: str
    cost: float
    score: Summary


def picture(
    places: Sequence[Place], title: str, cost: str, label: str, higher_is_better: bool, width: int, fonts: Fonts
) -> Picture:
    """Return the map. Names stand where there is room, those of the best up to their cost first."""
    front = _front(places, higher_is_better)
    entries = [
        Line2D([], [], color=FRONT, marker="o", linestyle="-", label="the best mean up to its cost"),
        Line2D([], [], color=OTHER, marker="o", linestyle="none", label="another is as good at no more cost"),
        Line2D([], [], color="#404040", linewidth=1.5, label="95% interval of the mean"),
    ]
    note = "Names are left out where they would lie upon each other." if len(places) > 10 else ""
    families = fonts(title, label, *(place.name for place in places))
    frame = Frame(width, title, entries, [note] if note else [], families)
    label_lines = wrapped(label, PLOT * width, frame.size)
    plot_height = max(180.0, PLOT * width)
    content = plot_height + 2.2 * frame.line + frame.line + 4

    def draw(figure: Figure) -> None:
        frame.draw(figure)
        left = MARGIN + len(label_lines) * frame.line + width_of("0.0000", frame.size) + 10
        plot = width - left - MARGIN - 1.4 * line_height(frame.size)
        axes = frame.axes(figure, left, frame.top, plot, plot_height)
        for place in places:
            colour = FRONT if place in front else OTHER
            if place.score.ci95 is not None:
                axes.plot([place.cost, place.cost], place.score.ci95, color=colour, linewidth=1.5)
            axes.plot(place.cost, place.score.mean, "o", color=colour, markersize=0.6 * frame.size)
        axes.plot([p.cost for p in front], [p.score.mean for p in front], color=FRONT, linewidth=0.8)
        ends = [end for place in places for end in (place.score.mean, *(place.score.ci95 or []))]
        costs = [math.log10(place.cost) for place in places]
        low, high = extent(costs, 0.08)
        axes.set(xscale="log", xlim=(10**low, 10**high), ylim=extent(ends, 0.08))
        axes.set_xlabel(cost, fontsize=frame.size)
        axes.set_ylabel("\n".join(label_lines), fontsize=frame.size, family=frame.families, parse_math=False)
        frame.mark(axes.yaxis, plot_height)
        _mark_cost(axes, 10**low, 10**high, plot / (4 * line_height(frame.size)))
        _name(axes, front, [place for place in places if place not in front], frame)

    return Picture(frame.height(content), draw)


def _front(places: Sequence[Place], higher_is_better: bool) -> list[Place]:
    """Return the models of which no other has as good a mean at no more cost, from the cheapest."""
    sign = 1 if higher_is_better else -1
    best, found = -math.inf, []
    for place in sorted(places, key=lambda place: (place.cost, -sign * place.score.mean)):
        if sign * place.score.mean > best:
            best = sign * place.score.mean
            found.append(place)
    return found


def _mark_cost(axes: Axes, low: float, high: float, most: float) -> None:
    """Mark a logarithmic axis at 1, 2 and 5, or where that is too much at powers of ten; without raised exponents."""
    powers = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1)
    for steps in ((1, 2, 5), (1, 3), (1,)):
        ticks = [step * 10.0**power for power in powers for step in steps if low <= step * 10.0**power <= high]
        if len(ticks) <= max(2, most):
            break
    ticks = ticks if len(ticks) >= 2 else [low * (high / low) ** 0.15, low * (high / low) ** 0.85]
    ticks = ticks[:: math.ceil(len(ticks) / max(2, int(most)))]
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _in_short(value)))


def _in_short(value: float) -> str:
    for unit, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= unit:
            return f"{value / unit:.3g}{name}"
    return f"{value:.3g}"


def _name(axes: Axes, front: Sequence[Place], others: Sequence[Place], frame: Frame) -> None:
    """Write names beside the points where they lie upon no other name and no point."""
    places, area = [*front, *others], axes.bbox
    high = line_height(frame.size)
    points = {place.name: axes.transData.transform((place.cost, place.score.mean)) for place in places}
    taken: list[Box] = [(x - 5, y - 5, x + 5, y + 5) for x, y in points.values()]
    for place in places:
        x = points[place.name][0]
        low, high_end = (
            axes.transData.transform((place.cost, end))[1] for end in place.score.ci95 or [place.score.mean] * 2
        )
        taken.append((x - 2, low, x + 2, high_end))
    for place in places:
        x, y = points[place.name]
        text = fitted(place.name, 0.4 * area.width, frame.size)
        wide = width_of(text, frame.size)
        for left, low in ((x + 8, y + 3), (x - 8 - wide, y + 3), (x + 8, y - 3 - high), (x - 8 - wide, y - 3 - high)):
            box = (left, low, left + wide, low + high)
            inside = box[0] > area.x0 and box[2] < area.x1 and box[1] > area.y0 and box[3] < area.y1
            if inside and not any(_overlap(box, other) for other in taken):
                taken.append(box)
                at = axes.transAxes.inverted().transform((left, low + 0.2 * high))
                font: dict[str, Any] = {"fontsize": frame.size, "family": frame.families, "parse_math": False}
                font["color"] = FRONT if place in front else OTHER
                axes.text(at[0], at[1], text, transform=axes.transAxes, **font)
                break


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
