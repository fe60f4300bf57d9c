"""A worker takes in what it can do and refuses the rest at once, while health, metrics and predictions answer."""

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Thread

import pytest
import requests

from service.dataplane.admission import Lane, OverloadedError, Slots, WouldBlockError
from service.dataplane.cache import ResponseCache
from service.settings import QUEUE_PER_SLOT
from tests.conftest import Server, StartServer, wait_for
from tests.service.test_observability import value

SLOW_GRID = "/boundary?statistic=std&resolution=1500&format=npy"  # 30 runs at 2.25 million nodes: seconds


@pytest.fixture
def narrow(start_server: StartServer, models_dir: Path) -> Server:
    """One worker that computes two answers at once, so one grid."""
    return start_server(
        SERVICE_MODELS_DIR=str(models_dir), SERVICE_MAX_CONCURRENCY="2", WEB_CONCURRENCY="1", SERVICE_CACHE_BYTES="0"
    )


def test_what_does_not_fit_the_queue_is_refused_at_once_and_the_rest_is_answered(narrow: Server) -> None:
    urls = [f"{SLOW_GRID}&x_min=-{1 + i / 100}" for i in range(24)]
    with ThreadPoolExecutor(len(urls)) as pool:
        asked = [pool.submit(narrow.get, url) for url in urls]
        answers = [future.result() for future in as_completed(asked)]
    statuses = [answer.status_code for answer in answers]
    refused = [answer for answer in answers if answer.status_code == 503]
    assert statuses.count(200) + len(refused) == len(urls)
    at_once = len(urls) - 1 - QUEUE_PER_SLOT  # one computes, eight wait (and are refused after 5 s)
    assert statuses[:at_once] == [503] * at_once  # before the first grid was done
    for answer in refused:
        assert answer.headers["Retry-After"] == "1"
        assert answer.json()["status"] == 503
        assert "busy" in answer.json()["detail"]
    assert value(narrow, "boundary_refused_requests_total", lane="grids") == len(refused)
    assert value(narrow, "boundary_waiting_requests") == 0


def test_the_comparisons_picture_is_drawn_when_it_is_its_turn(narrow: Server) -> None:
    with ThreadPoolExecutor(1 + QUEUE_PER_SLOT) as pool:
        for i in range(1 + QUEUE_PER_SLOT):
            pool.submit(narrow.get, f"{SLOW_GRID}&x_min=-{1 + i / 100}")
        wait_for(lambda: value(narrow, "boundary_waiting_requests", lane="grids") == QUEUE_PER_SLOT)
        picture = narrow.get("/comparison?format=png")
        assert (picture.status_code, "busy" in picture.json()["detail"]) == (503, True)
        assert narrow.get("/comparison").status_code == 200


def test_grids_hold_up_neither_predictions_nor_health(narrow: Server) -> None:
    with ThreadPoolExecutor(8) as pool:
        grids = [pool.submit(narrow.get, f"{SLOW_GRID}&x_min=-{1 + i / 100}") for i in range(6)]
        wait_for(lambda: value(narrow, "boundary_waiting_requests", lane="grids") > 0)
        for _ in range(5):
            assert narrow.predict(points=[[0.1, 0.2]]).status_code == 200
            assert narrow.get("/health/ready").status_code == 200
        assert not all(grid.done() for grid in grids)  # all of that while grids were computed


@contextmanager
def held(slots: Slots) -> Iterator[None]:
    slots.take()
    try:
        yield
    finally:
        slots.give_back()


def test_slots_are_given_back_however_a_request_ends() -> None:
    everything = Slots(Lane.PREDICTIONS, 1)
    grids = Slots(Lane.GRIDS, 1, within=everything)
    with held(everything), pytest.raises(OverloadedError, match="nothing new"):  # waits for QUEUE_SECONDS
        grids.take()
    with held(grids):
        pass


def test_a_caller_that_may_not_wait_is_told_at_once_and_holds_nothing() -> None:
    everything = Slots(Lane.PREDICTIONS, 1)
    grids = Slots(Lane.GRIDS, 1, within=everything)
    with held(everything):
        for slots in (everything, grids):
            with pytest.raises(WouldBlockError):
                slots.take(may_wait=False)
    assert grids.take(may_wait=False) == 0


def test_a_full_queue_takes_nobody_in() -> None:
    slots = Slots(Lane.PREDICTIONS, 1)

    def wait() -> None:
        with held(slots):
            pass

    waiting = [Thread(target=wait) for _ in range(QUEUE_PER_SLOT)]
    with held(slots):
        for thread in waiting:
            thread.start()
        time.sleep(0.2)  # all of them wait now
        with pytest.raises(OverloadedError, match="too many"):
            slots.take()
    for thread in waiting:
        thread.join()
    with held(slots):
        pass


def test_the_cache_keeps_the_last_answers_within_its_bytes() -> None:
    cache = ResponseCache(800)
    for tag in "abcdefghij":
        cache.put(tag, [b"x" * 60, b"y" * 40])
        assert cache.get("a") is not None  # asked for again and again, so it stays
    assert cache.get("b") is None
    assert cache.get("j") == [b"x" * 60 + b"y" * 40]
    cache.put("big", [b"x" * 101])  # more than an eighth of all
    assert cache.get("big") is None
    nothing = ResponseCache(0)
    nothing.put("a", [b"x"])
    assert nothing.get("a") is None


def test_a_grid_asked_for_again_is_not_computed_again(server: Server) -> None:
    url = "/boundary?model=relu-3&resolution=41&x_min=-1.25&format=npy"
    before = value(server, "boundary_points_total", model="relu-3")
    answers = [server.get(url).content for _ in range(12)]
    assert set(answers) == {answers[0]}
    computed = value(server, "boundary_points_total", model="relu-3") - before
    assert computed in (41 * 41, 2 * 41 * 41)  # once a worker
    assert value(server, "boundary_cache_total", result="hit") >= 10


def test_two_hundred_idle_connections_hold_nobody_up(server: Server) -> None:
    port = int(server.url.rpartition(":")[2])
    with ExitStack() as idle:
        for _ in range(200):
            idle.enter_context(socket.create_connection(("127.0.0.1", port)))
        answers = [requests.get(server.url + "/health/live", timeout=4).status_code for _ in range(20)]
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
    server = start_server(SERVICE_MODELS_DIR=str(models_dir), WEB_CONCURRENCY="1")
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
