"""The pages in a classroom: on any screen, from a link that says how they are arranged, on paper, for everybody."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from harness import studies
from harness.app_server import serving_app
from harness.server import HttpServer
from tests.conftest import MODELS, Server, running
from tests.web import explorer, trainer
from tests.web.conftest import Journal, OpenPage, violations
from tests.web.test_explorer_access import WITHOUT_REPEATS, everything_drawn

PAGES = ("/", "/lesson", "/trainer", "/studies", "/studies/units")
FIRST_SCREENS = [(1366, 768), (768, 1024), (360, 740)]


@pytest.fixture(scope="module")
def server(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The default models and a study."""
    models = tmp_path_factory.mktemp("classroom") / "models"
    models.mkdir()
    for name in (*MODELS, "_experiments"):
        (models / name).symlink_to(models_dir / name)
    studies.save(models, "units", studies.depths_and_widths()[:8], claims=studies.CLAIMS)
    with running(models.parent, SERVICE_MODELS_DIR=str(models)) as started:
        yield started


@pytest.fixture
def open_usual(keep_page: OpenPage) -> OpenPage:
    return keep_page


def show(page: Page, path: str) -> None:
    page.set_default_timeout(trainer.PATIENCE_MS)
    page.goto(path)
    expect(page.get_by_role("main")).to_be_visible()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)


# --- On any screen ---


@pytest.fixture
def many_or_one(count: int, server: Server, models_dir: Path, tmp_path: Path) -> Iterator[HttpServer]:
    """A server with so many models, one with as long a name as there may be; the module's, where that has them."""
    if count == len(MODELS):
        yield server
        return
    for i in range(count):
        name = f"model-{i}".ljust(64 if i == 1 else 0, "x")
        (tmp_path / "models").mkdir(exist_ok=True)
        (tmp_path / "models" / name).symlink_to(models_dir / MODELS[i % len(MODELS)])
    with serving_app(tmp_path / "models", default_model="model-0") as started:
        yield started


@pytest.mark.parametrize(
    ("size", "count"), [*((size, 7) for size in FIRST_SCREENS), (FIRST_SCREENS[2], 1), (FIRST_SCREENS[2], 12)]
)
def test_the_first_row_of_maps_and_the_player_are_on_the_first_screen(
    many_or_one: HttpServer, open_page: OpenPage, journal: Journal, size: tuple[int, int], count: int
) -> None:
    if count != len(MODELS):
        journal.expect("404")  # they are compared nowhere
    page = open_page(many_or_one, viewport={"width": size[0], "height": size[1]})
    explorer.show(page)
    maps = page.locator("#panels .frame")
    expect(maps).to_have_count(count + (count > 1))
    tops = maps.evaluate_all("(all) => all.map((one) => one.getBoundingClientRect().top)")
    assert tops.count(tops[0]) == min(len(tops), 4 if size[0] > 1000 else 2)
    for shown in (
        maps.first,
        page.get_by_role("button", name="Play"),
        page.get_by_role("slider", name="Epoch"),
        page.get_by_role("button", name="Copy link"),
    ):
        expect(shown).to_be_in_viewport(ratio=1)


def test_the_points_to_train_on_are_on_the_first_screen(own_page: Page) -> None:
    page = own_page
    for width, height in FIRST_SCREENS:
        page.set_viewport_size({"width": width, "height": height})
        trainer.show(page)
        expect(page.locator(".editor")).to_be_in_viewport(ratio=1)


def test_choices_unfold_on_a_phone(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, viewport={"width": 360, "height": 740})
    explorer.show(page)
    expect(explorer.control(page, "Run")).to_be_hidden()
    more = page.get_by_role("button", name="More")
    more.click()
    expect(more).to_have_attribute("aria-expanded", "true")
    explorer.choose(page, "Run", "4")
    expect(page).to_have_url(re.compile("run=4"))


def letters(page: Page) -> float:
    return float(page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)"))


def test_type_grows_with_the_screen_and_for_a_projector(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, viewport={"width": 1366, "height": 768})
    show(page, "/studies")
    sizes = [letters(page)]
    page.set_viewport_size({"width": 3840, "height": 2160})
    sizes.append(letters(page))
    show(page, "/studies?view=projector")
    sizes.append(letters(page))
    page.set_viewport_size({"width": 1366, "height": 768})
    sizes.append(letters(page))
    usual, at_4k, projected_at_4k, projected = sizes
    assert usual == 15
    assert at_4k >= 1.5 * usual
    assert projected_at_4k >= 1.5 * at_4k
    assert projected >= 1.3 * usual


@pytest.mark.parametrize("path", [*PAGES, "/?view=projector", "/trainer?view=projector"])
def test_no_page_is_wider_than_the_screen_enlarged_or_for_a_projector(
    open_page: OpenPage, server: Server, path: str
) -> None:
    page = open_page(server, viewport={"width": 683, "height": 384})  # 1366 x 768 at 200%
    show(page, path)
    for width in (683, 320):  # 1280 at 400%
        page.set_viewport_size({"width": width, "height": 384})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


# --- From a link ---


@pytest.mark.parametrize(
    ("path", "shown", "hidden"),
    [
        ("/?only=inside&controls=player", ["#inside", "#epoch"], ["#boundaries", "#questions", "#choices", "nav"]),
        (
            "/?only=boundaries,inside&controls=none",
            ["#boundaries", "#inside"],
            ["#point", "#epoch", "#downloads", "nav"],
        ),
        ("/?only=nothing-of-this-name", ["#boundaries", "#inside", "#point", "nav"], []),
        ("/trainer?only=train&controls=player", ["#train", "#player .main"], ["#data", "#networks", "#keep", "nav"]),
        ("/studies/units?only=grid&controls=none", ["#grid"], ["#claims", "#epoch", "nav"]),
        ("/lesson?controls=none#relu", ["#step"], ["nav"]),
    ],
)
def test_an_address_shows_some_sections_and_hides_controls(
    page: Page, path: str, shown: list[str], hidden: list[str]
) -> None:
    show(page, path)
    for name in shown:
        expect(page.locator(name).first).to_be_visible()
    for name in hidden:
        expect(page.locator(name).filter(visible=True)).to_have_count(0)
    if hidden and "only=" in path:  # a whole page is held to all rules by its own tests
        page.locator(shown[-1]).first.scroll_into_view_if_needed()  # parts are drawn once they are seen
        if path.startswith("/?"):
            explorer.settle(page)
        found = violations(page, of="arrangement")
        assert not found, "\n".join(found)


def test_how_a_page_is_arranged_outlives_changes_of_what_it_shows(page: Page) -> None:
    show(page, "/?only=boundaries&controls=player&view=projector")
    explorer.seek(page, 20)
    expect(page).to_have_url(re.compile(r"\?epoch=20&only=boundaries&controls=player&view=projector$"))


def copied(page: Page) -> str:
    """Press "Copy link" and return what is in the clipboard. By the keyboard, and without scrolling there: a click
    would scroll, and would miss a button that a drawing moves meanwhile.
    """
    button = page.get_by_role("button", name="Copy link")
    button.evaluate("(one) => one.focus({ preventScroll: true })")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_role("status")).to_have_text("The link is copied.")
    link = str(page.evaluate("navigator.clipboard.readText()"))
    assert link == page.get_by_role("textbox", name="The link").input_value()
    return link


CLIPBOARD = {"permissions": ["clipboard-read", "clipboard-write"]}


@pytest.mark.parametrize(("path", "part"), [("/?run=3", "#reliability"), ("/studies/units", "#claims")])
def test_a_link_leads_to_the_same_place_in_another_browser(
    open_page: OpenPage, server: Server, path: str, part: str
) -> None:
    page, other = (open_page(server, **CLIPBOARD, viewport={"width": 800, "height": 500}) for _ in range(2))
    show(page, path)
    place = page.locator(part)
    if path.startswith("/?"):
        everything_drawn(page)
        place.locator("summary").click()
        expect(place.locator("svg").first).to_be_visible()
    place.evaluate("(element) => element.scrollIntoView()")
    page.evaluate("scrollBy(0, 40)")
    top = place.evaluate("(element) => element.getBoundingClientRect().top")
    show(other, copied(page).removeprefix(server.url))
    other.wait_for_function(
        "([part, top]) => Math.abs(document.querySelector(part).getBoundingClientRect().top - top) < 4", arg=[part, top]
    )
    assert place.get_attribute("open") == other.locator(part).get_attribute("open")


def test_a_link_says_which_run_of_which_network_is_enlarged(open_page: OpenPage, server: Server) -> None:
    page, other = (open_page(server, **CLIPBOARD) for _ in range(2))
    trainer.show(page)
    trainer.put(page, "Runs", 4)
    trainer.put(page, "Epochs", 2)
    trainer.train(page)
    page.get_by_role("button", name=re.compile("^tanh-10, run 3:")).click()
    trainer.show(other, copied(page).partition("/trainer")[2])
    trainer.until_done(other)
    expect(other.get_by_role("button", name=re.compile("^tanh-10, run 3:"))).to_have_attribute("aria-pressed", "true")


def test_the_links_panel_offers_sections_controls_sizes_and_a_frame(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, **CLIPBOARD)
    explorer.show(page)
    explorer.choose(page, "Statistic", "spread of all runs")
    copied(page)  # before the address has settled, too
    panel = page.get_by_role("dialog", name="The link to what you see")
    for label, option in (
        ("Opens at", "The comparison"),
        ("Shows", "The comparison"),
        ("Controls", "none"),
        ("Size", "large, for a projector"),
    ):
        panel.get_by_label(label).select_option(label=option)
    panel.get_by_role("button", name="Copy HTML").click()
    expect(panel.get_by_role("status")).to_have_text("The HTML is copied.")
    html = page.evaluate("navigator.clipboard.readText()")
    found = re.fullmatch(
        r'<iframe src="([^"]+)" title="What each [^"]*" width="960" height="640" allow=.*></iframe>', html
    )
    assert found is not None
    query = parse_qs(urlsplit(found[1].replace("&amp;", "&")).query)
    assert query == {
        "statistic": ["std"],
        "at": ["comparison"],
        "only": ["comparison"],
        "controls": ["none"],
        "view": ["projector"],
    }
    found_wrong = violations(page, "#share")  # what is behind it is held to all rules by its own tests
    assert not found_wrong, "\n".join(found_wrong)
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(page.get_by_role("button", name="Copy link")).to_be_focused()


def test_where_the_browser_does_not_let_a_page_copy_the_link_is_there_to_be_copied(own_page: Page) -> None:
    page = own_page
    page.add_init_script("navigator.clipboard.writeText = () => Promise.reject(new DOMException('no'))")
    show(page, "/studies")
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("dialog").get_by_role("status")).to_contain_text("copy the link from the field above")
    assert page.evaluate("getSelection().toString()").endswith("/studies")


# --- On paper ---


@pytest.mark.parametrize("path", ["/?run=2", "/trainer"])
def test_paper_shows_maps_and_numbers_on_one_light_sheet_with_the_address(
    open_page: OpenPage, server: Server, path: str
) -> None:
    page = open_page(server, color_scheme="dark")
    show(page, path)
    if path == "/trainer":
        trainer.put(page, "Epochs", 2)
        trainer.train(page)
    for paper in ("A4", "Letter"):
        assert len(re.findall(rb"/Type /Page\b", page.pdf(format=paper, print_background=True))) == 1, paper
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    expect(page.locator(".printed")).to_be_visible()
    expect(page.locator(".printed")).to_contain_text(f"{server.url}/trainer#train=" if path == "/trainer" else path)
    shown = {
        "/trainer": [".editor", ".runs-of canvas", ".verdict-here", ".outcome-table"],
        "/?run=2": [".bar", ".panel .frame", ".panel .figures", ".panel .summary"],
    }
    for name in shown[path]:
        expect(page.locator(name).first).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Copy|Train|Play"))).to_have_count(0)  # none that is seen


@pytest.fixture
def long_named(models_dir: Path, tmp_path: Path) -> Iterator[HttpServer]:
    """A server whose models have names as long as they may be, in their comparison, too."""
    experiments = tmp_path / "models" / "_experiments"
    shutil.copytree(models_dir / "_experiments", experiments)
    comparison = experiments / "gaussian-quantiles" / "comparison.json"
    text = comparison.read_text()
    for name in MODELS:
        text = text.replace(f'"{name}"', f'"{name:x<64}"')
        (tmp_path / "models" / f"{name:x<64}").symlink_to(models_dir / name)
    comparison.write_text(text)
    with serving_app(tmp_path / "models", default_model=f"{MODELS[0]:x<64}") as started:
        yield started


def test_long_names_fit_on_one_sheet_too(long_named: HttpServer, open_page: OpenPage) -> None:
    page = open_page(long_named)
    show(page, "/")
    expect(page.locator(".verdict")).to_contain_text("xxx")
    assert len(re.findall(rb"/Type /Page\b", page.pdf(format="Letter", print_background=True))) == 1


# --- For everybody ---


@pytest.mark.parametrize("path", PAGES)
def test_texts_are_seen_in_the_colours_of_the_system_and_nothing_moves_for_those_who_want_less(
    open_page: OpenPage, server: Server, path: str
) -> None:
    """All else that axe looks for is looked for with each page's own tests."""
    page = open_page(server, forced_colors="active", reduced_motion="reduce")
    show(page, path)
    if path == "/":
        everything_drawn(page)
    found = violations(page, WITHOUT_REPEATS, of="colours")
    assert not found, "\n".join(found)
    assert page.evaluate("document.getAnimations().length") == 0
