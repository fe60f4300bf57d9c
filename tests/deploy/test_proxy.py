"""What stands between a class of thirty and the replicas: the proxy's limits never meet them, and its cache never mixes
up who asks for what.
"""

import asyncio
import re
import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.async_api import Browser, async_playwright
from playwright.async_api import TimeoutError as PatienceError

from chaos.deploy.stack import Stack
from harness.browser import CHROMIUM, HEADLESS_SHELL, find_browser
from tests.conftest import wait_for

pytestmark = pytest.mark.compose

BROWSERS_AT_ONCE = 30
PATIENCE_MS = 600_000  # thirty at once load for a minute on two slow cores, and longer beside other work
MOST_AT_ONCE = 1000
"""limit_conn in deploy/nginx/nginx.conf."""

WATCH_STATUS = """() => {
    const status = document.getElementById("status");
    window.said = [status.textContent];
    new MutationObserver(() => window.said.push(status.textContent)).observe(status, {childList: true});
}"""

IS_WHOLE = """() => {
    const maps = [...document.querySelectorAll("#panels article canvas.colours")];
    const isLoading = document.getElementById("panels").hasAttribute("aria-busy");
    return !isLoading && maps.length === 8 && maps.every((map) => map.hidden || map.width > 0);
}"""
"""Whether the seven models and their difference have their maps, drawn."""


@dataclass
class Class:
    """What thirty browsers met: everything that went wrong, and the views that came out whole."""

    faults: list[str] = field(default_factory=list)
    said: set[str] = field(default_factory=set)
    views: int = 0


def test_thirty_browsers_behind_one_address_see_every_view_and_no_refusal(stack: Stack) -> None:
    found = asyncio.run(open_at_once(stack.url))
    assert found.faults == []
    assert found.said <= {"", "The service is slow to answer; waiting…"}
    assert found.views == BROWSERS_AT_ONCE


async def open_at_once(url: str) -> Class:
    found = Class()
    path = find_browser(*CHROMIUM, HEADLESS_SHELL)
    async with async_playwright() as playwright, await playwright.chromium.launch(executable_path=path) as browser:
        await asyncio.gather(*(open_view(browser, url, i, found) for i in range(BROWSERS_AT_ONCE)))
    return found


async def open_view(browser: Browser, url: str, i: int, found: Class) -> None:
    """Open the page as one of a class does: most see the first view, every third goes to an epoch of their own."""
    context = await browser.new_context()
    page = await context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.on("requestfailed", lambda request: found.faults.append(f"{request.failure}: {request.url}"))
    page.on("response", lambda answer: note(answer.status, answer.url, found))
    await page.goto(url + (f"/?statistic=std&epoch={i}" if i % 3 == 0 else "/"))
    await page.evaluate(WATCH_STATUS)
    try:
        await page.wait_for_selector("main:not([hidden])")
        await page.wait_for_function(IS_WHOLE)
        found.views += 1
    except PatienceError:
        found.faults.append(f"view {i} is not whole: {await page.inner_text('body')}")
    found.said.update(await page.evaluate("window.said"))
    await context.close()


def note(status: int, url: str, found: Class) -> None:
    """Note what a page cannot mend by itself: told that the service is busy, it asks again in a second."""
    if status >= 400 and not (status == 503 and "/boundary?" in url):
        found.faults.append(f"{status}: {url}")


def test_one_address_holds_half_of_what_the_proxy_can_and_is_told_so_in_the_interfaces_form(stack: Stack) -> None:
    head = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n"
    with room_for_descriptors(2 * MOST_AT_ONCE), ExitStack() as held:

        def hold(count: int) -> None:
            for _ in range(count):
                held.enter_context(socket.create_connection(("127.0.0.1", stack.port))).sendall(head)

        hold(MOST_AT_ONCE // 2)
        assert get(stack, "/models").status_code == 200  # with ten times the connections of a browser for each of 30
        hold(MOST_AT_ONCE // 2)

        def one_more_is_refused() -> bool:  # one that is held may not have arrived yet
            hold(1)
            return get(stack, "/models").status_code == 429

        wait_for(one_more_is_refused)
        own, standard = get(stack, "/models"), get(stack, "/v1/models/tanh-3")
    expected = (429, "application/problem+json", 429)
    assert (own.status_code, own.headers["Content-Type"], own.json()["status"]) == expected
    assert (standard.status_code, list(standard.json())) == (429, ["error"])
    assert {answer.headers["Retry-After"] for answer in (own, standard)} == {"1"}
    wait_for(lambda: get(stack, "/models").status_code == 200)


@contextmanager
def room_for_descriptors(count: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def get(stack: Stack, path: str, **headers: str) -> requests.Response:
    return requests.get(
        stack.url + path, headers={key.replace("_", "-"): text for key, text in headers.items()}, timeout=70
    )


def cache_status(answer: requests.Response) -> str:
    return answer.headers["Cache-Status"].removeprefix("proxy; detail=")


def test_no_two_requests_that_differ_are_answered_out_of_one_entry(stack: Stack) -> None:
    """Each of these once had, or might have, the key of another."""
    path = "/boundary?resolution=47"
    plain = {accept: get(stack, path, Accept=accept) for accept in ("application/json", "application/x-npy")}
    asked = [
        ("application/json https://a.example", None),
        ("application/json", "https://a.example"),
        ("application/x-npy,", "application/json"),
        ("application/x-npy", ", application/json"),
        ("gzip application/json", None),
    ]
    for accept, origin in asked:
        get(stack, path, Accept=accept, **({} if origin is None else {"Origin": origin}))
    for accept, first in plain.items():
        again = get(stack, path, Accept=accept)
        assert (again.headers["Content-Type"], again.content) == (accept, first.content)


@pytest.mark.parametrize(
    ("field", "decoy", "meant"),
    [
        ("Accept", "image/png;q=0.1", "application/json"),
        ("Origin", "", "https://a.example"),
        ("X-API-Key", "", "key"),
        ("Authorization", "", "Bearer key"),
    ],
)
def test_a_field_that_is_sent_twice_cannot_put_its_second_value_where_the_first_is_looked_for(
    stack: Stack, field: str, decoy: str, meant: str
) -> None:
    path = f"/boundary?resolution=48&x_min=-1.{len(field)}"
    twice = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{field}: {decoy}\r\n{field}: {meant}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", stack.port), timeout=60) as connection:
        connection.sendall(twice.encode())
        while connection.recv(2**16):
            pass
    headers = {"Accept": decoy} if field == "Accept" else {}
    answer = get(stack, path, **headers)
    assert answer.headers["Content-Type"] == ("image/png" if headers else "application/json")
    assert not [name for name in answer.headers if name.startswith("Access-Control")]


def test_an_origin_is_let_in_at_once_and_out_again_whatever_is_cached(stack: Stack, tmp_path: Path) -> None:
    path = "/boundary?resolution=49&model=linear&version=1"
    one, two = "https://one.example", "https://two.example"
    try:
        for let_in in ((one,), (one, two), (two,)):
            serve_origins(stack, tmp_path, let_in)
            alone = [get(stack, path) for _ in range(2)]
            assert "immutable" in alone[1].headers["Cache-Control"]
            for origin in (one, two) * 2:
                answer = get(stack, path, Origin=origin)
                assert answer.headers.get("Access-Control-Allow-Origin") == (origin if origin in let_in else None)
                assert ("immutable" in answer.headers["Cache-Control"]) == (origin in let_in)
                assert "Origin" in re.split(", *", answer.headers["Vary"])
                assert cache_status(answer) == "BYPASS"
                assert answer.content == alone[0].content
    finally:
        stack.compose("up", "--detach", "--wait", "--no-deps", "service")


def serve_origins(stack: Stack, directory: Path, origins: tuple[str, ...]) -> None:
    changed: dict[str, Any] = {"services": {"service": {"environment": {"SERVICE_CORS_ORIGINS": ",".join(origins)}}}}
    override = directory / "origins.json"
    override.write_text(str(changed).replace("'", '"'))
    told = Stack(stack.project, stack.port, ("docker-compose.yml", str(override)))
    told.compose("up", "--detach", "--wait", "--no-deps", "service")
