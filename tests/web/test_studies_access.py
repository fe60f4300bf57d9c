"""A study's page is for everyone: without a mouse, on a phone, in the dark, and with thousands of cells."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, Response, expect

from harness import studies
from tests.conftest import Server, running
from tests.web.conftest import OpenPage, violations
from tests.web.study_page import settle
from tests.web.test_explorer_access import tab_to

CELLS = studies.depths_and_widths()
HELD = "where=activation:tanh,n_samples:1000"
CHOSEN = f"{HELD}&metric=gradient_norm_1&cell=tanh-10-10-1000"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A service without models, which has studies."""
    models: Path = tmp_path_factory.mktemp("studied") / "models"
    studies.save(models, "units", CELLS, claims=studies.CLAIMS, failing=["relu-3-3-3-1000"], axes=["width", "depth"])
    studies.save(models, studies.LONG_NAME, studies.of_one_factor())
    studies.save(models, "many", studies.table(50, 12), replicates=2, nodes=12)
    studies.save(models, "running", CELLS[:6], missing=[CELLS[5].name], task="multiclass")
    with running(models.parent, SERVICE_MODELS_DIR=str(models)) as started:
        yield started


def show(page: Page, path: str) -> None:
    page.goto(f"/studies{path}")
    expect(page.get_by_role("main")).to_be_visible()
    settle(page)


def cell(page: Page, name: str) -> Locator:
    return page.locator(f"td[data-cell='{next(one.digest for one in CELLS if one.name == name)}']")


def title(page: Page) -> Locator:
    return page.locator("#cell-title")


@pytest.mark.parametrize(
    ("scheme", "width", "path"),
    [
        ("light", 360, f"/units?{CHOSEN}"),
        ("light", 1280, f"/units?{HELD}&epoch=5"),
        ("dark", 360, "/running"),
        ("light", 768, f"/{studies.LONG_NAME}"),
        ("light", 360, ""),
    ],
)
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(
    open_page: OpenPage, server: Server, scheme: str, width: int, path: str
) -> None:
    page = open_page(server, color_scheme=scheme, viewport={"width": width, "height": 900})
    show(page, path)
    page.locator("details").evaluate_all("(all) => all.forEach((one) => { one.open = true; })")
    found = violations(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if width == 360 and scheme == "light":
        page.emulate_media(color_scheme="dark")
        found += violations(page, of="colours")
        page.set_viewport_size({"width": 1280, "height": 900})
        found += violations(page, of="arrangement")
        assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    page.set_viewport_size({"width": 320, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert not found, "\n".join(found)


@pytest.mark.parametrize("size", [(1280, 900), (360, 740)])
def test_nothing_moves_while_the_page_comes_together(
    open_page: OpenPage, server: Server, size: tuple[int, int]
) -> None:
    page = open_page(server, viewport={"width": size[0], "height": size[1]})
    page.add_init_script("""
        globalThis.shifts = [];
        new PerformanceObserver((list) => {
            for (const { value, sources } of list.getEntries()) {
                shifts.push([value, sources.map(({ node }) => node?.id || node?.className)]);
            }
        }).observe({ type: "layout-shift", buffered: true });
    """)
    show(page, f"/units?{CHOSEN}")
    shifts = page.evaluate("shifts")
    assert sum(value for value, _ in shifts) < 0.01, shifts


def test_the_keyboard_alone_goes_from_cell_to_cell_and_keeps_one(page: Page) -> None:
    show(page, f"/units?{HELD}")
    tab_to(page, cell(page, "linear-1000"))
    expect(title(page)).to_have_text("linear-1000")
    page.keyboard.press("ArrowDown")  # there is no cell below
    expect(cell(page, "linear-1000")).to_be_focused()
    page.keyboard.press("Control+End")
    expect(title(page)).to_have_text("tanh-30-30-30-1000")
    for key, name in (("ArrowLeft", "10-10-10"), ("ArrowUp", "10-10"), ("Home", "3-3"), ("End", "30-30")):
        page.keyboard.press(key)
        expect(cell(page, f"tanh-{name}-1000")).to_be_focused()
        expect(title(page)).to_have_text(f"tanh-{name}-1000")
    page.keyboard.press("Enter")
    expect(cell(page, "tanh-30-30-1000")).to_have_attribute("aria-selected", "true")
    expect(page).to_have_url(re.compile("cell=tanh-30-30-1000"))
    page.keyboard.press("Space")
    expect(cell(page, "tanh-30-30-1000")).to_have_attribute("aria-selected", "false")


def test_one_step_of_tab_leads_past_all_cells(page: Page) -> None:
    show(page, f"/units?{HELD}")
    cell(page, "tanh-3-1000").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('#cells') === null")
    page.keyboard.press("Shift+Tab")
    expect(cell(page, "tanh-3-1000")).to_be_focused()


def test_a_cell_is_chosen_by_a_tap(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    show(page, f"/units?{HELD}")
    cell(page, "tanh-5-5-1000").tap()
    expect(title(page)).to_have_text("tanh-5-5-1000")
    expect(cell(page, "tanh-5-5-1000")).to_have_attribute("aria-selected", "true")
    settle(page)
    expect(page.get_by_role("img", name="6 runs as dots")).to_be_visible()


def test_hundreds_of_cells_are_all_drawn_and_reached(page: Page) -> None:
    show(page, "/many")
    cells = page.locator("td[data-cell]")
    expect(cells).to_have_count(600)
    assert page.locator("#cells canvas").evaluate_all("(all) => all.every(({ width }) => width === 12)")
    cells.last.scroll_into_view_if_needed()
    cells.last.hover()
    expect(title(page)).to_have_text("rate-49-width-11")
    settle(page)
    expect(page.get_by_role("img", name="2 runs as dots")).to_be_visible()


def test_the_page_is_small_and_loads_each_of_its_files_at_once(page: Page) -> None:
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    show(page, f"/units?{HELD}")
    files = [answer for answer in answers if re.match(r"/(study|explorer)/", urlsplit(answer.url).path)]
    assert all(answer.header_value("content-encoding") == "gzip" for answer in files)
    sizes = {urlsplit(answer.url).path: answer.request.sizes()["responseBodySize"] for answer in files}
    assert len(files) == len(sizes) > 20
    assert sum(sizes.values()) < 60_000, sizes
    hinted = page.locator("link[rel=modulepreload]").evaluate_all(
        "(all) => all.map((one) => new URL(one.href).pathname)"
    )
    assert set(hinted) == {path for path in sizes if path.endswith(".js")} - {"/explorer/theme.js", "/study/main.js"}
