"""Slow clients: connections that send a byte a second (slowloris), and idle ones, beside normal clients.

The normal clients are measured without and with the slow ones in turn, so that other work on the machine slows both.
"""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from chaos.soak.clients import ClientProfile, Outcomes, Target, background_load
from chaos.soak.model_store import ModelStore
from chaos.soak.server import serving
from chaos.soak.workload import Workload

SLOW_CONNECTIONS = 20
IDLE_CONNECTIONS = 200
NORMAL_CLIENTS = 2
PROFILE = ClientProfile(reconnects=0.02)

HEAD = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
BODY = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n"


@dataclass(frozen=True)
class SlowClientResult:
    """The normal clients' outcomes alone, beside slow and beside idle connections, and how many slow ones survived."""

    alone: Outcomes
    slow: Outcomes
    idle: Outcomes
    survivors: int

    @property
    def ratio(self) -> float:
        return self.slow.percentile(99) / self.alone.percentile(99)


def measure_slow_clients(
    source: Path, directory: Path, rounds: int, seconds: float, idle_seconds: float, seed: int
) -> SlowClientResult:
    """Measure in rounds, alone and beside slow connections, and finally beside idle ones.

    The kernel hides idle connections from the service for half a minute, so idle ones must last longer to matter.
    """
    store = ModelStore(source, directory / "models")
    with serving(store.directory, directory) as server:
        workloads = [Workload(store, seed + i) for i in range(NORMAL_CLIENTS)]
        normal_load(server, workloads, seconds / 2)  # warms up
        alone, slow, survivors = Outcomes(), Outcomes(), SLOW_CONNECTIONS
        for _ in range(rounds):
            alone += normal_load(server, workloads, seconds)
            with slowloris(server, SLOW_CONNECTIONS) as connections:
                slow += normal_load(server, workloads, seconds)
                survivors = min(survivors, _count_open(connections))
        with _connections(server, IDLE_CONNECTIONS):
            idle = normal_load(server, workloads, idle_seconds)
    return SlowClientResult(alone, slow, idle, survivors)


def normal_load(server: Target, workloads: list[Workload], seconds: float) -> Outcomes:
    """Have one normal client per workload send requests for some seconds."""
    with background_load(server, [(workload.mixed, PROFILE) for workload in workloads]) as outcomes:
        time.sleep(seconds)
    return outcomes()


@contextmanager
def slowloris(server: Target, count: int) -> Iterator[list[socket.socket]]:
    """Open connections that send a byte a second each, half of them in a head, half in a body.

    They start where it hurts most: after the first header of a head, and after the whole head of a body.
    """
    stop = threading.Event()
    with _connections(server, count) as sockets:
        for i, connection in enumerate(sockets):
            connection.sendall(HEAD if i % 2 else BODY)

        thread = threading.Thread(target=_drip, args=(sockets, stop), daemon=True)
        thread.start()
        time.sleep(0.2)  # until the workers have all of them
        try:
            yield sockets
        finally:
            stop.set()
            thread.join()


@contextmanager
def _connections(server: Target, count: int) -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        yield [stack.enter_context(socket.create_connection(("127.0.0.1", server.port))) for _ in range(count)]


def _drip(sockets: list[socket.socket], stop: threading.Event) -> None:
    while not stop.wait(1):
        for connection in sockets:
            try:
                connection.send(b"1")
            except ConnectionError:  # closed by the server; `_count_open` notices
                continue


def _count_open(sockets: list[socket.socket]) -> int:
    """Count the connections that the server has not closed; it sends nothing on any of them."""
    return sum(not _is_closed(connection) for connection in sockets)


def _is_closed(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
    finally:
        connection.setblocking(True)
