"""Every wait for a client has a bound and holds no thread; what runs out is refused, and ends no worker."""

import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from textwrap import dedent

import pytest

from tests.conftest import ROOT, Server, StartServer, running, wait_for
from tests.service.test_observability import value

HEAD = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
LIVE = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
BY_A_THREAD = "/comparison"
GRID = "/boundary?resolution=1000&format=npy"

STALLED = {
    "half a head": HEAD,
    "a long head": HEAD + b"Long: " + b"x" * 5000,
    "a long body of which a byte came": HEAD + b"Content-Length: 1000000\r\n\r\n[",
    "a chunk without its end": HEAD + b"Transfer-Encoding: chunked\r\n\r\nffff\r\n[",
    "a body that is waited for": HEAD + b"Content-Length: 24\r\nExpect: 100-continue\r\n\r\n",
    "half a second request": LIVE + HEAD,
    "nobody reads": f"GET {GRID} HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
}
"""What clients send before they stall."""


@pytest.fixture(scope="module")
def server(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One worker with four threads, for which a client may make it wait a second."""
    with running(tmp_path_factory.mktemp("server"), **few(models_dir, "--threads 4", CLIENT_SECONDS=1)) as started:
        yield started


def few(models_dir: Path, arguments: str, **constants: float) -> dict[str, object]:
    return {
        "SERVICE_MODELS_DIR": str(models_dir),
        "GUNICORN_CMD_ARGS": f"--config harness/constants.py {arguments}",
        "constants": {f"service.server.bounds.{name}": value for name, value in constants.items()},
    }


def stall(server: Server, stack: ExitStack, sent: bytes) -> socket.socket:
    connection = stack.enter_context(socket.socket())
    connection.settimeout(60)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(server.address)
    connection.sendall(sent)
    return connection


def until_closed(connection: socket.socket) -> bytes:
    received = b""
    with suppress(ConnectionResetError):
        while piece := connection.recv(2**20):
            received += piece
    return received


def test_clients_that_stall_hold_no_thread_and_are_ended_in_time(server: Server) -> None:
    (worker,) = server.workers()
    server.get(GRID)  # cached from now on
    with ExitStack() as stack:
        stalled = {kind: [stall(server, stack, sent) for _ in range(5)] for kind, sent in STALLED.items()}
        assert server.get(BY_A_THREAD).status_code == 200
        wait_for(lambda: not server.held_by(worker))
        silent = {kind for kind, all_of in stalled.items() for one in all_of if b" 408 " not in until_closed(one)}
    assert silent == {"nobody reads"}  # who has read half a response cannot be told anything
    assert server.workers() == [worker]


def test_a_client_that_waits_to_be_told_to_go_on_is_told_and_answered(server: Server) -> None:
    with ExitStack() as stack:
        connection = stall(server, stack, STALLED["a body that is waited for"])
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b'{"points": [[0.1, 0.2]]}')
        assert connection.recv(100).startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_long_body_may_come_in_slowly(server: Server) -> None:
    body = b'{"points": [[0.1, 0.2]]' + b" " * 400_000 + b"}"
    with ExitStack() as stack:
        connection = stall(server, stack, HEAD + b"Content-Length: %d\r\n\r\n" % len(body))
        for first in range(0, len(body), 100_000):
            time.sleep(0.4)  # 1.6 s in all, where a client that moves nothing has one
            connection.sendall(body[first : first + 100_000])
        assert connection.recv(100).startswith(b"HTTP/1.1 200 OK\r\n")


def test_where_there_is_no_room_those_who_stall_go_first(start_server: StartServer, models_dir: Path) -> None:
    own = start_server(**few(models_dir, "--threads 4 --worker-connections 10", CROWDED_SECONDS=0.2))
    with ExitStack() as stack:
        stalled = [stall(own, stack, HEAD) for _ in range(20)]
        assert own.get(BY_A_THREAD).status_code == 200
        told = [until_closed(connection) for connection in stalled]
    assert all(answer.startswith(b"HTTP/1.1 503 ") and b"\r\nRetry-After: 1\r\n" in answer for answer in told)


def test_requests_that_hold_too_much_memory_together_are_refused(start_server: StartServer, models_dir: Path) -> None:
    own = start_server(**few(models_dir, "--threads 4", MAX_HELD_BYTES=200_000))
    with ExitStack() as stack:
        many = stall(own, stack, HEAD + b"Content-Length: 1000000\r\n\r\n" + b" " * 150_000)
        stall(own, stack, HEAD + b"Content-Length: 1000000\r\n\r\n" + b" " * 100_000)
        assert until_closed(many).startswith(b"HTTP/1.1 503 ")
        assert own.predict(points=[[0.1, 0.2]]).status_code == 200
    labels = {"endpoint": "none", "model": "", "status": "503", "version": ""}
    assert value(own, "boundary_request_seconds_count", **labels) == 1


def test_a_worker_without_descriptors_lives_and_accepts_again_when_there_are_some(server: Server) -> None:
    (worker,) = server.workers()
    in_use = len(list(Path(f"/proc/{worker}/fd").iterdir()))
    limits = resource.prlimit(worker, resource.RLIMIT_NOFILE)
    with ExitStack() as stack:
        kept = stall(server, stack, LIVE)
        assert kept.recv(1000).startswith(b"HTTP/1.1 200 ")
        resource.prlimit(worker, resource.RLIMIT_NOFILE, (in_use + 5, limits[1]))
        try:
            waiting = [stall(server, stack, LIVE) for _ in range(20)]
            wait_for(lambda: "accepts nothing" in server.log.read_text())
            kept.sendall(LIVE)
            assert kept.recv(1000).startswith(b"HTTP/1.1 200 ")
        finally:
            resource.prlimit(worker, resource.RLIMIT_NOFILE, limits)
        assert all(connection.recv(1000).startswith(b"HTTP/1.1 200 ") for connection in waiting)
    assert server.workers() == [worker]


def test_connections_leave_room_within_the_limit_of_descriptors() -> None:
    """With two pools of threads, one for each transport, both have as many connections."""
    connections = {(256, 256, 1): 144, (256, 4096, 1): 1000, (32, 32, 1): 49, (256, 1024, 2): 432, (256, 4096, 2): 1000}
    script = f"""
        for soft, hard, pools in {list(connections)}:
            if os.fork() == 0:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
                print(limits.connections(48, pools), flush=True)
                os._exit(0)
            os.wait()
    """
    assert _in_a_process_of_its_own(script).split() == [str(count) for count in connections.values()]


def test_where_the_system_gives_fewer_threads_those_do_all_and_more_come_later() -> None:
    script = """
        resource.setrlimit(resource.RLIMIT_AS, (2**29, resource.RLIM_INFINITY))  # a stack is 8 MiB
        pool = ThreadPool(200)
        few = pool.size
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        done = [pool.submit(pow, 2, n) for n in range(2000)]
        print(1 < few < 100, pool.size, [future.result() for future in done] == [2**n for n in range(2000)])
    """
    assert _in_a_process_of_its_own(script) == "True 200 True"


def _in_a_process_of_its_own(script: str) -> str:
    imports = "import os, resource\nfrom service.server import limits\nfrom service.threads import ThreadPool\n"
    found = subprocess.run(
        [sys.executable, "-c", imports + dedent(script)], cwd=ROOT, capture_output=True, check=True, text=True
    )
    return found.stdout.strip()
