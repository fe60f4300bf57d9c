"""Gunicorn's threaded worker, where every wait for a client has a bound, and running out ends no worker.

A client has CLIENT_SECONDS for a request, and as long again for taking the response; and a second more for each
MIN_BYTES_PER_SECOND that it has sent or taken. Where the worker holds as many connections as it may, or the system has
no more to give, clients that make it wait have CROWDED_SECONDS, and new ones wait in the kernel's queue for their room.
"""

import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import orjson
from gunicorn.util import http_date
from gunicorn.workers.gthread import TConn, ThreadWorker

from service.client_limits import CROWDED_SECONDS, MAX_HELD_BYTES
from service.errors import is_shortage
from service.heap import Heap
from service.server.request_parser import RECEIVE_BYTES

CLIENT_SECONDS = 30.0

MIN_BYTES_PER_SECOND = 2**16
"""Half a megabit a second, which a long request or response may take; whoever is slower makes it wait."""

LINGER_SECONDS = 2.0
"""How long a connection that is done may stay open for a client that is sending still."""

STOP_SECONDS = 2.0
"""How long a worker that stops keeps a connection without a request; gunicorn's STOP_KEEPALIVE_LINGER."""

LOOK_SECONDS = 0.5
"""How often the connections that are waited for are looked through: a thousand take 0.1 ms."""

PAUSE_SECONDS = 0.5
"""How long nothing is accepted once the system had no more to give."""


class BoundedWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """One process.

    Connections that the loop watches stand in gunicorn's queues: in `keepalived_conns`, by their timeouts, before a
    request; in `pending_conns` while one comes in, a response goes out, or what comes is discarded.
    """

    count_refusal: Callable[[HTTPStatus], object] | None = None
    """What counts a request that the worker refuses by itself, which the app brings."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.nr_conns: int
        self.held_bytes = 0
        self._heap = Heap()
        self._next_look = self._short_until = 0.0

    # Accepting, and what runs out.

    def accept(self, listener: Any) -> None:
        """Accept a connection; where the system has none to give, it waits until there is one."""
        before = self.nr_conns
        try:
            super().accept(listener)
        except (MemoryError, OSError) as error:
            self.nr_conns = before
            self.pause_accepting(error)

    def set_accept_enabled(self, enabled: bool) -> None:
        """Accept connections or not, and not for a moment after a shortage; gunicorn turns it on in each round."""
        if not enabled or time.monotonic() >= self._short_until:
            super().set_accept_enabled(enabled)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        try:
            super().wait_for_and_dispatch_events(timeout)
        except (MemoryError, OSError, RuntimeError) as error:
            self.pause_accepting(error)

    def pause_accepting(self, error: BaseException) -> None:
        """Leave new connections in the kernel's queue for a moment; raise what is no shortage."""
        if not is_shortage(error):
            raise error
        self.log.warning("accepts nothing for %g s: %s", PAUSE_SECONDS, error)
        self._short_until = time.monotonic() + PAUSE_SECONDS
        if self.alive:
            self.set_accept_enabled(False)

    @property
    def is_crowded(self) -> bool:
        """Whether there is no room for another connection."""
        return self.nr_conns >= self.worker_connections or time.monotonic() < self._short_until

    # What a connection waits for.

    def await_request(self, conn: TConn) -> None:
        """Wait for the first byte of a request."""
        conn.set_timeout()
        if not self.alive:
            conn.timeout = min(conn.timeout, time.monotonic() + STOP_SECONDS)
        self.stand_in(conn, self.keepalived_conns)
        self.hold(conn, 0)

    def await_client(self, conn: TConn, n_held: int, n_moved: int) -> None:
        """Wait for a client to send or take more; each time it gets a little longer for the bytes that it has moved."""
        if conn.queue is self.pending_conns:
            conn.timeout += n_moved / MIN_BYTES_PER_SECOND
        else:  # what was sent may be in the kernel's buffers, and nobody reads
            self.stand_in(conn, self.pending_conns)
            conn.timeout = time.monotonic() + CLIENT_SECONDS
        self.hold(conn, n_held)

    def await_close(self, conn: TConn) -> None:
        """Wait for a client to close a connection that is done."""
        self.stand_in(conn, self.pending_conns)
        conn.timeout = time.monotonic() + LINGER_SECONDS
        self.hold(conn, 0)

    def stand_in(self, conn: TConn, queue: "deque[TConn] | None") -> None:
        """Put a connection into a queue, out of that in which it is."""
        if conn.queue is not None:
            conn.queue.remove(conn)
        conn.queue = queue
        if queue is not None:
            queue.append(conn)

    def hold(self, conn: TConn, n_bytes: int) -> None:
        """Note the bytes that a connection holds, and make room where all hold too many. To end those that hold no more
        than is received at once would make none: what threads work on holds the rest.
        """
        self.held_bytes += n_bytes - conn.held_bytes
        conn.held_bytes = n_bytes
        while self.held_bytes > MAX_HELD_BYTES and self.pending_conns:
            most = max(self.pending_conns, key=lambda conn: conn.held_bytes)
            if most.held_bytes <= RECEIVE_BYTES:
                break
            self._end_late(most, HTTPStatus.SERVICE_UNAVAILABLE)

    # The end of a connection.

    def murder_keepalived(self, force: bool = False) -> None:
        """Close connections without a request, unless one has just come in."""
        now = time.monotonic()
        if now < self._next_look and self.alive and not force:
            return
        spare = max(0.0, self.cfg.keepalive - CROWDED_SECONDS) if self.is_crowded else 0.0
        while self.keepalived_conns and (force or self.keepalived_conns[0].timeout - spare <= now):
            conn = self.keepalived_conns[0]
            if not force:
                self.on_client_socket_readable(conn, conn.sock)
            if conn.queue is self.keepalived_conns and (force or conn.timeout - spare <= now):
                self.end(conn)

    def murder_pending(self) -> None:
        """End connections whose clients have made the worker wait for too long; gunicorn calls this second."""
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + LOOK_SECONDS
        self._heap.give_back()
        is_crowded = self.is_crowded
        late = now + (max(0.0, CLIENT_SECONDS - CROWDED_SECONDS) if is_crowded else 0.0)
        for conn in [conn for conn in self.pending_conns if conn.timeout <= late]:
            self._end_late(conn, HTTPStatus.SERVICE_UNAVAILABLE if is_crowded else HTTPStatus.REQUEST_TIMEOUT)

    def end(self, conn: TConn, status: HTTPStatus | None = None) -> None:
        """Close a connection that the loop watches, where it is open still; tell its client why with this status."""
        if conn.sock.fileno() < 0:
            return
        self.stand_in(conn, None)
        with suppress(KeyError):  # it is about to be handed to a thread
            self.poller.unregister(conn.sock)
        if status is not None:
            with suppress(MemoryError, OSError):
                conn.sock.send(self.refusal(status))
        self.forget(conn)

    def refusal(self, status: HTTPStatus) -> bytes:
        """Count a request that is refused, and return the response."""
        if self.count_refusal is not None:
            self.count_refusal(status)
        return refusal(status)

    def _end_late(self, conn: TConn, status: HTTPStatus) -> None:
        """End a connection that is waited for; only who still sends a request can be told why."""
        self.end(conn, None if conn.request_parser is None else status)

    def forget(self, conn: TConn) -> None:
        """Close a connection that the loop does not watch."""
        self.held_bytes -= conn.held_bytes
        self.nr_conns -= 1
        conn.close()


REASONS = {
    HTTPStatus.REQUEST_TIMEOUT: "the request did not come in in time",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "the request has far more bytes than its body has",
    HTTPStatus.SERVICE_UNAVAILABLE: "the service has no room for this request now; send the same again in a second",
}


def refusal(status: HTTPStatus) -> bytes:
    """Return a response that ends its connection."""
    document = {"type": "about:blank", "title": status.phrase, "status": status, "detail": REASONS[status]}
    body = orjson.dumps(document)
    retry = ["Retry-After: 1"] if status == HTTPStatus.SERVICE_UNAVAILABLE else []
    lines = [
        f"HTTP/1.1 {status.value} {status.phrase.upper()}",
        "Server: gunicorn",
        f"Date: {http_date()}",
        "Connection: close",
        *retry,
        "Content-Type: application/problem+json",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body
