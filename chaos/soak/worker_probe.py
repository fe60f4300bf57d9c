"""A connection to each worker, to see when all of them have changed."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any

import orjson

from chaos.soak.server import WORKERS, Server

TIMEOUT_SECONDS = 30
POLL_SECONDS = 0.005

Condition = Callable[[Any], bool]
"""Says of a JSON document whether it shows a change."""


@contextmanager
def each_worker(server: Server) -> Iterator[list[HTTPConnection]]:
    """Yield a connection to each of the workers.

    A new connection goes to the worker with fewer, so one to the wrong worker stays open until all are reached.
    """
    deadline = time.monotonic() + TIMEOUT_SECONDS
    missing, opened, reached = set(server.workers()), [], []
    try:
        while missing:
            if time.monotonic() > deadline:
                raise RuntimeError(f"no connection reaches the workers {missing}")
            connection = HTTPConnection("127.0.0.1", server.port, timeout=TIMEOUT_SECONDS)
            opened.append(connection)
            get_json(connection, "/health/live")  # the kernel holds a connection back until it has a request
            port = connection.sock.getsockname()[1]
            owner = next((pid for pid in missing if port in server.held_by(pid)), None)
            if owner is None:
                time.sleep(POLL_SECONDS)
            else:
                missing.remove(owner)
                reached.append(connection)
        yield reached
    finally:
        for connection in opened:
            connection.close()


def get_json(connection: HTTPConnection, path: str) -> Any:
    connection.request("GET", path)
    return orjson.loads(connection.getresponse().read())


def seconds_until_all(connections: list[HTTPConnection], path: str, condition: Condition) -> float:
    """Poll every worker until its document meets a condition; return how long the last one took."""
    start, waiting = time.monotonic(), list(connections)
    while waiting:
        if time.monotonic() > start + TIMEOUT_SECONDS:
            raise RuntimeError(f"{len(waiting)} workers do not change: {get_json(waiting[0], path)}")
        waiting = [connection for connection in waiting if not condition(get_json(connection, path))]
        time.sleep(POLL_SECONDS)
    return time.monotonic() - start


def wait_for_replacements(server: Server, gone: Iterable[int]) -> None:
    """Wait until these workers have ended, and all workers in their place answer."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while set(gone) & set(living := server.workers()) or len(living) != WORKERS:
        if time.monotonic() > deadline:
            raise RuntimeError(f"workers {living} instead of {WORKERS} replacements of {gone}")
        time.sleep(0.02)
    with each_worker(server):
        pass
