"""Faults under steady load: new versions, broken versions, killed workers, and graceful restarts.

No response may be wrong. No request may fail unless a killed worker held its connection. Every worker must serve a new
version within two polls of the disk.
"""

import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from chaos.soak.clients import ClientProfile, Outcomes, background_load, let_them_send
from chaos.soak.model_store import ModelStore
from chaos.soak.server import Server, serving
from chaos.soak.worker_probe import seconds_until_all, wait_for_replacements
from chaos.soak.workload import Workload
from harness.bundles import SPOILS

POLL_SECONDS = 0.5

KEEP_ALIVE = ClientProfile(reconnects=0.005, think_seconds=0.01, max_idle_seconds=1.5)
ONE_REQUEST_EACH = ClientProfile(keep_alive=False, think_seconds=0.01)
CLIENTS = (*[KEEP_ALIVE] * 8, *[ONE_REQUEST_EACH] * 2)


@dataclass(frozen=True)
class FaultCounts:
    new_versions: int
    broken_versions: int
    kills: int
    restarts: int


@dataclass(frozen=True)
class FaultResult:
    """`rollout_seconds` are from each new version's publication until every worker serves it."""

    outcomes: Outcomes
    tracebacks: int
    rollout_seconds: list[float]


class FaultInjector:
    """Injects faults into one server, one at a time."""

    def __init__(self, server: Server, store: ModelStore, seed: int) -> None:
        self._server = server
        self._store = store
        self._random = np.random.default_rng(seed)
        self.rollout_seconds: list[float] = []

    def publish(self, turn: int) -> None:
        """Publish a new version, of each model in turn, and wait until every worker serves it."""
        models = self._store.models
        name = models[turn % len(models)]
        origin = str(self._random.choice([other for other in models if other != name]))
        with self._server.each_worker() as workers:
            version = self._store.publish(name, origin)
            path = f"/boundary?model={name}&resolution=2"
            seconds = seconds_until_all(self._server, workers, path, lambda answer: bool(answer["version"] == version))
        self.rollout_seconds.append(seconds)
        self._store.mark_rolled_out(name, version)

    def publish_broken(self, turn: int) -> None:
        """Publish a broken version, and wait until every worker reports it as failed."""
        name = str(self._random.choice(self._store.models))
        version = self._store.publish_broken(name, SPOILS[turn % len(SPOILS)])

        def failed(model: Any) -> bool:
            return any(status["version"] == version and status["state"] == "FAILED" for status in model["versions"])

        with self._server.each_worker() as workers:
            seconds_until_all(self._server, workers, f"/models/{name}", failed)

    def kill(self, turn: int) -> None:
        victim = self._server.workers()[turn % 2]
        self._server.kill(victim)
        wait_for_replacements(self._server, [victim])

    def restart(self, turn: int) -> None:
        """Restart gracefully: all workers by SIGHUP to the arbiter, or the oldest worker by SIGTERM."""
        workers = self._server.workers()
        if turn % 2 == 0:
            os.kill(self._server.process.pid, signal.SIGHUP)
        else:
            workers = workers[:1]
            os.kill(workers[0], signal.SIGTERM)
        wait_for_replacements(self._server, workers)

    def shuffled(self, counts: FaultCounts) -> Sequence[Callable[[], None]]:
        """Return all faults in random order."""
        kinds: dict[Callable[[int], None], int] = {
            self.publish: counts.new_versions,
            self.publish_broken: counts.broken_versions,
            self.kill: counts.kills,
            self.restart: counts.restarts,
        }
        faults = [partial(kind, turn) for kind, count in kinds.items() for turn in range(count)]
        return [faults[i] for i in self._random.permutation(len(faults))]


def inject_faults(
    source: Path, directory: Path, counts: FaultCounts, seed: int, pause_seconds: float, calm_seconds: float
) -> FaultResult:
    """Put a steady load on a server and inject faults, with a pause before each."""
    store = ModelStore(source, directory / "models")
    # The image has no TensorFlow to fall back to for a broken compiled form; `litert` behaves so on any machine.
    environment: dict[str, Any] = {"SERVICE_POLL_SECONDS": str(POLL_SECONDS), "SERVICE_ENGINE": "litert"}
    with serving(store.directory, directory, **environment) as server:
        injector = FaultInjector(server, store, seed)
        clients = [(Workload(store, seed + i).mixed, profile.calmer(calm_seconds)) for i, profile in enumerate(CLIENTS)]
        with background_load(server, clients) as outcomes:
            for inject in injector.shuffled(counts):
                let_them_send(outcomes, pause_seconds)
                inject()
            let_them_send(outcomes, pause_seconds)
        return FaultResult(outcomes(), server.tracebacks(), injector.rollout_seconds)
