"""Drawing a boundary: what `Boundary.plot` does and returns. Matplotlib is only imported when something is drawn."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import QuadMesh
    from matplotlib.contour import QuadContourSet
    from matplotlib.figure import Figure, SubFigure

    from client.answers import Boundary

PlotMethod = Literal["contourf", "contour", "pcolormesh"]


LONGEST = 1000
"""The longer side of a rectangle that is drawn to scale, by its shorter one: Matplotlib fails at one of no pixels."""


@dataclass(frozen=True, eq=False)
class BoundaryDisplay:
    """A boundary that was drawn.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        What it was drawn on.
    figure_ : matplotlib.figure.Figure or SubFigure
        What that is part of.
    surface_ : matplotlib.contour.QuadContourSet or matplotlib.collections.QuadMesh
        What the plot method gave; a colour bar takes it.
    line_ : matplotlib.contour.QuadContourSet or None
        Where probabilities are 0.5, or differences and activations 0; None where there is no such place.
    """

    ax_: "Axes"
    figure_: "Figure | SubFigure"
    surface_: "QuadContourSet | QuadMesh"
    line_: "QuadContourSet | None"


@dataclass(frozen=True)
class _Style:
    """How a quantity is drawn. The service's pictures look the same."""

    colours: str
    levels: NDArray[np.float64]
    line: float | None = None


_PROBABILITY = _Style("RdBu_r", np.linspace(0, 1, 11), line=0.5)
_SPREAD = _Style("viridis", np.linspace(0, 0.75, 16))
_AGREEMENT = _Style("viridis", np.linspace(0.5, 1, 11))
_DIFFERENCE = _Style("RdBu_r", np.linspace(-1, 1, 21), line=0)


def draw(
    boundary: "Boundary", ax: "Axes | None", plot_method: PlotMethod, given: Mapping[str, object]
) -> BoundaryDisplay:
    """Draw a boundary; what may be given and what is raised stands at `Boundary.plot`."""
    if plot_method not in get_args(PlotMethod):
        raise ValueError(f"there is no plot method {plot_method!r}; there is {', '.join(get_args(PlotMethod))}")
    if ax is None:
        ax = _new_axes()
    style = _style(boundary)
    x, y, values = boundary.x, boundary.y, boundary.values
    surface = getattr(ax, plot_method)(x, y, values, **{**_defaults(style, plot_method, given), **given})
    line = None
    if style.line is not None and values.min() < style.line < values.max():
        line = ax.contour(x, y, values, levels=[style.line], colors="black", linewidths=1.5)
    spans = sorted((x[-1] - x[0], y[-1] - y[0]))
    ax.set_aspect("equal" if spans[1] < LONGEST * spans[0] else "auto")
    if not ax.get_xlabel():
        ax.set_xlabel(boundary.features[0])
    if not ax.get_ylabel():
        ax.set_ylabel(boundary.features[1])
    return BoundaryDisplay(ax, ax.figure, surface, line)


def _new_axes() -> "Axes":
    try:
        import matplotlib.pyplot as plt  # noqa: PLC0415 (optional, and slow to import)
    except ImportError as error:
        raise ImportError("plots need Matplotlib: install it, or this package with the extra client-plot") from error
    return plt.subplots()[1]


def _style(boundary: "Boundary") -> _Style:
    if boundary.layer is not None:  # as far to both sides as the unit goes on this grid
        reach = max(float(np.abs(boundary.values).max()), 1e-6)
        return _Style("RdBu_r", np.linspace(-reach, reach, 21), line=0)
    if boundary.minus is not None:
        return _DIFFERENCE
    return {"std": _SPREAD, "agreement": _AGREEMENT}.get(boundary.statistic, _PROBABILITY)


def _defaults(style: _Style, plot_method: PlotMethod, given: Mapping[str, object]) -> dict[str, object]:
    """Return what the plot method is told unless it was told something else that excludes it."""
    colours: dict[str, object] = {} if "colors" in given else {"cmap": style.colours}
    if plot_method != "pcolormesh":
        return {**colours, "levels": style.levels}
    return colours if "norm" in given else {**colours, "vmin": style.levels[0], "vmax": style.levels[-1]}
