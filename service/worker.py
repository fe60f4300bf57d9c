"""Gunicorn's threaded worker, with connections shared fairly between workers and none lost when one stops.

All workers accept from one listening socket, so that a connection which waits there is taken by whoever lives. Left
alone, the worker that wakes first takes most of a burst and keeps those connections for good; here a worker that has
more than a sibling lets that one go first. A socket for each worker (SO_REUSEPORT) is no way out: what waits in a
worker's own socket is reset when the worker stops. docs/decisions/0008-serving.md has the measurements.
"""

import mmap
import os
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from gunicorn.workers.gthread import _DEFER, ThreadWorker

from service import PLACE

MAX_WORKERS = 256
"""Workers alive at once, old and new ones during a reload; more would share places, which costs fairness only."""

PATIENCE_SECONDS = 0.001
"""How long a worker waits for a sibling, for each connection that it has more; one wakes in a tenth of that."""

MAX_PATIENCE_SECONDS = 0.005

FEW_THREADS, GROWTH = 8, 8

STALLED_SECONDS = 0.1
"""Under the most that a worker can do, the next request is begun within 20 ms."""

_FREE = 255
_connections = mmap.mmap(-1, MAX_WORKERS)  # anonymous and shared: made before the fork, seen by all workers
_connections.write(bytes([_FREE]) * MAX_WORKERS)


class Pool(ThreadPoolExecutor):
    """Few threads while these get on with what comes, as threads at work at once cost each other time; more, up to
    `most`, whenever work has waited and none was begun for a while: all are held by slow clients or long answers then.
    """

    def __init__(self, most: int) -> None:
        super().__init__(min(FEW_THREADS, most))
        self._most = most
        self._last_begun = time.monotonic()

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        return super().submit(self._begin, work, *args, **kwargs)

    @property
    def is_behind(self) -> bool:
        return not self._work_queue.empty()

    def grow(self) -> None:
        """Add threads where work waits and nothing gets on."""
        if self.is_behind and time.monotonic() - self._last_begun > STALLED_SECONDS:
            for _ in range(min(GROWTH, self._most - self._max_workers)):
                self._max_workers += 1
                self._adjust_thread_count()

    def _begin(self, work: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self._last_begun = time.monotonic()
        return work(*args, **kwargs)


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """One process with a pool of threads."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.place = max(0, _connections[:].find(_FREE))  # in the arbiter, which makes one worker after the other
        super().__init__(*args, **kwargs)

    def give_up_place(self) -> None:
        """Free the place of this worker, which has gone, however it went; called in the arbiter."""
        _connections[self.place] = _FREE

    @property
    def nr_conns(self) -> int:
        """How many connections this worker holds; gunicorn counts them here, and siblings see it."""
        return self._nr_conns

    @nr_conns.setter
    def nr_conns(self, count: int) -> None:
        self._nr_conns = count
        _connections[self.place] = min(count, _FREE - 1)

    def init_process(self) -> None:
        os.environ[PLACE] = str(self.place)  # the app, loaded next, names its metrics' files by it
        super().init_process()

    def get_thread_pool(self) -> Pool:
        return Pool(self.cfg.threads)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        super().wait_for_and_dispatch_events(min(timeout, STALLED_SECONDS) if self.tpool.is_behind else timeout)
        self.tpool.grow()

    def accept(self, listener: Any) -> None:
        ahead = _connections[self.place] - min(_connections[:])
        if ahead > 0:
            time.sleep(min(ahead * PATIENCE_SECONDS, MAX_PATIENCE_SECONDS))
        super().accept(listener)

    def handle(self, conn: Any) -> Any:
        """Answer a connection, but hold no thread for one that says nothing: the kernel hands those over in the end."""
        if self.alive and not conn.initialized and not conn.wait_for_data(0):
            return _DEFER
        return super().handle(conn)

    def set_accept_enabled(self, enabled: bool) -> None:
        super().set_accept_enabled(enabled)
        if not self.alive:
            self._take_what_waits()

    def _take_what_waits(self) -> None:
        """Take the last connections and close the door, so that later ones go elsewhere instead of waiting in vain."""
        for listener in self.sockets:
            held = -1
            while held < self.nr_conns:
                held = self.nr_conns
                super().accept(listener)
            listener.close()
