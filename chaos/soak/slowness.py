"""Slow clients: connections that send a byte a second, and ones that send nothing, beside clients as usual.

What the usual clients wait for is measured without and with them in turn, so that what else the machine does falls on
both alike.
"""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from chaos.soak.clients import Habits, Tally, Target, asking
from chaos.soak.questions import Questions
from chaos.soak.server import serving
from chaos.soak.shelf import Shelf

DRIPPING = 20
IDLE = 200
CLIENTS = 2
HABITS = Habits(changes=0.02)

HEAD = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
BODY = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n"


@dataclass(frozen=True)
class Slowness:
    """What the usual clients got without, with dripping and with idle connections; how many that drip lived on."""

    without: Tally
    dripping: Tally
    idle: Tally
    drips_alive: int

    @property
    def ratio(self) -> float:
        return self.dripping.percentile(99) / self.without.percentile(99)


def slow_down(source: Path, directory: Path, rounds: int, seconds: float, idle_seconds: float, seed: int) -> Slowness:
    """Measure in rounds: without, with dripping connections; and at last with idle ones.

    The kernel keeps idle connections from the service for half a minute; what it does with them then is seen only
    where they are there for longer.
    """
    shelf = Shelf(source, directory / "models")
    with serving(shelf.directory, directory) as server:
        questions = [Questions(shelf, seed + i) for i in range(CLIENTS)]
        usual(server, questions, seconds / 2)  # warms up
        without, dripping, drips_alive = Tally(), Tally(), DRIPPING
        for _ in range(rounds):
            without += usual(server, questions, seconds)
            with drips(server, DRIPPING) as dripping_on:
                dripping += usual(server, questions, seconds)
                drips_alive = min(drips_alive, _alive(dripping_on))
        with _connections(server, IDLE):
            idle = usual(server, questions, idle_seconds)
    return Slowness(without, dripping, idle, drips_alive)


def usual(server: Target, questions: list[Questions], seconds: float) -> Tally:
    """Have the usual clients ask, one a list of questions."""
    with asking(server, [(mine.any, HABITS) for mine in questions]) as tally:
        time.sleep(seconds)
    return tally()


@contextmanager
def _connections(server: Target, count: int) -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        yield [stack.enter_context(socket.create_connection(("127.0.0.1", server.port))) for _ in range(count)]


@contextmanager
def drips(server: Target, count: int) -> Iterator[list[socket.socket]]:
    """Give connections that send a byte a second each: every other one of a head, the others of a body.

    The drips begin where it hurts: with a whole header in a head, with a whole head before a body.
    """
    stop = threading.Event()
    with _connections(server, count) as sockets:
        for i, connection in enumerate(sockets):
            connection.sendall(HEAD if i % 2 else BODY)

        thread = threading.Thread(target=_drip, args=(sockets, stop), daemon=True)
        thread.start()
        time.sleep(0.2)  # all are with the workers now
        try:
            yield sockets
        finally:
            stop.set()
            thread.join()


def _drip(sockets: list[socket.socket], stop: threading.Event) -> None:
    while not stop.wait(1):
        for connection in sockets:
            try:
                connection.send(b"1")
            except ConnectionError:  # the server has had enough; counted by who looks whether it lives
                continue


def _alive(sockets: list[socket.socket]) -> int:
    """Count the connections that the server has not closed; it has nothing to say on any of them."""
    return sum(not _has_ended(connection) for connection in sockets)


def _has_ended(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
    finally:
        connection.setblocking(True)
