"""A worker that is told to stop takes the connections that wait, whenever it is told."""

import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from selectors import DefaultSelector

from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.sock import TCPSocket

from service.server.worker import Worker


def test_a_worker_that_is_told_to_stop_before_it_accepts_takes_what_waits_and_does_not_block() -> None:
    config = Config()
    with closing(TCPSocket(("127.0.0.1", 0), config, Logger(config))) as listener, ExitStack() as stack:
        listener.setblocking(True)  # as it is until a worker begins to accept
        worker = Worker(1, 1, [listener], None, 30, config, Logger(config))
        worker.poller = stack.enter_context(DefaultSelector())
        stack.callback(worker.tmp.close)
        for _ in range(3):
            stack.enter_context(socket.create_connection(listener.sock.getsockname()[:2]))
        worker.alive = False
        with ThreadPoolExecutor(1) as pool:
            draining = pool.submit(worker.set_accept_enabled, False)
            try:
                draining.result(timeout=60)
            finally:
                if not draining.done():  # one more connection lets it go on, and the test end
                    stack.enter_context(socket.create_connection(listener.sock.getsockname()[:2]))
        assert worker.nr_conns == 3
        for connection in list(worker.keepalived_conns):
            connection.close()
        worker.free_slot()
