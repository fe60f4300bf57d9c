"""How much of each model's luck comes from where: a bar a model, of the sources' shares of its own variance.

So a model whose runs hardly differ can be read beside one whose runs differ a lot. Sources are estimated apart: a bar
that ends before or behind 100% shows it.
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
ROW = 40

MAX_PERCENT = 300
"""Where the axis ends, in %: intervals of few runs go far beyond."""


def picture(models: Sequence[ModelResult], title: str, label: str, width: int, fonts: Fonts) -> Picture:
    """Return the models that it was measured of, from top to bottom."""
    shown = [(model.model, model.variance) for model in models if model.variance is not None]
    known: set[str] = {name for _, variance in shown for name in SOURCES if getattr(variance, name) is not None}
    entries: list[Patch | Line2D] = [Patch(color=c, label=text) for name, (c, text) in SOURCES.items() if name in known]
    entries.append(
        Line2D(
            [],
            [],
            linestyle="none",
            marker="|",
            markersize=12,
            markeredgewidth=2.5,
            color="black",
            label="in all, over runs",
        )
    )
    notes = _notes([variance for _, variance in shown], known)
    frame = Frame(width, title, entries, notes, fonts(title, label, *(name for name, _ in shown)))
    axis = wrapped(f"% of the model's own variance of {label}", 0.6 * width, frame.size)
    content = ROW * len(shown) + 1.9 * frame.line + len(axis) * frame.line

    def draw(figure: Figure) -> None:
        frame.draw(figure)
        names = [f"{fitted(name, 0.3 * width, frame.size)}\nSD {math.sqrt(v.total):.2g}" for name, v in shown]
        left = MARGIN + widest(names, frame.size) + 8
        plot = width - left - 1.4 * line_height(frame.size) - MARGIN
        axes = frame.axes(figure, left, frame.top, plot, ROW * len(shown))
        for row, (_, variance) in enumerate(shown):
            _draw(axes, row, variance)
        axes.set(ylim=(len(shown) - 0.5, -0.5), xlim=(0, min(MAX_PERCENT, 1.04 * max(_end(v) for _, v in shown))))
        axes.set_yticks(range(len(shown)), names, family=frame.families, parse_math=False, fontsize=frame.size)
        axes.grid(axis="y", visible=False)
        axes.set_xlabel("\n".join(axis), fontsize=frame.size, family=frame.families, parse_math=False)
        frame.mark(axes.xaxis, plot)

    return Picture(frame.height(content), draw)


def _draw(axes: Axes, row: int, variance: Variance) -> None:
    """Draw the sources one after the other, their intervals below, and a line at all of the variance."""
    start = 0.0
    for name, (colour, _text) in SOURCES.items():
        part = _share(getattr(variance, name), variance)
        axes.barh(row, part, left=start, height=0.5, color=colour)
        start += part
    axes.plot([100, 100], [row - 0.36, row + 0.36], color="black", linewidth=2.5)
    for name, low, high in _spans(variance):
        at = row + 0.24 + 0.06 * [*SOURCES].index(name)
        axes.plot([low, high], [at, at], color=SOURCES[name][0], linewidth=1.5)


def _notes(variances: Sequence[Variance], known: set[str]) -> list[str]:
    notes = []
    if known - {"test_set"}:
        measured = " and ".join(sorted({variance.measured_on.replace("_", " ") for variance in variances}))
        notes.append(f"Data, weights and batches: on {measured}, one varied at a time; lines are 95% intervals.")
    if "data" in known and any(variance.measured_on == "accuracy" for variance in variances):
        notes.append("On accuracy, the share of the data holds that of the test set once more.")
    if any(_end(variance) > MAX_PERCENT for variance in variances):
        notes.append(f"What goes beyond {MAX_PERCENT}% is cut off.")
    return notes


def _share(part: float | None, variance: Variance) -> float:
    """Return a part in % of the variance over runs; of none there is no share."""
    return 100 * (part or 0) / variance.total if variance.total else 0.0


def _spans(variance: Variance) -> list[tuple[str, float, float]]:
    """Return each source's interval, from where its bar begins."""
    start = _share(variance.test_set, variance)
    found: list[tuple[str, float, float]] = []
    for name in ("data", "weights", "batches"):
        part = getattr(variance, name)
        if part is not None and name in variance.ci95:
            low, high = (start + _share(end, variance) for end in variance.ci95[name])
            found.append((name, low, high))
        start += _share(part, variance)
    return found


def _end(variance: Variance) -> float:
    """Return where the bar and its intervals end, or all of the variance if that is more."""
    bar = sum(_share(getattr(variance, name), variance) for name in SOURCES)
    return max(100.0, bar, *(high for _, _, high in _spans(variance)))
