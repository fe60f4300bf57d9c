"""Below a path's prefix, which a proxy takes off, the pages work as they do at the root."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import Server
from tests.web.conftest import Journal, OpenPage
from tests.web.documents import check_try_it_out
from tests.web.explorer import choose, downloaded, settle
from tests.web.trainer import outcome, put, train

PREFIX = "/course/boundaries"


@pytest.fixture(scope="module")
def prefixed(server: Server) -> Iterator[Server]:
    """A proxy that knows the service below a prefix alone."""

    class Proxy(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            if not self.path.startswith(PREFIX + "/"):
                self.send_error(404)
                return
            with closing(HTTPConnection(*server.address, timeout=60)) as connection:
                connection.request(self.command, self.path.removeprefix(PREFIX), body, dict(self.headers.items()))
                answer = connection.getresponse()
                content = answer.read()
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815 (the base class's names)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as proxy:
        Thread(target=proxy.serve_forever, daemon=True).start()
        yield replace(server, port=proxy.server_port)
        proxy.shutdown()


@pytest.fixture
def page(open_page: OpenPage, prefixed: Server, journal: Journal) -> Iterator[Page]:
    yield open_page(prefixed)
    assert journal.requests
    assert [url for url in journal.requests if not url.startswith((prefixed.url + PREFIX, "blob:", "data:"))] == []


def test_the_explorer_shows_evaluates_asks_links_and_shares_below_a_prefix(page: Page, prefixed: Server) -> None:
    page.goto(PREFIX + "/")
    expect(page.get_by_role("main")).to_be_visible()
    settle(page)
    choose(page, "Statistic", "spread of all runs")
    page.get_by_role("link", name="Its numbers").click()
    expect(page.locator("#point")).to_be_in_viewport()
    _, content = downloaded(page, "Numbers (CSV)")
    assert content.startswith(b"x1,x2,")
    assert f"'{prefixed.url}{PREFIX}/boundary?model=" in page.locator("#curl").inner_text()
    links = page.locator("a[href]").evaluate_all("(all) => all.map((a) => a.href)")
    assert [link for link in links if not link.startswith(prefixed.url + PREFIX + "/")] == []
    for link in {link.partition("#")[0] for link in links}:
        assert page.request.get(link).status == 200, link


def test_the_lesson_tells_its_steps_below_a_prefix(page: Page) -> None:
    page.goto(PREFIX + "/lesson#luck")
    expect(page.locator("#step .runs .plot")).to_have_count(30)
    page.get_by_role("link", name="Skip the lesson").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What each network learned")


def test_the_documents_page_shows_every_operation_and_asks_below_a_prefix(page: Page, server: Server) -> None:
    page.goto(PREFIX + "/docs")
    document = server.get("/openapi.json").json()
    expect(page.locator(".opblock-summary")).to_have_count(sum(map(len, document["paths"].values())))
    check_try_it_out(page, server)


def test_the_trainer_trains_and_is_judged_below_a_prefix(page: Page) -> None:
    page.goto(PREFIX + "/trainer")
    put(page, "Epochs", 3)
    put(page, "Runs", 4)
    train(page)
    assert "win" in outcome(page)[-1]
