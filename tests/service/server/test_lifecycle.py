"""Workers start ready, stop without losing a request, and are replaced when they die."""

import os
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from tests.conftest import MODELS, Server, StartServer, wait_for
from tests.service.test_observability import value

GRID = "/boundary?statistic=std&resolution=1000&format=npy"  # a second or so


@pytest.fixture
def own(start_server: StartServer, models_dir: Path) -> Server:
    return start_server(SERVICE_MODELS_DIR=str(models_dir))


def test_what_is_asked_before_sigterm_is_answered_and_the_exit_status_is_0(own: Server) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(own.get, f"{GRID}&x_min=-{1 + i / 10}") for i in range(4)]
        wait_for(lambda: len(_connections(own)) >= 4)
        time.sleep(0.2)
        assert own.stop() == 0
        assert [answer.result().status_code for answer in answers] == [200] * 4
    with pytest.raises(requests.ConnectionError):
        own.get("/health/live")


def test_a_stopping_worker_says_that_it_is_not_ready(start_server: StartServer, models_dir: Path) -> None:
    server = start_server(SERVICE_MODELS_DIR=str(models_dir), WEB_CONCURRENCY="1")
    with requests.Session() as session, ThreadPoolExecutor(1) as pool:
        assert session.get(server.url + "/health/ready", timeout=10).json()["ready"] is True
        grid = pool.submit(server.get, GRID)  # keeps the worker from being gone before it is asked
        wait_for(lambda: len(_connections(server)) >= 2)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        answer = session.get(server.url + "/health/ready", timeout=10)  # over the connection that it has
        assert (answer.status_code, answer.json()["ready"]) == (503, False)
        assert grid.result().status_code == 200


def test_a_killed_worker_is_replaced_and_the_other_answers_meanwhile(own: Server) -> None:
    victim, survivor = own.workers()
    os.kill(victim, signal.SIGKILL)
    answers = [own.predict(points=[[0, 0]]).status_code for _ in range(30)]  # a connection each
    assert answers == [200] * 30
    wait_for(lambda: len(own.workers()) == 2 and victim not in own.workers())
    assert survivor in own.workers()


@pytest.mark.parametrize("signal_of", [signal.SIGHUP, signal.SIGTERM])
def test_a_graceful_restart_loses_nothing(own: Server, signal_of: signal.Signals) -> None:
    before = own.workers()
    failures: list[object] = []
    done = False

    def ask(keep_alive: bool) -> int:
        count = 0
        with requests.Session() as session:
            while not done:
                sender = session if keep_alive else requests
                try:
                    status = sender.post(own.url + "/predict", json={"points": [[0, 0]]}, timeout=20).status_code
                    if status != 200:
                        failures.append(status)
                except requests.RequestException as error:
                    failures.append(error)
                count += 1
        return count

    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(ask, keep_alive) for keep_alive in (True, True, False, False)]
        time.sleep(0.5)
        target = own.process.pid if signal_of == signal.SIGHUP else before[0]
        os.kill(target, signal_of)
        gone = set(before) if signal_of == signal.SIGHUP else {before[0]}
        wait_for(lambda: len(own.workers()) == 2 and not gone & set(own.workers()))
        time.sleep(0.5)
        done = True
        assert sum(future.result() for future in asked) > 100
    assert failures == []


@pytest.mark.parametrize("connection", ["close", "keep-alive"])
def test_connections_that_wait_when_the_service_is_stopped_are_answered(own: Server, connection: str) -> None:
    port = int(own.url.rpartition(":")[2])
    for worker in own.workers():
        os.kill(worker, signal.SIGSTOP)
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20)) for _ in range(30)]
        for each in sockets:
            each.sendall(f"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: {connection}\r\n\r\n".encode())
        time.sleep(0.2)
        own.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        for worker in own.workers():
            os.kill(worker, signal.SIGCONT)
        answers = [each.recv(1000) for each in sockets]
    assert {answer.split(b"\r\n")[0] for answer in answers} == {b"HTTP/1.1 200 OK"}
    assert own.process.wait(timeout=20) == 0


def test_recycling_workers_loses_nothing(start_server: StartServer, models_dir: Path) -> None:
    server = start_server(SERVICE_MODELS_DIR=str(models_dir), GUNICORN_CMD_ARGS="--max-requests 50")
    first = set(server.workers())
    with ThreadPoolExecutor(4) as pool, requests.Session() as session:
        statuses = list(
            pool.map(
                lambda _: session.post(server.url + "/predict", json={"points": [[0, 0]]}, timeout=20).status_code,
                range(400),
            )
        )
    assert statuses == [200] * 400
    assert not first & set(server.workers())


def _connections(server: Server) -> list[str]:
    """Return the connections that are open to a server, as the kernel lists them."""
    port = f":{int(server.url.rpartition(':')[2]):04X}"
    lines = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return [line[2] for line in lines if line[1].endswith(port) and line[3] == "01"]


def test_connections_are_spread_evenly_over_the_workers(own: Server) -> None:
    wait_for(lambda: value(own, "boundary_loads_total") == 2 * len(MODELS))  # both workers are there
    port = int(own.url.rpartition(":")[2])
    sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(16)]
    try:
        for each in sockets:
            each.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
        for each in sockets:
            assert each.recv(100).startswith(b"HTTP/1.1 200")
        held = [_sockets_of(worker) for worker in own.workers()]
    finally:
        for each in sockets:
            each.close()
    assert max(held) - min(held) <= 4, held


def _sockets_of(pid: int) -> int:
    return sum(
        str(link.readlink()).startswith("socket:") for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()
    )


def test_where_memory_is_short_workers_go_before_the_arbiter(server: Server) -> None:
    def score(process: int) -> int:
        return int(Path(f"/proc/{process}/oom_score_adj").read_text())

    assert {score(worker) for worker in server.workers()} == {min(1000, score(server.process.pid) + 300)}
