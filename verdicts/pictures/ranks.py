"""Average ranks over data sets, with bars over models that are not told apart (Demšar, 2006, figure 1)."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from verdicts.pictures.frame import FULL_WIDTH, MARGIN, Fonts, Frame, Picture
from verdicts.pictures.letters import fitted, line_height, width_of

MAX_GROUPS = 12
"""Bars that are drawn; of more the longest."""


def picture(
    average: Mapping[str, float],
    groups: Sequence[Sequence[str]],
    difference: float | None,
    title: str,
    width: int,
    fonts: Fonts,
) -> Picture:
    """Return the diagram: ranks along a line, 1 on the left; the better half is named on the left."""
    ordered = sorted(average, key=lambda name: average[name])
    half = math.ceil(len(ordered) / 2)
    bars = sorted((group for group in groups if len(group) > 1), key=len, reverse=True)[:MAX_GROUPS]
    cd = "" if difference is None else f" Critical difference {difference:.2f}."
    notes = [f"Average ranks, 1 is the best; a bar joins models that are not told apart.{cd}"]
    frame = Frame(width, title, (), notes, fonts(title, *ordered))
    row, bar = 1.4 * frame.line, 9
    axis, band = 3 * frame.line, (len(bars) + 1) * bar
    content = axis + band + half * row + frame.line

    def draw(figure: Figure) -> None:
        frame.draw(figure)
        room = (0.3 if width >= FULL_WIDTH else 0.2) * width
        texts = {name: fitted(name, room, frame.size) for name in ordered}
        ranks = {name: f"{average[name]:.2f}" for name in ordered}
        digits = max(width_of(text, frame.size) for text in ranks.values())
        side = max(width_of(text, frame.size) for text in texts.values()) + digits + 14
        axes = frame.axes(figure, MARGIN, frame.top, width - 2 * MARGIN, content)
        axes.set(xlim=(0, width - 2 * MARGIN), ylim=(content, 0))
        axes.axis("off")
        lowest, highest = math.floor(min(average.values())), math.ceil(max(average.values()))
        highest = max(highest, lowest + 1)
        start, end = side + 4, width - 2 * MARGIN - side - 4

        def at(rank: float) -> float:
            return start + (rank - lowest) / (highest - lowest) * (end - start)

        text: dict[str, Any] = {"fontsize": frame.size, "family": frame.families, "parse_math": False, "va": "center"}
        line: dict[str, Any] = {"color": "black", "linewidth": 1.2, "clip_on": False}
        axes.plot([start, end], [axis, axis], **line)
        step = max(1, math.ceil((highest - lowest + 1) * 2.4 * line_height(frame.size) / max(end - start, 1)))
        for tick in range(lowest, highest + 1, step):
            axes.plot([at(tick)] * 2, [axis - 5, axis], **line)
            axes.text(at(tick), axis - 5 - 0.6 * frame.line, str(tick), ha="center", **text)
        if difference is not None and at(lowest + difference) <= end:
            axes.plot([at(lowest), at(lowest + difference)], [0.8 * frame.line] * 2, color="#b2182b", linewidth=2)
            axes.text(at(lowest) - 4, 0.8 * frame.line, "CD", ha="right", color="#b2182b", **text)
        for i, group in enumerate(bars):
            y = axis + (i + 1) * bar - 2
            ends = [at(average[name]) for name in group]
            axes.plot([min(ends) - 2, max(ends) + 2], [y, y], color="#2166ac", linewidth=3.5, solid_capstyle="butt")
        for i, name in enumerate(ordered):
            is_left = i < half
            level = i if is_left else len(ordered) - 1 - i
            y = axis + band + (level + 0.6) * row
            x, edge = at(average[name]), side if is_left else width - 2 * MARGIN - side
            axes.plot([x, x, edge], [axis, y, y], color="#737373", linewidth=0.8)
            inner, outer = (side - 4, 0) if is_left else (width - 2 * MARGIN - side + 4, width - 2 * MARGIN)
            axes.text(inner, y, ranks[name], ha="right" if is_left else "left", color="#737373", **text)
            axes.text(outer, y, texts[name], ha="left" if is_left else "right", **text)

    return Picture(frame.height(content), draw)
