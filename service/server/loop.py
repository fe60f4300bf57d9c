"""Gunicorn's threaded worker with a loop that parses requests, and answers at once those that can be.

gthread hands each readable connection to a pool thread, which costs more than most responses, and a client that sends
slowly holds its thread. Here the loop reads, and answers cheap requests inline (`answer_inline`, which the app brings).
Any other request is handed to a thread when it is there, where gunicorn parses it once more.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import lru_cache, partial
from selectors import EVENT_READ
from socket import SHUT_WR, socket
from typing import Any

from gunicorn.errors import ConfigError
from gunicorn.util import http_date
from gunicorn.workers.gthread import TConn, ThreadWorker

from service.server.request_parser import MAX_REQUEST_BYTES, Request, RequestParser, State, WireResponse

AnswerInline = Callable[[Request], WireResponse | None]
"""Answers a request without waiting for anything, or returns None, which leaves it to a thread and the app."""

READ_SECONDS = 30
"""How long the loop waits for the rest of a request."""


class LoopWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """One process: a loop and its threads.

    Connections that the loop watches stand in gunicorn's queues, each in the order of its timeouts: in
    `keepalived_conns` before a request and after the last one, in `pending_conns` while one comes in.
    """

    answer_inline: AnswerInline | None = None

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        super().check_config(cfg, log)
        if cfg.is_ssl:
            raise ConfigError("the service speaks no TLS: leave certfile and keyfile out, and put a proxy in front")

    def enqueue_req(self, conn: TConn) -> None:
        """Take a connection. New ones are read on the loop first: data has usually arrived."""
        if conn.initialized:
            super().enqueue_req(conn)
        else:
            conn.init()
            conn.request_parser = None
            self._watch(conn, self.on_client_socket_readable)
            if self.alive:  # a worker that stops takes all connections that wait before it answers any
                self.on_client_socket_readable(conn, conn.sock)

    def on_client_socket_readable(self, conn: TConn, client: socket) -> None:
        """Parse on; answer a request that is complete, and hand one to a thread that has to parse it itself."""
        received = _receive(client)
        if received is None:
            return
        if conn.request_parser is None:
            if not received:
                self._drop(conn)
                return
            conn.request_parser = RequestParser()
            self.keepalived_conns.remove(conn)
            conn.timeout = time.monotonic() + READ_SECONDS
            self.pending_conns.append(conn)
        parser: RequestParser = conn.request_parser
        if parser.receive_data(received) is not State.NEED_DATA or not received:
            conn.request_parser = None
            self.pending_conns.remove(conn)
            self._respond(conn, parser)

    def finish_request(self, conn: TConn, fs: Future[bool]) -> None:
        """Watch a connection again that a thread has done with."""
        if not fs.cancelled() and fs.exception() is None and fs.result():
            super().finish_request(conn, fs)
        else:
            self._linger(conn)

    def _respond(self, conn: TConn, parser: RequestParser) -> None:
        request = parser.request
        response = None if request is None or self.answer_inline is None else self.answer_inline(request)
        if request is None or response is None:
            self.poller.unregister(conn.sock)
            conn.parser.unreader.unread(parser.received)
            super().enqueue_req(conn)
            return
        status_line, headers, body = response
        is_kept = self._keeps_connections() and request.keep_alive
        is_sent = self._send(conn, [_head(request.version, status_line, headers, is_kept), *body], is_kept)
        if is_sent and is_kept:
            conn.set_timeout()
            self.keepalived_conns.append(conn)
        elif is_sent and request.keep_alive:
            self.poller.unregister(conn.sock)
            self._linger(conn)
        elif is_sent:
            self._close(conn)

    def _keeps_connections(self) -> bool:
        """Count a request that is answered on the loop; say as gunicorn does whether its connection may be kept."""
        self.nr += 1
        if self.nr >= self.max_requests and self.alive:
            self.log.info("Autorestarting worker after current request.")
            self.alive: bool = False
        return self.alive and len(self.keepalived_conns) < self.max_keepalived

    def _send(self, conn: TConn, content: Sequence[bytes], is_kept: bool) -> bool:
        """Send a response, and say whether the client took it all now; else a thread sends the rest."""
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

    def _watch(self, conn: TConn, on_readable: Callable[[TConn, socket], None]) -> None:
        conn.sock.setblocking(False)
        conn.set_timeout()
        self.keepalived_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(on_readable, conn))

    def _linger(self, conn: TConn) -> None:
        """Close a connection once the client, who may be sending still, has closed it too, or after a while; closed at
        once it would be reset, and the last response lost (RFC 9112, 9.6). Gunicorn has the whole loop wait for that.
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
        return client.recv(MAX_REQUEST_BYTES)
    except BlockingIOError:
        return None
    except OSError:  # the client has gone
        return b""


def _send_rest(conn: TConn, rest: bytes, is_kept: bool) -> bool:
    conn.sock.setblocking(True)
    conn.sock.sendall(rest)
    return is_kept


def _head(version: str, status_line: str, headers: Sequence[tuple[str, str]], is_kept: bool) -> bytes:
    lines = [
        f"HTTP/{version} {status_line}",
        *_general_headers(int(time.time())),
        f"Connection: {'keep-alive' if is_kept else 'close'}",
    ]
    return "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers), "", ""]).encode("latin-1")


@lru_cache(maxsize=1)
def _general_headers(second: int) -> tuple[str, str]:
    return "Server: gunicorn", f"Date: {http_date(second)}"
