"""The loop answers as Flask's views do: each request is sent both ways, over a socket."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from structlog.testing import capture_logs
from werkzeug.routing import Map

from service import CONTEXT, LOOP_ADAPTER
from service.app import create_app
from service.http.loop_adapter import LoopAdapter
from service.observability import LOOP_FAULTS
from service.server.loop import MAX_INLINE_BYTES
from service.server.request_parser import Request
from service.settings import Settings
from tests.conftest import Server, running

JSON = {"Content-Type": "application/json"}
ID = {"X-Request-ID": "the-same"}

BY_A_THREAD = {"X_By": "a thread"}
"""A header that means nothing, and that the loop's parser leaves to gunicorn's: a thread and Flask answer."""


@pytest.fixture(scope="module")
def server(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One worker, so that what it caches is there for the next request."""
    directory = tmp_path_factory.mktemp("server")
    with running(directory, SERVICE_MODELS_DIR=str(models_dir)) as started:
        yield started


def seen_but_for_the_end(answer: requests.Response) -> tuple[int, dict[str, str], bytes]:
    """Leave aside whether the connection ends: gunicorn's does, with an error to a long body that may not be read."""
    status, headers, content = seen(answer)
    return status, {name: value for name, value in headers.items() if name != "Connection"}, content


def seen(answer: requests.Response) -> tuple[int, dict[str, str], bytes]:
    """Return what a client may tell two answers apart by."""
    return answer.status_code, {k: v for k, v in answer.headers.items() if k != "Date"}, answer.content


def counted(server: Server) -> dict[str, float]:
    """Return the request and cache counters."""
    lines = server.get("/metrics").text.splitlines()
    kept = ("boundary_request_seconds_count", "boundary_points_total", "boundary_cache_total")
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line.startswith(kept))}


def grown(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    """Return which counters grew, and by how much."""
    return {name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name, 0)}


def both_ways(
    server: Server, ask: Callable[[dict[str, str]], requests.Response]
) -> tuple[requests.Response, requests.Response]:
    """Ask the loop and a thread, and hold what either counts to the other. Counters are read once between two requests,
    for all of them take several times as long to sum as a request.
    """
    counts, answers = [counted(server)], []
    for way in ({}, BY_A_THREAD):
        answers.append(ask(way))
        counts.append(counted(server))
    by_the_loop, by_a_thread = (grown(*pair) for pair in pairwise(counts))
    assert by_the_loop == by_a_thread != {}
    return answers[0], answers[1]


POINTS = [[0.1, 0.2], [2.5, -3e-4]]
HEAD = json.dumps(
    {"inputs": [{"name": "points", "shape": [2, 2], "datatype": "FP32", "parameters": {"binary_data_size": 16}}]}
).encode()
BINARY = HEAD + np.array(POINTS, "<f4").tobytes()


def infer(**changes: Any) -> dict[str, Any]:
    return {"inputs": [{"name": "points", "shape": [2, 2], "datatype": "FP32", "data": POINTS, **changes}]}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/predict", {"points": POINTS}),
        ("/predict", {"points": POINTS * 400, "model": "relu-3", "version": 1, "threshold": 0.25}),
        ("/predict", {"points": POINTS * 4000, "models": ["linear", "tanh-3"]}),  # by a thread, either way
        ("/predict", {"points": [*POINTS * 4000, [1]]}),
        ("/predict", {"points": POINTS, "models": "all"}),
        ("/predict", {"points": POINTS, "models": ["linear", "tanh-3"]}),
        ("/predict", {"points": []}),
        ("/predict", {"points": [[0.1, 0.2], [0.3]]}),
        ("/predict", {"points": [[0.1, 0.2, 0.3]]}),
        ("/predict", {"points": [[1e21, 0]]}),
        ("/predict", {"points": [[0.1, 0.2]] * 100_001}),
        ("/predict", {"points": POINTS, "model": "nobody"}),
        ("/predict", {"points": POINTS, "version": 99}),
        ("/predict", {"points": POINTS, "threshold": 2, "colour": "red"}),
        ("/predict", {"points": POINTS, "model": "linear", "models": "all"}),
        ("/predict", []),
        ("/predict", "points"),
        ("/predict", None),
        ("/v1/models/tanh-3:predict", {"instances": POINTS}),
        ("/v1/models/tanh-3:predict", {"instances": POINTS * 4000}),
        ("/v1/models/tanh-3:predict", {"inputs": {"points": POINTS * 4000}}),
        ("/v1/models/tanh-3:predict", {"inputs": POINTS * 4000, "instances": POINTS}),
        ("/v1/models/tanh-3/versions/1:predict", {"inputs": {"points": POINTS}, "signature_name": "replicates"}),
        ("/v1/models/tanh-3:predict", {"instances": [[1]]}),
        ("/v1/models/nobody:predict", {"instances": POINTS}),
        ("/v2/models/tanh-3/infer", infer()),
        ("/v2/models/tanh-3/infer", infer(shape=[8000, 2], data=POINTS * 4000)),
        ("/v2/models/tanh-3/infer", infer(shape=[8000, 2], data=[0.1, 0.2, 2.5, -3e-4] * 4000)),
        ("/v2/models/tanh-3/infer", infer(shape=[8000, 2], data=[0.1, 0.2, 2.5, None] * 4000)),
        ("/v2/models/tanh-3/versions/1/infer", infer(data=[0.1, 0.2, 2.5, -3e-4])),
        ("/v2/models/tanh-3/infer", infer(data=[0.1, 0.2, 2.5])),
        ("/v2/models/tanh-3/infer", infer(data=[True, 0.2, 2.5, 1])),
        ("/v2/models/tanh-3/infer", infer(name="data")),
        ("/v2/models/nobody/infer", infer()),
    ],
    ids=lambda value: json.dumps(value)[:40],
)
def test_points_are_answered_alike_both_ways(server: Server, path: str, body: Any) -> None:
    content = json.dumps(body).encode()

    def ask(way: dict[str, str]) -> requests.Response:
        return server.post(path, data=content, headers=JSON | ID | way)

    alike = seen if len(content) <= MAX_INLINE_BYTES else seen_but_for_the_end
    plain, by_a_thread = both_ways(server, ask)
    assert alike(plain) == alike(by_a_thread)


@pytest.mark.parametrize("length", [len(HEAD), 0, 7, 10**6])
def test_bytes_are_answered_alike_both_ways(server: Server, length: int) -> None:
    headers = ID | {"Inference-Header-Content-Length": str(length)}
    plain, by_a_thread = (
        server.post("/v2/models/linear/infer", data=BINARY, headers=headers | way) for way in ({}, BY_A_THREAD)
    )
    assert seen(plain) == seen(by_a_thread)


def test_many_bytes_are_answered_alike_both_ways(server: Server) -> None:
    body = np.random.default_rng(1).normal(size=(20_000, 2)).astype("<f4").tobytes()
    headers = ID | {"Inference-Header-Content-Length": "0"}
    plain, by_a_thread = (
        server.post("/v2/models/linear/infer", data=body, headers=headers | way) for way in ({}, BY_A_THREAD)
    )
    assert seen(plain) == seen(by_a_thread)
    assert len(plain.content) > 4 * 20_000


@pytest.mark.parametrize("path", ["/predict", "/v1/models/linear:predict", "/v2/models/linear/infer"])
@pytest.mark.parametrize(
    "content", [b"", b"{", b'{"points": [[NaN, 0]]}', b"\xff", b"[" * 100_000, b'{"points": 1e999}']
)
def test_what_is_no_request_is_refused_alike_both_ways(server: Server, path: str, content: bytes) -> None:
    plain, by_a_thread = (server.post(path, data=content, headers=JSON | ID | way) for way in ({}, BY_A_THREAD))
    alike = seen if len(content) <= MAX_INLINE_BYTES else seen_but_for_the_end
    assert alike(plain) == alike(by_a_thread)
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
def test_a_cached_grid_is_answered_alike_both_ways(server: Server, query: str, accept: str) -> None:
    def ask(conditions: dict[str, str], way: dict[str, str]) -> requests.Response:
        return server.get(f"/boundary?{query}", headers={"Accept": accept} | ID | conditions | way)

    tag = ask({}, {}).headers["ETag"]
    for known in (None, '"another"', tag, f"W/{tag}", f'"another", {tag}', "*"):
        plain, by_a_thread = both_ways(server, partial(ask, {"If-None-Match": known} if known else {}))
        assert seen(plain) == seen(by_a_thread), known
    assert ask({"If-None-Match": tag}, {}).status_code == 304


@pytest.mark.parametrize(
    "path",
    [
        *("/boundary?resolution=1", "/boundary?resolution=100000", "/boundary?model=nobody", "/boundary?x=1"),
        *(
            "/boundary?model=linear&epoch=7777",
            "/models",
            "/models/linear",
            "/models/nobody",
            "/models/linear/versions/1",
        ),
        *(
            "/models/linear/versions/2",
            "/models/linear/versions/1/weights",
            "/models/linear/versions/1/weights?epoch=3",
        ),
        *("/health/live", "/health/ready", "/", "/docs", "/explorer/main.js", "/explorer/nothing.js", "/nothing"),
        *("/v1/models/linear", "/v1/models/linear/metadata", "/v1/models/linear/versions/7", "/v1/nothing"),
        *("/v2", "/v2/models/linear", "/v2/models/linear/config", "/v2/models/nobody/ready", "/v2/health/ready"),
        *("//models", "/models/", "/models%2Flinear", "/predict", "/comparison", "/dataset?format=csv"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "DELETE"])
def test_whatever_is_asked_for_is_answered_alike_both_ways(server: Server, method: str, path: str) -> None:
    plain, by_a_thread = (
        requests.request(method, server.url + path, headers=ID | way, timeout=30) for way in ({}, BY_A_THREAD)
    )
    assert seen(plain) == seen(by_a_thread)


def test_the_log_names_the_request_alike_both_ways(server: Server) -> None:
    for way, request_id in (({}, "both-ways-1"), (BY_A_THREAD, "both-ways-2")):
        headers = JSON | way | {"X-Request-ID": request_id}
        answer = server.post("/predict", data=b'{"points": [[0, 0]], "model": "relu-3"}', headers=headers)
        assert answer.headers["X-Request-ID"] == request_id
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    changing = {"request_id", "timestamp", "milliseconds"}
    entries = [entry for entry in server.events("request") if str(entry["request_id"]).startswith("both-ways-")]
    plain, by_a_thread = ({k: v for k, v in entry.items() if k not in changing} for entry in entries)
    assert plain == by_a_thread
    assert (plain["path"], plain["model"], plain["version"]) == ("/predict", "relu-3", "1")


def request(target: str) -> Request:
    return Request("GET", target, {"host": "x"}, b"", "1.1", keep_alive=True)


def test_a_fault_of_the_loops_is_logged_and_counted_and_a_thread_answers(tmp_path: Path) -> None:
    class BrokenMap(Map):
        def bind(self, *_: Any, **__: Any) -> Any:
            return None  # so that matching a path fails with an AttributeError

    app = create_app(Settings(models_dir=tmp_path))
    context, whole = app.extensions[CONTEXT], app.extensions[LOOP_ADAPTER]
    broken = LoopAdapter(BrokenMap(), context, whole._recorder, whole._cross_origin, lambda _: False)
    before = LOOP_FAULTS._value.get()
    with capture_logs() as logs:
        assert broken(request("/health/live")) is None
    assert LOOP_FAULTS._value.get() == before + 1
    assert [(entry["event"], entry["log_level"]) for entry in logs] == [("the loop failed to answer", "error")]


def test_what_would_block_the_loop_is_left_to_a_thread(models_dir: Path) -> None:
    answer = create_app(Settings(models_dir=models_dir)).extensions[LOOP_ADAPTER]
    grid = "/boundary?resolution=7&x_min=-1.375"
    for target in (grid, "/models/linear/versions/1/weights", "/comparison", "/metrics", "/boundary?format=png"):
        assert answer(request(target)) is None, target
    for target in ("/models", "/health/ready", "/v2/models/linear", "/boundary?resolution=1"):
        assert answer(request(target)) is not None, target
