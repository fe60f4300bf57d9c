"""Clients: threads that ask one question after the other over connections of their own, and count what comes back.

A request is sent once and never again. As every client that keeps connections does, these look before each request
whether the server has closed the connection meanwhile, and open another one then.
"""

import select
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Protocol

import numpy as np

from chaos.soak.questions import Question

Ask = Callable[[], Question | None]
"""Gives a client its next question; None where there are no more."""

TIMEOUT_SECONDS = 30


class Target(Protocol):
    """A server on this machine."""

    @property
    def port(self) -> int: ...

    def was_cut(self, port: int, opened: float, failed: float) -> bool:
        """Say whether a request that failed was with a process killed just then; the port is the client's."""
        ...


@dataclass
class Tally:
    """What came back: answers, and requests that failed by how."""

    right: int = 0
    predictions: int = 0
    grids: int = 0
    received: int = 0
    wrong: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    refused: int = 0
    cut: int = 0
    stale: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))

    @property
    def requests(self) -> int:
        lists = (self.wrong, self.errors, self.stale, self.failed)
        return self.right + self.refused + self.cut + sum(map(len, lists))

    def percentile(self, percent: float) -> float:
        """Return the seconds within which so many percent of the right answers came."""
        return float(np.percentile(self.seconds, percent))

    def note(self, question: Question, status: int, content: bytes) -> None:
        self.received += len(content)
        if status != 200:
            text = f"{status} to {question.path}: {content[:300].decode(errors='replace')}"
            if status == 503:
                self.refused += 1
            else:
                (self.errors if status >= 500 else self.wrong).append(text)
            return
        wrong = question.wrong(content)
        if wrong is not None:
            self.wrong.append(wrong)
            return
        self.right += 1
        self.predictions += question.predictions
        self.grids += question.grids


@dataclass(frozen=True)
class Habits:
    """How a client behaves: whether it keeps its connection, and how long it thinks before each request."""

    keeps: bool = True
    changes: float = 0.0
    """The share of requests before which it opens another connection all the same, so that workers stay balanced."""
    thinks: float = 0.0
    """Seconds on average."""
    ponders: float = 0.0
    """Before one request in a hundred, up to so many seconds; less than gunicorn keeps an idle connection for."""


class Client(threading.Thread):
    """One client; `tally` is complete once it has ended."""

    def __init__(self, server: Target, ask: Ask, habits: Habits, seed: int, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.tally = Tally()
        self._server = server
        self._ask = ask
        self._habits = habits
        self._random = np.random.default_rng(seed)
        self._stop_asking = stop
        self._connection = HTTPConnection("127.0.0.1", server.port, timeout=TIMEOUT_SECONDS)
        self._opened = 0.0

    def run(self) -> None:
        while not self._stop_asking.wait(self._pause()):
            question = self._ask()
            if question is None:
                break
            if not self._habits.keeps or self._random.random() < self._habits.changes or _is_closed(self._connection):
                self._connection.close()
            self._exchange(question)
        self._connection.close()

    def _pause(self) -> float:
        if self._habits.ponders and self._random.random() < 0.01:
            return float(self._random.uniform(0, self._habits.ponders))
        return float(self._random.exponential(self._habits.thinks)) if self._habits.thinks else 0.0

    def _exchange(self, question: Question) -> None:
        reused, port = self._connection.sock is not None, 0
        response: HTTPResponse | None = None
        began = time.monotonic()
        try:
            if not reused:
                self._connection.connect()
                self._opened = time.monotonic()
            port = self._connection.sock.getsockname()[1]
            self._send(question)
            response = self._connection.getresponse()
            content = response.read()
        except (OSError, HTTPException) as error:
            self._connection.close()
            self._failed(error, port, reused and response is None)
            return
        self.tally.seconds.append(time.monotonic() - began)
        self.tally.note(question, response.status, content)

    def _send(self, question: Question) -> None:
        headers = {} if self._habits.keeps else {"Connection": "close"}
        if question.body is None:
            self._connection.request("GET", question.path, headers=headers)
        else:
            self._connection.request(
                "POST", question.path, question.body, {**headers, "Content-Type": "application/json"}
            )

    def _failed(self, error: Exception, port: int, unanswered_on_reuse: bool) -> None:
        """Count a failed request: cut with its worker, closed while it was sent (a known race), or against us."""
        text = f"{error!r} on port {port} at {time.time():.3f}"
        if self._server.was_cut(port, self._opened, time.monotonic()):
            self.tally.cut += 1
        elif unanswered_on_reuse and isinstance(error, ConnectionError):
            self.tally.stale.append(text)
        else:
            self.tally.failed.append(text)


def _is_closed(connection: HTTPConnection) -> bool:
    """Say whether the other side has closed a connection that is kept (what becomes readable then is its end)."""
    return connection.sock is not None and bool(select.select([connection.sock], [], [], 0)[0])


def sharing(questions: Iterator[Question]) -> Ask:
    """Give each question to whichever client comes next."""
    lock = threading.Lock()

    def ask() -> Question | None:
        with lock:
            return next(questions, None)

    return ask


def ask_all(server: Target, questions: Iterator[Question], clients: int, habits: Habits | None = None) -> Tally:
    """Have clients ask all questions, and return their tally."""
    ask, stop = sharing(questions), threading.Event()
    crowd = [Client(server, ask, habits or Habits(), seed, stop) for seed in range(clients)]
    for client in crowd:
        client.start()
    for client in crowd:
        client.join()
    return sum((client.tally for client in crowd), Tally())


@contextmanager
def asking(server: Target, asks: Sequence[tuple[Ask, Habits]]) -> Iterator[Callable[[], Tally]]:
    """Keep clients asking while the block runs; what it is given returns their tally once the block has ended."""
    stop = threading.Event()
    crowd = [Client(server, ask, habits, seed, stop) for seed, (ask, habits) in enumerate(asks)]
    for client in crowd:
        client.start()
    try:
        yield lambda: sum((client.tally for client in crowd), Tally())
    finally:
        stop.set()
        for client in crowd:
            client.join()
