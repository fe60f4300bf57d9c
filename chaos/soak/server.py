"""The soak's gunicorn: two workers that can be killed, and the memory that they hold. Linux only."""

import os
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import harness.server
from harness import processes
from harness.waiting import wait_for

WORKERS = 2

DYING_SECONDS = 0.2
"""How long after a SIGKILL the kernel may take to close the worker's connections, and a client to notice."""


@dataclass(frozen=True)
class Server(harness.server.Server):
    """Remembers when each connection of a killed worker was cut, by the client's port."""

    _cut: dict[int, float] = field(default_factory=dict)

    def kill(self, pid: int) -> None:
        """SIGKILL a worker. It is stopped first, so that the connections it holds are exactly those that are cut."""
        os.kill(pid, signal.SIGSTOP)
        self._cut.update(dict.fromkeys(self.held_by(pid), time.monotonic()))
        os.kill(pid, signal.SIGKILL)

    def was_killed(self, client_port: int, opened: float, failed: float) -> bool:
        """Say whether a request failed because the worker at the other end of its connection was killed."""
        cut = self._cut.get(client_port)
        return cut is not None and opened <= cut <= failed <= cut + DYING_SECONDS

    def memory(self, field: str) -> int:
        """Return a field of smaps_rollup in bytes, the sum over the workers."""
        return sum(processes.memory(pid)[field] for pid in self.workers())

    def wait_until_complete(self) -> None:
        """Wait until the models are loaded and all workers run."""
        self.wait_until_ready()
        wait_for(lambda: len(self.workers()) == WORKERS)


@contextmanager
def serving(
    models: Path,
    directory: Path,
    within: Sequence[str] = (),
    constants: Mapping[str, float] = MappingProxyType({}),
    **environment: str,
) -> Iterator[Server]:
    """Serve models with two workers during the block; the log goes to `directory`. For the others see the harness."""
    settings: dict[str, Any] = {"WEB_CONCURRENCY": str(WORKERS), "SERVICE_MODELS_DIR": str(models), **environment}
    ignored = ("SERVICE_", "COVERAGE_")  # measuring coverage takes time and memory, which are measured here
    with harness.server.serving(directory, without=ignored, within=within, constants=constants, **settings) as started:
        server = Server(started.process, started.port, started.log)
        server.wait_until_complete()
        yield server
