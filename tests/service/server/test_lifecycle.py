"""Workers start ready, stop without losing a request, and are replaced when they die."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from harness.held_grids import HELD_GRID, held, held_grid, holding
from harness.processes import connected
from tests.conftest import Server, StartServer, running, wait_for


@pytest.fixture
def own(start_server: StartServer, models_dir: Path, tmp_path: Path) -> Server:
    """Two workers, both of which are there, that a test may stop; in their queues one may wait for a minute."""
    environment = {"SERVICE_MODELS_DIR": str(models_dir), "WEB_CONCURRENCY": "2", **holding(tmp_path)}
    server = start_server(constants={"service.dataplane.admission.QUEUE_SECONDS": 60}, **environment)
    wait_until_both_answer(server)
    return server


@pytest.fixture(scope="module")
def lasting(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Two workers of an arbiter that outlives them."""
    environment = {"SERVICE_MODELS_DIR": str(models_dir), "WEB_CONCURRENCY": "2"}
    with running(tmp_path_factory.mktemp("lasting"), **environment) as started:
        yield started


def wait_until_both_answer(server: Server) -> None:
    wait_for(lambda: len(server.workers()) == 2)
    with server.each_worker():
        pass


def test_what_is_asked_before_sigterm_is_answered_and_the_exit_status_is_0(own: Server) -> None:
    with ThreadPoolExecutor(4) as pool:
        with held(own):
            answers = [pool.submit(own.get, f"{HELD_GRID}&x_min=-{1 + i / 10}") for i in range(4)]
            wait_for(lambda: sum(len(own.held_by(worker)) for worker in own.workers()) == 4)
            own.process.send_signal(signal.SIGTERM)
            wait_for(lambda: not listens(own.port))  # the signal has come
        assert own.process.wait(timeout=60) == 0
        assert [answer.result().status_code for answer in answers] == [200] * 4
    with pytest.raises(requests.ConnectionError):
        own.get("/health/live")


def listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_a_stopping_worker_says_that_it_is_not_ready(
    start_server: StartServer, models_dir: Path, tmp_path: Path
) -> None:
    minute = {"service.server.bounds.STOP_SECONDS": 60}
    server = start_server(SERVICE_MODELS_DIR=str(models_dir), constants=minute, **holding(tmp_path))
    with requests.Session() as session:
        assert session.get(server.url + "/health/ready", timeout=60).json()["ready"] is True
        with held_grid(server) as grid:  # keeps the worker from being gone before it is asked
            server.process.send_signal(signal.SIGTERM)
            wait_for(lambda: not listens(server.port))  # the signal has come
            ready = session.get(server.url + "/health/ready", timeout=60)  # over the connection that it has
            assert (ready.status_code, ready.json()["ready"]) == (503, False)
        assert grid.result().status_code == 200


def test_a_killed_worker_is_replaced_and_the_other_answers_meanwhile(lasting: Server) -> None:
    wait_until_both_answer(lasting)
    victim, survivor = lasting.workers()
    os.kill(victim, signal.SIGKILL)
    answers = [lasting.predict(points=[[0, 0]]).status_code for _ in range(30)]  # a connection each
    assert answers == [200] * 30
    wait_for(lambda: len(lasting.workers()) == 2 and victim not in lasting.workers())
    assert survivor in lasting.workers()


@pytest.mark.parametrize("signal_of", [signal.SIGHUP, signal.SIGTERM])
def test_a_graceful_restart_loses_nothing(lasting: Server, signal_of: signal.Signals) -> None:
    wait_until_both_answer(lasting)
    before = lasting.workers()
    failures: list[object] = []
    asked = [0] * 4
    done = False

    def ask(asker: int) -> None:
        with requests.Session() as session:
            while not done:
                sender = session if asker < 2 else requests  # two keep their connections
                time.sleep(0.005)  # else they take the cores that new workers start on
                try:
                    status = sender.post(lasting.url + "/predict", json={"points": [[0, 0]]}, timeout=60).status_code
                    if status != 200:
                        failures.append(status)
                except requests.RequestException as error:
                    failures.append(error)
                asked[asker] += 1

    def wait_for_more() -> None:
        so_far = list(asked)
        wait_for(lambda: all(now >= then + 20 for now, then in zip(asked, so_far, strict=True)))

    with ThreadPoolExecutor(4) as pool:
        pool.map(ask, range(4))
        try:
            wait_for_more()
            os.kill(lasting.process.pid if signal_of == signal.SIGHUP else before[0], signal_of)
            gone = set(before) if signal_of == signal.SIGHUP else {before[0]}
            wait_for(lambda: len(lasting.workers()) == 2 and not gone & set(lasting.workers()))
            wait_for_more()
        finally:
            done = True
    assert failures == []


@pytest.mark.parametrize("connection", ["close", "keep-alive"])
def test_connections_that_wait_when_the_service_is_stopped_are_answered(own: Server, connection: str) -> None:
    for worker in own.workers():
        os.kill(worker, signal.SIGSTOP)
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_connection(own.address, timeout=60)) for _ in range(30)]
        for each in sockets:
            each.sendall(f"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: {connection}\r\n\r\n".encode())
        wait_for(lambda: len(connected(own.port)) == 30)
        own.process.send_signal(signal.SIGTERM)
        wait_for(lambda: "Handling signal: term" in own.log.read_text())
        time.sleep(0.2)  # in which the arbiter tells them: later, they would be told while they answer, and answer too
        for worker in own.workers():
            os.kill(worker, signal.SIGCONT)
        answers = [each.recv(1000) for each in sockets]
    assert {answer.split(b"\r\n")[0] for answer in answers} == {b"HTTP/1.1 200 OK"}
    assert own.process.wait(timeout=60) == 0


def test_recycling_workers_loses_nothing(start_server: StartServer, models_dir: Path) -> None:
    recycling = {"WEB_CONCURRENCY": "2", "GUNICORN_CMD_ARGS": "--max-requests 50"}
    server = start_server(SERVICE_MODELS_DIR=str(models_dir), **recycling)
    wait_for(lambda: len(server.workers()) == 2)
    first = set(server.workers())
    statuses: set[int] = set()
    with ThreadPoolExecutor(4) as pool, requests.Session() as session:

        def ask(_: int) -> int:
            return session.post(server.url + "/predict", json={"points": [[0, 0]]}, timeout=60).status_code

        def all_are_others() -> bool:
            statuses.update(pool.map(ask, range(20)))
            return not first & set(server.workers())

        wait_for(all_are_others)
    assert statuses == {200}


def test_connections_are_spread_evenly_over_the_workers(start_server: StartServer, models_dir: Path) -> None:
    """They back off for longer than they do: on a busy machine a worker takes long to wake."""
    backoff = {"ACCEPT_BACKOFF_SECONDS": 2, "MAX_ACCEPT_BACKOFF_SECONDS": 10}
    constants = {f"service.server.worker.{name}": seconds for name, seconds in backoff.items()}
    own = start_server(SERVICE_MODELS_DIR=str(models_dir), WEB_CONCURRENCY="2", constants=constants)
    wait_until_both_answer(own)
    sockets = [socket.create_connection(own.address) for _ in range(16)]
    try:
        for each in sockets:
            each.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
        for each in sockets:
            assert each.recv(100).startswith(b"HTTP/1.1 200")
        held = [len(own.held_by(worker)) for worker in own.workers()]
    finally:
        for each in sockets:
            each.close()
    assert max(held) - min(held) <= 4, held


def test_where_memory_is_short_workers_go_before_the_arbiter(server: Server) -> None:
    def score(process: int) -> int:
        return int(Path(f"/proc/{process}/oom_score_adj").read_text())

    assert {score(worker) for worker in server.workers()} == {min(1000, score(server.process.pid) + 300)}
