"""A worker takes in what it can do and refuses the rest at once, while health, metrics and predictions answer."""

import json
import socket
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from service.settings import QUEUE_PER_SLOT
from tests.conftest import Server, StartServer, running, wait_for
from tests.service.test_observability import value

SLOW_GRID = "/boundary?statistic=std&resolution=1000&format=npy"  # 30 runs at a million nodes: seconds
QUICK_GRID = "/boundary?statistic=std&resolution=2&format=npy"


@pytest.fixture(scope="module")
def narrow(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One worker that computes two answers at once, so one grid; in its queue one may wait for a minute."""
    environment = {"SERVICE_MODELS_DIR": str(models_dir), "SERVICE_MAX_CONCURRENCY": "2", "SERVICE_CACHE_BYTES": "0"}
    minute = {"service.dataplane.admission.QUEUE_SECONDS": 60}
    with running(tmp_path_factory.mktemp("narrow"), constants=minute, **environment) as started:
        yield started


def compute_a_slow_grid(server: Server, pool: ThreadPoolExecutor) -> Future[requests.Response]:
    """Have it begin, so that whoever asks for another waits."""
    before = value(server, "boundary_compute_seconds_count")
    grid = pool.submit(server.get, SLOW_GRID)
    wait_for(lambda: value(server, "boundary_compute_seconds_count") > before)
    return grid


def wait_until_so_many_wait(server: Server, count: int) -> None:
    wait_for(lambda: value(server, "boundary_waiting_requests", lane="grids") == count)


def test_what_does_not_fit_the_queue_is_refused_at_once_and_the_rest_is_answered(narrow: Server) -> None:
    before = value(narrow, "boundary_refused_requests_total", lane="grids")
    with ThreadPoolExecutor(24) as pool:
        asked = [compute_a_slow_grid(narrow, pool), *[pool.submit(narrow.get, QUICK_GRID) for _ in range(23)]]
        answers = [future.result() for future in as_completed(asked)]
    statuses = [answer.status_code for answer in answers]
    refused = [answer for answer in answers if answer.status_code == 503]
    at_once = len(asked) - 1 - QUEUE_PER_SLOT  # one computes, eight wait
    assert statuses == [503] * at_once + [200] * (1 + QUEUE_PER_SLOT)  # before the first grid was done
    for answer in refused:
        assert answer.headers["Retry-After"] == "1"
        assert answer.json()["status"] == 503
        assert "busy" in answer.json()["detail"]
    assert value(narrow, "boundary_refused_requests_total", lane="grids") == before + len(refused)
    assert value(narrow, "boundary_waiting_requests") == 0


def test_the_comparisons_picture_is_drawn_when_it_is_its_turn(narrow: Server) -> None:
    with ThreadPoolExecutor(1 + QUEUE_PER_SLOT) as pool:
        compute_a_slow_grid(narrow, pool)
        for _ in range(QUEUE_PER_SLOT):
            pool.submit(narrow.get, QUICK_GRID)
        wait_until_so_many_wait(narrow, QUEUE_PER_SLOT)
        picture = narrow.get("/comparison?format=png")
        assert (picture.status_code, "busy" in picture.json()["detail"]) == (503, True)
        assert narrow.get("/comparison").status_code == 200
        anew = narrow.get("/comparison?rope=0.0123")
        assert (anew.status_code, "busy" in anew.json()["detail"]) == (503, True)


def test_grids_hold_up_neither_predictions_nor_health(narrow: Server) -> None:
    with ThreadPoolExecutor(2) as pool:
        grids = [compute_a_slow_grid(narrow, pool), pool.submit(narrow.get, QUICK_GRID)]
        wait_until_so_many_wait(narrow, 1)
        for _ in range(5):
            assert narrow.predict(points=[[0.1, 0.2]]).status_code == 200
            assert narrow.get("/health/ready").status_code == 200
        assert not any(grid.done() for grid in grids)  # all of that while the first was computed


def test_a_grid_asked_for_again_is_not_computed_again(server: Server) -> None:
    url = "/boundary?model=relu-3&resolution=41&x_min=-1.25&format=npy"
    before = value(server, "boundary_points_total", model="relu-3")
    answers = [server.get(url).content for _ in range(12)]
    assert set(answers) == {answers[0]}
    computed = value(server, "boundary_points_total", model="relu-3") - before
    assert computed in (41 * 41, 2 * 41 * 41)  # once a worker
    assert value(server, "boundary_cache_total", result="hit") >= 10


def test_two_hundred_idle_connections_hold_nobody_up(server: Server) -> None:
    with ExitStack() as idle:
        for _ in range(200):
            idle.enter_context(socket.create_connection(server.address))
        answers = [requests.get(server.url + "/health/live", timeout=20).status_code for _ in range(20)]
    assert answers == [200] * 20


def test_a_body_of_too_many_points_is_refused_before_it_is_parsed(server: Server) -> None:
    body = b'{"points": [' + b",".join([b"[1,2]"] * 2_500_000) + b"]}"
    answer = server.post("/predict", data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    assert "100000 points" in answer.json()["detail"]


@pytest.mark.parametrize("kind", ["json", "npy"])
def test_a_large_grid_needs_little_more_memory_than_its_answer(
    start_server: StartServer, models_dir: Path, kind: str
) -> None:
    server = start_server(SERVICE_MODELS_DIR=str(models_dir))
    server.get(f"/boundary?format={kind}")
    (worker,) = server.workers()
    Path(f"/proc/{worker}/clear_refs").write_text("5")  # forget the peak
    before = _status(worker, "VmRSS")
    answer = server.get(f"/boundary?resolution=2000&format={kind}")
    assert answer.status_code == 200
    if kind == "json":
        assert len(json.loads(answer.content)["probabilities"]) == 2000
    assert _status(worker, "VmHWM") - before <= 3 * len(answer.content)


def _status(pid: int, name: str) -> int:
    """Return a figure of a process's memory, in bytes."""
    (line,) = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith(name)]
    return int(line.split()[1]) * 1024
