"""`BoundaryDisplay`: values on a grid, drawn with Matplotlib, which is only imported when something is drawn."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self, get_args

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import QuadMesh
    from matplotlib.contour import QuadContourSet
    from matplotlib.figure import Figure, SubFigure

PlotMethod = Literal["contourf", "contour", "pcolormesh"]
Quantity = Literal["probability", "label", "value", "std", "agreement", "difference", "activation"]

MAX_ASPECT_RATIO = 1000
"""Matplotlib fails to draw a rectangle to scale if its shorter side has no pixels."""


MAX_NAMED = 20
"""Classes that a legend names."""

PALEST = 0.15
"""The strength of a class that is no more probable than by chance."""


class Drawable(Protocol):
    """The attributes of a `Boundary` that a display draws."""

    @property
    def x(self) -> NDArray[np.float64]: ...
    @property
    def y(self) -> NDArray[np.float64]: ...
    @property
    def values(self) -> NDArray[np.float32]: ...
    @property
    def quantity(self) -> Quantity: ...
    @property
    def features(self) -> tuple[str, str]: ...
    @property
    def labels(self) -> NDArray[np.int64] | None: ...
    @property
    def classes(self) -> tuple[str, ...]: ...
    @property
    def is_slice(self) -> bool: ...


@dataclass(eq=False)
class BoundaryDisplay:
    """A decision boundary and its plot, in the manner of scikit-learn's `DecisionBoundaryDisplay`.

    Parameters
    ----------
    x : ndarray of float64, shape (nx,)
        The columns' coordinates.
    y : ndarray of float64, shape (ny,)
        The rows' coordinates.
    values : ndarray of float32, shape (ny, nx)
        The value at each `(x[column], y[row])`.
    quantity : {"probability", "label", "value", "std", "agreement", "difference", "activation"}
        What the values measure. It determines the colours, their range and the line.
    features : tuple of str, length 2
        The labels of the axes x and y.
    labels : ndarray of int64, shape (ny, nx), optional
        For the quantity `label`: the position of the most probable class, whose probability the values are.
    classes : tuple of str, optional
        The names of these classes.
    is_slice : bool, optional
        Whether there are other features, so that the two need not have one unit: the axes are not drawn to scale.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The axes with the plot. Like the other three, set by `plot`.
    figure_ : matplotlib.figure.Figure or SubFigure
        The figure of the axes.
    surface_ : matplotlib.contour.QuadContourSet or matplotlib.collections.QuadMesh
        What the plot method returned, for example for a colour bar.
    line_ : matplotlib.contour.QuadContourSet or None
        The contour at probability 0.5, or at difference or activation 0, or where two classes meet. None if the grid
        has no such place.
    """

    x: NDArray[np.float64] = field(repr=False)
    y: NDArray[np.float64] = field(repr=False)
    values: NDArray[np.float32] = field(repr=False)
    quantity: Quantity = "probability"
    features: tuple[str, str] = ("x1", "x2")
    labels: NDArray[np.int64] | None = field(default=None, repr=False)
    classes: tuple[str, ...] = field(default=(), repr=False)
    is_slice: bool = field(default=False, repr=False)
    ax_: "Axes" = field(init=False, repr=False)
    figure_: "Figure | SubFigure" = field(init=False, repr=False)
    surface_: "QuadContourSet | QuadMesh" = field(init=False, repr=False)
    line_: "QuadContourSet | None" = field(init=False, repr=False)

    @classmethod
    def from_boundary(
        cls, boundary: Drawable, *, ax: "Axes | None" = None, plot_method: PlotMethod = "contourf", **kwargs: object
    ) -> Self:
        """Draw a `Boundary`. Takes, returns and raises what `plot` does."""
        display = cls(
            boundary.x,
            boundary.y,
            boundary.values,
            boundary.quantity,
            boundary.features,
            boundary.labels,
            boundary.classes,
            boundary.is_slice,
        )
        return display.plot(ax, plot_method=plot_method, **kwargs)

    def plot(self, ax: "Axes | None" = None, *, plot_method: PlotMethod = "contourf", **kwargs: object) -> Self:
        """Draw the values, and the line where the two sides meet.

        Colours mean the same in every plot of the same quantity. Probabilities range from 0 to 1, with a line at 0.5.
        Differences range from -1 to 1, and activations over a range symmetric about 0, each with a line at 0. Values
        that are no probabilities range as far as they do on the grid. Of more than two classes each has a hue, which is
        the stronger the more probable it is; they are always drawn by `pcolormesh`, and a legend names them.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            The axes to draw on. Default: those of a new figure.
        plot_method : {"contourf", "contour", "pcolormesh"}
            The method of `ax` that draws.
        **kwargs
            Passed to that method. They override the quantity's levels, colours and limits.

        Returns
        -------
        BoundaryDisplay
            This display, with `ax_`, `figure_`, `surface_` and `line_`.

        Raises
        ------
        ImportError
            If Matplotlib is not installed. The extra `client-plot` installs it.
        ValueError
            If there is no such plot method.
        """
        if plot_method not in get_args(PlotMethod):
            raise ValueError(f"unknown plot method {plot_method!r}; valid methods: {', '.join(get_args(PlotMethod))}")
        self.ax_ = _new_axes() if ax is None else ax
        self.figure_ = self.ax_.figure
        if self.labels is not None:
            self._draw_classes(self.labels, kwargs)
            self._set_aspect_and_labels()
            return self
        style = _style(self.quantity, self.values)
        kwargs = {**_defaults(style, plot_method, kwargs.keys()), **kwargs}
        self.surface_ = getattr(self.ax_, plot_method)(self.x, self.y, self.values, **kwargs)
        self.line_ = self._draw_line(style.line)
        self._set_aspect_and_labels()
        return self

    def _draw_classes(self, labels: NDArray[np.int64], kwargs: dict[str, object]) -> None:
        """Fill the plane with the classes' hues, draw a line where two meet, and name them."""
        hues, chance = _hues(len(self.classes)), 1 / len(self.classes)
        strengths = PALEST + (1 - PALEST) * np.clip((self.values - chance) / (1 - chance), 0, 1)
        colours = 1 - strengths[..., np.newaxis] * (1 - hues[labels])
        arguments: dict[str, Any] = {"shading": "nearest", **kwargs}
        self.surface_ = self.ax_.pcolormesh(self.x, self.y, colours, **arguments)
        levels = np.arange(len(self.classes) - 1) + 0.5
        meets = np.ptp(labels) > 0
        self.line_ = (
            self.ax_.contour(self.x, self.y, labels, levels=levels, colors="black", linewidths=0.8) if meets else None
        )
        for hue, name in zip(hues, self.classes, strict=True):
            self.ax_.scatter([], [], color=hue, label=name.removeprefix("_"))
        if len(self.classes) <= MAX_NAMED:
            for text in self.ax_.legend(loc="upper right").get_texts():
                text.set_parse_math(False)

    def _draw_line(self, level: float | None) -> "QuadContourSet | None":
        if level is None or not self.values.min() < level < self.values.max():
            return None
        return self.ax_.contour(self.x, self.y, self.values, levels=[level], colors="black", linewidths=1.5)

    def _set_aspect_and_labels(self) -> None:
        shorter, longer = sorted((self.x[-1] - self.x[0], self.y[-1] - self.y[0]))
        to_scale = not self.is_slice and longer < MAX_ASPECT_RATIO * shorter
        self.ax_.set_aspect("equal" if to_scale else "auto")
        if not self.ax_.get_xlabel():
            self.ax_.set_xlabel(self.features[0], parse_math=False)  # a column's name is never markup
        if not self.ax_.get_ylabel():
            self.ax_.set_ylabel(self.features[1], parse_math=False)


@dataclass(frozen=True)
class _Style:
    """How a quantity is drawn. The service's pictures use the same colours and levels."""

    colours: str
    levels: NDArray[np.float64]
    line: float | None = None


_STYLES = {
    "probability": _Style("RdBu_r", np.linspace(0, 1, 11), line=0.5),
    "std": _Style("viridis", np.linspace(0, 0.75, 16)),
    "agreement": _Style("viridis", np.linspace(0.5, 1, 11)),
    "difference": _Style("RdBu_r", np.linspace(-1, 1, 21), line=0),
}


def _style(quantity: Quantity, values: NDArray[np.float32]) -> _Style:
    if quantity == "activation":  # unbounded, so symmetric about 0 as far as this grid goes
        limit = max(float(np.abs(values).max()), 1e-6)
        return _Style("RdBu_r", np.linspace(-limit, limit, 21), line=0)
    if quantity == "value":
        low, high = float(values.min()), float(values.max())
        room = max((high - low) / 2, 1e-6 * max(abs(low), abs(high), 1))
        return _Style("viridis", (low + high) / 2 + np.linspace(-room, room, 21))
    return _STYLES[quantity]


def _hues(count: int) -> NDArray[np.float64]:
    """Return a colour for each class, [k, 3]: those of the service's pictures."""
    import matplotlib as mpl  # noqa: PLC0415 (optional, and slow to import)

    found = mpl.colormaps["tab10"](np.arange(count)) if count <= 10 else mpl.colormaps["hsv"](np.arange(count) / count)
    return np.asarray(found)[:, :3]


def _defaults(style: _Style, plot_method: PlotMethod, given: Collection[str]) -> dict[str, object]:
    """Return the plot method's arguments, without those that an argument already given would contradict."""
    colours: dict[str, object] = {} if "colors" in given else {"cmap": style.colours}
    if plot_method != "pcolormesh":
        return {**colours, "levels": style.levels}
    return colours if "norm" in given else {**colours, "vmin": style.levels[0], "vmax": style.levels[-1]}


def _new_axes() -> "Axes":
    try:
        import matplotlib.pyplot as plt  # noqa: PLC0415 (optional, and slow to import)
    except ImportError as error:
        raise ImportError("plots need Matplotlib: install it, or this package with the extra client-plot") from error
    return plt.subplots()[1]
