"""A real browser for the tests of pages: Chromium without a window, every test in a context of its own or its module's.

What a page does is written into the test's journal. A test fails at its end if its pages logged an error, threw one,
broke their Content-Security-Policy (which Chromium logs as an error), could not load something, or asked a host other
than their service's, unless it said that this is what it expects.
"""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Literal

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    WebError,
    expect,
    sync_playwright,
)

from harness.browser import CHROMIUM, HEADLESS_SHELL, find_browser
from harness.file_server import FileServer
from harness.server import HttpServer
from tests.conftest import Server, StartServer

expect.set_options(timeout=60_000)  # a bound for what never comes; how long it takes on a busy machine says nothing

BROWSERS = (HEADLESS_SHELL, *CHROMIUM)
STANDARDS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
"""axe's tags of the rules that a page is held to: WCAG 2.2 A and AA, and what is good practice beyond it."""

COLOURS = ("color-contrast", "link-in-text-block")
"""Those of the rules that are about colours; the others are about how a page is arranged and what it is made of."""

CONTEXT = {
    "locale": "en-US",
    "timezone_id": "UTC",
    "viewport": {"width": 1280, "height": 900},
    "color_scheme": "light",
}
"""What a page may look at and a test's result must not depend on."""


@dataclass
class Journal:
    """What the pages of one test did, in order."""

    requests: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def expect(self, *patterns: str) -> None:
        """Say that there are to be complaints that these regular expressions are found in, one at least for each."""
        self.expected += patterns

    def faults(self) -> list[str]:
        """Return what was not expected, and what was expected and did not come."""
        unexpected = [text for text in self.complaints if not any(re.search(one, text) for one in self.expected)]
        missing = [one for one in self.expected if not any(re.search(one, text) for text in self.complaints)]
        return unexpected + [f"expected, and not there: {one}" for one in missing]

    def on_request(self, request: Request, server: HttpServer | FileServer) -> None:
        self.requests.append(request.url)
        if not request.url.startswith((server.url + "/", f"blob:{server.url}/", "data:")):
            self.complaints.append(f"another host: {request.url}")

    def on_failed(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # a page that no longer wants an answer does well to say so
            self.complaints.append(f"failed: {request.url}: {request.failure}")

    def on_console(self, message: ConsoleMessage) -> None:
        texts = {"error": self.complaints, "warning": self.warnings}.get(message.type)
        if texts is not None:
            texts.append(f"console: {message.text} ({message.location['url']})")

    def on_error(self, error: WebError) -> None:
        self.complaints.append(f"uncaught: {error.error}")


OpenPage = Callable[..., Page]


RUNNING = pytest.StashKey[tuple[ExitStack, Browser]]()
"""Playwright and Chromium, from the first test that asks for them to the last one of those in a row."""


@pytest.fixture(scope="module")
def browser(request: pytest.FixtureRequest) -> Browser:
    """Chromium: starting it and Playwright takes half a second, so it goes on as long as tests of pages follow."""
    config = request.config
    if RUNNING not in config.stash:
        path = find_browser(*BROWSERS)
        if path is None:
            reason = f"no browser is installed: none of {', '.join(BROWSERS)} is on the path"
            if os.environ.get("CI"):
                pytest.fail(reason)
            pytest.skip(reason)
        with ExitStack() as opened:
            # Playwright adds what Chromium needs as root and in a container: --no-sandbox, --disable-dev-shm-usage.
            playwright = opened.enter_context(sync_playwright())
            started = opened.enter_context(playwright.chromium.launch(executable_path=path))
            config.stash[RUNNING] = (opened.pop_all(), started)
        config.add_cleanup(lambda: _stop(config))  # where the tests end before their end
    return config.stash[RUNNING][1]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """Stop Chromium before a test of another kind: while Playwright runs, this thread has a running event loop, and
    every asyncio.run would fail.
    """
    try:
        return (yield)
    finally:
        if nextitem is None or nextitem.get_closest_marker("browser") is None:
            _stop(item.config)


def _stop(config: pytest.Config) -> None:
    if RUNNING in config.stash:
        opened, _ = config.stash[RUNNING]
        del config.stash[RUNNING]
        opened.close()


@pytest.fixture
def journal() -> Iterator[Journal]:
    """Hold the test to what its pages did."""
    written = Journal()
    yield written
    faults = written.faults()
    assert not faults, "\n".join(faults)


@pytest.fixture
def open_page(browser: Browser, journal: Journal, start_server: StartServer) -> Iterator[OpenPage]:
    """Open an empty page of a server, in a context of its own, with options of `Browser.new_context` of one's own.

    It asks for `start_server` only to be closed before it: a server that stops first is an error of the page.
    """
    contexts = []

    def open_one(server: HttpServer | FileServer, **options: object) -> Page:
        context = browser.new_context(base_url=server.url, **{**CONTEXT, **options})  # type: ignore[arg-type]
        contexts.append(context)
        _write_down(context, server, lambda: journal)
        return context.new_page()

    yield open_one
    for context in contexts:
        context.close()


def _write_down(context: BrowserContext, server: HttpServer | FileServer, journal: Callable[[], Journal]) -> None:
    """Have all that a context's pages do written into whichever journal it is at the time."""
    context.on("request", lambda request: journal().on_request(request, server))
    context.on("requestfailed", lambda request: journal().on_failed(request))
    context.on("console", lambda message: journal().on_console(message))
    context.on("weberror", lambda error: journal().on_error(error))


@dataclass
class KeptPages:
    """The pages that a module's tests share, by server and options, and the journal of the test that is running."""

    browser: Browser
    journal: Journal = field(default_factory=Journal)
    pages: dict[str, Page] = field(default_factory=dict)

    def of(self, server: HttpServer | FileServer, **options: object) -> Page:
        key = f"{server.url} {options}"
        if key not in self.pages:
            context = self.browser.new_context(base_url=server.url, **{**CONTEXT, **options})  # type: ignore[arg-type]
            _write_down(context, server, lambda: self.journal)
            self.pages[key] = context.new_page()
        self.pages[key].mouse.move(0, 0)  # a new page has nothing under the pointer
        return self.pages[key]

    def close(self) -> None:
        for page in self.pages.values():
            page.context.close()
        self.pages.clear()


@pytest.fixture(scope="module")
def kept_pages(browser: Browser) -> Iterator[KeptPages]:
    kept = KeptPages(browser)
    yield kept
    kept.close()


@pytest.fixture
def keep_page(kept_pages: KeptPages, journal: Journal, request: pytest.FixtureRequest) -> Iterator[OpenPage]:
    """Give a page that the module's tests share, for those that change nothing but what its address says: opening one
    takes most of the processor time of a short test. None is left to the next test by one that failed.

    To turn it to another address spares 0.8 s of the explorer's 0.9, and to load that anew 0.1 to 0.2, as much as a
    process takes to start. A new page in a context where all is cached would spare nothing that can be measured.
    """
    failed = request.session.testsfailed
    kept_pages.journal = journal
    yield kept_pages.of
    if journal.faults() or request.session.testsfailed > failed:
        kept_pages.close()


EVERYWHERE = pytest.mark.parametrize("page", ["service", "site"], indirect=True)
"""Marks a test of pages that are to do the same, whether a service answers them or they were saved without it."""


@pytest.fixture
def open_usual(open_page: OpenPage) -> OpenPage:
    """How `page` comes about; a module whose tests can share a page has `keep_page` here."""
    return open_page


@pytest.fixture
def page(open_usual: OpenPage, server: Server, request: pytest.FixtureRequest) -> Page:
    """An empty page; `page.goto("/docs")` asks the server with the default settings."""
    is_saved = getattr(request, "param", "service") == "site"
    return open_usual(request.getfixturevalue("site") if is_saved else server)


@pytest.fixture
def own_page(open_page: OpenPage, server: Server) -> Page:
    """An empty page of the server with the default settings, where the module's tests share `page`."""
    return open_page(server)


def violations(
    page: Page,
    context: str | dict[str, list[list[str]]] | None = None,
    of: Literal["all", "colours", "arrangement"] = "all",
) -> list[str]:
    """Return what axe finds wrong with a page, or with what a CSS selector or axe's context names in it: one line a
    rule and place.

    Whether texts can be told from what is behind them takes three quarters of the time. Of a page that was held to all
    rules, that may be all that is asked in another theme, and all the others in another width.
    """
    tags, rules = {"type": "tag", "values": STANDARDS}, {"type": "rule", "values": COLOURS}
    options = {
        "runOnly": rules if of == "colours" else tags,
        "rules": {rule: {"enabled": of != "arrangement"} for rule in COLOURS},
        "resultTypes": ["violations"],
    }
    if not page.evaluate("'axe' in globalThis"):
        page.evaluate(AXE_SCRIPT)
    run = "([context, options]) => axe.run(context ?? document, options).then(({ violations }) => violations)"
    found = page.evaluate(run, [context, options])
    return [_violation(rule, node) for rule in found for node in rule["nodes"]]


def _violation(rule: dict[str, str], node: dict[str, str]) -> str:
    summary = " ".join(node["failureSummary"].split())
    return f"{rule['id']} ({rule['impact']}): {node['target']} {node['html'][:200]}: {summary}"
