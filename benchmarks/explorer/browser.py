"""A Chromium without a window."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from playwright.sync_api import Browser, Page, sync_playwright

from harness.browser import CHROMIUM, find_browser

COMPLETE = "[...document.querySelectorAll('.panel .summary')].every((summary) => summary.textContent !== '')"
"""That each map that is there is drawn, and says so in words."""


@contextmanager
def chromium() -> Iterator[Browser]:
    path = find_browser(*CHROMIUM)
    if path is None:
        raise click.ClickException("a browser is needed: apt install chromium, or Chrome")
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=path) as browser:
        yield browser


def wait_until_complete(page: Page) -> None:
    """Wait until every panel shows its map and says so in words."""
    page.wait_for_selector("main:not([hidden])")
    page.wait_for_function(COMPLETE)
