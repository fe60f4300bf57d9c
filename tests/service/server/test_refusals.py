"""What a worker refuses or ends by itself is counted and said in its log."""

import logging
import socket
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import closing
from http import HTTPStatus
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.workers.gthread import TConn

from service.server.loop import LoopWorker
from service.server.request_parser import RECEIVE_BYTES, Request, WireResponse
from tests.service.server.workers import made_as_by_an_arbiter


class Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@pytest.fixture
def lines() -> Iterator[list[str]]:
    handler = Lines()
    logging.getLogger("gunicorn.error").addHandler(handler)
    yield handler.lines
    logging.getLogger("gunicorn.error").removeHandler(handler)


@pytest.fixture
def worker() -> Iterator[LoopWorker]:
    """A worker as its arbiter makes it, with what it has once it runs."""
    config = Config()
    config.set("worker_connections", 10)
    with made_as_by_an_arbiter(LoopWorker, config) as made:
        yield made


@pytest.fixture
def client(worker: LoopWorker) -> Iterator[tuple[socket.socket, TConn]]:
    ours, theirs = socket.socketpair()
    with closing(ours), closing(theirs):
        theirs.settimeout(60)
        yield theirs, TConn(worker.cfg, ours, ("127.0.0.1", 1), ("127.0.0.1", 2))


def test_a_request_for_which_something_runs_out_on_the_loop_is_counted_and_logged(
    worker: LoopWorker, client: tuple[socket.socket, TConn], lines: list[str]
) -> None:
    counted: list[HTTPStatus] = []

    def answer(request: Request, *, may_wait: bool) -> WireResponse | None:
        raise MemoryError(request.method, may_wait)

    worker.answer, worker.count_refusal = answer, counted.append
    theirs, conn = client
    theirs.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    worker.nr_conns = 1
    worker.enqueue_req(conn)
    assert theirs.recv(2**16).startswith(b"HTTP/1.1 503 ")
    assert counted == [HTTPStatus.SERVICE_UNAVAILABLE]
    assert lines == ["a request is refused: MemoryError('GET', False)"]


@pytest.mark.parametrize(("error", "said"), [
    (ValueError("odd"), ["a connection ends without its response: ValueError('odd')"]),
    (MemoryError(), ["a connection ends without its response: MemoryError()"]),
    (BrokenPipeError(), []),
])  # fmt: skip
def test_a_connection_that_a_thread_cannot_answer_ends_with_a_line_unless_its_client_has_gone(
    worker: LoopWorker, client: tuple[socket.socket, TConn], lines: list[str], error: Exception, said: list[str]
) -> None:
    theirs, conn = client
    conn.init()
    conn.held_bytes, worker.nr_conns = 0, 1
    done: Future[Any] = Future()
    done.set_exception(error)
    worker.finish_request(conn, done)
    assert theirs.recv(1) == b""
    assert (worker.nr_conns, lines) == (0, said)


def test_who_holds_nothing_to_speak_of_is_not_ended_for_what_threads_hold(
    worker: LoopWorker, client: tuple[socket.socket, TConn], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client has half of a head here; another's request, with a thread, takes up more than there is room for."""
    monkeypatch.setattr("service.server.bounds.MAX_HELD_BYTES", 2 * RECEIVE_BYTES)
    theirs, conn = client
    theirs.sendall(b"GET / HTTP/1.1\r\n")
    worker.nr_conns = 1
    worker.enqueue_req(conn)
    worker.held_bytes += 3 * RECEIVE_BYTES
    worker.hold(conn, RECEIVE_BYTES)
    assert list(worker.pending_conns) == [conn]
    worker.hold(conn, RECEIVE_BYTES + 1)
    assert theirs.recv(2**16).startswith(b"HTTP/1.1 503 ")
