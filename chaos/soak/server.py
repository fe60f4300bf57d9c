"""A real gunicorn, and what the kernel knows of its workers: the connections they hold, their memory. Linux only."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from benchmarks.machine import free_port

ROOT = Path(__file__).parent.parent.parent
WORKERS = 2
START_SECONDS = 60
STOP_SECONDS = 40
"""Longer than gunicorn's graceful_timeout."""

DYING_SECONDS = 0.2
"""How long after a SIGKILL the kernel may take to close the connections of the killed, and a client to see it."""

_PROC = Path("/proc")
_ESTABLISHED = "01"


@dataclass
class Server:
    """Gunicorn's arbiter, the port that it listens on, and when each connection of a killed worker was cut."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path
    _cut: dict[int, float] = field(default_factory=dict)

    def workers(self) -> list[int]:
        """Return the process ids of the workers that live, oldest first."""
        arbiter = self.process.pid
        children = (_PROC / str(arbiter) / "task" / str(arbiter) / "children").read_text().split()
        return [int(pid) for pid in children if _lives(int(pid))]

    def held_by(self, pid: int) -> set[int]:
        """Return the clients' ports of the connections that a worker holds."""
        ports = self._ports()
        return {ports[inode] for inode in _sockets(pid) if inode in ports}

    def kill(self, pid: int) -> None:
        """SIGKILL a worker. It is stopped first, so that the connections which it holds are exactly those cut."""
        os.kill(pid, signal.SIGSTOP)
        held = self.held_by(pid)
        self._cut.update(dict.fromkeys(held, time.monotonic()))
        os.kill(pid, signal.SIGKILL)

    def was_killed(self, client_port: int, opened: float, failed: float) -> bool:
        """Say whether a request that failed was on a connection of a worker killed just then."""
        cut = self._cut.get(client_port)
        return cut is not None and opened <= cut <= failed <= cut + DYING_SECONDS

    def memory(self, of: str) -> int:
        """Return a line of smaps_rollup in bytes, the sum over the workers. Pss parts shared pages among sharers."""
        return sum(_smaps(pid)[of] for pid in self.workers())

    def tracebacks(self) -> int:
        """Return how many errors the service did not expect stand in its log."""
        return self.log.read_text(errors="replace").count("Traceback (most recent call last)")

    def _ports(self) -> dict[str, int]:
        """Return the clients' ports by the inode of the server's end."""
        lines = (line.split() for line in (_PROC / "net/tcp").read_text().splitlines()[1:])
        local = f":{self.port:04X}"
        return {
            line[9]: int(line[2].split(":")[1], 16)
            for line in lines
            if line[1].endswith(local) and line[3] == _ESTABLISHED
        }


@contextmanager
def serving(models_dir: Path, directory: Path, **environment: str) -> Iterator[Server]:
    """Serve models with two workers until the block ends; the log goes to `directory`."""
    port = free_port()
    log = directory / f"gunicorn-{port}.log"
    ours = ("SERVICE_", "COVERAGE_")  # measuring coverage costs time and memory, which are measured here
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn"],
            cwd=ROOT,
            env={
                **inherited,
                "HOST": "127.0.0.1",
                "PORT": str(port),
                "WEB_CONCURRENCY": str(WORKERS),
                "SERVICE_MODELS_DIR": str(models_dir),
                **environment,
            },
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    server = Server(process, port, log)
    try:
        _wait_until_ready(server)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=STOP_SECONDS)


def _wait_until_ready(server: Server) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.process.poll() is None:
        connection = HTTPConnection("127.0.0.1", server.port, timeout=5)
        with suppress(OSError, HTTPException):
            connection.request("GET", "/health/ready")
            if connection.getresponse().status == 200 and len(server.workers()) == WORKERS:
                connection.close()
                return
        connection.close()
        time.sleep(0.05)
    raise RuntimeError(f"the server does not get ready:\n{server.log.read_text()}")


def _lives(pid: int) -> bool:
    try:
        state = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def _sockets(pid: int) -> Iterator[str]:
    """Yield the inodes of the sockets that a process has open."""
    for descriptor in (_PROC / str(pid) / "fd").iterdir():
        with suppress(OSError):  # closed meanwhile
            target = str(descriptor.readlink())
            if target.startswith("socket:["):
                yield target[len("socket:[") : -1]


def _smaps(pid: int) -> dict[str, int]:
    lines = (_PROC / str(pid) / "smaps_rollup").read_text().splitlines()[1:]
    return {name: int(rest.split()[0]) * 1024 for name, rest in (line.split(":") for line in lines)}
