"""The explorer is for everyone: without a mouse, on a phone, in the dark, with little bandwidth and little motion."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, Response, expect

from tests.conftest import MODELS, Server
from tests.web.conftest import OpenPage, violations
from tests.web.explorer import control, panel, settle, show

FULL = "?statistic=std&inside=tanh-10-10&unit=2.1&sort=-accuracy"
"""A view in which everything is there."""


WITHOUT_REPEATS = {
    "exclude": [[".trace ~ .trace ~ .trace"], ["#table tr ~ tr ~ tr ~ tr"], ["#pairs li ~ li ~ li"]],
}
"""For axe: of what stands there for each model or pair, the first ones. Held to all rules once, in all of its places,
it has the same colours as they have in another theme, too."""

WIDTH = "document.documentElement.scrollWidth"


def everything_drawn(page: Page) -> None:
    """Look at the parts that are drawn once they are seen."""
    for name in ("Inside a model", "One point through every network", "The comparison"):
        page.get_by_role("heading", name=name).scroll_into_view_if_needed()
        settle(page)
    expect(page.locator(".trace")).to_have_count(len(MODELS))
    expect(page.locator("#detail-title")).not_to_be_empty()


def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(open_page: OpenPage, server: Server) -> None:
    """Whatever is there, in both themes and on four screens: colours and arrangement do not depend on each other."""
    page = open_page(server)
    show(page, FULL)
    everything_drawn(page)
    found = violations(page)
    for width in (768, 360, 320):
        page.set_viewport_size({"width": width, "height": 740})
        everything_drawn(page)
        assert page.evaluate(WIDTH) <= width
        found += violations(page, of="arrangement") if width > 320 else []
    page.emulate_media(color_scheme="dark")
    settle(page)
    found += violations(page, WITHOUT_REPEATS, of="colours")
    page.set_viewport_size({"width": 360, "height": 740})
    for query in ("?inside=linear", ""):
        show(page, query)
        everything_drawn(page)
        assert page.evaluate(WIDTH) <= 360, query
    found += violations(page, "#boundaries")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("size", [(1280, 900), (360, 740)])
@pytest.mark.parametrize("query", ["", FULL])
def test_nothing_moves_while_the_page_comes_together(
    open_page: OpenPage, server: Server, size: tuple[int, int], query: str
) -> None:
    page = open_page(server, viewport={"width": size[0], "height": size[1]})
    page.add_init_script("""
        globalThis.shifts = [];
        new PerformanceObserver((list) => {
            for (const { value, sources } of list.getEntries()) {
                shifts.push([value, sources.map(({ node }) => node?.id)]);
            }
        }).observe({ type: "layout-shift", buffered: true });
    """)
    show(page, query)
    settle(page)
    shifts = page.evaluate("shifts")
    assert sum(value for value, _ in shifts) < 0.01, shifts


def test_the_page_is_small(page: Page, server: Server) -> None:
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    show(page)
    files = [answer for answer in answers if re.match(r"/(explorer/.*)?$", urlsplit(answer.url).path)]
    assert {answer.header_value("content-type") for answer in files} >= {"text/html; charset=utf-8"}
    assert len(files) > 10
    assert all(answer.header_value("content-encoding") == "gzip" for answer in files)
    sizes = {answer.url: answer.request.sizes()["responseBodySize"] for answer in files}
    assert all(size > 0 for size in sizes.values())
    assert sum(sizes.values()) < 150_000, sizes


def test_the_policy_allows_nothing_inline_and_nothing_from_elsewhere(server: Server) -> None:
    policy = server.get("/").headers["Content-Security-Policy"]
    rules = dict(rule.strip().partition(" ")[::2] for rule in policy.split(";"))
    assert rules["default-src"] == "'self'"
    assert "unsafe" not in policy
    assert rules["object-src"] == rules["base-uri"] == rules["frame-ancestors"] == "'none'"
    assert not re.search(r"https?:|\*", policy)


@pytest.mark.parametrize(("motion", "steps"), [("no-preference", 12), ("reduce", 2)])
def test_the_player_goes_slower_for_those_who_want_less_motion(
    open_page: OpenPage, server: Server, motion: str, steps: int
) -> None:
    page = open_page(server, reduced_motion=motion)
    page.clock.install()
    show(page, "?epoch=0")
    page.clock.pause_at("2100-01-01")
    slider = page.get_by_role("slider", name="Epoch")
    page.get_by_role("button", name="Play").click()
    page.clock.run_for(1010)
    expect(slider).to_have_value(str(steps))


def tab_to(page: Page, target: Locator, most: int = 200) -> None:
    """Press Tab until something is focused."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if target.evaluate("(element) => element === document.activeElement"):
            return
    raise AssertionError(f"Tab does not lead to {target}")


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)
    settle(page)


def test_the_keyboard_alone_changes_epoch_statistic_and_run(page: Page) -> None:
    show(page)
    slider = page.get_by_role("slider", name="Epoch")
    tab_to(page, slider)
    press(page, "Home", "ArrowRight", "ArrowRight")
    expect(panel(page, "tanh-3").locator(".summary")).to_contain_text("After epoch 2;")
    tab_to(page, control(page, "Run"))
    press(page, "ArrowDown", "ArrowDown")
    expect(page).to_have_url(re.compile("run=2"))
    press(page, "Shift+Tab", "ArrowDown")
    expect(control(page, "Statistic")).to_have_value("mean")
    expect(page.get_by_role("region", name="The boundaries")).to_contain_text("mean of P(y = 1) over the runs")


def test_the_keyboard_alone_plays_and_pauses(page: Page) -> None:
    page.clock.install()
    show(page, "?epoch=0")
    tab_to(page, page.get_by_role("button", name="Play"))
    page.clock.pause_at("2100-01-01")  # else it may be at its end before anybody looks
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Pause")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Play")).to_be_focused()


def test_the_keyboard_alone_looks_inside_chooses_a_unit_sets_a_point_and_sorts_the_table(page: Page) -> None:
    show(page)
    tab_to(page, page.get_by_role("button", name="Look inside relu-10", exact=True))
    press(page, "Enter")
    region = page.get_by_role("region", name="Inside a model")
    expect(region).to_be_in_viewport()
    unit = region.get_by_role("button", name="Layer 1, unit 2", exact=True)
    tab_to(page, unit)
    expect(region.locator("#detail-title")).to_have_text("Layer 1, unit 2")
    press(page, "Space")
    expect(unit).to_have_attribute("aria-pressed", "true")
    expect(unit).to_be_focused()
    expect(page).to_have_url(re.compile(r"unit=1\.2"))

    tab_to(page, page.get_by_role("spinbutton", name="x1"))
    page.keyboard.press("Control+a")
    page.keyboard.type("0.5")
    press(page, "Tab", "Control+a")
    page.keyboard.type("-0.75")
    press(page, "Enter")
    expect(page).to_have_url(re.compile(r"x=0.5&y=-0.75"))
    caption = page.get_by_role("table", name="linear at x1 = 0.500, x2 = −0.750")
    expect(caption).to_have_count(1)

    button = page.get_by_role("button", name=re.compile("^Test accuracy"))
    tab_to(page, button)
    press(page, "Enter")
    head = page.get_by_role("columnheader").filter(has=button)
    expect(head).to_have_attribute("aria-sort", "descending")
    expect(button).to_be_focused()
    press(page, "Space")
    expect(head).to_have_attribute("aria-sort", "ascending")


def test_a_drawing_does_not_take_away_what_is_being_typed(page: Page) -> None:
    show(page)
    field = page.get_by_role("spinbutton", name="x2")
    field.focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("-0.75")
    page.set_viewport_size({"width": 1000, "height": 900})  # all is drawn again
    settle(page)
    expect(field).to_have_value("-0.75")
    press(page, "Enter")
    expect(page).to_have_url(re.compile(r"y=-0.75"))


def test_the_first_tab_leads_past_the_controls(page: Page) -> None:
    show(page)
    skip = page.get_by_role("link", name="Skip to the boundaries")
    page.keyboard.press("Tab")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="The boundaries")).to_be_in_viewport()


FOCUS = """() => {
    const element = document.activeElement;
    const { left, right, top, bottom } = element.getBoundingClientRect();
    const style = getComputedStyle(element);
    const at = document.elementFromPoint((left + right) / 2, (Math.max(0, top) + Math.min(innerHeight, bottom)) / 2);
    return {
        name: element.getAttribute("aria-label") ?? element.textContent.slice(0, 30),
        body: element === document.body,
        outlined: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
        seen: at !== null && (element.contains(at) || at.contains(element)),
    };
}"""


@pytest.mark.parametrize("width", [1280, 360])
def test_whatever_has_the_focus_is_outlined_and_not_hidden(open_page: OpenPage, server: Server, width: int) -> None:
    page = open_page(server, viewport={"width": width, "height": 740})
    show(page, "?inside=tanh-10-10")
    everything_drawn(page)
    page.evaluate("scrollTo(0, 0)")
    names, wrong = [], []
    for _ in range(200):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUS)
        if focused["body"]:
            break
        names.append(focused["name"])
        if not (focused["outlined"] and focused["seen"]):
            wrong.append(focused)
    assert not wrong
    assert names[0] == "Skip to the boundaries"
    assert len(names) > 60
