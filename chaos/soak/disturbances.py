"""Under steady load: versions that come, broken ones, workers killed, and graceful restarts.

No answer may be wrong, no request may fail but those that a killed worker held, and every worker must serve a new
version within two looks at the disk.
"""

import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from chaos.soak.clients import Habits, Tally, asking
from chaos.soak.probes import each_worker, seconds_until, wait_for_successors
from chaos.soak.questions import Questions
from chaos.soak.server import Server, serving
from chaos.soak.shelf import BREAKS, Break, Shelf

POLL_SECONDS = 0.5

KEEPING = Habits(changes=0.005, thinks=0.01, ponders=1.5)
NOT_KEEPING = Habits(keeps=False, thinks=0.01)
CLIENTS = (*[KEEPING] * 8, *[NOT_KEEPING] * 2)


@dataclass(frozen=True)
class Numbers:
    """How often what happens."""

    swaps: int
    broken: int
    kills: int
    restarts: int


@dataclass
class Disturbed:
    """What came of it; `swap_seconds` are from a version's publication until every worker serves it."""

    tally: Tally
    tracebacks: int
    happened: Numbers
    swap_seconds: list[float] = field(default_factory=list)


class Disturbances:
    """The things that happen to one server, one at a time."""

    def __init__(self, server: Server, shelf: Shelf, seed: int) -> None:
        self._server = server
        self._shelf = shelf
        self._random = np.random.default_rng(seed)
        self.swap_seconds: list[float] = []

    def swap(self, turn: int) -> None:
        """Publish a version of each model in turn."""
        models = self._shelf.models
        name = models[turn % len(models)]
        origin = str(self._random.choice([other for other in models if other != name]))
        with each_worker(self._server) as workers:
            number = self._shelf.swap(name, origin)
            path = f"/boundary?model={name}&resolution=2"
            self.swap_seconds.append(seconds_until(workers, path, lambda answer: bool(answer["version"] == number)))
        self._shelf.served_everywhere(name, number)

    def break_one(self, turn: int) -> None:
        """Publish a broken version, and wait until every worker has seen that it is; nothing else may change."""
        name = str(self._random.choice(self._shelf.models))
        broken: Break = BREAKS[turn % len(BREAKS)]
        number = self._shelf.spoil(name, broken)

        def failed(model: Any) -> bool:
            return any(status["version"] == number and status["state"] == "FAILED" for status in model["versions"])

        with each_worker(self._server) as workers:
            seconds_until(workers, f"/models/{name}", failed)

    def kill(self, turn: int) -> None:
        victim = self._server.workers()[turn % 2]
        self._server.kill(victim)
        wait_for_successors(self._server, [victim])

    def restart(self, turn: int) -> None:
        """Restart gracefully: all workers by SIGHUP to the arbiter, or the oldest by SIGTERM to it alone."""
        workers = self._server.workers()
        if turn % 2 == 0:
            os.kill(self._server.process.pid, signal.SIGHUP)
        else:
            workers = workers[:1]
            os.kill(workers[0], signal.SIGTERM)
        wait_for_successors(self._server, workers)

    def in_some_order(self, numbers: Numbers) -> Sequence[Callable[[], None]]:
        """Return all that is to happen, mixed."""
        kinds: dict[Callable[[int], None], int] = {
            self.swap: numbers.swaps,
            self.break_one: numbers.broken,
            self.kill: numbers.kills,
            self.restart: numbers.restarts,
        }
        steps = [partial(kind, turn) for kind, count in kinds.items() for turn in range(count)]
        return [steps[i] for i in self._random.permutation(len(steps))]


def disturb(source: Path, directory: Path, numbers: Numbers, seed: int, pause_seconds: float) -> Disturbed:
    """Load a server steadily and disturb it, with a pause after each disturbance."""
    shelf = Shelf(source, directory / "models")
    # The image has no TensorFlow to fall back to where a compiled form is broken; `litert` does without it anywhere.
    environment = {"SERVICE_POLL_SECONDS": str(POLL_SECONDS), "SERVICE_ENGINE": "litert"}
    with serving(shelf.directory, directory, **environment) as server:
        disturbances = Disturbances(server, shelf, seed)
        asks = [(Questions(shelf, seed + i).any, habits) for i, habits in enumerate(CLIENTS)]
        with asking(server, asks) as tally:
            for step in disturbances.in_some_order(numbers):
                time.sleep(pause_seconds)
                step()
            time.sleep(pause_seconds)
        return Disturbed(tally(), server.tracebacks(), numbers, disturbances.swap_seconds)
