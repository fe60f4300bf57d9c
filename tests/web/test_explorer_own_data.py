"""What own data bring to the explorer that the notebook's do not: names from right to left and long ones, a single
feature, wide intervals, and models that take a while.
"""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.conftest import Server
from tests.web.conftest import OpenPage
from tests.web.explorer import panel, settle, show

LENGTH, SPECIES = "عرض البتلة", "זן"
CLASSES = ["سوسن", "זמיר", "Ириса"]
LONG = "a feature with a name of exactly sixty-four characters, no less!"

MIDDLES = """(element, pieces) => {
    const nodes = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    let [text, all] = ["", []];
    while (nodes.nextNode()) {
        all.push([text.length, nodes.currentNode]);
        text += nodes.currentNode.data;
    }
    const [, node] = all.findLast(([start]) => start <= text.indexOf(pieces[0]));
    let from = 0;
    return pieces.map((piece) => {
        const at = node.data.indexOf(piece, from);
        if (at < 0) throw new Error(`${piece} is not in ${node.data}`);
        from = at + piece.length;
        const range = document.createRange();
        range.setStart(node, at);
        range.setEnd(node, from);
        const { left, right } = range.getBoundingClientRect();
        return (left + right) / 2;
    });
}"""
"""Where pieces of a text are seen, from left to right."""

OVERLAPS = """(texts) => {
    const boxes = texts.map((text) => text.getBoundingClientRect()).sort((a, b) => a.left - b.left);
    return boxes.slice(1).filter(({ left }, i) => left < boxes[i].right).length;
}"""

LINES = "(cells) => cells.map((cell) => cell.offsetHeight / parseFloat(getComputedStyle(cell).fontSize))"


@pytest.fixture
def page(open_page: OpenPage, kinds_server: Server) -> Page:
    return open_page(kinds_server)


def describe_otherwise(page: Page, model: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Have the service describe a model otherwise."""

    def answer(route: Route) -> None:
        described = route.fetch().json()
        change(described)
        route.fulfill(json=described)

    page.route(f"**/models/{model}/versions/1?*", answer)


def middles(text: Locator, *pieces: str) -> list[float]:
    expect(text).to_be_visible()
    found: list[float] = text.evaluate(MIDDLES, pieces)
    return found


def check_order(text: Locator, *pieces: str) -> None:
    """Check that these pieces of a text are seen in this order, from left to right."""
    places = middles(text, *pieces)
    assert places == sorted(places), dict(zip(pieces, places, strict=True))


def test_names_from_right_to_left_leave_the_numbers_around_them_in_their_places(page: Page) -> None:
    def rename(described: dict[str, Any]) -> None:
        described["features"][0]["name"] = LENGTH
        described["classes"] = CLASSES
        described["card"]["target"] = SPECIES
        described["card"]["features"] = described["features"]
        described["card"]["classes"] = CLASSES

    for model in ("flowers", "flowers-linear"):
        describe_otherwise(page, model, rename)
    show(page, "?experiment=flowers&x=6&y=2")
    check_order(page.locator("#reading"), LENGTH, " from ", "8", " across")
    check_order(page.locator("#reading > span:last-child"), LENGTH, " = ", "6.00")
    page.locator("#point").scroll_into_view_if_needed()
    settle(page)
    table = page.locator("article[data-model=flowers]").get_by_role("table")
    for name in CLASSES[:2]:
        row = table.get_by_role("row").filter(has_text=name)
        check_order(row.get_by_role("rowheader"), name, ": ", "0.")
    inside = page.locator("#inside")
    inside.scroll_into_view_if_needed()
    settle(page)
    check_order(inside.locator("#detail-title"), "flowers", ": ", "P(", SPECIES, " = ", CLASSES[0])


def test_a_long_name_of_an_input_has_room_beside_its_numbers(page: Page) -> None:
    def rename(described: dict[str, Any]) -> None:
        described["features"][2]["name"] = LONG
        described["card"]["features"] = described["features"]

    describe_otherwise(page, "survival", rename)
    show(page, "?experiment=survival")
    page.locator("#point").scroll_into_view_if_needed()
    settle(page)
    names = page.locator(".traces tbody th").filter(has_text=LONG[:20])
    expect(names).to_have_count(3)  # one a category
    assert max(names.evaluate_all(LINES)) < 8


def test_where_no_model_has_a_map_nothing_is_said_of_maps(page: Page) -> None:
    def narrow(described: dict[str, Any]) -> None:
        described["features"] = described["features"][:1]
        described["card"]["features"] = described["features"]

    for model in ("flowers", "flowers-linear"):
        describe_otherwise(page, model, narrow)
    show(page, "?experiment=flowers")
    for model in ("flowers", "flowers-linear"):
        expect(panel(page, model).locator(".message")).to_have_text("takes one feature, so it has no map")
    for part in ("legend", "reading", "downloads"):
        expect(page.locator(f"#{part}")).to_be_hidden()
    expect(page.get_by_role("table", name="by model")).to_be_visible()


def test_numbers_on_the_verdicts_axis_leave_room_for_each_other(page: Page) -> None:
    def widen(route: Route) -> None:
        document = route.fetch().json()
        for pair in document["pairs"]:
            pair["ci95"] = [-2.27, 1.63]
        route.fulfill(json=document)

    page.route("**/comparison?*", widen)
    show(page, "?experiment=prices")
    labels = page.locator("#pairs .axis text")
    expect(labels.filter(has_text="−0.5")).to_have_count(1)
    expect(labels.get_by_text("0", exact=True)).to_have_count(1)
    assert labels.evaluate_all(OVERLAPS) == 0


def test_inside_shows_nothing_of_a_network_before_there_is_one(page: Page) -> None:
    held: list[Route] = []
    released: list[bool] = []
    page.route("**/boundary?*layer=*", lambda route: route.continue_() if released else held.append(route))
    show(page, "?experiment=prices&inside=prices")
    inside = page.locator("#inside")
    inside.scroll_into_view_if_needed()
    expect(inside.get_by_text("Each first-layer unit splits")).to_be_visible()
    expect(inside.get_by_role("button")).to_have_count(0)
    expect(inside.get_by_role("combobox")).to_have_count(0)
    released.append(True)
    for route in held:
        route.continue_()
    expect(inside.get_by_role("combobox", name="Model")).to_have_value("prices")
    expect(inside.get_by_role("button", name="Layer 1, unit 1")).to_be_visible()


def test_no_boundary_is_told_of_a_map_that_is_not_there(page: Page) -> None:
    show(page, "?experiment=flowers")
    difference = page.locator("#difference")
    expect(difference.locator(".message")).to_contain_text("Choose a class")
    expect(difference.locator("#difference-shape")).to_be_hidden()
    page.get_by_role("combobox", name="Class", exact=True).select_option(label="setosa")
    expect(difference.get_by_role("img", name="A − B is")).to_be_visible()
    expect(difference.locator("#difference-shape")).to_be_attached()
    expect(difference.locator(".message")).to_be_hidden()
