"""A study's page shows what the service says of it: cells, runs, claims and failures, by any two of its factors."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from bundle import layout
from bundle.study_store import Store
from harness import studies
from tests.conftest import ALICE, Server, running
from tests.web.conftest import Journal, OpenPage
from tests.web.explorer import TURN, numbers, pixels, value
from tests.web.study_page import settle

CELLS = studies.depths_and_widths()
SERVED = next(cell for cell in CELLS if cell.model)
LAST = "where=activation:tanh,n_samples:1000"


@pytest.fixture(scope="module")
def models(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The default models, and studies of every kind."""
    models = tmp_path_factory.mktemp("studied") / "models"
    shutil.copytree(models_dir, models)
    studies.save(models, "units", CELLS, claims=studies.CLAIMS, failing=["relu-3-3-3-1000"], axes=["width", "depth"])
    studies.save(models, "running", CELLS[:8], missing=[cell.name for cell in CELLS[4:8]])
    studies.save(models, studies.LONG_NAME, studies.of_one_factor())
    studies.save(models, "classes", CELLS[:5], task="multiclass")
    studies.save(models, "values", CELLS[:5], task="regression")
    studies.save(models, "without-boundaries", CELLS[:5], nodes=None)
    studies.save(models, "empty", CELLS[:5], missing=[cell.name for cell in CELLS[:5]])
    return models


@pytest.fixture(scope="module")
def server(models: Path) -> Iterator[Server]:
    with running(models.parent, SERVICE_MODELS_DIR=str(models)) as started:
        started.wait_until_ready()
        yield started


@pytest.fixture
def open_usual(keep_page: OpenPage) -> OpenPage:
    return keep_page


def show(page: Page, study: str, query: str = "") -> None:
    """Show a study. Where it is open already, the page turns to this address as at the browser's Back."""
    if urlsplit(page.url).path == f"/studies/{study}":
        page.mouse.move(0, 0)
        page.evaluate(TURN, f"/studies/{study}?{query}")
        page.locator("#cells tbody").dispatch_event("pointerleave")  # what was looked at last would stay
    else:
        page.goto(f"/studies/{study}?{query}")
    expect(page.get_by_role("main")).to_be_visible()
    settle(page)


def cell(page: Page, name: str) -> Locator:
    digest = next(one.digest for one in [*CELLS, *studies.of_one_factor()] if one.name == name)
    return page.locator(f"td[data-cell='{digest}']")


def detail(page: Page) -> Locator:
    return page.locator("#cell")


def status(page: Page) -> Locator:
    return page.locator("#status")


def choose(page: Page, label: str, option: str) -> None:
    form = page.get_by_role("form", name="What is shown")
    form.get_by_role("combobox", name=label, exact=True).select_option(label=option)
    settle(page)


def asked(server: Server, study: str, **query: object) -> Any:
    answer = server.get(f"/studies/{study}", params={"format": "json", **query})
    assert answer.status_code == 200, answer.text
    return answer.json()


def means(server: Server, study: str, **query: object) -> dict[str, float]:
    """Return the mean that the service gives of each cell, by the cell's name."""
    document = asked(server, study, group="cell", **query)
    names = {one["digest"]: one["name"] for one in document["cells"]}
    at = document["columns"].index("mean")
    return {names[row[0]]: row[at] for row in document["rows"]}


def test_each_cell_stands_at_its_levels_with_its_mean(page: Page, server: Server) -> None:
    show(page, "units", LAST)
    expected = means(server, "units")
    heads = ["none", "3", "5", "10", "30"]
    expect(page.locator("#cells thead th")).to_have_text(heads)
    for row, depth in enumerate(("0", "1", "2", "3")):
        line = page.locator("#cells tbody tr").nth(row)
        expect(line.locator("th")).to_have_text(depth)
        for column, width in enumerate(heads, start=1):
            place = line.locator("> *").nth(column)
            if (depth == "0") != (width == "none"):
                assert place.get_attribute("data-cell") is None
                continue
            name = "linear-1000" if depth == "0" else f"tanh-{'-'.join([width] * int(depth))}-1000"
            expect(place).to_have_text(f"{expected[name]:.3f}")
            label = place.get_attribute("aria-label") or ""
            assert label.startswith(f"width {width}, depth {depth}: exact accuracy {expected[name]:.3f} [")
            assert label.endswith("6 runs")


def test_a_cell_is_its_boundary(page: Page, server: Server) -> None:
    show(page, "units", LAST)
    content = server.get("/studies/units/boundaries?format=npy").content
    maps = np.frombuffer(content[10 + int.from_bytes(content[8:10], "little") :], np.uint8)
    sizes = (len(CELLS), 2, studies.NODES, studies.NODES)
    p = maps.reshape(sizes)[CELLS.index(SERVED), 0] / 255
    colours = pixels(cell(page, SERVED.name).locator("canvas"))
    side = len(colours)
    nodes = np.rint(np.linspace(0, side - 1, studies.NODES)).astype(int)
    warm = (colours[..., 0] - colours[..., 2])[np.ix_(nodes, nodes)]
    sure = np.abs(p - 0.5) > 0.25
    assert sure.sum() > 300
    assert ((warm > 0) == (p > 0.5))[sure].all()


def test_any_two_factors_place_the_cells_and_the_others_are_held(page: Page, server: Server) -> None:
    show(page, "units", LAST)
    choose(page, "Across", "n samples")
    choose(page, "Down", "activation")
    choose(page, "width", "5")
    choose(page, "depth", "2")
    expect(page).to_have_url(re.compile("x=n_samples.*depth(:|%3A)2"))  # all of it, before it is loaded again
    expected = means(server, "units")
    expect(page.locator("#cells thead th")).to_have_text(["100", "1000"])
    for name in ("tanh-5-5-100", "relu-5-5-1000"):
        expect(cell(page, name)).to_have_text(f"{expected[name]:.3f}")
    expect(cell(page, "tanh-10-10-100")).to_have_count(0)
    page.reload()
    settle(page)
    expect(cell(page, "relu-5-5-1000")).to_be_visible()


def test_the_factor_of_the_other_axis_changes_places_with_it(page: Page) -> None:
    show(page, "units", LAST)
    choose(page, "Across", "depth")
    expect(page.locator("#cells thead th")).to_have_text(["0", "1", "2", "3"])
    expect(page.locator("#cells tbody th")).to_have_text(["none", "3", "5", "10", "30"])


def test_a_cell_that_leaves_the_table_is_told_no_longer(page: Page) -> None:
    show(page, "units", LAST)
    cell(page, "tanh-30-1000").hover()
    expect(detail(page).get_by_role("heading")).to_have_text("tanh-30-1000")
    page.mouse.move(2, 2)  # what was looked at last stays
    choose(page, "activation", "relu")
    expect(cell(page, "tanh-30-1000")).to_have_count(0)
    expect(detail(page).get_by_role("heading")).not_to_contain_text("tanh")


def test_another_measure_and_an_earlier_epoch_are_shown(page: Page, server: Server) -> None:
    show(page, "units", LAST)
    choose(page, "Measure", "test accuracy")
    expected = means(server, "units", metric="test_accuracy")
    expect(cell(page, SERVED.name)).to_have_text(f"{expected[SERVED.name]:.3f}")
    page.get_by_role("slider", name="Epoch").fill("2")
    settle(page)
    earlier = means(server, "units", metric="test_accuracy", where="epoch:5")
    expect(cell(page, SERVED.name)).to_have_text(f"{earlier[SERVED.name]:.3f}")
    assert earlier[SERVED.name] < expected[SERVED.name] - 0.1
    expect(page.locator("#legend")).to_contain_text("Boundaries are kept of the end of training alone")
    expect(cell(page, SERVED.name).locator("canvas")).to_be_hidden()
    expect(page).to_have_url(re.compile("epoch=5"))


def test_the_service_is_asked_twice_for_all_cells_and_once_for_a_cell(own_page: Page, journal: Journal) -> None:
    show(own_page, "units", LAST)
    data = [url for url in journal.requests if "format=" in url]
    assert len(data) == 3, data
    assert sum("boundaries" in url for url in data) == sum("where=cell" in url for url in data) == 1


def test_a_cell_under_the_pointer_is_told_in_full(page: Page, server: Server) -> None:
    show(page, "units", LAST)
    name = "tanh-5-5-5-1000"
    cell(page, name).hover()
    part = detail(page)
    expect(part.get_by_role("heading")).to_have_text(name)
    settle(page)
    runs = asked(server, "units", where=f"cell:{cell(page, name).get_attribute('data-cell')},epoch:last")
    scores = [row[runs["columns"].index("exact_accuracy")] for row in runs["rows"]]
    assert value(part.locator(".figure")) == pytest.approx(np.mean(scores))
    expect(part.locator(".figure")).to_contain_text(f"{min(scores):.3f} to {max(scores):.3f}")
    expect(part.get_by_role("img", name="6 runs as dots").locator(".dot")).to_have_count(6)
    expect(part.get_by_role("img", name=re.compile("exact accuracy by epoch")).locator(".single")).to_have_count(6)
    norms = part.get_by_role("img", name=re.compile("Gradient norms by layer"))
    expect(norms.locator(".line")).to_have_count(2)
    expect(norms.locator("circle.rate-1")).to_have_count(4)
    agreement = pixels(part.get_by_role("img", name="agreement of the runs").locator("canvas.colours"))
    assert len(np.unique(agreement.reshape(-1, 4), axis=0)) > 10
    part.get_by_text("All measures, after epoch 100").click()
    row = part.get_by_role("row", name=re.compile("^exact accuracy"))
    assert numbers(row) == pytest.approx([np.mean(scores), min(scores), np.median(scores), max(scores)])


def test_a_chosen_cell_stays(page: Page) -> None:
    show(page, "units", LAST)
    cell(page, "tanh-3-1000").click()
    expect(page).to_have_url(re.compile("cell=tanh-3-1000"))
    cell(page, "tanh-30-1000").hover()
    expect(detail(page).get_by_role("heading")).to_have_text("tanh-30-1000")
    page.mouse.move(2, 2)
    expect(detail(page).get_by_role("heading")).to_have_text("tanh-3-1000")
    expect(cell(page, "tanh-3-1000")).to_have_attribute("aria-selected", "true")
    page.reload()
    expect(detail(page).get_by_role("heading")).to_have_text("tanh-3-1000")


def test_an_exported_cell_is_opened_in_the_explorer(own_page: Page) -> None:
    show(own_page, "units", f"{LAST}&cell={SERVED.name}")
    detail(own_page).get_by_role("link", name="Open in the explorer").click()
    expect(own_page.get_by_role("region", name="Inside a model")).to_contain_text(str(SERVED.model))
    own_page.get_by_role("link", name="Studies").click()
    own_page.get_by_role("link", name="What more units and layers do").first.click()
    expect(own_page).to_have_url(re.compile(r"/studies/[^/]+$"))


def test_another_cell_comes_with_the_command_that_exports_it(page: Page) -> None:
    show(page, "units", f"{LAST}&cell=tanh-5-5-1000")
    part = detail(page)
    expect(part).to_contain_text('export = [{ depth = 2, width = 5, activation = "tanh", n_samples = 1000 }]')
    expect(part).to_contain_text("python -m training study units.toml --export-only")
    expect(part.get_by_role("link", name="Open in the explorer")).to_have_count(0)


def test_claims_come_with_the_services_outcomes_and_sentences(page: Page, server: Server) -> None:
    show(page, "units", LAST)
    claims = asked(server, "units")["claims"]
    assert {claim["outcome"] for claim in claims} == {"holds", "does not hold", "undecided"}
    items = page.locator("#claim-list > li")
    expect(items).to_have_count(len(claims))
    for item, claim in zip(items.all(), claims, strict=True):
        expect(item).to_contain_text(claim["text"])
        expect(item.locator(".outcome")).to_contain_text(claim["outcome"])
        expect(item.locator(".sentence")).to_have_text(claim["sentence"].removeprefix(f"{claim['outcome']}: "))
    expect(page.get_by_role("link", name="Of 4 claims: 2 hold, 1 does not hold, 1 undecided.")).to_be_visible()


def test_a_claim_leads_to_its_cells(page: Page, server: Server) -> None:
    show(page, "units")
    page.get_by_role("link", name=re.compile("^Show its cells of the claim: Deep networks")).click()
    settle(page)
    expect(page.locator("#cells thead th")).to_have_text(["0", "1", "2", "3"])
    expect(page.locator("#legend")).to_contain_text("gradient norm, layer 1")
    expected = means(server, "units", metric="gradient_norm_1")["linear-100"]
    expect(cell(page, "linear-100")).to_have_text(f"{expected:.3f}")
    page.go_back()
    expect(page.locator("#legend")).to_contain_text("exact accuracy")


def test_the_measure_is_drawn_along_a_factor_with_its_intervals(page: Page) -> None:
    show(page, "units", LAST)
    drawing = page.get_by_role("img", name="exact accuracy along width, a line for each depth")
    expect(drawing.locator(".line")).to_have_count(3)
    expect(drawing.locator(".band")).to_have_count(3)


def test_failures_are_listed_with_their_reasons(page: Page) -> None:
    show(page, "units", "where=activation:relu,n_samples:1000")
    expect(page.get_by_role("region", name="Failures")).to_contain_text(
        f"relu-3-3-3-1000, runs 0 to 5: {studies.ORIGIN}: the worker ran out of memory"
    )
    expect(cell(page, "relu-3-3-3-1000")).to_have_attribute("aria-label", re.compile("failed$"))


def test_a_study_that_runs_is_followed(own_page: Page, models: Path) -> None:
    show(own_page, "running", "where=activation:tanh")
    expect(status(own_page)).to_have_text("This study is running: 4 of 8 cells are done.")
    waited_for = CELLS[4]
    expect(cell(own_page, waited_for.name)).to_have_attribute("aria-label", re.compile("not finished$"))
    rows = studies.unit(waited_for, "binary", studies.RUNS, np.random.default_rng(9), studies.NODES)
    Store(models / layout.STUDIES / "running").write(rows)
    expect(status(own_page)).to_have_text("This study is running: 5 of 8 cells are done.")
    expect(cell(own_page, waited_for.name)).to_have_text(re.compile(r"^0\.\d{3}$"))
    settle(own_page)
    assert pixels(cell(own_page, waited_for.name).locator("canvas")).size > 4


def test_a_text_becomes_no_html(page: Page) -> None:
    show(page, "units")
    expect(page.locator("#text strong")).to_have_text("more units")
    page.get_by_text("More about it").click()
    expect(page.locator("#text")).to_contain_text("<b>no HTML</b> is taken from here")
    expect(page.locator("#text b")).to_have_count(0)


def test_one_factor_with_many_long_levels_is_shown_in_one_row(own_page: Page) -> None:
    show(own_page, studies.LONG_NAME)
    expect(own_page.locator("#cells tbody tr")).to_have_count(1)
    expect(own_page.locator("td[data-cell]")).to_have_count(40)
    head = own_page.locator("#cells thead th").nth(12)
    expect(head).to_have_text("…12")
    assert (head.get_attribute("title") or "").endswith("-12")
    expect(own_page.get_by_role("combobox", name="Across")).to_be_hidden()
    expect(own_page.get_by_role("region", name="The claims")).to_be_hidden()


@pytest.mark.parametrize(
    ("study", "what", "planes"),
    [("classes", "most frequent class", 2), ("values", "mean of the runs", 1), ("without-boundaries", "", 0)],
)
def test_every_kind_of_study_is_drawn(own_page: Page, study: str, what: str, planes: int) -> None:
    show(own_page, study, "cell=tanh-5-100")
    expect(detail(own_page).locator(".maps figure:not([hidden])")).to_have_count(planes)
    if planes:
        expect(detail(own_page).get_by_role("img", name=what)).to_be_visible()
        assert len(np.unique(pixels(cell(own_page, "tanh-5-100").locator("canvas")).reshape(-1, 4), axis=0)) > 2
    else:
        expect(own_page.locator("#legend")).to_contain_text("This study keeps no boundaries")
    expect(cell(own_page, "tanh-5-100")).to_have_text(re.compile(r"^0\.\d{3}$"))


def test_a_study_without_rows_yet_says_so(own_page: Page) -> None:
    show(own_page, "empty")
    expect(status(own_page)).to_have_text("This study is running: 0 of 5 cells are done.")
    expect(detail(own_page)).to_contain_text("None of its runs is finished.")


def test_an_unknown_study_says_so(own_page: Page, journal: Journal) -> None:
    journal.expect("404")
    own_page.goto("/studies/no-such-study")
    expect(status(own_page)).to_contain_text("There is nothing to show:")
    expect(own_page.get_by_role("heading", level=1)).to_have_text("no-such-study")


def test_an_address_that_asks_for_what_is_not_there_shows_what_is(own_page: Page, journal: Journal) -> None:
    journal.expect("422")
    show(own_page, "units", "x=no&y=no&metric=no&where=no:1,width:999,%ZZ&epoch=77&cell=no&show=no&theme=no")
    expect(own_page.locator("td[data-cell]")).to_have_count(13)
    expect(own_page.locator("#legend")).to_contain_text("exact accuracy")


def test_its_rows_can_be_taken_away(page: Page) -> None:
    show(page, "units", f"{LAST}&cell=tanh-5-5-1000")
    for link, least in (("CSV", 1400), ("Parquet", 1), ("Its rows (CSV)", 30)):
        with page.expect_download() as started:
            page.get_by_role("link", name=link, exact=True).click()
        content = Path(started.value.path()).read_bytes()
        assert content[:4] == b"PAR1" if link == "Parquet" else content.count(b"\n") > least


def test_the_studies_are_listed_with_what_came_of_them(own_page: Page) -> None:
    own_page.goto("/studies")
    expect(own_page.locator("#studies > li")).to_have_count(7)
    listed = own_page.locator("#studies > li").filter(has=own_page.locator("a[href='studies/units']"))
    expect(listed).to_contain_text("Claims: 2 hold, 1 does not hold, 1 undecided.")
    expect(listed).to_contain_text("units: 50 cells, 1 with failures, 6 runs each")
    expect(own_page.get_by_role("progressbar")).to_have_count(2)
    listed.get_by_role("link").click()
    expect(own_page.get_by_role("heading", level=1)).to_have_text("What more units and layers do")


def test_programs_are_answered_with_data_at_the_same_address(server: Server) -> None:
    for path in ("/studies", "/studies/units"):
        browser = server.get(path, headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
        assert browser.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "default-src 'self'" in browser.headers["Content-Security-Policy"]
        assert "Accept" in browser.headers["Vary"]
        assert json.loads(server.get(path).text)


def test_a_service_with_keys_asks_for_one(open_page: OpenPage, guarded: Server, journal: Journal) -> None:
    journal.expect("401")
    page = open_page(guarded)
    page.goto("/studies")
    expect(status(page)).to_contain_text("An API key is needed")
    page.get_by_label("This service requires an API key.").fill(ALICE)
    page.get_by_role("button", name="Use it").click()
    expect(page.get_by_text("There are no studies yet.")).to_be_visible()
