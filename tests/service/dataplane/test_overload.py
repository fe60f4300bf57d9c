"""A worker takes in what it can do and refuses the rest at once, while health, metrics and predictions answer."""

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

import pytest
import requests

from harness.held_grids import held_grid, holding
from service.settings import QUEUE_PER_SLOT
from tests.conftest import Server, StartServer, running, wait_for
from tests.service.test_observability import value

QUICK_GRID = "/boundary?statistic=std&resolution=2&format=npy"


@pytest.fixture(scope="module")
def narrow(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One worker that computes two answers at once, so one grid; in its queue one may wait for a minute."""
    environment = {"SERVICE_MODELS_DIR": str(models_dir), "SERVICE_MAX_CONCURRENCY": "2", "SERVICE_CACHE_BYTES": "0"}
    minute = {"service.dataplane.admission.QUEUE_SECONDS": 60}
    directory = tmp_path_factory.mktemp("narrow")
    with running(directory, constants=minute, **environment, **holding(directory)) as started:
        yield started


def wait_until_so_many_wait(server: Server, count: int) -> None:
    wait_for(lambda: value(server, "boundary_waiting_requests", lane="grids") == count)


def test_what_does_not_fit_the_queue_is_refused_at_once_and_the_rest_is_answered(narrow: Server) -> None:
    before = value(narrow, "boundary_refused_requests_total", lane="grids")
    with ThreadPoolExecutor(23) as pool:
        with held_grid(narrow) as grid:
            asked = [grid, *[pool.submit(narrow.get, QUICK_GRID) for _ in range(23)]]
            at_once = len(asked) - 1 - QUEUE_PER_SLOT  # one computes, eight wait
            refused = [future.result() for future in islice(as_completed(asked), at_once)]
            wait_until_so_many_wait(narrow, QUEUE_PER_SLOT)
        statuses = [future.result().status_code for future in asked]
    assert sorted(statuses) == [200] * (1 + QUEUE_PER_SLOT) + [503] * at_once
    for answer in refused:
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "1"
        assert answer.json()["status"] == 503
        assert "busy" in answer.json()["detail"]
    assert value(narrow, "boundary_refused_requests_total", lane="grids") == before + len(refused)
    assert value(narrow, "boundary_waiting_requests") == 0


def test_the_comparisons_picture_is_drawn_when_it_is_its_turn(narrow: Server) -> None:
    with ThreadPoolExecutor(QUEUE_PER_SLOT) as pool, held_grid(narrow):
        for _ in range(QUEUE_PER_SLOT):
            pool.submit(narrow.get, QUICK_GRID)
        wait_until_so_many_wait(narrow, QUEUE_PER_SLOT)
        picture = narrow.get("/comparison?format=png")
        assert (picture.status_code, "busy" in picture.json()["detail"]) == (503, True)
        assert narrow.get("/comparison").status_code == 200
        anew = narrow.get("/comparison?rope=0.0123")
        assert (anew.status_code, "busy" in anew.json()["detail"]) == (503, True)


def test_grids_hold_up_neither_predictions_nor_health(narrow: Server) -> None:
    with ThreadPoolExecutor(1) as pool:
        with held_grid(narrow) as grid:
            grids = [grid, pool.submit(narrow.get, QUICK_GRID)]
            wait_until_so_many_wait(narrow, 1)
            for _ in range(5):
                assert narrow.predict(points=[[0.1, 0.2]]).status_code == 200
                assert narrow.get("/health/ready").status_code == 200
            assert not any(grid.done() for grid in grids)  # all of that while the first was computed
        assert [grid.result().status_code for grid in grids] == [200, 200]


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
