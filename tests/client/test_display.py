"""`Boundary.plot` and `BoundaryDisplay`: what they draw, on which axes, and what they return."""

from collections.abc import Iterator

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.collections import QuadMesh
from matplotlib.contour import QuadContourSet

from client import Boundary, BoundaryClient, BoundaryDisplay
from tests.conftest import Server


@pytest.fixture(autouse=True)
def without_windows() -> Iterator[None]:
    with mpl.rc_context({"backend": "agg"}):
        yield


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[BoundaryClient]:
    with BoundaryClient(server.url) as opened:
        yield opened


@pytest.fixture(scope="module")
def boundary(client: BoundaryClient) -> Boundary:
    return client.boundary("tanh-10-10", resolution=80)


def test_probabilities_are_filled_contours_with_the_line_between_the_classes(
    client: BoundaryClient, boundary: Boundary
) -> None:
    display = boundary.plot()
    assert isinstance(display.surface_, QuadContourSet)
    assert display.surface_.filled
    assert list(display.surface_.levels) == np.linspace(0, 1, 11).tolist()
    assert display.line_ is not None
    assert list(display.line_.levels) == [0.5]
    on_the_line = np.asarray(display.line_.get_paths()[0].vertices)
    assert len(on_the_line) > 20
    assert np.abs(client.predict(on_the_line).probabilities - 0.5).max() < 0.25


def test_axes_are_named_after_the_features_and_equally_scaled(boundary: Boundary) -> None:
    display = boundary.plot()
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("x1", "x2")
    assert display.ax_.get_aspect() == 1
    assert (*display.ax_.get_xlim(), *display.ax_.get_ylim()) == (-1.5, 1.5, -1.5, 1.5)


def test_a_features_name_is_never_markup(boundary: Boundary) -> None:
    display = BoundaryDisplay(boundary.x, boundary.y, boundary.values, features=("price in $", "$x^$")).plot()
    display.figure_.canvas.draw()


def test_a_rectangle_that_is_almost_a_line_is_not_drawn_to_scale(client: BoundaryClient) -> None:
    long = client.boundary("linear", x_min=0, x_max=1e-30, y_min=-1e20, y_max=1e20, resolution=5)
    display = long.plot()
    assert display.ax_.get_aspect() == "auto"
    display.figure_.canvas.draw()


def test_it_draws_on_given_axes_and_leaves_their_labels(boundary: Boundary) -> None:
    figure, (left, right) = plt.subplots(1, 2)
    right.set_xlabel("mine")
    display = boundary.plot(right)
    assert (display.ax_, display.figure_) == (right, figure)
    assert (right.get_xlabel(), right.get_ylabel()) == ("mine", "x2")
    assert not left.collections
    assert plt.get_fignums() == [figure.number]


def test_other_plot_methods_draw_lines_or_cells_over_the_same_range(boundary: Boundary) -> None:
    lines = boundary.plot(plot_method="contour").surface_
    assert isinstance(lines, QuadContourSet)
    assert not lines.filled
    assert list(lines.levels) == np.linspace(0, 1, 11).tolist()
    cells = boundary.plot(plot_method="pcolormesh").surface_
    assert isinstance(cells, QuadMesh)
    assert cells.get_clim() == (0, 1)
    with pytest.raises(ValueError, match="unknown plot method 'imshow'; valid methods: contourf, contour, pcolormesh"):
        boundary.plot(plot_method="imshow")  # type: ignore[arg-type]


def test_what_is_given_goes_before_what_is_usual(boundary: Boundary) -> None:
    surface = boundary.plot(levels=[0, 0.5, 1], cmap="viridis", alpha=0.5).surface_
    assert list(surface.levels) == [0, 0.5, 1]  # type: ignore[union-attr]
    assert (surface.get_cmap().name, surface.get_alpha()) == ("viridis", 0.5)
    boundary.plot(plot_method="contour", colors="black")
    normed = boundary.plot(plot_method="pcolormesh", norm=mpl.colors.Normalize(0.2, 0.8)).surface_
    assert normed.get_clim() == (0.2, 0.8)


def test_every_quantity_has_its_own_range_and_line(client: BoundaryClient) -> None:
    def drawn(**question: object) -> tuple[list[float], list[float] | None]:
        display = client.boundary("tanh-3", resolution=30, **question).plot(plot_method="pcolormesh")  # type: ignore[arg-type]
        return list(display.surface_.get_clim()), None if display.line_ is None else list(display.line_.levels)

    assert drawn(statistic="mean") == ([0, 1], [0.5])
    assert drawn(statistic="std") == ([0, 0.75], None)
    assert drawn(statistic="agreement") == ([0.5, 1], None)
    assert drawn(minus="linear") == ([-1, 1], [0])
    (low, high), line = drawn(layer=1, unit=1)
    assert (-low, line) == (high, [0])
    assert high == np.abs(client.boundary("tanh-3", resolution=30, layer=1, unit=1).values).max()


def test_a_display_draws_its_own_data_again_on_other_axes() -> None:
    x, y = np.linspace(0, 1, 4), np.linspace(0, 2, 5)
    display = BoundaryDisplay(x, y, np.tile(x, (5, 1)).astype(np.float32), features=("a", "b"))
    assert not hasattr(display, "ax_")
    assert display.plot() is display
    first = display.ax_
    second = plt.subplots()[1]
    assert display.plot(second, plot_method="contour").ax_ is second
    assert (first.get_xlabel(), first.get_ylabel()) == (second.get_xlabel(), second.get_ylabel()) == ("a", "b")


def test_a_display_from_a_boundary_is_its_plot(boundary: Boundary) -> None:
    drawn, again = boundary.plot(), BoundaryDisplay.from_boundary(boundary)
    assert again.values is boundary.values
    assert np.array_equal(drawn.surface_.get_array(), again.surface_.get_array())  # type: ignore[arg-type]


def test_where_no_line_runs_none_is_drawn(client: BoundaryClient) -> None:
    far_out = client.boundary("tanh-10-10", x_min=10, x_max=11, y_min=10, y_max=11, resolution=5)
    assert far_out.plot().line_ is None
