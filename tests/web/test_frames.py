"""The pages in a frame of another site: shown where the site is named, refused elsewhere, and as useful there."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from service.app import create_app
from service.settings import Settings
from tests.conftest import ALICE, ALICE_LINE, ROOT, Server, running
from tests.web.conftest import Journal, OpenPage

PAGES = ("/", "/trainer", "/studies", "/docs")


@dataclass(frozen=True)
class Sites:
    """A service that asks for keys, a site that may show it in a frame, and one that may not."""

    server: Server
    named: str
    other: str


@contextmanager
def site() -> Iterator[ThreadingHTTPServer]:
    """A site with a page around a frame, whose address stands in the query. Its host is another one than the service's
    127.0.0.1, so that browsers take it for a third party.
    """

    class Around(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = self.path.partition("?")[2]
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            if address:
                frame = f'<iframe src="{address}" title="framed" width="1000" height="700"></iframe>'
                self.wfile.write(f"<!doctype html><title>A course</title>{frame}".encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Around) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def sites(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sites]:
    directory = tmp_path_factory.mktemp("framed")
    (directory / "keys").write_text(ALICE_LINE + "\n")
    with ExitStack() as opened:
        named, other = (f"http://localhost:{opened.enter_context(site()).server_port}" for _ in range(2))
        environment = {
            "SERVICE_MODELS_DIR": str(models_dir),
            "SERVICE_API_KEYS_FILE": str(directory / "keys"),
            "SERVICE_FRAME_ANCESTORS": f"https://moodle.example, {named}",
        }
        yield Sites(opened.enter_context(running(directory, **environment)), named, other)


def framed(page: Page, around: str, address: str) -> FrameLocator:
    page.goto(f"{around}/?{address}")
    return page.frame_locator("iframe")


@pytest.fixture
def page(open_page: OpenPage, sites: Sites, journal: Journal) -> Page:
    journal.expect("another host: http://localhost")  # the site around
    return open_page(sites.server)


def give_key(frame: FrameLocator) -> None:
    frame.get_by_label("This service requires an API key.").fill(ALICE)
    frame.get_by_role("button", name="Use it until this tab is closed").click()


def test_a_site_that_is_named_shows_the_explorer_which_keeps_its_key(
    page: Page, sites: Sites, journal: Journal
) -> None:
    journal.expect("401")
    frame = framed(page, sites.named, sites.server.url)
    give_key(frame)
    expect(frame.locator("#model-tanh-3 .frame")).to_be_visible()
    page.reload()
    expect(frame.locator("#model-tanh-3 .frame")).to_be_visible()


def test_the_key_is_asked_for_again_where_the_browser_keeps_nothing_for_third_parties(
    page: Page, sites: Sites, journal: Journal
) -> None:
    journal.expect("401")
    page.add_init_script("""Object.defineProperty(globalThis, "sessionStorage", {
        get() { throw new DOMException("Access is denied for this document.", "SecurityError"); },
    });""")
    frame = framed(page, sites.named, sites.server.url)
    for _ in range(2):
        give_key(frame)
        expect(frame.locator("#model-tanh-3 .frame")).to_be_visible()
        page.reload()


def test_another_site_is_refused(page: Page, sites: Sites, journal: Journal) -> None:
    journal.expect("frame-ancestors", "ERR_BLOCKED_BY_RESPONSE")
    framed(page, sites.other, f"{sites.server.url}/trainer")
    assert page.frames[1].url.startswith("chrome-error://")


def test_every_page_says_so_on_the_loop_and_in_threads(sites: Sites) -> None:
    html = {"Accept": "text/html"}
    paths = (*PAGES, "/trainer/main.js", "/trainer/main%2Ejs")  # the last is Flask's
    policies = {sites.server.get(path, headers=html).headers["Content-Security-Policy"] for path in paths}
    (policy,) = policies
    assert policy.endswith(f"; frame-ancestors https://moodle.example {sites.named}")


def test_nobody_may_where_nobody_is_named_and_a_page_that_was_kept_is_sent_again(tmp_path: Path) -> None:
    def asked(*ancestors: str) -> tuple[str, str]:
        client = create_app(Settings(models_dir=tmp_path, frame_ancestors=ancestors)).test_client()
        answer = client.get("/")
        return re.findall("frame-ancestors (.*)", answer.headers["Content-Security-Policy"])[0], answer.headers["ETag"]

    closed, own, open_to_all = asked(), asked("self"), asked("*")
    assert [policy for policy, _ in (closed, own, open_to_all)] == ["'none'", "'self'", "*"]
    assert len({tag for _, tag in (closed, own, open_to_all)}) == 3


def test_the_proxy_leaves_it_as_it_is() -> None:
    text = (ROOT / "deploy/nginx/nginx.conf").read_text()
    assert not re.search("Content-Security-Policy|X-Frame-Options", text)
