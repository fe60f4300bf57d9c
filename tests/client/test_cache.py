"""Answers that are kept: asked about by their tag, not asked about again where they never change, never out of date."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from client import BoundaryClient, NotFoundError
from tests.client.scripted import Answer, scripted
from tests.conftest import Server

JSON = {"Content-Type": "application/json"}
GRID_BYTES = 20 * 20 * 4


def models(name: str, **headers: str) -> Answer:
    return 200, {**JSON, **headers}, b'{"default_model": "%s", "models": []}' % name.encode()


@contextmanager
def statuses(server: Server) -> Iterator[list[object]]:
    """Give a list that holds, at the end, the statuses of what the service was asked meanwhile."""
    found: list[object] = []
    before = len(server.events("request"))
    yield found
    found += [entry["status"] for entry in server.events("request")[before:]]


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.boundary("tanh-3", resolution=20).to_document(),
        lambda client: client.picture("tanh-3", width=200, resolution=5),
        lambda client: client.comparison().document,
        lambda client: client.models(),
        lambda client: client.dataset().to_document(),
    ],
)
def test_what_is_still_right_is_not_sent_again(server: Server, ask: Callable[[BoundaryClient], object]) -> None:
    with statuses(server) as asked, BoundaryClient(server.url) as client:
        first, again, once_more = ask(client), ask(client), ask(client)
    assert asked == [200, 304, 304]
    assert first == again == once_more


def test_what_never_changes_is_not_asked_about_again(server: Server) -> None:
    with statuses(server) as asked, BoundaryClient(server.url) as client:
        grids = [client.boundary("tanh-3", version=1, resolution=20) for _ in range(3)]
    assert asked == [200]
    assert np.array_equal(grids[0].values, grids[2].values)


def test_points_are_never_kept(server: Server) -> None:
    with statuses(server) as asked, BoundaryClient(server.url) as client:
        assert client.predict([[0, 0]]).labels.tolist() == [0]
        assert client.predict([[1.4, 1.4]]).labels.tolist() == [1]
    assert asked == [200, 200]


@pytest.mark.parametrize("cache_bytes", [0, GRID_BYTES])
def test_nothing_is_kept_where_there_is_no_room_for_it(server: Server, cache_bytes: int) -> None:
    with statuses(server) as asked, BoundaryClient(server.url, cache_bytes=cache_bytes) as client:
        grids = [client.boundary("tanh-3", version=1, resolution=20) for _ in range(2)]
    assert asked == [200, 200]
    assert np.array_equal(grids[0].values, grids[1].values)


def test_what_was_not_asked_for_longest_makes_room(server: Server) -> None:
    room_for_two = 2 * (GRID_BYTES + 1500)  # and their headers
    with statuses(server) as asked, BoundaryClient(server.url, cache_bytes=room_for_two) as client:
        for model in ("linear", "tanh-3", "linear", "relu-3", "linear", "relu-3", "tanh-3"):
            assert client.boundary(model, resolution=20).model == model
    assert asked == [200, 200, 304, 200, 304, 304, 200]


def test_one_address_in_several_forms_is_never_mixed_up(server: Server) -> None:
    with BoundaryClient(server.url) as client:
        for _ in range(2):
            assert client.comparison().document == server.get("/comparison").json()
            assert client.comparison_table().encode() == server.get("/comparison?format=csv").content
            assert (
                client.comparison_table(kind="markdown").encode() == server.get("/comparison?format=markdown").content
            )


def test_what_has_changed_is_answered_anew() -> None:
    answers = models("old", ETag='"1"'), models("new", ETag='"2"'), (304, {"ETag": '"2"'}, b"")
    with scripted(*answers) as server, BoundaryClient(server.url) as client:
        assert [client.models()["default_model"] for _ in range(3)] == ["old", "new", "new"]
    assert [headers["If-None-Match"] for headers in server.headers] == [None, '"1"', '"2"']


def test_what_is_kept_outlives_a_service_that_is_busy() -> None:
    busy: Answer = (503, {"Retry-After": "0"}, b"")
    with (
        scripted(models("m", ETag='"1"'), busy, (304, {"ETag": '"1"'}, b"")) as server,
        BoundaryClient(server.url) as client,
    ):
        assert client.models() == client.models()
    assert [headers["If-None-Match"] for headers in server.headers] == [None, '"1"', '"1"']


def test_errors_are_not_kept() -> None:
    missing: Answer = (404, {"ETag": '"1"', "Cache-Control": "public, max-age=1000"}, b"")
    with scripted(missing, models("m")) as server, BoundaryClient(server.url) as client:
        with pytest.raises(NotFoundError):
            client.models()
        assert client.models()["default_model"] == "m"
    assert server.headers[-1]["If-None-Match"] is None
