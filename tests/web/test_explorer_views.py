"""Ways around the explorer: when learning happened, steps back, small screens, paper, and what is told of it all."""

import re
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.conftest import MODELS, Server
from tests.web.conftest import OpenPage
from tests.web.explorer import (
    TOLERANCE,
    Api,
    choose,
    csv_fields,
    panel,
    recorded_epochs,
    seek,
    settle,
    show,
    value,
)

LAST = 500


@pytest.fixture(scope="module")
def api(server: Server) -> Api:
    return Api(server)


@pytest.fixture
def open_usual(keep_page: OpenPage) -> OpenPage:
    return keep_page


@pytest.fixture
def sized(page: Page) -> Iterator[Page]:
    """The page, whose window is as large as before when the test has ended."""
    usual = page.viewport_size
    assert usual is not None
    yield page
    page.set_viewport_size(usual)


def curve(page: Page, model: str) -> Locator:
    return panel(page, model).get_by_role("img", name=re.compile("^Test accuracy by epoch"))


def drawn(line: Locator) -> list[tuple[float, float]]:
    """Return a curve's points: the slider's position and the accuracy."""
    low = float(line.locator("xpath=ancestor::div[contains(@class, 'curve')]").locator(".range span").last.inner_text())
    path = line.locator("path").get_attribute("d") or ""
    points = [point.split(",") for point in path.removeprefix("M").split("L")]
    return [(float(x), 1 - (1 - low) * float(y) / 100) for x, y in points]


@pytest.mark.parametrize("run", [0, 7])
def test_a_curve_shows_when_a_run_learned(own_page: Page, api: Api, run: int) -> None:
    """On a page of its own: on another it is the one before until the browser has time."""
    page = own_page
    show(page, f"?run={run}")
    points, labels = api.test_points()
    positions = {epoch: position for position, epoch in enumerate(recorded_epochs(page))}
    for model in ("linear", "tanh-3", "relu-10-10"):
        epochs = api.card(model)["epochs"]
        line = curve(page, model)
        expect(line).to_be_visible()
        shown = drawn(line)
        assert [x for x, _ in shown] == [positions[epoch] for epoch in epochs]
        for position in {0, len(epochs) // 2, len(epochs) - 1}:
            probabilities = np.array(api.signature("at", model, points, run, epochs[position]))
            right = float(np.mean((probabilities >= 0.5) == np.array(labels)))
            assert shown[position][1] == pytest.approx(right, abs=0.001), (model, position)
        told = re.search(r"from (\S+) at first to (\S+) in the end", line.get_attribute("aria-label") or "")
        assert told is not None
        assert [float(text) for text in told.groups()] == pytest.approx([shown[0][1], shown[-1][1]], abs=0.006)


def test_a_curve_marks_the_epoch_and_a_click_goes_to_one(page: Page) -> None:
    show(page, "?epoch=0")
    line = curve(page, "tanh-3")
    line.scroll_into_view_if_needed()
    box = line.bounding_box()
    assert box is not None
    epochs = recorded_epochs(page)
    middle = len(epochs) // 2
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    settle(page)
    expect(page.get_by_role("slider", name="Epoch")).to_have_value(str(middle))
    mark = panel(page, "tanh-3").locator(".now")
    for epoch, share in ((epochs[middle], 0.5), (0, 0), (LAST, 1)):
        seek(page, epoch)
        at = mark.bounding_box()
        assert at is not None
        assert at["x"] - box["x"] == pytest.approx(share * box["width"], abs=3)


def test_curves_are_of_one_run_only(page: Page) -> None:
    show(page)
    expect(curve(page, "tanh-3")).to_be_visible()
    choose(page, "Statistic", "mean of all runs")
    expect(panel(page, "tanh-3").locator(".curve")).to_be_hidden()
    choose(page, "Statistic", "probability of one run")
    expect(curve(page, "tanh-3")).to_be_visible()


@pytest.mark.parametrize("query", ["?run=2&epoch=66", "?statistic=mean&epoch=66", "?a=linear&b=relu-3"])
def test_the_differences_links_give_what_it_shows(page: Page, server: Server, query: str) -> None:
    show(page, query)
    a, b = (page.get_by_label(f"Model {name}", exact=True).input_value() for name in "AB")
    fields = csv_fields(page)
    address = page.get_by_role("link", name="difference as json", exact=True).evaluate("(a) => a.pathname + a.search")
    answer = server.get(str(address))
    assert answer.status_code == 200, answer.text
    values = answer.json().get("values") or answer.json()["probabilities"]
    np.testing.assert_allclose(values, fields[a] - fields[b], rtol=0, atol=2 * TOLERANCE)


@pytest.mark.parametrize("query", ["?a=linear&epoch=66", "?statistic=std"])
def test_a_difference_that_the_service_does_not_know_has_no_links(page: Page, query: str) -> None:
    show(page, query)
    expect(page.get_by_role("link", name="difference as json")).to_have_count(0)
    expect(page.get_by_label("The command for what is shown")).not_to_contain_text("minus")


@pytest.mark.parametrize(("width", "height"), [(360, 740), (768, 1024), (780, 360), (1440, 1000)])
def test_the_slider_stays_with_the_maps(sized: Page, width: int, height: int) -> None:
    page = sized
    page.set_viewport_size({"width": width, "height": height})
    show(page)
    canvas = panel(page, "relu-10").locator(".frame")
    canvas.evaluate("(element) => element.scrollIntoView({ block: 'end' })")
    for control_of_it in (page.get_by_role("slider", name="Epoch"), page.get_by_role("button", name="Play")):
        expect(control_of_it).to_be_in_viewport(ratio=1)
    box = page.locator(".rail").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < 0.4 * height  # most of the screen is the maps'


def test_nothing_stays_in_the_way_of_a_page_that_is_enlarged_four_times(sized: Page) -> None:
    page = sized
    page.set_viewport_size({"width": 320, "height": 225})
    show(page)
    panel(page, "relu-10").scroll_into_view_if_needed()
    expect(page.get_by_role("slider", name="Epoch")).not_to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_looking_inside_is_a_step_that_back_undoes(page: Page) -> None:
    show(page, "?epoch=66")
    before = page.url
    page.get_by_role("button", name="Look inside relu-10", exact=True).click()
    region = page.get_by_role("region", name="Inside a model")
    expect(region).to_be_in_viewport()
    expect(region).to_be_focused()
    expect(page).to_have_url(re.compile(r"inside=relu-10#inside$"))
    page.go_back()
    expect(page).to_have_url(before)
    expect(region.get_by_role("combobox", name="Model")).to_have_value("tanh-3")


def test_the_legend_leads_to_the_chosen_points_numbers(page: Page) -> None:
    show(page, "?x=0.5&y=-0.25")
    reading = page.locator("#reading")
    expect(reading).to_contain_text("x1 = 0.500, x2 = −0.250")
    reading.get_by_role("link", name="Its numbers").click()
    expect(page.get_by_role("heading", name="One point through every network")).to_be_in_viewport()
    expect(page.locator(".trace")).to_have_count(len(MODELS))


def test_arrows_move_the_point_by_a_sixtieth_of_the_map_and_not_out_of_it(page: Page) -> None:
    show(page, "?x=1.43&y=0")
    first = page.get_by_role("spinbutton", name="x1")
    first.press("ArrowUp")
    expect(page).to_have_url(re.compile(r"x=1\.48&y=0"))
    first.press("ArrowUp")
    expect(first).to_have_value("1.5")
    first.press("ArrowDown")
    expect(page).to_have_url(re.compile(r"x=1\.45&y=0"))


@pytest.mark.parametrize(("point", "form"), [((0.1, 0.1), r"\d\.\d × 10⁻\S+"), ((0.35, 0.35), r"1 − \d\.\d × 10⁻\S+")])
def test_a_probability_is_told_from_0_and_1_however_small(
    page: Page, api: Api, point: tuple[float, float], form: str
) -> None:
    x, y = point
    show(page, f"?x={x}&y={y}")
    page.get_by_role("heading", name="One point through every network").scroll_into_view_if_needed()
    settle(page)
    heading = page.locator(".trace[data-model=relu-10-10]").get_by_role("heading")
    right = api.signature("at", "relu-10-10", [[x, y]], 0, LAST)[0]
    assert value(heading) == pytest.approx(right, abs=TOLERANCE)
    expect(heading.locator("data")).to_have_text(re.compile(f"^{form}$"))


@pytest.mark.parametrize("width", [360, 1024, 1440, 2200])
def test_a_points_ways_stand_beside_each_other_and_none_runs_into_the_next(sized: Page, width: int) -> None:
    page = sized
    page.set_viewport_size({"width": width, "height": 900})
    show(page, "?x=-1.4&y=-1.4")
    heading, traces = page.get_by_role("heading", name="One point through every network"), page.locator(".trace")
    for _ in range(3):  # what is drawn on the way there moves it
        heading.scroll_into_view_if_needed()
        settle(page)
    expect(traces).to_have_count(len(MODELS))
    boxes = page.locator(".trace").evaluate_all("(all) => all.map((one) => [one.offsetTop, one.offsetLeft])")
    rows = len({top for top, _ in boxes})
    assert rows == 1 if width >= 1440 else rows > 1
    assert page.locator(".trace").evaluate_all("(all) => all.every((one) => one.scrollWidth <= one.clientWidth)")


def test_every_dot_of_a_strip_is_seen(page: Page) -> None:
    show(page)
    strips = page.locator("#table .strip")
    expect(strips).to_have_count(len(MODELS))
    for strip in strips.all():
        dots = strip.locator("circle").evaluate_all(
            "(all) => all.map(({ cx, cy }) => [cx, cy].map((one) => one.baseVal.value))"
        )
        assert len(dots) == len({tuple(dot) for dot in dots}) == 30
        height = float((strip.get_attribute("viewBox") or "").split()[-1])
        assert all(0 < y < height for _, y in dots)
        for one, other in pairwise(sorted(map(tuple, dots))):
            assert np.hypot(*np.subtract(one, other)) > 0.3


def test_a_units_line_is_as_thick_as_what_it_weighs_afterwards(page: Page, api: Api) -> None:
    show(page, "?inside=tanh-10")
    region = page.get_by_role("region", name="Inside a model")
    region.scroll_into_view_if_needed()
    settle(page)
    _, (output, _) = api.weights("tanh-10", 0, LAST)
    units = region.get_by_role("button", name=re.compile("^Layer 1, unit"))
    expect(units).to_have_count(10)
    last_path = "[...one.querySelectorAll('svg path')].at(-1).getAttribute('stroke-width')"
    widths = np.array(units.evaluate_all(f"(all) => all.map((one) => {last_path})"), float)
    assert np.corrcoef(widths, np.abs(output[:, 0]))[0, 1] > 0.999


def test_playing_is_not_read_out_epoch_by_epoch(page: Page) -> None:
    show(page)
    expect(page.get_by_role("group", name="Training").get_by_role("status")).to_have_attribute("aria-live", "off")
