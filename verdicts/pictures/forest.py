"""Every pair of models: its difference with intervals, beside the region in which a difference is none."""

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bundle.comparison import Pair
from verdicts.pictures.frame import FULL_WIDTH, MARGIN, Fonts, Frame, Picture, extent
from verdicts.pictures.letters import fitted, line_height, widest, width_of, wrapped

MAX_PAIRS = 40
"""Pairs that are drawn; of more, the clearest."""

MARKS = {
    "better": ("^", "#1b7837", "a is better"),
    "worse": ("v", "#b2182b", "a is worse"),
    "equivalent": ("s", "#2166ac", "equivalent"),
    "undecided": ("o", "#737373", "undecided"),
}


def clearest(pairs: Sequence[Pair]) -> list[Pair]:
    """Return as many pairs as a picture has room for, in their order: those of which the verdict is surest."""
    if len(pairs) <= MAX_PAIRS:
        return list(pairs)
    surest = sorted(range(len(pairs)), key=lambda i: _doubt(pairs[i]))[:MAX_PAIRS]
    return [pairs[i] for i in sorted(surest)]


def _doubt(pair: Pair) -> tuple[float, float]:
    told = (pair.probability_better, pair.probability_equivalent, pair.probability_worse)
    return -max(0.0 if p is None else p for p in told), 1.0 if pair.p_value is None else pair.p_value


def picture(pairs: Sequence[Pair], title: str, label: str, width: int, fonts: Fonts) -> Picture:
    """Return the pairs from top to bottom."""
    shown = clearest(pairs)
    left_out = [f"The {len(shown)} clearest of {len(pairs):,} pairs."] if len(shown) < len(pairs) else []
    names = [name for pair in shown for name in (pair.a, pair.b)]
    frame = Frame(width, title, _entries(shown), left_out, fonts(title, label, *names))
    words = width >= FULL_WIDTH
    beside = widest([pair.verdict for pair in shown], frame.size) + 12 if words else 0
    labels = _labels(shown, 0.44 * width if words else 0.4 * width, frame.size)
    row = 1.35 * frame.line * (2 if any("\n" in text for text in labels) else 1) + 4
    axis = wrapped(label, 0.6 * width, frame.size)
    content = row * len(shown) + 1.9 * frame.line + len(axis) * frame.line

    def draw(figure: Figure) -> None:
        frame.draw(figure)
        left = MARGIN + widest(labels, frame.size) + 8
        plot = width - left - max(beside, 1.4 * line_height(frame.size)) - MARGIN
        axes = frame.axes(figure, left, frame.top, plot, row * len(shown))
        axes.axvline(0, color="#404040", linewidth=0.8)
        for at, pair in enumerate(shown):
            axes.fill_betweenx([at - 0.5, at + 0.5], -pair.rope, pair.rope, color="#d9d9d9", linewidth=0)
            marker, colour, _ = MARKS[pair.verdict]
            if pair.simultaneous_ci95 is not None:
                axes.plot(pair.simultaneous_ci95, [at, at], color=colour, linewidth=1)
            if pair.ci95 is not None:
                axes.plot(pair.ci95, [at, at], color=colour, linewidth=3, solid_capstyle="butt")
            axes.plot(pair.mean_difference, at, marker, color=colour, markersize=0.7 * frame.size)
            if words:
                axes.annotate(
                    pair.verdict,
                    (1, at),
                    xycoords=("axes fraction", "data"),
                    xytext=(6, 0),
                    fontsize=frame.size,
                    textcoords="offset points",
                    va="center",
                    color=colour,
                    annotation_clip=False,
                )
        axes.set_yticks(range(len(shown)), labels, family=frame.families, parse_math=False, fontsize=frame.size)
        axes.set(ylim=(len(shown) - 0.5, -0.5), xlim=extent([end for pair in shown for end in _ends(pair)] or [0]))
        axes.grid(axis="y", visible=False)
        axes.set_xlabel("\n".join(axis), fontsize=frame.size, family=frame.families, parse_math=False)
        frame.mark(axes.xaxis, plot)

    return Picture(frame.height(content), draw)


def _labels(pairs: Sequence[Pair], room: float, size: float) -> list[str]:
    """Return each pair's label: in one line where all fit, else a name a line."""
    in_one = [f"{pair.a} − {pair.b}" for pair in pairs]
    if all(width_of(text, size) <= room for text in in_one):
        return in_one
    return [f"{fitted(pair.a, room, size)}\n− {fitted(pair.b, room - width_of('− ', size), size)}" for pair in pairs]


def _ends(pair: Pair) -> list[float]:
    return [pair.mean_difference, *(pair.ci95 or []), *(pair.simultaneous_ci95 or []), -pair.rope, pair.rope]


def _entries(pairs: Sequence[Pair]) -> list[Line2D | Patch]:
    found = {pair.verdict for pair in pairs}
    marks: list[Line2D | Patch] = [
        Line2D([], [], linestyle="none", marker=marker, color=colour, markersize=7, label=words)
        for verdict, (marker, colour, words) in MARKS.items()
        if verdict in found
    ]
    rope = f"no difference in practice (±{pairs[0].rope:g})" if pairs else "no difference in practice"
    return [
        *marks,
        Line2D([], [], color="#404040", linewidth=3, label="95% interval of the mean difference"),
        Line2D([], [], color="#404040", linewidth=1, label="the same for all pairs at once"),
        Patch(color="#d9d9d9", label=rope),
    ]
