"""What the client does when a service fails: small real servers on loopback that fail in those ways."""

import io
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from client import (
    BoundaryClient,
    ClientError,
    ConnectionFailedError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    ProblemError,
    TooLargeError,
    UnauthorizedError,
    UnavailableError,
)
from tests.client.scripted import ScriptedResponse, scripted
from tests.conftest import free_port

NO_MODELS: ScriptedResponse = (200, {"Content-Type": "application/json"}, b'{"default_model": "m", "models": []}')
PROBLEM = {"type": "about:blank", "title": "Unavailable", "status": 503, "detail": "busy", "request_id": "r1"}


def unavailable(retry_after: str) -> ScriptedResponse:
    headers = {"Content-Type": "application/problem+json", "Retry-After": retry_after}
    return 503, headers, json.dumps(PROBLEM).encode()


def npy(*shape: int) -> bytes:
    file = io.BytesIO()
    np.save(file, np.zeros(shape, np.float32))
    return file.getvalue()


@contextmanager
def silent() -> Iterator[str]:
    """A server that takes connections and never answers."""
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:  # listens, but never serves
        yield f"http://127.0.0.1:{server.server_port}"


def test_a_503_is_retried_with_the_same_body() -> None:
    prediction = b'{"model": "m", "version": 1, "probabilities": [0.5], "labels": [1]}'
    response = (200, {"Content-Type": "application/json"}, prediction)
    with scripted(unavailable("0"), response) as server, BoundaryClient(server.url) as client:
        assert client.predict([[0, 1]]).labels.tolist() == [1]
    assert server.requests == [("POST /predict", '{"points": [[0.0, 1.0]]}')] * 2


def test_a_gateways_503_without_a_retry_after_is_retried_too() -> None:
    with scripted((503, {}, b"<html>gateway</html>"), NO_MODELS) as server, BoundaryClient(server.url) as client:
        client.models()
    assert len(server.requests) == 2


def test_a_retry_waits_as_long_as_the_service_asks_for() -> None:
    with scripted(unavailable("1"), NO_MODELS) as server, BoundaryClient(server.url) as client:
        started = time.monotonic()
        client.models()
    assert time.monotonic() - started >= 1


def test_a_retry_waits_no_longer_than_the_longest_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("client.transport.MAX_RETRY_AFTER_SECONDS", 0)
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


@pytest.mark.parametrize("retry_after", ["soon", "-1", "1.5"])
def test_an_invalid_retry_after_is_replaced_by_the_clients_backoff(retry_after: str) -> None:
    with scripted(unavailable(retry_after), NO_MODELS) as server, BoundaryClient(server.url) as client:
        assert client.models()["default_model"] == "m"
    with (
        scripted(unavailable(retry_after)) as server,
        BoundaryClient(server.url, retries=0) as client,
        pytest.raises(UnavailableError) as caught,
    ):
        client.models()
    assert caught.value.retry_after is None


def test_an_error_says_after_how_many_seconds_to_ask_again() -> None:
    in_a_minute = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    for retry_after, least, most in (("0", 0, 0), ("700", 700, 700), (in_a_minute, 50, 60)):
        with (
            scripted(unavailable(retry_after)) as server,
            BoundaryClient(server.url, retries=0) as client,
            pytest.raises(UnavailableError) as caught,
        ):
            client.models()
        assert caught.value.retry_after is not None
        assert least <= caught.value.retry_after <= most


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ProblemError),
        (401, UnauthorizedError),
        (403, ForbiddenError),
        (404, NotFoundError),
        (413, TooLargeError),
        (422, InvalidError),
        (500, ProblemError),
    ],
)
def test_an_error_carries_what_the_problem_says(status: int, kind: type[ProblemError]) -> None:
    said = {"title": "T", "detail": "D", "status": status, "request_id": "r1", "errors": {"points": ["P"]}}
    response: ScriptedResponse = (status, {"Content-Type": "application/problem+json"}, json.dumps(said).encode())
    with scripted(response) as server, BoundaryClient(server.url) as client, pytest.raises(ProblemError) as caught:
        client.models()
    error = caught.value
    assert type(error) is kind
    assert (error.status, error.title, error.detail, error.request_id) == (status, "T", "D", "r1")
    assert (error.errors, error.retry_after) == ({"points": ["P"]}, None)


def test_a_request_is_sent_again_when_the_connection_breaks() -> None:
    with scripted(None, NO_MODELS) as server, BoundaryClient(server.url) as client:
        assert client.models()["default_model"] == "m"
    assert len(server.requests) == 2


@pytest.mark.parametrize("status", [400, 404, 422, 500, 502])
def test_other_errors_are_not_retried(status: int) -> None:
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


@pytest.mark.parametrize(("timeout", "retries"), [((1, 0.1), 0), ((1, 0.1), 1), (0.1, 0)])
def test_a_late_response_is_an_error(timeout: float | tuple[float, float], retries: int) -> None:
    with (
        silent() as url,
        BoundaryClient(url, timeout=timeout, retries=retries) as client,
        pytest.raises(ConnectionFailedError, match="did not answer in time"),
    ):
        client.models()


@pytest.mark.parametrize("cache_bytes", [0, 2**20])
def test_a_truncated_response_is_an_error_and_not_cached(cache_bytes: int) -> None:
    status, headers, content = NO_MODELS
    broken: ScriptedResponse = (status, {**headers, "ETag": '"1"', "Content-Length": "1000"}, content)
    with scripted(broken, NO_MODELS) as server, BoundaryClient(server.url, cache_bytes=cache_bytes) as client:
        with pytest.raises(ConnectionFailedError):
            client.models()
        client.models()
    assert "If-None-Match" not in server.headers[-1]


@pytest.mark.parametrize(
    "response",
    [
        (200, {"Content-Type": "text/html"}, b"<html></html>"),
        (200, {"Content-Type": "application/json"}, b"no JSON"),
        (200, {"Content-Type": "application/json"}, b""),
        (200, {"Content-Type": "application/json"}, b'{"something": "else"}'),
    ],
)
def test_something_else_at_the_address_is_an_error(response: ScriptedResponse) -> None:
    with (
        scripted(response) as server,
        BoundaryClient(server.url) as client,
        pytest.raises(ConnectionFailedError, match="is not a boundary service"),
    ):
        client.dataset()


AXIS = {"feature": "x1", "min": 0, "max": 1, "nodes": 2}
DESCRIBED = {
    "model": "m",
    "version": 1,
    "epoch": None,
    "replicate": 0,
    "statistic": "probability",
    "x": AXIS,
    "y": AXIS,
}


@pytest.mark.parametrize(
    ("header", "content"),
    [
        (None, npy(2, 2)),
        ("no JSON", npy(2, 2)),
        ("[]", npy(2, 2)),
        (json.dumps({**DESCRIBED, "x": 3}), npy(2, 2)),
        (json.dumps(DESCRIBED), npy(2, 2)),  # what the numbers are is missing
        (json.dumps({**DESCRIBED, "numbers": "probabilities"}), npy(2, 3)),
        (json.dumps({**DESCRIBED, "numbers": "probabilities"}), npy(2, 2)[:-1]),
        (json.dumps({**DESCRIBED, "numbers": "probabilities"}), b""),
    ],
)
def test_a_grid_without_its_description_or_that_does_not_fit_it_is_an_error(header: str | None, content: bytes) -> None:
    headers = {"Content-Type": "application/x-npy", **({} if header is None else {"Boundary-Grid": header})}
    with (
        scripted((200, headers, content)) as server,
        BoundaryClient(server.url) as client,
        pytest.raises(ConnectionFailedError, match="is not a boundary service"),
    ):
        client.boundary()


def test_a_model_that_recorded_no_epochs_has_none() -> None:
    headers = {
        "Content-Type": "application/x-npy",
        "Boundary-Grid": json.dumps({**DESCRIBED, "numbers": "probabilities"}),
    }
    with scripted((200, headers, npy(2, 2))) as server, BoundaryClient(server.url) as client:
        grid = client.boundary()
    assert (grid.epoch, grid.replicate) == (None, 0)
    assert grid.to_document()["epoch"] is None


def test_a_picture_that_is_none_is_an_error() -> None:
    page: ScriptedResponse = (200, {"Content-Type": "text/html"}, b"<html></html>")
    with scripted(page) as server, BoundaryClient(server.url) as client, pytest.raises(ConnectionFailedError):
        client.picture()


def test_an_address_without_a_scheme_is_an_error() -> None:
    with BoundaryClient("localhost:8000") as client, pytest.raises(ClientError, match="localhost:8000"):
        client.models()
