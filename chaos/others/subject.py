"""A server under test: started, given a new version, killed in part, restarted, each in the way that it offers."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.request_formats import MODEL, json_message
from benchmarks.serving.contestants import SERVICE, Contestant
from benchmarks.serving.processes import end, pss, tree
from benchmarks.serving.servers import Sample, send, start
from chaos.soak.model_store import ModelStore
from harness.processes import children
from harness.waiting import wait_for

NEW = "tanh-10"
"""The model whose network is published as the next version of the one that is asked."""

POLL_SECONDS = 0.5
COME_BACK_SECONDS = 10.0
"""How long a server that has lost a process may take to answer again before it is started anew, as an orchestrator does
at once where its first process has ended."""


class CannotError(Exception):
    """The server has no way to do this; the message says what is done in its place."""


@dataclass
class Subject:
    """`origin` is the model whose network is served under `MODEL`'s name."""

    contestant: Contestant
    store: ModelStore
    directory: Path
    remarks: set[str] = field(default_factory=set)
    origin: str = MODEL
    port: int = 0
    _started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> None:
        """Start it, on the port that it had before.

        Raises:
            NotMeasuredError: it is not installed, does not start, or predicts something else.
        """
        self._link(self.store.rolled_out_version(MODEL))
        settings = {
            "SERVICE_MODELS_DIR": str(self.store.directory),
            "SERVICE_POLL_SECONDS": str(POLL_SECONDS),
            "BENCHMARK_BUNDLE": str(self._bundle),
        }
        port = self.port or None
        self.port = start(self.contestant, self._sample(), self.directory, self._started, settings, port).port

    def stop(self) -> None:
        end(*self._started)
        self._started.clear()

    def was_killed(self, client_port: int, opened: float, failed: float) -> bool:
        """Count what a killed process has cost as lost, whatever the server."""
        return False

    def swap(self) -> None:
        """Publish a new version, and wait until it answers.

        Raises:
            CannotError: only a restart would load it.
        """
        load = _LOADERS.get(self.contestant.name)
        if load is None:
            raise CannotError("loads no new version while it runs")
        self.origin = NEW if self.origin == MODEL else MODEL
        version = self.store.publish(MODEL, self.origin)
        self._link(version)
        load(self.port)
        wait_for(self._answers_correctly)
        time.sleep(4 * POLL_SECONDS)  # until its other processes do as well
        self.store.mark_rolled_out(MODEL, version)

    def kill(self) -> None:
        """Kill the largest process below the first, as the kernel does where memory is short."""
        root = self._started[-1]
        others = [pid for pid in tree(root.pid) if pid != root.pid]
        os.kill(max(others, key=pss, default=root.pid), signal.SIGKILL)
        time.sleep(0.5)
        with suppress(TimeoutError):
            wait_for(lambda: root.poll() is not None or self._answers_correctly(), COME_BACK_SECONDS)
        if root.poll() is None and self._answers_correctly():
            return
        self.remarks.add("started anew: " + ("a killed process was not replaced" if others else "it is one process"))
        self.stop()
        self.start()

    def restart(self) -> None:
        """Restart it: this service by SIGHUP, one that has no such way by a stop and a start."""
        if self.contestant is SERVICE:
            arbiter = self._started[-1].pid
            before = set(children(arbiter))
            os.kill(arbiter, signal.SIGHUP)
            wait_for(lambda: not before & set(children(arbiter)))
        else:
            self.remarks.add("restarts by a stop and a start")
            self.stop()
            self.start()

    @property
    def _bundle(self) -> Path:
        """Where the apps of the others find what they load."""
        return self.directory / "bundle"

    def _link(self, version: int) -> None:
        """Point to a version in one step."""
        link = self.directory / "next"
        link.symlink_to(self.store.directory / MODEL / str(version))
        link.rename(self._bundle)

    def _sample(self) -> Sample:
        version = self.store.valid_versions(MODEL, 0)[-1]
        points = np.array([[0.1, 0.2], [0.9, -0.4]], np.float32)
        return Sample(points, self.store.expected(MODEL, version, points))

    def _answers_correctly(self) -> bool:
        request_format, sample = self.contestant.request_formats[0], self._sample()
        with suppress(OSError):
            status, response = send(self.port, request_format.path, request_format.encode(sample.points))
            return status == 200 and self.contestant.is_correct(
                request_format, sample.points, sample.expected, response
            )
        return False


def _by_its_repository(port: int) -> None:
    send(port, f"/v2/repository/models/{MODEL}/load", json_message({}))


_LOADERS: dict[str, Callable[[int], None]] = {
    SERVICE.name: lambda _: None,  # it looks itself
    "mlserver": _by_its_repository,
}
"""How a server comes to load a new version; those that are not here do not."""
