"""The notebook's picture: filled contours of P(y = 1), the P = 0.5 line, the points, a colour bar."""

import io

import numpy as np
from matplotlib.figure import Figure

from service.boundary import Boundary
from service.bundle.results import Dataset
from service.repository import ModelVersion

LEVELS = np.linspace(0, 1, 11)
"""Fixed, so that the same colour means the same probability in every picture."""

DOTS_PER_INCH = 100


def draw(boundary: Boundary, version: ModelVersion, dataset: Dataset | None, width: int) -> bytes:
    """Return a PNG `width` pixels wide.

    The Matplotlib figure is made without pyplot, whose state is shared between threads.
    """
    figure = Figure(figsize=(width / DOTS_PER_INCH, width * 0.84 / DOTS_PER_INCH), dpi=DOTS_PER_INCH)
    figure.set_layout_engine("constrained")
    axes = figure.add_subplot()
    x, y, z = boundary.grid.x, boundary.grid.y, boundary.probabilities
    filled = axes.contourf(x, y, z, levels=LEVELS, cmap="RdBu_r", vmin=0, vmax=1)
    if z.min() < 0.5 < z.max():
        axes.contour(x, y, z, levels=[0.5], colors="white", linewidths=3.5)
        axes.contour(x, y, z, levels=[0.5], colors="black", linewidths=1.5)
    if dataset is not None:
        for label, marker, colour in ((0, "o", "#92c5de"), (1, "^", "#f4a582")):
            points = dataset.points[dataset.labels == label]
            axes.scatter(
                points[:, 0],
                points[:, 1],
                s=14,
                marker=marker,
                c=colour,
                edgecolors="black",
                linewidths=0.4,
                label=f"y = {label}",
            )
        axes.legend(loc="upper right", framealpha=0.9)
    axes.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]), aspect="equal")
    axes.set(xlabel=version.features[0].name, ylabel=version.features[1].name)
    axes.set_title(f"{version.name}, version {version.number}")
    figure.colorbar(filled, ax=axes, label="P(y = 1)", ticks=LEVELS[::2])
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()
