"""The worker: connections are shared fairly with its siblings, and none is lost when it stops.

All workers accept from one listening socket, so that a connection which waits there is taken by whoever lives. Left
alone, the worker that wakes first takes most of a burst and keeps those connections for good; here a worker that has
more than a sibling lets that one go first. A socket for each worker (SO_REUSEPORT) is no way out: what waits in a
worker's own socket is reset when the worker stops. docs/decisions/0008-serving.md has the measurements.
"""

import mmap
import os
import sys
import time
from typing import Any

from service import SLOT
from service.errors import is_shortage
from service.server.loop import LoopWorker

MAX_WORKERS = 256
"""Workers alive at once, old and new ones during a reload; more would share slots, which costs fairness only."""

ACCEPT_BACKOFF_SECONDS = 0.001
"""How long a worker leaves what waits to its siblings, for each connection that it has more; one wakes in a tenth."""

MAX_ACCEPT_BACKOFF_SECONDS = 0.02

RETRY_SECONDS = 1.0
"""Between a worker that could not begin and the next."""

_FREE = 255
_connections = mmap.mmap(-1, MAX_WORKERS)  # anonymous and shared: made before the fork, seen by all workers
_connections.write(bytes([_FREE]) * MAX_WORKERS)
_ages = memoryview(mmap.mmap(-1, 4 * MAX_WORKERS)).cast("I")
"""Twice the age of each slot's worker, by which gunicorn counts them, and one more once it serves; 0 for none."""


class Worker(LoopWorker):
    """One of several processes that accept from the same socket."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.slot = max(0, _connections[:].find(_FREE))  # in the arbiter, which makes one worker after the other
        self._backoff_until = 0.0
        self._has_backed_off = False
        self.grpc: Any = None  # what serves gRPC beside this worker's loop, where GRPC_PORT is set
        super().__init__(*args, **kwargs)
        _ages[self.slot] = 2 * self.age

    def free_slot(self) -> None:
        """Free the slot of this worker, which has gone, however it went; called in the arbiter."""
        _connections[self.slot] = _FREE
        _ages[self.slot] = 0

    def serves(self) -> None:
        """Let those that this worker replaces know that it serves."""
        _ages[self.slot] = 2 * self.age + 1

    def has_beginning_successors(self) -> bool:
        """Say whether younger workers begin and none of them serves yet, as during a reload: a socket that each worker
        has for itself, as for gRPC, must stay open until then.
        """
        younger = [entry for entry in _ages if entry // 2 > self.age]
        return bool(younger) and not any(entry % 2 for entry in younger)

    @property
    def nr_conns(self) -> int:
        """How many connections this worker holds; gunicorn counts them here, and siblings see it."""
        return self._nr_conns

    @nr_conns.setter
    def nr_conns(self, count: int) -> None:
        self._nr_conns = count
        _connections[self.slot] = min(count, _FREE - 1)

    def init_process(self) -> None:
        """Begin. A worker that cannot for a shortage is tried again; the arbiter ends all where one fails to begin."""
        os.environ[SLOT] = str(self.slot)  # the app, loaded next, names its metrics' files by it
        try:
            super().init_process()
        except (MemoryError, OSError, RuntimeError) as error:
            if self.booted or not is_shortage(error):
                raise
            self.log.error("this worker cannot begin, another will be tried: %s", error)  # noqa: TRY400 (one line)
            time.sleep(RETRY_SECONDS)
            sys.exit(1)

    def accept(self, listener: Any) -> None:
        """Take a connection that waits; but first let a sibling do so that has fewer."""
        excess = self._excess_connections()
        if excess > 0 and not self._has_backed_off:
            backoff = min(excess * ACCEPT_BACKOFF_SECONDS, MAX_ACCEPT_BACKOFF_SECONDS)
            self._backoff_until = time.monotonic() + backoff
            self.set_accept_enabled(False)
        else:
            super().accept(listener)

    def _excess_connections(self) -> int:
        """Return how many connections this worker has more than the sibling with the fewest."""
        return _connections[self.slot] - min(_connections[:])

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        left = self._backoff_until - time.monotonic()
        self._has_backed_off = self._backoff_until > 0 >= left
        if self._has_backed_off:
            self._backoff_until = 0.0
        super().wait_for_and_dispatch_events(min(timeout, left) if left > 0 else timeout)

    def set_accept_enabled(self, enabled: bool) -> None:
        """Accept connections or not, and not while this worker backs off: gunicorn turns it on again in each round."""
        if enabled and time.monotonic() < self._backoff_until and self._excess_connections() > 0:
            return
        super().set_accept_enabled(enabled)
        if not enabled and not self.alive:
            self._drain_backlog()

    def _drain_backlog(self) -> None:
        """Take the last connections and close the socket, so that later ones go elsewhere and do not wait in vain."""
        for listener in self.sockets:
            listener.setblocking(False)  # a worker that is told to stop before it has begun to accept has not done it
            held = -1
            while held < self.nr_conns:
                held = self.nr_conns
                super().accept(listener)
            listener.close()
        self.sockets: list[Any] = []
