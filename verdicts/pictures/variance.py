"""How much of each model's luck comes from where: a bar a model, of the parts of its variance over runs.

Parts are told in per cent of the whole, for the variances of models differ by a factor of hundreds. They add up to the
whole where sources are apart; they may not, for each is estimated by itself.
"""

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bundle.comparison import ModelResult, Variance
from verdicts.pictures.frame import MARGIN, Fonts, Frame, Picture
from verdicts.pictures.letters import fitted, line_height, widest, wrapped

SOURCES = {
    "test_set": ("#bdbdbd", "test set (by formula)"),
    "data": ("#4393c3", "data"),
    "weights": ("#e08214", "initial weights"),
    "batches": ("#7fbc41", "batch order"),
}
ROW = 44

MOST = 250.0
"""Per cent that are drawn; an interval that goes on beyond is cut off at the edge."""


def picture(models: Sequence[ModelResult], title: str, label: str, width: int, fonts: Fonts) -> Picture:
    """Return the models that it was measured of, from top to bottom."""
    shown = [(model.model, model.variance) for model in models if model.variance is not None]
    known = {name for _, variance in shown for name in SOURCES if getattr(variance, name) is not None}
    entries: list[Patch | Line2D] = [Patch(color=c, label=text) for name, (c, text) in SOURCES.items() if name in known]
    entries.append(
        Line2D(
            [],
            [],
            linestyle="none",
            marker="|",
            markersize=12,
            markeredgewidth=1.5,
            color="black",
            label="the whole (SD: its root)",
        )
    )
    others = [name for name in SOURCES if name != "test_set" and name in known]
    measured = sorted({variance.measured_on.replace("_", " ") for _, variance in shown}) if others else []
    notes = (
        [f"Data, weights and batches: on {' and '.join(measured)}, one varied at a time; lines are 95% intervals."]
        if measured
        else []
    )
    frame = Frame(width, title, entries, notes, fonts(title, label, *(name for name, _ in shown)))
    axis = wrapped(f"per cent of the variance of {label} over runs", 0.6 * width, frame.size)
    content = ROW * len(shown) + 1.9 * frame.line + len(axis) * frame.line

    def draw(figure: Figure) -> None:
        frame.draw(figure)
        names = [fitted(name, 0.36 * width, frame.size) for name, _ in shown]
        spreads = [f"SD {math.sqrt(variance.total):.2g}" for _, variance in shown]
        left = MARGIN + widest([*names, *spreads], frame.size) + 8
        plot = width - left - 1.4 * line_height(frame.size) - MARGIN
        axes = frame.axes(figure, left, frame.top, plot, ROW * len(shown))
        ends = [100.0]
        for row, (_, variance) in enumerate(shown):
            start = 0.0
            for name, (colour, _text) in SOURCES.items():
                part = _share(variance, name)
                axes.barh(row, part, left=start, height=0.5, color=colour)
                start += part
            ends += [start, *_intervals(axes, row, variance)]
        axes.axvline(100, color="black", linewidth=1.5)
        axes.set(ylim=(len(shown) - 0.5, -0.5), xlim=(0, min(MOST, 1.04 * max(ends))))
        told = [f"{name}\n{spread}" for name, spread in zip(names, spreads, strict=True)]
        axes.set_yticks(range(len(shown)), told, family=frame.families, parse_math=False, fontsize=frame.size)
        axes.grid(axis="y", visible=False)
        axes.set_xlabel("\n".join(axis), fontsize=frame.size, family=frame.families, parse_math=False)
        frame.mark(axes.xaxis, plot)

    return Picture(frame.height(content), draw)


def _share(variance: Variance, name: str) -> float:
    """Return a part in per cent of the whole; of nothing there are no parts."""
    part: float | None = getattr(variance, name)
    return 0.0 if part is None or variance.total == 0 else 100 * part / variance.total


def _intervals(axes: Axes, row: int, variance: Variance) -> list[float]:
    """Draw the interval of each source from where its bar begins, below the bars; return the ends."""
    start, ends = _share(variance, "test_set"), []
    for i, name in enumerate(("data", "weights", "batches")):
        if name in variance.ci95 and variance.total > 0:
            low, high = (start + 100 * end / variance.total for end in variance.ci95[name])
            at = row + 0.3 + 0.06 * i
            axes.plot([low, high], [at, at], color=SOURCES[name][0], linewidth=1.5)
            ends.append(high)
        start += _share(variance, name)
    return ends
