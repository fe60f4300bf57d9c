"""A worker that is told to stop takes the connections that wait, and no connection is closed on a request."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from selectors import DefaultSelector

import pytest
from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.sock import TCPSocket

from service.server.worker import Worker


@pytest.fixture
def worker() -> Iterator[Worker]:
    """A worker that does not run, and listens on a socket that blocks, as it does until a worker begins to accept."""
    config = Config()
    with closing(TCPSocket(("127.0.0.1", 0), config, Logger(config))) as listener, DefaultSelector() as poller:
        listener.setblocking(True)
        made = Worker(1, 1, [listener], None, 30, config, Logger(config))
        made.poller = poller
        made.answer = lambda *_, **__: ("200 OK", [("Content-Length", "2")], [b"ok"])
        yield made
        made.murder_keepalived(force=True)
        made.tmp.close()
        made.free_slot()


def connect(worker: Worker) -> socket.socket:
    return socket.create_connection(worker.sockets[0].sock.getsockname()[:2], timeout=60)


def test_a_worker_that_is_told_to_stop_before_it_accepts_takes_what_waits_and_does_not_block(worker: Worker) -> None:
    with ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(connect(worker))
        worker.alive = False
        late = worker.sockets[0].sock.getsockname()[:2]
        with ThreadPoolExecutor(1) as pool:
            draining = pool.submit(worker.set_accept_enabled, False)
            try:
                draining.result(timeout=60)
            finally:
                if not draining.done():  # one more connection lets it go on, and the test end
                    stack.enter_context(socket.create_connection(late))
        assert worker.nr_conns == 3


def test_a_connection_whose_time_is_up_is_closed_unless_a_request_has_just_come_in(worker: Worker) -> None:
    with connect(worker) as silent, connect(worker) as asking:
        for _ in range(2):
            worker.accept(worker.sockets[0])
        for conn in worker.keepalived_conns:
            conn.timeout = 0
        asking.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        worker.murder_keepalived()
        assert silent.recv(1) == b""
        answer = asking.recv(1000)
        assert (answer[:15], answer[-2:]) == (b"HTTP/1.1 200 OK", b"ok")
        assert b"Connection: keep-alive" in answer
        worker.murder_keepalived()
        assert worker.nr_conns == 1
