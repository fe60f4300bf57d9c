"""Watches every worker of a server, to see when all of them have changed."""

import time
from collections.abc import Callable, Iterable
from typing import Any

import requests

from chaos.soak.server import WORKERS, Server
from harness.waiting import wait_for

Condition = Callable[[Any], bool]
"""Says of a JSON document whether it shows a change."""


def seconds_until_all(server: Server, workers: list[requests.Session], path: str, condition: Condition) -> float:
    """Poll every worker until its document meets a condition; return how long the last one took."""
    start, waiting = time.monotonic(), list(workers)

    def all_changed() -> bool:
        waiting[:] = [worker for worker in waiting if not condition(worker.get(server.url + path, timeout=30).json())]
        return not waiting

    wait_for(all_changed)
    return time.monotonic() - start


def wait_for_replacements(server: Server, gone: Iterable[int]) -> None:
    """Wait until these workers have ended, and all workers in their place answer."""
    gone = set(gone)
    wait_for(lambda: not gone & set(living := server.workers()) and len(living) == WORKERS)
    with server.each_worker():
        pass
