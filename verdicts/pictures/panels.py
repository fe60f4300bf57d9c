"""A panel for each model, all on the same axes: how well it does by learning rate and epoch, and how far its
probabilities can be relied on.
"""

import math
from collections.abc import Callable, Sequence

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bundle.comparison import ModelResult
from verdicts.pictures.frame import MARGIN, Fonts, Frame, Picture, extent
from verdicts.pictures.letters import fitted, line_height, width_of

MAX_MODELS = 60
"""Models that are drawn."""

PANEL = 250
"""The least width of a panel in pixels, where the picture has it."""

HEIGHT = 0.62
"""A panel's height over its width."""


def sensitivity(models: Sequence[ModelResult], title: str, label: str, width: int, fonts: Fonts) -> Picture:
    """Return a line for each learning rate, by epoch."""
    rates = sorted({cell.learning_rate for model in models for cell in model.sensitivity})
    colours = dict(
        zip(rates, colormaps["viridis"]([0.9 * i / max(1, len(rates) - 1) for i in range(len(rates))]), strict=True)
    )
    entries = [Line2D([], [], color=colours[rate], marker="o", markersize=4, label=f"rate {rate:g}") for rate in rates]
    cells = [cell for model in models for cell in model.sensitivity]

    def fill(axes: Axes, model: ModelResult) -> None:
        for rate in rates:
            line = sorted((cell for cell in model.sensitivity if cell.learning_rate == rate), key=lambda c: c.epoch)
            epochs, means = [cell.epoch for cell in line], [cell.mean for cell in line]
            axes.plot(epochs, means, "o-", color=colours[rate], markersize=3, linewidth=1.5)
            told = [(cell.epoch, cell.ci95) for cell in line if cell.ci95 is not None]
            across = [epoch for epoch, _ in told]
            low, high = ([interval[i] for _, interval in told] for i in (0, 1))
            axes.fill_between(across, low, high, color=colours[rate], alpha=0.2, linewidth=0)

    ends = [end for cell in cells for end in (cell.mean, *(cell.ci95 or []))]
    limits = extent([cell.epoch for cell in cells]), extent(ends)
    is_choice = any(model.protocol is not None and model.protocol.is_tuned for model in models)
    chosen = ", which each run chose by" if is_choice else ""
    notes = [f"{label} by epoch{chosen}; 95% intervals of the means."]
    return _picture(models, (title, entries, notes), limits, fill, width, fonts)


def reliability(models: Sequence[ModelResult], title: str, label: str, width: int, fonts: Fonts) -> Picture:
    """Return how often what was predicted came true, by its predicted probability."""
    entries = [
        Line2D([], [], color="#737373", linestyle="--", label="as often as predicted"),
        Line2D([], [], color="#2166ac", marker="o", markersize=5, label="larger: more points"),
    ]

    def fill(axes: Axes, model: ModelResult) -> None:
        axes.plot([0, 1], [0, 1], "--", color="#737373", linewidth=1)
        told = [b for b in model.reliability if b.count]
        total = sum(b.count for b in told)
        predicted = [b.mean_probability or 0.0 for b in told]
        came_true = [b.share or 0.0 for b in told]
        axes.plot(predicted, came_true, color="#2166ac", linewidth=1)
        sizes = [6 + 90 * math.sqrt(b.count / total) for b in told]
        axes.scatter(predicted, came_true, s=sizes, color="#2166ac", zorder=3)

    notes = [f"Across: the predicted {label}; up: how often it came true, over all runs' test points in ten bins."]
    return _picture(models, (title, entries, notes), ((-0.06, 1.06), (-0.06, 1.06)), fill, width, fonts)


def _picture(
    models: Sequence[ModelResult],
    surroundings: tuple[str, Sequence[Line2D], Sequence[str]],
    limits: tuple[tuple[float, float], tuple[float, float]],
    fill: Callable[[Axes, ModelResult], None],
    width: int,
    fonts: Fonts,
) -> Picture:
    title, entries, notes = surroundings
    shown = list(models)[:MAX_MODELS]
    left_out = [f"The first {MAX_MODELS} of {len(models)} models."] if len(shown) < len(models) else []
    frame = Frame(width, title, entries, [*notes, *left_out], fonts(title, *(model.model for model in shown)))
    columns = max(1, min(len(shown), int((width - MARGIN) // PANEL)))
    room = (width - MARGIN) / columns
    left = MARGIN + width_of("0.0000", frame.size) + 6
    plot = room - left - 1.2 * line_height(frame.size)
    high, above, below = HEIGHT * plot, 1.5 * frame.line, 2 * frame.line
    rows = math.ceil(len(shown) / columns)

    def draw(figure: Figure) -> None:
        frame.draw(figure)
        for i, model in enumerate(shown):
            row, column = divmod(i, columns)
            top = frame.top + row * (high + above + below) + above
            axes = frame.axes(figure, column * room + left, top, plot, high)
            fill(axes, model)
            axes.set(xlim=limits[0], ylim=limits[1])
            frame.mark(axes.xaxis, plot, most=5)
            frame.mark(axes.yaxis, high, most=5)
            name = fitted(model.model, plot, frame.size)
            axes.set_title(name, fontsize=frame.size, family=frame.families, parse_math=False, pad=4)

    return Picture(frame.height(rows * (high + above + below)), draw)
