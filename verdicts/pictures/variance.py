"""How much of each model's luck comes from where: a bar a model, of variances, which add up where sources are apart."""

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
            markeredgewidth=2.5,
            color="black",
            label="in all, over runs",
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
    axis = wrapped(f"variance of {label} × 10⁴, in squared points", 0.6 * width, frame.size)
    content = ROW * len(shown) + 1.9 * frame.line + len(axis) * frame.line

    def draw(figure: Figure) -> None:
        frame.draw(figure)
        names = [fitted(name, 0.36 * width, frame.size) for name, _ in shown]
        left = MARGIN + widest(names, frame.size) + 8
        plot = width - left - 1.4 * line_height(frame.size) - MARGIN
        axes = frame.axes(figure, left, frame.top, plot, ROW * len(shown))
        ends = [1e-9]
        for row, (_, variance) in enumerate(shown):
            start = 0.0
            for name, (colour, _text) in SOURCES.items():
                part = 1e4 * (getattr(variance, name) or 0)
                axes.barh(row, part, left=start, height=0.5, color=colour)
                start += part
            total = 1e4 * variance.total
            axes.plot([total, total], [row - 0.36, row + 0.36], color="black", linewidth=2.5)
            ends += [start, total, *_intervals(axes, row, variance)]
        axes.set(ylim=(len(shown) - 0.5, -0.5), xlim=(0, 1.04 * max(ends)))
        axes.set_yticks(range(len(shown)), names, family=frame.families, parse_math=False, fontsize=frame.size)
        axes.grid(axis="y", visible=False)
        axes.set_xlabel("\n".join(axis), fontsize=frame.size, family=frame.families, parse_math=False)
        frame.mark(axes.xaxis, plot)

    return Picture(frame.height(content), draw)


def _intervals(axes: Axes, row: int, variance: Variance) -> list[float]:
    """Draw the interval of each source from where its bar begins, below the bars; return the ends."""
    start, ends = 1e4 * (variance.test_set or 0), []
    for i, name in enumerate(("data", "weights", "batches")):
        part = getattr(variance, name)
        if part is not None and name in variance.ci95:
            low, high = (start + 1e4 * end for end in variance.ci95[name])
            at = row + 0.3 + 0.06 * i
            axes.plot([low, high], [at, at], color=SOURCES[name][0], linewidth=1.5)
            ends.append(high)
        start += 1e4 * (part or 0)
    return ends
