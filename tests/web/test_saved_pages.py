"""Pages saved without the service, behind a plain server of files: below a prefix, offline, and what is left out.

What they show is tested with the service's pages: the tests that are marked `EVERYWHERE`.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from flask.testing import FlaskClient
from playwright.sync_api import expect

from harness.file_server import FileServer, serving_files
from service.app import create_app
from service.settings import Settings
from service.site import folder
from service.site.__main__ import build
from service.site.pages import names
from tests.conftest import MODELS, Server
from tests.web.conftest import Journal, OpenPage, violations
from tests.web.explorer import NODES, TOLERANCE, choose, csv_fields, panel, seek, settle, show
from tests.web.trainer import outcome, put, train


@pytest.fixture(scope="module")
def prefixed(site: FileServer) -> Iterator[FileServer]:
    """The folder among others: /site/ is where it begins."""
    with serving_files(site.directory.parent) as started:
        yield started


def test_pages_work_below_a_prefix_and_ask_for_nothing_else(
    open_page: OpenPage, prefixed: FileServer, journal: Journal
) -> None:
    page = open_page(prefixed)
    page.goto("/site/trainer#nothing")  # as in the service
    expect(page).to_have_url(f"{prefixed.url}/site/trainer.html#nothing")
    put(page, "Epochs", 3)
    put(page, "Runs", 4)
    train(page)
    assert "win" in outcome(page)[-1]
    expect(page.locator(".outcome-table")).to_contain_text("Recorded by the service")
    page.get_by_role("navigation").get_by_role("link", name="Explorer").click()
    expect(page.get_by_role("main")).to_be_visible()
    settle(page)
    assert tuple(csv_fields(page)) == MODELS
    assert [url for url in journal.requests if not url.startswith((f"{prefixed.url}/site/", "blob:", "data:"))] == []


@pytest.mark.parametrize("name", names())
def test_every_page_opens_without_a_fault_and_says_that_it_was_saved(
    open_page: OpenPage, prefixed: FileServer, name: str
) -> None:
    page = open_page(prefixed, viewport={"width": 360, "height": 740}, color_scheme="dark")
    page.goto(f"/site/{name}")
    expect(page.get_by_role("main")).to_be_visible()
    expect(page.get_by_role("contentinfo")).to_contain_text("7 models and 210 training runs at every recorded epoch")
    assert violations(page, "#saved") == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.locator("noscript").evaluate("(one) => (one.outerHTML = one.textContent)")  # as it is read without scripts
    expect(page.get_by_text("This page needs JavaScript")).to_be_visible()
    expect(page.get_by_role("link", name="The API")).to_have_count(0)


def test_offline_everything_that_was_loaded_goes_on(open_page: OpenPage, site: FileServer) -> None:
    page = open_page(site)
    show(page)
    page.context.set_offline(True)
    page.clock.install()
    seek(page, 66)
    page.clock.run_for(20_000)  # it asks what is new, and finds that it is what it has
    page.get_by_role("button", name="Look inside relu-10", exact=True).click()
    settle(page)
    choose(page, "Points", "test only")
    assert tuple(csv_fields(page)) == MODELS
    expect(page.locator("#status")).to_be_empty()


def test_downloads_are_the_services_and_what_leads_to_it_is_not_shown(
    open_page: OpenPage, site: FileServer, server: Server
) -> None:
    page = open_page(site)
    show(page)
    for name, path in (("comparison.csv", "/comparison"), ("dataset.csv", "/dataset")):
        with page.expect_download() as started:
            page.get_by_role("link", name=name, exact=True).click()
        right = server.get(path, headers={"Accept": "text/csv"}).content
        assert Path(started.value.path()).read_bytes() == right
    for left_out in ("tanh-3 as png", "API", "Studies", "picture of the runs"):
        expect(page.get_by_role("link", name=left_out, exact=True)).to_have_count(0)
    expect(page.get_by_role("button", name="Copy as curl")).to_have_count(0)
    expect(page.get_by_role("button", name="Picture (PNG)")).to_be_visible()
    page.goto("/docs")
    expect(page.get_by_role("main")).to_contain_text("saved without the service")
    assert violations(page) == []
    page.get_by_role("link", name="To the pages that are here").click()
    expect(page).to_have_url(f"{site.url}/")


FLOWERS = ("length", "width")


@pytest.fixture(scope="module")
def kinds_settings(kinds_models: Path) -> Settings:
    return Settings(models_dir=kinds_models, default_model="flowers", log_level="ERROR")


@pytest.fixture(scope="module")
def kinds(kinds_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FileServer]:
    """Models of every kind."""
    out = tmp_path_factory.mktemp("kinds") / "out"
    folder.write(out, build(kinds_settings, ["flowers", "prices", "survival", "round"]), {})
    with serving_files(out) as started:
        yield started


@pytest.fixture(scope="module")
def service(kinds_settings: Settings) -> FlaskClient:
    """What serves them, in this process."""
    return create_app(kinds_settings).test_client()


@pytest.mark.parametrize(
    ("query", "features", "models", "asked"),
    [
        ("", FLOWERS, ["flowers", "flowers-linear"], {}),
        ("statistic=agreement", FLOWERS, ["flowers", "flowers-linear"], {"statistic": "agreement"}),
        ("class=setosa&statistic=std", FLOWERS, ["flowers"], {"class": "setosa", "statistic": "std"}),
        ("experiment=round&statistic=mean", ("x1", "x2"), ["round"], {"statistic": "mean"}),
        ("experiment=survival&run=1", ("age", "fare"), ["survival"], {"replicate": 1}),
    ],
)
def test_models_of_every_kind_are_drawn_as_the_service_has_them(
    open_page: OpenPage,
    kinds: FileServer,
    service: FlaskClient,
    query: str,
    features: tuple[str, str],
    models: list[str],
    asked: dict[str, object],
) -> None:
    page = open_page(kinds, color_scheme="dark")
    show(page, f"?{query}")
    fields = csv_fields(page, *features)
    for model in models:
        expect(panel(page, model).locator(".map")).to_be_visible()
        answer = service.get("/boundary", query_string={"model": model, "resolution": NODES, **asked}).get_json()
        right = np.array(answer.get("probabilities") or answer["values"])
        apart = np.abs(fields[model] - right) > TOLERANCE  # where P = 0.5, a run may be on either side
        assert apart.mean() <= (0.001 if "agreement" in query else 0), model


def test_what_takes_a_service_to_compute_is_said(open_page: OpenPage, kinds: FileServer) -> None:
    page = open_page(kinds)
    show(page, "?experiment=prices")  # whose outputs are not those of their weights alone
    for model in ("prices", "prices-linear"):
        expect(panel(page, model)).to_contain_text("these pages were saved without it; it takes a service to compute")
    expect(page.locator("#status")).to_be_empty()
    expect(page.locator("#pairs")).to_contain_text("whether prices and prices-linear differ")
