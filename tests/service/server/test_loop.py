"""The loop answers whatever way requests come in and answers go out, and no client holds it or its threads up."""

import http.client
import io
import json
import os
import re
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.conftest import ROOT, Server, running

GRID = "/boundary?resolution=1000&format=npy"
BODY = b'{"points": [[0.1, 0.2]]}'
PREDICT = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 24\r\n\r\n" + BODY
CLOSING = PREDICT.replace(b"Host: x", b"Host: x\r\nConnection: close")


@pytest.fixture(scope="module")
def server(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One worker, so that whoever holds it up holds everybody up."""
    directory = tmp_path_factory.mktemp("server")
    with running(directory, SERVICE_MODELS_DIR=str(models_dir)) as started:
        yield started


@contextmanager
def connected(server: Server) -> Iterator[socket.socket]:
    with socket.create_connection(server.address, timeout=60) as connection:
        yield connection


def answer(connection: socket.socket) -> tuple[http.client.HTTPResponse, bytes]:
    """Read one answer, and no byte of what follows it: `HTTPResponse` alone would read on, and lose it."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += received(connection, 1)
    response = http.client.HTTPResponse(Head(head))  # type: ignore[arg-type]  # of a socket it needs no more
    response.begin()
    return response, received(connection, response.length or 0)


@dataclass(frozen=True)
class Head:
    """What `HTTPResponse` takes for a socket."""

    content: bytes

    def makefile(self, _: str) -> io.BytesIO:
        return io.BytesIO(self.content)


def received(connection: socket.socket, count: int) -> bytes:
    content = bytearray()
    while len(content) < count:
        more = connection.recv(count - len(content))
        assert more, "the connection has ended"
        content += more
    return bytes(content)


def probabilities(content: bytes) -> list[float]:
    found: list[float] = json.loads(content)["probabilities"]
    return found


def test_one_connection_goes_between_loop_and_threads(server: Server) -> None:
    ways = [
        (PREDICT, 200),
        (b"GET /models/linear HTTP/1.1\r\nHost: x\r\n\r\n", 200),
        (PREDICT.replace(b"0.2]", b"oops"), 400),
        (PREDICT, 200),
        (b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n", 200),
        (PREDICT.replace(b"/predict", b"/nowhere"), 404),
    ]
    with connected(server) as connection:
        for sent, status in ways * 3:
            connection.sendall(sent)
            response, content = answer(connection)
            assert (response.status, response.headers["Connection"]) == (status, "keep-alive")
            if sent is PREDICT:
                assert len(probabilities(content)) == 1


def test_requests_sent_together_are_answered_in_their_order(server: Server) -> None:
    others = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
    with connected(server) as connection:
        connection.sendall(PREDICT + others + PREDICT.replace(b"0.2]", b"oops") + CLOSING)
        with connection.makefile("rb") as reader:
            content = reader.read()
    assert re.findall(rb"HTTP/1\.1 (\d+)", content) == [b"200", b"200", b"400", b"200"]


def test_a_request_may_come_in_byte_by_byte(server: Server) -> None:
    with connected(server) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in PREDICT:
            connection.sendall(bytes([byte]))
        response, content = answer(connection)
    assert response.status == 200
    assert len(probabilities(content)) == 1


def test_a_client_that_has_said_all_is_answered_and_one_that_stops_short_is_told(server: Server) -> None:
    for sent, status in ((PREDICT, 200), (PREDICT[:-5], 400)):
        with connected(server) as connection:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            response, _ = answer(connection)
            assert response.status == status


def test_where_the_connection_is_not_kept_it_is_closed_after_the_answer(server: Server) -> None:
    with connected(server) as connection:
        connection.sendall(CLOSING)
        response, _ = answer(connection)
        assert response.headers["Connection"] == "close"
        assert connection.recv(1) == b""


def test_clients_that_do_not_close_hold_nobody_up(server: Server) -> None:
    with ExitStack() as stack:
        for _ in range(30):  # to wait for each in turn, as gunicorn does for 2 s, would take a minute
            connection = stack.enter_context(connected(server))
            connection.sendall(CLOSING.replace(b"/predict", b"/nowhere"))
            assert answer(connection)[0].status == 404
        assert requests.get(server.url + "/health/live", timeout=20).status_code == 200


def test_clients_that_send_slowly_hold_nobody_up(server: Server) -> None:
    with ExitStack() as stack:
        for i in range(100):  # twice as many as there are threads
            connection = stack.enter_context(connected(server))
            connection.sendall(PREDICT[: 20 + i])
        assert server.predict(points=[[0.1, 0.2]]).status_code == 200
        assert requests.get(server.url + "/boundary?resolution=11", timeout=20).status_code == 200
        connection.sendall(PREDICT[20 + i :])  # and are answered when they are done
        assert answer(connection)[0].status == 200


def long_predict(n: int) -> bytes:
    body = json.dumps({"points": [[0.1, 0.2]] * n}).encode()
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return head % len(body) + body


def test_one_connection_takes_long_requests_and_short_ones(server: Server) -> None:
    with connected(server) as connection:
        for n in (20_000, 1, 50_000, 6_000, 1):
            connection.sendall(long_predict(n))
            response, content = answer(connection)
            assert (response.status, response.headers["Connection"]) == (200, "keep-alive")
            assert len(probabilities(content)) == n


def test_what_follows_a_long_request_is_not_lost(server: Server) -> None:
    with connected(server) as connection:
        connection.sendall(long_predict(5_000) + long_predict(20_000) + PREDICT)
        for n in (5_000, 20_000, 1):
            response, content = answer(connection)
            assert (response.status, len(probabilities(content))) == (200, n)


def test_a_long_body_that_breaks_off_is_said_to(server: Server) -> None:
    for size in (100_000, 400_000):
        with connected(server) as connection:
            connection.sendall(long_predict(50_000)[:size])
            connection.shutdown(socket.SHUT_WR)
            response, content = answer(connection)
            assert (response.status, response.headers["Connection"]) == (400, "close")
            assert b"fewer than its Content-Length" in content


def test_an_answer_that_does_not_fit_the_clients_buffers_comes_whole(server: Server) -> None:
    expected = server.get(GRID).content  # kept from now on: 4 MB
    assert len(expected) == 4 * 1000 * 1000 + 128
    with ExitStack() as stack:
        connections = [stack.enter_context(connected(server)) for _ in range(4)]
        for connection in connections:
            connection.sendall(f"GET {GRID} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert server.predict(points=[[0.1, 0.2]]).status_code == 200  # while nobody reads
        for connection in connections:
            response, content = answer(connection)
            assert (response.status, content == expected) == (200, True)
            connection.sendall(PREDICT)
            assert answer(connection)[0].status == 200


def test_clients_that_go_away_leave_nothing_behind(server: Server) -> None:
    (worker,) = server.workers()

    def descriptors() -> int:
        return len(list(Path(f"/proc/{worker}/fd").iterdir()))

    server.get(GRID)
    before = descriptors()
    expecting = PREDICT[: -len(BODY)].replace(b"Host: x", b"Expect: 100-continue")
    some = (b"", PREDICT[:50], PREDICT, CLOSING, expecting, PREDICT + PREDICT, f"GET {GRID} HTTP/1.1\r\n\r\n".encode())
    for sent in some * 10:
        for reset in (False, True):
            with connected(server) as connection:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", reset, 0))
                connection.sendall(sent)
    assert server.predict(points=[[0.1, 0.2]]).status_code == 200
    with connected(server) as connection:  # the loop has seen to all before
        connection.sendall(PREDICT)
        answer(connection)
    deadline = 100
    while descriptors() > before and deadline:
        requests.get(server.url + "/health/live", timeout=20)
        deadline -= 1
    assert descriptors() <= before


def test_a_certificate_is_refused_at_the_start() -> None:
    command = [sys.executable, "-m", "gunicorn", "--certfile", "/dev/null", "--keyfile", "/dev/null"]
    environment = {**os.environ, "PORT": "0"}
    found = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert found.returncode != 0
    assert "put a proxy in front" in found.stderr
