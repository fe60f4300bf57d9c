"""More than two classes in a picture: one hue a class, its strength the probability."""

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from numpy.typing import NDArray

from service.dataplane.grids import Boundary

MAX_NAMED = 20
"""Classes that a legend names; more would cover the picture."""

LINE_PIXELS, LEGEND = 20, 0.4
"""The height of a legend's line, and the share of a picture's height that a legend may have."""

MIN_STRENGTH = 0.15
"""The strength of a class that is no more probable than by chance."""


def hues(count: int) -> NDArray[np.float64]:
    """Return a colour for each class, [k, 3]: ten that everybody can tell apart, or as many as are needed around the
    wheel.
    """
    found = mpl.colormaps["tab10"](np.arange(count)) if count <= 10 else mpl.colormaps["hsv"](np.arange(count) / count)
    colours: NDArray[np.float64] = np.asarray(found)[:, :3]
    return colours


def fill(axes: Axes, boundary: Boundary, count: int) -> None:
    """Fill the plane with the most probable class's hue at each node, and draw a line where classes meet."""
    labels, probabilities = boundary.values[..., 0].astype(int), boundary.values[..., 1]
    chance = 1 / count
    strengths = MIN_STRENGTH + (1 - MIN_STRENGTH) * np.clip((probabilities - chance) / (1 - chance), 0, 1)
    colours = 1 - strengths[..., np.newaxis] * (1 - hues(count)[labels])
    x, y = boundary.grid.x, boundary.grid.y
    ends = [end for along in (x, y) for end in (1.5 * along[0] - 0.5 * along[1], 1.5 * along[-1] - 0.5 * along[-2])]
    axes.imshow(colours, origin="lower", extent=(ends[0], ends[1], ends[2], ends[3]), interpolation="nearest")
    for label in np.unique(labels)[1:]:
        axes.contour(x, y, (labels == label).astype(float), levels=[0.5], colors="black", linewidths=0.8)


def name(axes: Axes, classes: Sequence[str]) -> None:
    """Add a legend of the hues."""
    if len(classes) <= MAX_NAMED:
        patches = [Patch(color=hue, label=f"y = {name}") for hue, name in zip(hues(len(classes)), classes, strict=True)]
        axes.legend(handles=patches, loc="upper right", framealpha=0.9)
