"""Gunicorn's threaded worker with a loop that parses requests, and answers at once those that can be.

gthread hands each readable connection to a pool thread, which costs more than most responses, and a client that sends
or reads slowly holds its thread. Here the loop reads, answers cheap requests inline (`answer`, which the app brings),
and sends. Any other request is handed to a thread when it is there as a whole. There the app may take its time for it;
what is no plain request gunicorn parses once more, from a BufferedSocket, which takes the response too. So no thread
waits for a client.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import lru_cache, partial
from http import HTTPStatus
from selectors import EVENT_READ, EVENT_WRITE
from socket import SHUT_WR, socket
from typing import Any, Protocol

from gunicorn.errors import ConfigError
from gunicorn.util import http_date
from gunicorn.workers.gthread import TConn

from service.errors import is_shortage
from service.server.bounds import BoundedWorker
from service.server.buffered_socket import BufferedSocket, Outgoing
from service.server.request_parser import RECEIVE_BYTES, Request, RequestParser, State, WireResponse
from service.threads import ThreadPool


class RequestHandler(Protocol):
    """Answers a request, or returns None: where it may not wait and has to, or for gunicorn and its app to answer."""

    def __call__(self, request: Request, *, may_wait: bool) -> WireResponse | None: ...


Step = Callable[[TConn], None]
"""What becomes of a connection once its response is sent."""

Handled = tuple[bool, Outgoing, bytes]
"""What a thread leaves to the loop: whether the connection may be kept, what is to be sent, and what was not read."""

MAX_INLINE_BYTES = 2**16
"""2,000 points in JSON. A longer request takes longer than others should wait."""

SEND_FIRST_FROM_BYTES = 4096
"""Before a longer request is answered, which may take a millisecond, the responses to others are sent."""

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class LoopWorker(BoundedWorker):
    """One process: a loop and its threads."""

    answer: RequestHandler | None = None
    max_body_bytes = 2**24

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._is_dispatching = False
        self._unanswered: list[tuple[TConn, RequestParser]] = []
        self._unsent: list[tuple[TConn, Outgoing, Step]] = []

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        super().check_config(cfg, log)
        if cfg.is_ssl:
            raise ConfigError("the service speaks no TLS: leave certfile and keyfile out, and put a proxy in front")

    def get_thread_pool(self) -> ThreadPool:
        pool = ThreadPool(self.cfg.threads)
        if pool.size < self.cfg.threads:
            self.log.warning("the system gives %d threads of %d", pool.size, self.cfg.threads)
        return pool

    # From a connection to a request.

    def enqueue_req(self, conn: TConn) -> None:
        """Take a new connection. It is read at once: data has usually arrived."""
        conn.request_parser = conn.queue = None
        conn.held_bytes = 0
        try:
            conn.init()
            conn.sock.setblocking(False)
            self.poller.register(conn.sock, EVENT_READ, partial(self.on_client_socket_readable, conn))
            self.await_request(conn)
        except (MemoryError, OSError):
            conn.close()
            raise
        if self.alive:  # a worker that stops takes all connections that wait before it answers any
            self.on_client_socket_readable(conn, conn.sock)

    def on_client_socket_readable(self, conn: TConn, client: socket) -> None:
        """Take what a client has sent, if anything."""
        parser: RequestParser | None = conn.request_parser
        received = _receive(client, None if parser is None else parser.room())
        if received is not None:
            self._or_refuse(conn, self._take, received)

    def _or_refuse(self, conn: TConn, step: Callable[[TConn, Any], None], argument: object) -> None:
        """Go on with a connection; where something runs out meanwhile, end it with 503."""
        try:
            step(conn, argument)
        except (MemoryError, OSError, RuntimeError) as error:
            if not is_shortage(error):
                raise
            self.log.warning("a request is refused: %r", error)
            self.end(conn, HTTPStatus.SERVICE_UNAVAILABLE)

    def _take(self, conn: TConn, received: bytes | memoryview) -> None:
        """Parse on; answer a request that is complete, or hand it to a thread."""
        if conn.request_parser is None:
            if not received:
                self.end(conn)
                return
            conn.request_parser = RequestParser(self.max_body_bytes)
        parser: RequestParser = conn.request_parser
        state = parser.receive_data(received)
        if state is State.TOO_LONG:
            self.end(conn, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        elif state is State.NEED_DATA and received:
            if parser.expects_continue():
                with suppress(OSError):  # the client has gone, as is seen next
                    conn.sock.send(CONTINUE)
            self.await_client(conn, parser.n_held, len(received))
        else:
            conn.request_parser = None
            self.stand_in(conn, None)
            self._unanswered.append((conn, parser))
            if not self._is_dispatching:
                self._answer_all()

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Read all that came in, then answer it, and only then send: each response wakes a client, which may take this
        core, and what is done over and over stays in the processor's caches.
        """
        self._is_dispatching = True
        super().wait_for_and_dispatch_events(timeout)
        self._is_dispatching = False
        self._answer_all()

    def _answer_all(self) -> None:
        unanswered, self._unanswered = self._unanswered, []
        for conn, parser in unanswered:
            if parser.n_received > SEND_FIRST_FROM_BYTES:
                self._send_all()
            self._or_refuse(conn, self._respond, parser)
        self._send_all()

    def _send_all(self) -> None:
        unsent, self._unsent = self._unsent, []
        for conn, outgoing, then in unsent:
            self._send(conn, outgoing, then)

    # From a request to its response.

    def _respond(self, conn: TConn, parser: RequestParser) -> None:
        request = parser.request
        if request is None or len(request.body) > MAX_INLINE_BYTES:
            self._hand_over(conn, parser)
            return
        response = self._call_app(request, may_wait=False)
        if response is None:
            self._hand_over(conn, parser)
            return
        is_kept, outgoing = response
        then = self.await_request if is_kept else self._linger if request.keep_alive else self.end
        self._unsent.append((conn, outgoing, then))

    def _call_app(self, request: Request, *, may_wait: bool) -> tuple[bool, Outgoing] | None:
        """Have the app answer a plain request; return whether its connection may be kept, and what is to be sent."""
        response = None if self.answer is None else self.answer(request, may_wait=may_wait)
        if response is None:
            return None
        status_line, headers, body = response
        is_kept = self._keeps_connections() and request.keep_alive
        return is_kept, Outgoing([_head(request.version, status_line, headers, is_kept), *body])

    def _keeps_connections(self) -> bool:
        """Count a request that gunicorn has not; say as it does whether its connection may be kept."""
        self.nr += 1
        if self.nr >= self.max_requests and self.alive:
            self.log.info("Autorestarting worker after current request.")
            self.alive: bool = False
        return self.alive and len(self.keepalived_conns) < self.max_keepalived

    def _hand_over(self, conn: TConn, parser: RequestParser) -> None:
        """Have a thread answer; the connection is not watched until it has."""
        self.hold(conn, parser.n_held)
        self.poller.unregister(conn.sock)
        done = self.tpool.submit(self._answer, conn, parser)
        done.add_done_callback(lambda done: self.method_queue.defer(self.finish_request, conn, done))

    def _answer(self, conn: TConn, parser: RequestParser) -> Handled:
        """Answer a request, in a thread; send what the client takes at once."""
        response = None
        try:
            response = None if parser.request is None else self._call_app(parser.request, may_wait=True)
        except (MemoryError, OSError, RuntimeError) as error:
            if not is_shortage(error):
                raise
            self.log.warning("a request is refused: %r", error)
            response = False, Outgoing([self.refusal(HTTPStatus.SERVICE_UNAVAILABLE)])
        if response is None:
            return self._answer_by_gunicorn(conn, parser)
        is_kept, outgoing = response
        outgoing.send(conn.sock)
        return is_kept, outgoing, b""

    def _answer_by_gunicorn(self, conn: TConn, parser: RequestParser) -> Handled:
        buffered = BufferedSocket(conn.sock, parser.received, is_whole=parser.is_whole)
        conn.sock = conn.parser.unreader.sock = buffered
        try:
            is_kept = bool(self.handle(conn))
            outgoing = buffered.response()
        finally:
            conn.sock = conn.parser.unreader.sock = buffered.client
        return is_kept, outgoing, conn.parser.unreader.take_buffered() + buffered.unread()

    def handle_request(self, req: Any, conn: TConn) -> bool:
        """Answer a request that gunicorn has parsed; one that did not come in whole ends its connection."""
        if not conn.sock.is_whole:
            req.force_close()
        is_kept: bool = super().handle_request(req, conn)
        return is_kept

    def handle_error(self, req: Any, client: BufferedSocket, addr: Any, exc: BaseException) -> None:
        """Answer a request that failed outside the app."""
        if is_shortage(exc):
            self.log.warning("a request is refused: %r", exc)
            client.sendall(self.refusal(HTTPStatus.SERVICE_UNAVAILABLE))
        else:
            super().handle_error(req, client, addr, exc)

    def finish_request(self, conn: TConn, fs: "Future[Handled]") -> None:
        """Take a connection back from a thread, send the rest, and go on with what the client has sent meanwhile."""
        try:
            is_kept, outgoing, unread = fs.result()
            self.poller.register(conn.sock, EVENT_READ, partial(self.on_client_socket_readable, conn))
        except Exception as error:  # noqa: BLE001 (whatever it is, the other connections go on)
            if not isinstance(error, ConnectionError):  # the client has gone
                self.log.warning("a connection ends without its response: %r", error)
            self.forget(conn)
            return
        self._send(conn, outgoing, partial(self._go_on, unread=unread) if is_kept else self._linger)

    def _go_on(self, conn: TConn, unread: bytes) -> None:
        """Await the next request, of which the client may have sent some with the last."""
        self.await_request(conn)
        if unread:
            self._or_refuse(conn, self._take, unread)

    # From a response to the next request, or the end.

    def _send(self, conn: TConn, outgoing: Outgoing, then: Step) -> None:
        """Send what the client takes now, and watch for when it takes the rest."""
        is_watched = conn.queue is not None
        try:
            sent = outgoing.send(conn.sock)
            if outgoing.size and not is_watched:
                self.poller.modify(conn.sock, EVENT_WRITE, lambda _: self._send(conn, outgoing, then))
            elif is_watched and not outgoing.size:
                self.poller.modify(conn.sock, EVENT_READ, partial(self.on_client_socket_readable, conn))
        except (MemoryError, OSError):  # or the client has gone; half a response leaves nothing else to say
            self.end(conn)
            return
        if outgoing.size:
            self.await_client(conn, outgoing.size, sent)
        else:
            self.stand_in(conn, None)
            then(conn)

    def _linger(self, conn: TConn) -> None:
        """Close a connection once the client, who may be sending still, has closed it too, or after a while; closed at
        once it would be reset, and the last response lost (RFC 9112, 9.6). Gunicorn has the whole loop wait for that.
        """
        try:
            conn.sock.shutdown(SHUT_WR)
            self.poller.modify(conn.sock, EVENT_READ, partial(self._discard, conn))
            self.await_close(conn)
        except (OSError, ValueError):  # it is closed
            self.end(conn)

    def _discard(self, conn: TConn, client: socket) -> None:
        if _receive(client) == b"":
            self.end(conn)


def _receive(client: socket, room: memoryview | None = None) -> bytes | memoryview | None:
    """Return what has come in, into a room where there is one; nothing at the end, None where nothing has come yet or
    the loop has just closed it.
    """
    try:
        return client.recv(RECEIVE_BYTES) if room is None else room[: client.recv_into(room)]
    except BlockingIOError:
        return None
    except OSError:  # the client has gone
        return None if client.fileno() < 0 else b""


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
