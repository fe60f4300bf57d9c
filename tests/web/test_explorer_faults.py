"""What is wrong with one model, one script or one address costs that alone, and the page says why there."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from service.edges.own.pages import WEB
from tests.conftest import MODELS, Server
from tests.web.conftest import Journal, OpenPage
from tests.web.explorer import TOLERANCE, Api, csv_fields, panel, settle, show

pytestmark = pytest.mark.usefixtures("server")

OTHERS = [model for model in MODELS if model != "tanh-10"]
REFUSAL: dict[str, Any] = {"status": 500, "json": {"title": "Internal Server Error", "detail": "its graph is broken"}}


@pytest.fixture
def api(server: Server) -> Api:
    return Api(server)


@pytest.fixture
def kept_page(keep_page: OpenPage, server: Server) -> Page:
    """A page for the tests that spoil nothing, which share it."""
    return keep_page(server)


def look_at_all(page: Page) -> None:
    for section in ("#inside", "#point"):
        page.locator(section).scroll_into_view_if_needed()
        settle(page)


@pytest.mark.parametrize("query", ["?x=1e308&y=0", "?x=-1e308&y=1e308&inside=relu-10-10", "?x=3e38&y=-3e38"])
def test_a_point_beyond_all_bounds_is_one_beside_the_map(kept_page: Page, query: str) -> None:
    page = kept_page
    show(page, query)
    look_at_all(page)
    expect(page.locator(".trace")).to_have_count(len(MODELS))
    expect(page.locator("#detail-title")).not_to_be_empty()
    expect(page.locator("#status")).to_be_empty()
    far = abs(float(page.get_by_role("spinbutton", name="x1").input_value()))
    assert 1.5 < far < 100


def test_a_model_that_cannot_be_described_says_so_and_hurts_no_other(page: Page, journal: Journal) -> None:
    journal.expect("500")
    page.route("**/models/tanh-10/versions/*", lambda route: route.fulfill(**REFUSAL))
    show(page)
    expect(panel(page, "tanh-10")).to_contain_text("is not described: its graph is broken")
    look_at_all(page)
    expect(page.locator(".trace")).to_have_count(len(OTHERS))
    assert set(csv_fields(page)) == set(OTHERS)


def test_a_map_that_the_service_fails_to_compute_is_missing_alone(page: Page, journal: Journal) -> None:
    journal.expect("500")
    page.route("**/boundary?model=tanh-10&*", lambda route: route.fulfill(**REFUSAL))
    show(page, "?statistic=std")
    expect(panel(page, "tanh-10").locator(".message")).to_contain_text("its graph is broken")
    assert set(csv_fields(page)) == set(OTHERS)


def test_weights_that_make_no_network_are_left_to_the_service(page: Page, api: Api, journal: Journal) -> None:
    journal.expect("undefined")

    def cut(route: Route) -> None:
        weights = route.fetch().json()
        weights["layers"][1] = {"kernel": [], "bias": []}
        route.fulfill(json=weights)

    page.route("**/models/tanh-10-10/versions/1/weights?*", cut)
    page.route("**/models/tanh-10/versions/1/weights?*", lambda route: route.fulfill(json={"epochs": [1], "layers": 3}))
    show(page, "?inside=tanh-10")
    look_at_all(page)
    expect(page.locator("#inside")).to_contain_text("This page cannot compute it from its weights")
    fields = csv_fields(page)
    for model in ("tanh-10", "tanh-10-10", "relu-10"):
        assert abs(fields[model] - api.boundary(model, 500, replicate=0)).max() < TOLERANCE


@pytest.mark.parametrize("script", ["main.js", "lines.js", "state.js"])
def test_a_page_whose_script_does_not_load_says_so_at_once(page: Page, journal: Journal, script: str) -> None:
    journal.expect("ERR_FAILED")
    page.route(f"**/explorer/{script}", lambda route: route.abort())
    page.goto("/")
    expect(page.get_by_text("A part of this page did not load")).to_be_visible()


def test_maps_stay_where_what_is_below_them_does_not_load(page: Page, journal: Journal) -> None:
    journal.expect("ERR_FAILED", "dynamically imported module")
    page.route("**/explorer/wires.js", lambda route: route.abort())
    show(page)
    expect(page.locator("#status")).to_contain_text("A part of this page did not load")
    assert set(csv_fields(page)) == set(MODELS)
    show(page, "?epoch=0")
    for model in MODELS:
        expect(panel(page, model).locator(".summary")).to_contain_text("Before training")


def test_a_page_whose_first_script_is_missing_says_so_after_a_while(page: Page, journal: Journal) -> None:
    journal.expect("ERR_FAILED")
    page.route("**/explorer/{theme,main}.js", lambda route: route.abort())
    page.goto("/")
    hidden = page.get_by_text("A part of this page did not load")
    expect(hidden).to_be_hidden()
    page.evaluate("document.getAnimations().forEach((animation) => animation.finish())")
    expect(hidden).to_be_visible()


def test_a_page_that_works_says_nothing_of_it(kept_page: Page) -> None:
    page = kept_page
    show(page)
    expect(page.locator("#unloaded")).to_have_count(0)


def test_a_runs_two_numbers_are_each_said_to_be_of_which_test_points(kept_page: Page, api: Api) -> None:
    page = kept_page
    show(page, "?run=5")
    values = api.comparison("relu-3")["accuracy"]["values"]
    summary = panel(page, "relu-3").locator(".summary")
    expect(summary).to_contain_text(re.compile(r"\d+ of run 0’s 600 test points wrong"))
    expect(summary).to_contain_text(f"{values[5]:.3f} on its own")
    dot = page.locator("tr[data-model=relu-3] circle[data-run='5'] title")
    expect(dot).to_have_text(f"run 5: {values[5]:.3f} on its own test points")


MOST_BYTES = 250_000

TRANSFERRED = """performance.getEntriesByType("resource").concat(performance.getEntriesByType("navigation"))
  .reduce((sum, { transferSize }) => sum + transferSize, 0)"""


def test_the_first_view_is_light_data_included(page: Page) -> None:
    show(page)
    page.wait_for_load_state("networkidle")
    assert 100_000 < page.evaluate(TRANSFERRED) <= MOST_BYTES


@pytest.mark.parametrize("coding", ["gzip", None])
def test_a_module_is_sent_without_its_comments_line_for_line(server: Server, coding: str | None) -> None:
    sent = server.get("/explorer/model.js", headers={"Accept-Encoding": coding}).text
    own = (WEB / "explorer/model.js").read_text()
    assert "/**" in own
    assert "/**" not in sent
    pairs = zip(own.split("\n"), sent.split("\n"), strict=True)
    assert all(line in (text, "") for text, line in pairs)
