"""The response cache: revalidated by ETag, not at all where a response is immutable, and never stale."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from client import BoundaryClient, NotFoundError
from tests.client.scripted import ScriptedResponse, scripted
from tests.conftest import Server

JSON = {"Content-Type": "application/json"}
GRID_BYTES = 20 * 20 * 4


def models(name: str, **headers: str) -> ScriptedResponse:
    return 200, {**JSON, **headers}, b'{"default_model": "%s", "models": []}' % name.encode()


@contextmanager
def statuses(server: Server) -> Iterator[list[object]]:
    """Yield a list that holds, after the block, the statuses of the requests that the service received in it."""
    received: list[object] = []
    before = len(server.events("request"))
    yield received
    received += [entry["status"] for entry in server.events("request")[before:]]


@pytest.mark.parametrize(
    "fetch",
    [
        lambda client: client.boundary("tanh-3", resolution=20).to_document(),
        lambda client: client.picture("tanh-3", width=200, resolution=5),
        lambda client: client.comparison().document,
        lambda client: client.models(),
        lambda client: client.dataset().to_document(),
    ],
)
def test_an_unchanged_response_is_revalidated_and_not_sent_again(
    server: Server, fetch: Callable[[BoundaryClient], object]
) -> None:
    with statuses(server) as received, BoundaryClient(server.url) as client:
        first, again, once_more = fetch(client), fetch(client), fetch(client)
    assert received == [200, 304, 304]
    assert first == again == once_more


def test_an_immutable_response_is_not_requested_again(server: Server) -> None:
    with statuses(server) as received, BoundaryClient(server.url) as client:
        grids = [client.boundary("tanh-3", version=1, resolution=20) for _ in range(3)]
    assert received == [200]
    assert np.array_equal(grids[0].values, grids[2].values)


def test_predictions_are_not_cached(server: Server) -> None:
    with statuses(server) as received, BoundaryClient(server.url) as client:
        assert client.predict([[0, 0]]).labels.tolist() == [0]
        assert client.predict([[1.4, 1.4]]).labels.tolist() == [1]
    assert received == [200, 200]


@pytest.mark.parametrize("cache_bytes", [0, GRID_BYTES])
def test_a_response_larger_than_the_cache_is_not_cached(server: Server, cache_bytes: int) -> None:
    with statuses(server) as received, BoundaryClient(server.url, cache_bytes=cache_bytes) as client:
        grids = [client.boundary("tanh-3", version=1, resolution=20) for _ in range(2)]
    assert received == [200, 200]
    assert np.array_equal(grids[0].values, grids[1].values)


def test_the_least_recently_used_response_is_evicted(server: Server) -> None:
    room_for_two = 2 * (GRID_BYTES + 1500)  # and their headers
    with statuses(server) as received, BoundaryClient(server.url, cache_bytes=room_for_two) as client:
        for model in ("linear", "tanh-3", "linear", "relu-3", "linear", "relu-3", "tanh-3"):
            assert client.boundary(model, resolution=20).model == model
    assert received == [200, 200, 304, 200, 304, 304, 200]


def test_formats_of_one_url_are_cached_apart(server: Server) -> None:
    with BoundaryClient(server.url) as client:
        for _ in range(2):
            assert client.comparison().document == server.get("/comparison").json()
            assert client.comparison_table().encode() == server.get("/comparison?format=csv").content
            assert (
                client.comparison_table(kind="markdown").encode() == server.get("/comparison?format=markdown").content
            )


def test_a_changed_response_replaces_the_cached_one() -> None:
    responses = models("old", ETag='"1"'), models("new", ETag='"2"'), (304, {"ETag": '"2"'}, b"")
    with scripted(*responses) as server, BoundaryClient(server.url) as client:
        assert [client.models()["default_model"] for _ in range(3)] == ["old", "new", "new"]
    assert [headers["If-None-Match"] for headers in server.headers] == [None, '"1"', '"2"']


def test_a_503_leaves_the_cached_response_in_place() -> None:
    busy: ScriptedResponse = (503, {"Retry-After": "0"}, b"")
    with (
        scripted(models("m", ETag='"1"'), busy, (304, {"ETag": '"1"'}, b"")) as server,
        BoundaryClient(server.url) as client,
    ):
        assert client.models() == client.models()
    assert [headers["If-None-Match"] for headers in server.headers] == [None, '"1"', '"1"']


def test_errors_are_not_cached() -> None:
    missing: ScriptedResponse = (404, {"ETag": '"1"', "Cache-Control": "public, max-age=1000"}, b"")
    with scripted(missing, models("m")) as server, BoundaryClient(server.url) as client:
        with pytest.raises(NotFoundError):
            client.models()
        assert client.models()["default_model"] == "m"
    assert server.headers[-1]["If-None-Match"] is None
