"""Requests answered before Flask are answered as Flask's views answer them; each is asked both ways, over a socket."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.conftest import Server, running

PLAIN = "application/json"
BY_THE_APP = "application/json; charset=utf-8"
"""Means the same, and is one of the things that only the app reads."""

ID = {"X-Request-ID": "the-same"}


@pytest.fixture(scope="module")
def server(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One worker, so that what it keeps is there for the next request."""
    directory = tmp_path_factory.mktemp("server")
    with running(directory, SERVICE_MODELS_DIR=str(models_dir)) as started:
        yield started


def seen(answer: requests.Response) -> tuple[int, dict[str, str], bytes]:
    """Return what a client may tell two answers apart by."""
    return answer.status_code, {k: v for k, v in answer.headers.items() if k != "Date"}, answer.content


def grown(server: Server, ask: Any) -> dict[str, float]:
    """Return which request and cache counters grow with one request, and by how much."""

    def counted() -> dict[str, float]:
        lines = server.get("/metrics").text.splitlines()
        kept = ("boundary_request_seconds_count", "boundary_points_total", "boundary_cache_total")
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line.startswith(kept))}

    before = counted()
    ask()
    after = counted()
    return {name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name, 0)}


@pytest.mark.parametrize(
    "body",
    [
        {"points": [[0.1, 0.2]]},
        {"points": [[0, 1], [2.5, -3e-4]] * 400, "model": "relu-3", "version": 1, "threshold": 0.25},
        {"points": [[0.1, 0.2]], "models": "all"},
        {"points": [[0.1, 0.2]], "models": ["linear", "tanh-3"]},
        {"points": []},
        {"points": [[0.1, 0.2], [0.3]]},
        {"points": [[0.1, 0.2, 0.3]]},
        {"points": [[1e21, 0]]},
        {"points": [[0.1, 0.2]] * 100_001},
        {"points": [[0.1, 0.2]], "model": "nobody"},
        {"points": [[0.1, 0.2]], "version": 99},
        {"points": [[0.1, 0.2]], "threshold": 2, "colour": "red"},
        {"points": [[0.1, 0.2]], "model": "linear", "models": "all"},
        [],
        "points",
        None,
    ],
    ids=lambda body: json.dumps(body)[:40],
)
def test_points_are_answered_alike_both_ways(server: Server, body: Any) -> None:
    content = json.dumps(body).encode()

    def ask(content_type: str) -> requests.Response:
        return server.post("/predict", data=content, headers={"Content-Type": content_type} | ID)

    assert seen(ask(PLAIN)) == seen(ask(BY_THE_APP))
    assert grown(server, lambda: ask(PLAIN)) == grown(server, lambda: ask(BY_THE_APP)) != {}


@pytest.mark.parametrize(
    "content", [b"", b"{", b'{"points": [[NaN, 0]]}', b"\xff", b"[" * 100_000, b'{"points": 1e999}']
)
def test_what_is_no_request_is_refused_alike_both_ways(server: Server, content: bytes) -> None:
    plain, by_the_app = (
        server.post("/predict", data=content, headers={"Content-Type": kind} | ID) for kind in (PLAIN, BY_THE_APP)
    )
    assert seen(plain) == seen(by_the_app)
    assert 400 <= plain.status_code < 500


@pytest.mark.parametrize(
    "query",
    [
        "resolution=21",
        "model=tanh-3&resolution=21&format=npy",
        "model=tanh-3&version=1&resolution=21&epoch=5&replicate=2&format=npy",
        "model=linear&resolution=21&format=png",
        "model=tanh-3&resolution=21&statistic=std&format=json",
        "model=tanh-10&minus=linear&resolution=21&format=npy",
    ],
)
@pytest.mark.parametrize("accept", ["*/*", "application/json"])
def test_a_kept_grid_is_answered_alike_both_ways(server: Server, query: str, accept: str) -> None:
    def ask(known: str | None = None) -> requests.Response:
        return server.get(
            f"/boundary?{query}", headers={"Accept": accept} | ID | ({"If-None-Match": known} if known else {})
        )

    tag = ask().headers["ETag"]
    assert seen(ask()) == seen(ask('"another"'))  # only the app compares tags that are not the same
    assert seen(ask(tag)) == seen(ask(f'"another", {tag}'))
    assert ask(tag).status_code == 304
    assert grown(server, ask) == grown(server, lambda: ask('"another"')) != {}
    assert grown(server, lambda: ask(tag)) == grown(server, lambda: ask(f"W/{tag}")) != {}


@pytest.mark.parametrize(
    "query", ["resolution=1", "resolution=100000", "model=nobody", "x=1", "model=linear&epoch=7777"]
)
def test_a_question_that_is_none_is_refused_by_the_app(server: Server, query: str) -> None:
    answer = server.get(f"/boundary?{query}")
    assert 400 <= answer.status_code < 500
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_the_log_names_the_request_alike_both_ways(server: Server) -> None:
    for kind in (PLAIN, BY_THE_APP):
        given = {"Content-Type": kind, "X-Request-ID": f"shortcut-{len(kind)}"}
        answer = server.post("/predict", data=b'{"points": [[0, 0]], "model": "relu-3"}', headers=given)
        assert answer.headers["X-Request-ID"] == given["X-Request-ID"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    changing = {"request_id", "timestamp", "milliseconds"}
    asked = [entry for entry in server.events("request") if str(entry["request_id"]).startswith("shortcut-")]
    plain, by_the_app = ({k: v for k, v in entry.items() if k not in changing} for entry in asked)
    assert plain == by_the_app
    assert (plain["path"], plain["model"], plain["version"]) == ("/predict", "relu-3", "1")
