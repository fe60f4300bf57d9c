"""Clients: threads that send one request after the other over connections of their own, and count the outcomes.

A request is sent once and never retried. Before each request a client checks whether the server has closed its
connection, and opens another one if so, as every client with keep-alive does.
"""

import select
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Protocol, Self

import numpy as np

from chaos.soak.workload import CheckedRequest
from harness.waiting import wait_for

NextRequest = Callable[[], CheckedRequest | None]
"""Returns a client's next request; None where there are no more."""

TIMEOUT_SECONDS = 30

LEAST_REQUESTS = 50
"""Of a load in the time that it is given: on a busy machine it takes longer."""


class Target(Protocol):
    """A server on this machine."""

    @property
    def port(self) -> int: ...

    def was_killed(self, client_port: int, opened: float, failed: float) -> bool:
        """Say whether a request failed because the process at the other end of its connection was killed."""
        ...


@dataclass
class Outcomes:
    """What became of requests: counts of those that ended well or as expected, and a line for each of the others."""

    correct: int = 0
    predictions: int = 0
    grids: int = 0
    bytes_received: int = 0
    wrong: list[str] = field(default_factory=list)
    server_errors: list[str] = field(default_factory=list)
    unavailable: list[str] = field(default_factory=list)
    """503: the service said that it could not answer then."""
    limited: list[str] = field(default_factory=list)
    """429: a proxy's limit."""
    killed: int = 0
    stale: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)

    def __add__(self, other: "Outcomes") -> "Outcomes":
        return Outcomes(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))

    @property
    def requests(self) -> int:
        return self.correct + len(self.unavailable) + len(self.limited) + self.killed + len(self.faults)

    @property
    def faults(self) -> list[str]:
        return [*self.wrong, *self.server_errors, *self.stale, *self.failed]

    def percentile(self, percent: float) -> float:
        """Return a percentile of the latencies, in seconds."""
        return float(np.percentile(self.latencies, percent))

    def record(self, request: CheckedRequest, status: int, content: bytes) -> None:
        self.bytes_received += len(content)
        if status != 200:
            text = f"{status} to {request.path}: {content[:300].decode(errors='replace')}"
            special = {503: self.unavailable, 429: self.limited}
            special.get(status, self.server_errors if status >= 500 else self.wrong).append(text)
            return
        error = request.check(content)
        if error is not None:
            self.wrong.append(error)
            return
        self.correct += 1
        self.predictions += request.predictions
        self.grids += request.grids


@dataclass(frozen=True)
class ClientProfile:
    """How a client behaves."""

    keep_alive: bool = True
    reconnects: float = 0.0
    """The share of requests before which it opens another connection all the same, so that workers stay balanced."""
    think_seconds: float = 0.0
    """The mean pause before a request."""
    max_idle_seconds: float = 0.0
    """The longest pause before one request in a hundred; less than gunicorn keeps an idle connection open."""

    def calmer(self, seconds: float) -> Self:
        """Return one that pauses for so much longer."""
        return replace(self, think_seconds=self.think_seconds + seconds)


class Client(threading.Thread):
    """One client; `outcomes` is complete once it has ended."""

    def __init__(
        self, server: Target, next_request: NextRequest, profile: ClientProfile, seed: int, stop: threading.Event
    ) -> None:
        super().__init__(daemon=True)
        self.outcomes = Outcomes()
        self._server = server
        self._next_request = next_request
        self._profile = profile
        self._random = np.random.default_rng(seed)
        self._stop_sending = stop
        self._connection = HTTPConnection("127.0.0.1", server.port, timeout=TIMEOUT_SECONDS)
        self._opened = 0.0

    def run(self) -> None:
        while not self._stop_sending.wait(self._pause()):
            request = self._next_request()
            if request is None:
                break
            if self._needs_another_connection():
                self._connection.close()
            self._send(request)
        self._connection.close()

    def _pause(self) -> float:
        if self._profile.max_idle_seconds and self._random.random() < 0.01:
            return float(self._random.uniform(0, self._profile.max_idle_seconds))
        return float(self._random.exponential(self._profile.think_seconds)) if self._profile.think_seconds else 0.0

    def _needs_another_connection(self) -> bool:
        profile = self._profile
        return not profile.keep_alive or self._random.random() < profile.reconnects or _is_closed(self._connection)

    def _send(self, request: CheckedRequest) -> None:
        reused, port = self._connection.sock is not None, 0
        response: HTTPResponse | None = None
        start = time.monotonic()
        try:
            if not reused:
                self._connection.connect()
                self._opened = time.monotonic()
            port = self._connection.sock.getsockname()[1]
            self._write(request)
            response = self._connection.getresponse()
            content = response.read()
        except (OSError, HTTPException) as error:
            self._connection.close()
            self._record_failure(error, port, reused and response is None)
            return
        self.outcomes.latencies.append(time.monotonic() - start)
        self.outcomes.record(request, response.status, content)

    def _write(self, request: CheckedRequest) -> None:
        headers = {} if self._profile.keep_alive else {"Connection": "close"}
        if request.body is None:
            self._connection.request("GET", request.path, headers=headers)
        else:
            headers["Content-Type"] = "application/json"
            self._connection.request("POST", request.path, request.body, headers)

    def _record_failure(self, error: Exception, port: int, unanswered_on_reuse: bool) -> None:
        """Tell apart: its worker was killed, its connection was closed while it was sent (a known race), or a fault."""
        text = f"{error!r} on port {port} at {time.time():.3f}"
        if self._server.was_killed(port, self._opened, time.monotonic()):
            self.outcomes.killed += 1
        elif unanswered_on_reuse and isinstance(error, ConnectionError):
            self.outcomes.stale.append(text)
        else:
            self.outcomes.failed.append(text)


def _is_closed(connection: HTTPConnection) -> bool:
    """Say whether the server has closed an idle connection: nothing else can make it readable."""
    return connection.sock is not None and bool(select.select([connection.sock], [], [], 0)[0])


def send_all(
    server: Target, requests: Iterator[CheckedRequest], clients: int, profile: ClientProfile | None = None
) -> Outcomes:
    """Have clients send all requests, each to whichever client is free, and return their outcomes."""
    lock, stop = threading.Lock(), threading.Event()

    def next_request() -> CheckedRequest | None:
        with lock:
            return next(requests, None)

    threads = [Client(server, next_request, profile or ClientProfile(), seed, stop) for seed in range(clients)]
    for client in threads:
        client.start()
    for client in threads:
        client.join()
    return sum((client.outcomes for client in threads), Outcomes())


@contextmanager
def background_load(
    server: Target, clients: Sequence[tuple[NextRequest, ClientProfile]]
) -> Iterator[Callable[[], Outcomes]]:
    """Keep clients sending during the block; call what it yields after the block, for their outcomes."""
    stop = threading.Event()
    threads = [
        Client(server, next_request, profile, seed, stop) for seed, (next_request, profile) in enumerate(clients)
    ]
    for client in threads:
        client.start()
    try:
        yield lambda: sum((client.outcomes for client in threads), Outcomes())
    finally:
        stop.set()
        for client in threads:
            client.join()


def let_them_send(outcomes: Callable[[], Outcomes], seconds: float) -> None:
    """Let the clients of a load send for so long, and until they have had some answers."""
    before = outcomes().requests
    time.sleep(seconds)
    wait_for(lambda: outcomes().requests >= before + LEAST_REQUESTS)
