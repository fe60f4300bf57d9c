"""A connection to each worker, to see when all of them have changed."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any

import orjson

from chaos.soak.server import WORKERS, Server

PATIENCE_SECONDS = 30
LOOK_SECONDS = 0.005

Holds = Callable[[Any], bool]
"""Says of a JSON document whether it shows the change."""


@contextmanager
def each_worker(server: Server) -> Iterator[list[HTTPConnection]]:
    """Give a connection to each of the workers.

    A new connection goes to the worker with fewer, so what reaches the wrong one is held until all are reached.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    missing, opened, found = set(server.workers()), [], []
    try:
        while missing:
            if time.monotonic() > deadline:
                raise RuntimeError(f"no connection reaches the workers {missing}")
            connection = HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_SECONDS)
            opened.append(connection)
            ask(connection, "/health/live")  # the kernel keeps it until a request is there
            port = connection.sock.getsockname()[1]
            owner = next((pid for pid in missing if port in server.held_by(pid)), None)
            if owner is None:
                time.sleep(LOOK_SECONDS)
            else:
                missing.remove(owner)
                found.append(connection)
        yield found
    finally:
        for connection in opened:
            connection.close()


def ask(connection: HTTPConnection, path: str) -> Any:
    """Return the JSON document at a path, from the worker at the other end."""
    connection.request("GET", path)
    return orjson.loads(connection.getresponse().read())


def seconds_until(connections: list[HTTPConnection], path: str, holds: Holds) -> float:
    """Return after how long every worker shows a change; all are asked again and again."""
    began, waiting = time.monotonic(), list(connections)
    while waiting:
        if time.monotonic() > began + PATIENCE_SECONDS:
            raise RuntimeError(f"{len(waiting)} workers do not follow: {ask(waiting[0], path)}")
        waiting = [connection for connection in waiting if not holds(ask(connection, path))]
        time.sleep(LOOK_SECONDS)
    return time.monotonic() - began


def wait_for_successors(server: Server, gone: Iterable[int]) -> None:
    """Wait until all of these workers have gone, and others in their place answer."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while set(gone) & set(living := server.workers()) or len(living) != WORKERS:
        if time.monotonic() > deadline:
            raise RuntimeError(f"workers {living} instead of {WORKERS} successors of {gone}")
        time.sleep(0.02)
    with each_worker(server):
        pass
