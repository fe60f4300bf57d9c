"""The comparison as a picture: a strip of dots a model, its mean with the 95% interval, the notebook's number."""

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bundle.comparison import Comparison
from service.rendering.fonts import families
from service.rendering.lettering import in_two_lines, shortened, title_lines, title_size
from service.rendering.pictures import DOTS_PER_INCH, draw_picture

NARROW = 500
"""The width below which the legend's entries stand one above the other."""

STRIP = 0.24
"""Half the height of a strip; dots are spread over it so that equal accuracies do not hide each other."""


def draw(comparison: Comparison, width: int) -> bytes:
    """Return a PNG `width` pixels wide; models from top to bottom in the experiment's order."""
    legend = 0.35 if width >= NARROW else 0.75
    height = (0.55 * len(comparison.models) + 1.2 + legend) * DOTS_PER_INCH
    return draw_picture(width, height, lambda figure: _draw(figure, comparison))


def _draw(figure: Figure, comparison: Comparison) -> None:
    count = len(comparison.models)
    axes = figure.add_subplot()
    notebooks = [row for row, result in enumerate(comparison.models) if result.notebook_accuracy is not None]
    for row, result in enumerate(comparison.models):
        score = result.score
        values = [value for value in score.values if value is not None]
        heights = row + STRIP * _spread(len(values))
        label = "a training run" if row == 0 else None
        axes.plot(values, heights, "o", color="#4393c3", alpha=0.6, markersize=4, label=label)
        if score.ci95 is not None:
            axes.plot(score.ci95, [row, row], color="black", linewidth=2.5, solid_capstyle="butt")
        axes.plot(score.mean, row, "|", color="black", markersize=16, markeredgewidth=2.5)
        if result.notebook_accuracy is not None:
            axes.plot(
                result.notebook_accuracy,
                row - 1.5 * STRIP,
                "v",
                color="#d6604d",
                markeredgecolor="white",
                markersize=8,
                label="the notebook's run" if row == notebooks[0] else None,
            )
    axes.plot([], [], color="black", linewidth=2.5, label="mean, 95% interval")
    names = [result.model for result in comparison.models]
    fonts = families(comparison.experiment, *names)
    width = figure.bbox.width
    axes.set_yticks(range(count), [shortened(name, width / 3) for name in names], family=fonts, parse_math=False)
    axes.set(ylim=(count - 0.5, -0.5), xlabel=in_two_lines(f"{_score(comparison)} on held-out test data", width / 2))
    axes.grid(axis="x", alpha=0.3)
    title = f"{comparison.experiment}: {comparison.protocol.replicates} training runs of each model"
    lines = "\n".join(title_lines(title, int(width)))
    figure.suptitle(lines, family=fonts, parse_math=False, fontsize=title_size(width))
    in_a_row = 3 if width >= NARROW else 1
    figure.legend(loc="outside lower center", ncols=in_a_row)  # below the axes: inside of them it would cover results


def _score(comparison: Comparison) -> str:
    return "R²" if comparison.dataset.task == "regression" else "accuracy"


def _spread(count: int) -> NDArray[np.float64]:
    """Return numbers in [-1, 1] that lie far from their neighbours (multiples of the golden ratio, modulo 1)."""
    multiples: NDArray[np.float64] = np.arange(1, count + 1) * ((np.sqrt(5) - 1) / 2)
    return 2 * (multiples % 1) - 1
