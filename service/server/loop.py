"""Gunicorn's threaded worker with a loop that reads requests, and answers at once those that can be.

Gunicorn gives a connection to a thread as soon as something comes in: to hand it over and back takes longer than most
answers do, and whoever sends slowly holds a thread. Here the loop reads. A request that can be answered at once is
(`brief`, which the app brings); any other is given to a thread when it is there, where gunicorn reads it once more.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import lru_cache, partial
from selectors import EVENT_READ
from socket import SHUT_WR, socket
from typing import Any

from gunicorn.errors import ConfigError
from gunicorn.util import http_date
from gunicorn.workers.gthread import TConn, ThreadWorker

from service.server.request_parser import MOST_BYTES, Answer, Reading, Request

Brief = Callable[[Request], Answer | None]
"""Answers a request without waiting for anything, or leaves it (None, or any exception) to a thread and the app."""

READ_SECONDS = 30
"""How long the loop waits for the rest of a request."""


class LoopWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """One process: a loop and its threads.

    Connections that the loop watches stand in gunicorn's queues, each in the order of its timeouts: in
    `keepalived_conns` before a request and after the last one, in `pending_conns` while one comes in.
    """

    brief: Brief | None = None

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        super().check_config(cfg, log)
        if cfg.is_ssl:
            raise ConfigError("the service speaks no TLS: leave certfile and keyfile out, and put a proxy in front")

    def enqueue_req(self, conn: TConn) -> None:
        """Give a connection to a thread; but a new one to the loop, which reads first: mostly something is there."""
        if conn.initialized:
            super().enqueue_req(conn)
        else:
            conn.init()
            conn.reading = None
            self._watch(conn, self.on_client_socket_readable)
            if self.alive:  # one that stops takes all that wait before it answers any
                self.on_client_socket_readable(conn, conn.sock)

    def on_client_socket_readable(self, conn: TConn, client: socket) -> None:
        """Read on, and see to a request that is there, or is for a thread to read on."""
        received = _receive(client)
        if received is None:
            return
        if conn.reading is None:
            if not received:
                self._drop(conn)
                return
            conn.reading = Reading()
            self.keepalived_conns.remove(conn)
            conn.timeout = time.monotonic() + READ_SECONDS
            self.pending_conns.append(conn)
        reading: Reading = conn.reading
        reading.feed(received)
        if reading.is_over or not received:
            conn.reading = None
            self.pending_conns.remove(conn)
            self._answer(conn, reading)

    def finish_request(self, conn: TConn, fs: Future[bool]) -> None:
        """Watch a connection again that a thread has done with."""
        if not fs.cancelled() and fs.exception() is None and fs.result():
            super().finish_request(conn, fs)
        else:
            self._linger(conn)

    def _answer(self, conn: TConn, reading: Reading) -> None:
        request, answer = reading.request, None
        if request is not None and self.brief is not None:
            with suppress(Exception):  # the app meets it again, words it, and logs what nobody expected
                answer = self.brief(request)
        if request is None or answer is None:
            self.poller.unregister(conn.sock)
            conn.parser.unreader.unread(reading.received)
            super().enqueue_req(conn)
        else:
            status, headers, body = answer
            is_kept = self._keeps_connections() and request.keep_alive
            is_sent = self._send(conn, [_head(status, headers, is_kept), *body], is_kept)
            if is_sent and is_kept:
                conn.set_timeout()
                self.keepalived_conns.append(conn)
            elif is_sent and request.keep_alive:
                self.poller.unregister(conn.sock)
                self._linger(conn)
            elif is_sent:
                self._close(conn)

    def _keeps_connections(self) -> bool:
        """Count a request that is answered here; say as gunicorn does whether its connection may be kept."""
        self.nr += 1
        if self.nr >= self.max_requests and self.alive:
            self.log.info("Autorestarting worker after current request.")
            self.alive: bool = False
        return self.alive and len(self.keepalived_conns) < self.max_keepalived

    def _send(self, conn: TConn, content: Sequence[bytes], is_kept: bool) -> bool:
        """Send an answer, and say whether the client took it all now; else a thread sends the rest."""
        try:
            sent = conn.sock.sendmsg(content)
        except OSError:  # it takes nothing now; or it has gone, as the thread will find
            sent = 0
        if sent == sum(map(len, content)):
            return True
        self.poller.unregister(conn.sock)
        sending = self.tpool.submit(_send_rest, conn, b"".join(content)[sent:], is_kept)
        sending.add_done_callback(lambda done: self.method_queue.defer(self.finish_request, conn, done))
        return False

    def _watch(self, conn: TConn, see_to: Callable[[TConn, socket], None]) -> None:
        conn.sock.setblocking(False)
        conn.set_timeout()
        self.keepalived_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(see_to, conn))

    def _linger(self, conn: TConn) -> None:
        """Close a connection once the client, who may be sending still, has closed it too, or after a while; closed at
        once it would be reset, and the last answer lost (RFC 9112, 9.6). Gunicorn has the whole loop wait for that.
        """
        try:
            conn.sock.shutdown(SHUT_WR)
            self._watch(conn, self._discard)
        except (OSError, ValueError):  # it is closed
            self.nr_conns -= 1
            conn.close()

    def _discard(self, conn: TConn, client: socket) -> None:
        if _receive(client) == b"":
            self._drop(conn)

    def _drop(self, conn: TConn) -> None:
        self.keepalived_conns.remove(conn)
        self._close(conn)

    def _close(self, conn: TConn) -> None:
        self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()


def _receive(client: socket) -> bytes | None:
    """Return what has come in; nothing at the end, or None where nothing has come yet."""
    try:
        return client.recv(MOST_BYTES)
    except BlockingIOError:
        return None
    except OSError:  # the client has gone
        return b""


def _send_rest(conn: TConn, rest: bytes, is_kept: bool) -> bool:
    conn.sock.setblocking(True)
    conn.sock.sendall(rest)
    return is_kept


def _head(status: str, headers: Sequence[tuple[str, str]], is_kept: bool) -> bytes:
    lines = [f"HTTP/1.1 {status}", *_general(int(time.time())), f"Connection: {'keep-alive' if is_kept else 'close'}"]
    return "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers), "", ""]).encode("latin-1")


@lru_cache(maxsize=1)
def _general(second: int) -> tuple[str, str]:
    return "Server: gunicorn", f"Date: {http_date(second)}"
