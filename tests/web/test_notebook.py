"""What `explore` gives a notebook, shown in a page of another origin, as a notebook's is."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from client import BoundaryClient
from harness.app_server import serving_app
from harness.file_server import FileServer, serving_files
from tests.web.conftest import CONTEXT


@pytest.mark.parametrize("model", [None, "tanh-3"])
def test_a_notebook_shows_the_maps_of_saved_pages(
    browser: Browser, site: FileServer, tmp_path: Path, model: str | None
) -> None:
    with BoundaryClient("http://127.0.0.1:9") as client:  # nobody is there: saved pages need nobody
        explorer = client.explore(model, replicate=3, page=site.url)
    (tmp_path / "notebook.html").write_text(f"<!doctype html><title>Notebook</title>{explorer._repr_html_()}")
    with serving_files(tmp_path) as notebook, browser.new_context(**CONTEXT) as context:  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(f"{notebook.url}/notebook.html")
        frame = page.frame_locator("iframe")
        expect(frame.locator("article#model-tanh-10-10 .map")).to_be_visible()
        expect(frame.get_by_role("combobox", name="Run", exact=True)).to_have_value("3")
        if model is not None:
            frame.locator("#inside").scroll_into_view_if_needed()
            expect(frame.locator("#inside")).to_contain_text(model)
        with context.expect_page() as opened:
            page.get_by_role("link", name="Open the explorer in a window of its own").click()
        expect(opened.value).to_have_url(explorer.address)


def test_a_notebook_shows_a_service_that_lets_it(browser: Browser, models_dir: Path, tmp_path: Path) -> None:
    named = ("https://notebook.example", "vscode-webview:", "http://127.0.0.1:*")
    with serving_app(models_dir, frame_ancestors=named) as server:
        with BoundaryClient(server.url) as client:
            shown = client.explore("tanh-3", epoch=66)._repr_html_()
        (tmp_path / "notebook.html").write_text(f"<!doctype html><title>Notebook</title>{shown}")
        with serving_files(tmp_path) as notebook, browser.new_context(**CONTEXT) as context:  # type: ignore[arg-type]
            page = context.new_page()
            page.goto(f"{notebook.url}/notebook.html")
            panel = page.frame_locator("iframe").locator("article#model-tanh-3")
            expect(panel.locator(".map")).to_be_visible()
            expect(panel).to_contain_text("After epoch 66")
