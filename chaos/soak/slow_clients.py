"""Slow clients: connections that send a byte a second (slowloris), that stall, and idle ones, beside normal clients.

The normal clients are measured without and with the slow ones in turn, so that other work on the machine slows both.
"""

import socket
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from chaos.soak.clients import ClientProfile, Outcomes, Target, background_load, let_them_send
from chaos.soak.model_store import ModelStore
from chaos.soak.server import Server, serving
from chaos.soak.workload import Workload
from harness.waiting import wait_for

SLOW_CONNECTIONS = 20
IDLE_CONNECTIONS = 200
STALLED_CONNECTIONS = 60
"""Of each kind: more than a worker has threads."""
NORMAL_CLIENTS = 2
PROFILE = ClientProfile(reconnects=0.02)

HEAD = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
POST = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
BODY = POST + b"Content-Length: 9999\r\n\r\n"
GRID = "/boundary?resolution=1000&format=npy"
"""4 MB, cached in every worker: who does not read it has cost nothing else."""
STALLED = {
    "in a head over 4 KiB": POST + b"X-Long: " + b"x" * 5000,
    "in a second head": b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n" + POST,
    "in a long body": POST + b"Content-Length: 1000000\r\n\r\n[",
    "in a chunk": POST + b"Transfer-Encoding: chunked\r\n\r\nffff\r\n[",
    "after Expect: 100-continue": POST + b"Content-Length: 24\r\nExpect: 100-continue\r\n\r\n",
    "in reading": f"GET {GRID} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(),
}
"""Where clients stop, by what they have sent then."""


@dataclass(frozen=True)
class Pair:
    """The normal clients' outcomes in each round: alone, where they are to be compared, and beside others."""

    alone: list[Outcomes] = field(default_factory=list)
    beside: list[Outcomes] = field(default_factory=list)

    @property
    def outcomes(self) -> Outcomes:
        return sum(self.alone + self.beside, Outcomes())

    @property
    def ratio(self) -> float:
        """The median of the rounds' ratios of 99th percentiles: a round that other work disturbs decides nothing."""
        rounds = zip(self.beside, self.alone, strict=True)
        return statistics.median(beside.percentile(99) / alone.percentile(99) for beside, alone in rounds)


def p99(rounds: list[Outcomes]) -> float:
    """Return the median of the rounds' 99th percentiles, in seconds."""
    return statistics.median(outcomes.percentile(99) for outcomes in rounds)


@dataclass(frozen=True)
class SlowClientResult:
    """Beside slow connections, of which so many survived, beside stalled ones of each kind, and beside idle ones."""

    slow: Pair
    survivors: int
    stalled: dict[str, Pair]
    idle: Outcomes

    @property
    def outcomes(self) -> Outcomes:
        return sum((pair.outcomes for pair in (self.slow, *self.stalled.values())), self.idle)


def measure_slow_clients(
    source: Path,
    directory: Path,
    rounds: int,
    seconds: float,
    stalled_seconds: float,
    idle_seconds: float,
    seed: int,
    *,
    compare: bool,
) -> SlowClientResult:
    """Measure in rounds, alone (to `compare`) and beside slow or stalled connections, and finally beside idle ones.

    The kernel hides idle connections from the service for half a minute, so idle ones must last longer to matter.
    """
    store = ModelStore(source, directory / "models")
    with serving(store.directory, directory) as server:
        workloads = [Workload(store, seed + i) for i in range(NORMAL_CLIENTS)]
        normal_load(server, workloads, seconds / 2)  # warms up
        with server.each_worker() as workers:
            for worker in workers:
                worker.get(server.url + GRID, timeout=60).raise_for_status()
        slow, survivors, stalled = Pair(), SLOW_CONNECTIONS, {kind: Pair() for kind in STALLED}
        for _ in range(rounds):
            if compare:
                slow.alone.append(normal_load(server, workloads, seconds))
            with slowloris(server, SLOW_CONNECTIONS) as connections:
                slow.beside.append(normal_load(server, workloads, seconds))
                survivors = min(survivors, _count_open(connections))
            for kind, pair in stalled.items():
                if compare:
                    pair.alone.append(normal_load(server, workloads, stalled_seconds))
                pair.beside.append(_beside_stalled(server, workloads, STALLED[kind], stalled_seconds))
        with _connections(server, IDLE_CONNECTIONS):
            idle = normal_load(server, workloads, idle_seconds)
    return SlowClientResult(slow, survivors, stalled, idle)


def _beside_stalled(server: Server, workloads: list[Workload], sent: bytes, seconds: float) -> Outcomes:
    with _connections(server, STALLED_CONNECTIONS) as sockets:
        for connection in sockets:
            connection.sendall(sent)
        _wait_until_taken(server, sockets)
        return normal_load(server, workloads, seconds)


def _wait_until_taken(server: Server, sockets: list[socket.socket]) -> None:
    """Wait until the workers hold all these connections, and answer others again."""
    ports = {connection.getsockname()[1] for connection in sockets}
    wait_for(lambda: ports <= set().union(*map(server.held_by, server.workers())))
    for _ in range(2):  # in the second turn nothing of what they were sent is left to read
        with server.each_worker():
            pass


def normal_load(server: Target, workloads: list[Workload], seconds: float) -> Outcomes:
    """Have one normal client per workload send requests for some seconds."""
    with background_load(server, [(workload.mixed, PROFILE) for workload in workloads]) as outcomes:
        let_them_send(outcomes, seconds)
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
