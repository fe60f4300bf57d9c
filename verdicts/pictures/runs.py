"""Every run of every model: a strip of dots each, with the mean and its interval, and the median where they cluster."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from bundle.comparison import Summary
from verdicts.clusters import clusters
from verdicts.pictures.frame import MARGIN, Fonts, Frame, Picture, extent
from verdicts.pictures.letters import fitted, line_height, widest, wrapped

RUN, MEDIAN, NOTEBOOK, CLUSTER = "#4393c3", "#762a83", "#d6604d", "#e08214"

STRIP = 0.24
"""Half the height of a strip; dots are spread over it so that equal scores do not hide each other."""

MANY, LOW_ROW, HIGH_ROW = 30, 34, 55
"""Of more models than this each has a row of fewer pixels."""


@dataclass(frozen=True)
class Strip:
    """A model's runs; `notebook` is what the course notebook got, where it trained this model."""

    name: str
    score: Summary | None
    notebook: float | None = None

    @property
    def values(self) -> list[float]:
        return [] if self.score is None else [value for value in self.score.values if value is not None]

    @property
    def remarks(self) -> list[str]:
        """What has to be said beside the name."""
        lost = [] if self.score is None or not self.score.diverged else [f"{self.score.diverged} diverged"]
        return [*(["two clusters"] if clusters(self.values) else []), *lost]


def picture(strips: Sequence[Strip], title: str, label: str, run: str, width: int, fonts: Fonts) -> Picture:
    """Return the models from top to bottom in their order; `label` says what the scores are, `run` what a dot is."""
    frame = Frame(width, title, _entries(strips, run), (), fonts(title, label, *(strip.name for strip in strips)))
    row = HIGH_ROW if len(strips) <= MANY else LOW_ROW
    labels = wrapped(label, 0.6 * width, frame.size)
    below = 1.9 * frame.line + len(labels) * frame.line
    content = row * len(strips) + below

    def draw(figure: Figure) -> None:
        frame.draw(figure)
        room = 0.36 * width
        names = ["\n".join(fitted(line, room, frame.size) for line in _lines(strip)) for strip in strips]
        left = MARGIN + widest(names, frame.size) + 8
        plot = width - left - 1.4 * line_height(frame.size) - MARGIN
        axes = frame.axes(figure, left, frame.top, plot, row * len(strips))
        for at, strip in enumerate(strips):
            _draw(axes, at, strip, frame.size)
        axes.set_yticks(range(len(strips)), names, family=frame.families, parse_math=False, fontsize=frame.size)
        shown = [value for strip in strips for value in (*strip.values, *_ends(strip))]
        axes.set(ylim=(len(strips) - 0.5, -0.5), xlim=extent(shown) if shown else (0, 1))
        axes.grid(axis="y", visible=False)
        axes.set_xlabel("\n".join(labels), fontsize=frame.size, family=frame.families, parse_math=False)
        frame.mark(axes.xaxis, plot)

    return Picture(frame.height(content), draw)


def _lines(strip: Strip) -> list[str]:
    remarks = ", ".join(strip.remarks)
    return [strip.name, *([f"({remarks})"] if remarks else [])]


def _ends(strip: Strip) -> list[float]:
    return [*((strip.score and strip.score.ci95) or []), *([] if strip.notebook is None else [strip.notebook])]


def _draw(axes: Axes, row: int, strip: Strip, size: float) -> None:
    score = strip.score
    if score is not None:
        values = strip.values
        axes.plot(values, row + STRIP * _spread(len(values)), "o", color=RUN, alpha=0.6, markersize=0.4 * size)
        for centre in clusters(values) or ():
            axes.plot([centre, centre], [row - 0.4, row + 0.4], color=CLUSTER, linewidth=1.5, linestyle=":")
        if score.ci95 is not None:
            axes.plot(score.ci95, [row, row], color="black", linewidth=2.5, solid_capstyle="butt")
        axes.plot(score.mean, row, "|", color="black", markersize=1.4 * size, markeredgewidth=2.5)
        below = row + 1.45 * STRIP
        axes.plot(score.median, below, "D", color=MEDIAN, markersize=0.45 * size)
        if score.interquartile_mean is not None:
            axes.plot(score.interquartile_mean, below, "s", markersize=0.6 * size, markerfacecolor="none", color=MEDIAN)
    if strip.notebook is not None:
        above = row - 1.5 * STRIP
        axes.plot(strip.notebook, above, "v", color=NOTEBOOK, markeredgecolor="white", markersize=8)


def _entries(strips: Sequence[Strip], run: str) -> list[Line2D]:
    dot: dict[str, Any] = {"linestyle": "none"}
    entries = [
        Line2D([], [], marker="o", color=RUN, alpha=0.6, markersize=4, label=run, **dot),
        Line2D([], [], color="black", linewidth=2.5, label="mean, 95% interval of the mean"),
        Line2D([], [], marker="D", color=MEDIAN, markersize=4.5, label="median", **dot),
        Line2D([], [], marker="s", color=MEDIAN, markerfacecolor="none", label="mean of the middle half", **dot),
    ]
    if any(clusters(strip.values) for strip in strips):
        entries.append(Line2D([], [], color=CLUSTER, linestyle=":", label="centres of two clusters"))
    if any(strip.notebook is not None for strip in strips):
        mark: dict[str, Any] = {"marker": "v", "color": NOTEBOOK, "markeredgecolor": "white", "markersize": 8}
        entries.append(Line2D([], [], label="the notebook's run", **mark, **dot))
    return entries


def _spread(count: int) -> NDArray[np.float64]:
    """Return numbers in [-1, 1] that lie far from their neighbours (multiples of the golden ratio, modulo 1)."""
    multiples: NDArray[np.float64] = np.arange(1, count + 1) * ((np.sqrt(5) - 1) / 2)
    return 2 * (multiples % 1) - 1
