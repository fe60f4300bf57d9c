"""What the client does when a service fails: small real servers on loopback that fail in those ways."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from client import BoundaryClient, ClientError, ConnectionFailedError, ProblemError, UnavailableError
from tests.conftest import free_port

Answer = tuple[int, dict[str, str], bytes]

NO_MODELS: Answer = (200, {"Content-Type": "application/json"}, b'{"default_model": "m", "models": []}')
PROBLEM = {"type": "about:blank", "title": "Unavailable", "status": 503, "detail": "busy", "request_id": "r1"}


class Scripted(ThreadingHTTPServer):
    """Gives its answers one after the other, the last one for good; None hangs up without an answer."""

    def __init__(self, *answers: Answer | None) -> None:
        self.answers = list(answers)
        self.requests: list[tuple[str, str]] = []
        self.connections = 0
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Scripted

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.requests.append((f"{self.command} {self.path}", body.decode()))
        answer = self.server.answers.pop(0) if len(self.server.answers) > 1 else self.server.answers[0]
        if answer is None:
            self.close_connection = True
            return
        status, headers, content = answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET  # noqa: N815 (http.server's name)

    def log_message(self, *args: object) -> None: ...


@contextmanager
def scripted(*answers: Answer | None) -> Iterator[Scripted]:
    with Scripted(*answers) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def unavailable(retry_after: str) -> Answer:
    headers = {"Content-Type": "application/problem+json", "Retry-After": retry_after}
    return 503, headers, json.dumps(PROBLEM).encode()


@contextmanager
def silent() -> Iterator[str]:
    """A server that takes connections and never answers."""
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:  # listens, but never serves
        yield f"http://127.0.0.1:{server.server_port}"


def test_an_unavailable_service_is_asked_again_with_the_same_body() -> None:
    prediction = b'{"model": "m", "version": 1, "probabilities": [0.5], "labels": [1]}'
    answer = (200, {"Content-Type": "application/json"}, prediction)
    with scripted(unavailable("0"), answer) as server, BoundaryClient(server.url) as client:
        assert client.predict([[0, 1]]).labels.tolist() == [1]
    assert server.requests == [("POST /predict", '{"points": [[0.0, 1.0]]}')] * 2


def test_a_gateways_503_that_names_no_time_is_asked_again_too() -> None:
    with scripted((503, {}, b"<html>gateway</html>"), NO_MODELS) as server, BoundaryClient(server.url) as client:
        client.models()
    assert len(server.requests) == 2


def test_a_retry_waits_as_long_as_the_service_asks_for() -> None:
    with scripted(unavailable("1"), NO_MODELS) as server, BoundaryClient(server.url) as client:
        started = time.monotonic()
        client.models()
    assert time.monotonic() - started >= 1


def test_a_retry_waits_no_longer_than_the_longest_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("client.transport.LONGEST_WAIT_SECONDS", 0)
    with scripted(unavailable("20"), NO_MODELS) as server, BoundaryClient(server.url) as client:
        started = time.monotonic()
        client.models()
    assert time.monotonic() - started < 5


def test_a_service_that_stays_unavailable_is_an_error_after_the_retries() -> None:
    with (
        scripted(unavailable("0")) as server,
        BoundaryClient(server.url, retries=2) as client,
        pytest.raises(UnavailableError, match="busy") as caught,
    ):
        client.models()
    assert (caught.value.status, caught.value.request_id) == (503, "r1")
    assert len(server.requests) == 3


def test_a_request_is_sent_again_when_the_connection_breaks() -> None:
    with scripted(None, NO_MODELS) as server, BoundaryClient(server.url) as client:
        assert client.models()["default_model"] == "m"
    assert len(server.requests) == 2


@pytest.mark.parametrize("status", [400, 404, 422, 500, 502])
def test_other_errors_are_not_asked_about_twice(status: int) -> None:
    with (
        scripted((status, {}, b"<html>gateway</html>")) as server,
        BoundaryClient(server.url) as client,
        pytest.raises(ProblemError, match=f"{status} ") as caught,
    ):
        client.models()
    assert (caught.value.status, caught.value.request_id) == (status, None)
    assert len(server.requests) == 1


def test_one_connection_is_kept_for_all_requests() -> None:
    with scripted(NO_MODELS) as server:
        with BoundaryClient(server.url + "/") as client:
            for _ in range(5):
                client.models()
        assert (server.connections, server.requests[-1][0]) == (1, "GET /models")


def test_where_nothing_listens_the_error_says_what_to_do() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with BoundaryClient(url, retries=1) as client, pytest.raises(ConnectionFailedError) as caught:
        client.models()
    assert str(caught.value) == (
        f"no service answers at {url}; start one with `make serve`, or give the address of a running one"
    )


@pytest.mark.parametrize("retries", [0, 1])
def test_an_answer_that_does_not_come_in_time_is_an_error(retries: int) -> None:
    with (
        silent() as url,
        BoundaryClient(url, timeout=(1, 0.1), retries=retries) as client,
        pytest.raises(ConnectionFailedError, match="did not answer in time"),
    ):
        client.models()


@pytest.mark.parametrize(
    "answer",
    [
        (200, {"Content-Type": "text/html"}, b"<html></html>"),
        (200, {"Content-Type": "application/json"}, b"no JSON"),
        (200, {"Content-Type": "application/json"}, b'{"something": "else"}'),
    ],
)
def test_something_else_at_the_address_is_an_error(answer: Answer) -> None:
    with (
        scripted(answer) as server,
        BoundaryClient(server.url) as client,
        pytest.raises(ConnectionFailedError, match="is no boundary service"),
    ):
        client.boundary()


def test_a_picture_that_is_none_is_an_error() -> None:
    page: Answer = (200, {"Content-Type": "text/html"}, b"<html></html>")
    with scripted(page) as server, BoundaryClient(server.url) as client, pytest.raises(ConnectionFailedError):
        client.picture()


def test_an_address_without_a_scheme_is_an_error() -> None:
    with BoundaryClient("localhost:8000") as client, pytest.raises(ClientError, match="localhost:8000"):
        client.models()
