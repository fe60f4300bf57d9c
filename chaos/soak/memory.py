"""A million predictions and thousands of grids: the workers' memory after them is what it was when they were warm.

Warm means that every endpoint has answered, as many threads have run as ever do here, and the kept answers have filled
their cache in every worker.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from chaos.soak.clients import Habits, Tally, ask_all
from chaos.soak.probes import each_worker
from chaos.soak.questions import Question, Questions
from chaos.soak.server import WORKERS, Server, serving
from chaos.soak.shelf import Shelf
from service.settings import Settings

CLIENTS = 8
HABITS = Habits(changes=0.02)
CROWD = 48
"""Clients at once while it warms up, so that pools of threads and of interpreters are as large as they get."""

BATCH = 1000
"""Points of most predictions."""
SINGLES = 0.01
"""The share of points that are asked for one at a time."""
AGAIN = 0.25
"""The share of grids that were asked for before."""
RESOLUTIONS = (100, 300)

QUIET_SECONDS = 1.0

ENDPOINTS = (
    "/models",
    "/comparison",
    "/comparison?format=csv",
    "/comparison?format=markdown",
    "/comparison?format=png",
    "/dataset",
    "/dataset?format=csv",
    "/health/live",
    "/health/ready",
    "/metrics",
    "/openapi.json",
    "/docs",
    *(f"/boundary?format=png&statistic={statistic}" for statistic in ("probability", "mean", "std", "agreement")),
)


@dataclass(frozen=True)
class Memory:
    """Bytes of all workers, before and after: PSS, and of it what is their own.

    The rest are libraries, whose pages are parted among all processes on the machine that use them: a share that grows
    as others end.
    """

    before: int
    after: int
    own_before: int
    own_after: int
    tally: Tally

    @property
    def growth(self) -> float:
        return self.own_after / self.own_before - 1


def exhaust(source: Path, directory: Path, predictions: int, grids: int, seed: int) -> Memory:
    """Warm a server up, ask so many predictions and grids of it, and compare its memory."""
    shelf = Shelf(source, directory / "models")
    with serving(shelf.directory, directory) as server:
        questions = Questions(shelf, seed)
        _warm_up(server, questions)
        before = _memory(server)
        tally = ask_all(server, _work(questions, predictions, grids), CLIENTS, HABITS)
        after = _memory(server)
    return Memory(before[0], after[0], before[1], after[1], tally)


def _warm_up(server: Server, questions: Questions) -> None:
    for path in ENDPOINTS:
        with each_worker(server) as workers:
            for connection in workers:  # all at once: the first picture takes longer than an idle connection is kept
                connection.request("GET", path)
            for connection in workers:
                answer = connection.getresponse()
                if answer.read() and answer.status != 200:
                    raise RuntimeError(f"{path} answers {answer.status}")
    ask_all(server, (questions.prediction(BATCH) for _ in range(20 * CROWD)), CROWD)
    received, filled = 0, 2 * WORKERS * Settings.cache_bytes  # twice, since workers do not get the same share
    while received < filled:
        received += ask_all(server, _work(questions, 20_000, 100), CLIENTS, HABITS).received


def _work(questions: Questions, predictions: int, grids: int) -> Iterator[Question]:
    """Yield questions for so many predicted points and so many grids, evenly mixed."""
    singles = int(predictions * SINGLES)
    batches = (predictions - singles) // BATCH
    kinds = np.repeat([0, 1, 2], [batches, predictions - batches * BATCH, grids])
    random = np.random.default_rng(len(kinds))
    random.shuffle(kinds)
    asked: list[Question] = []
    for kind in kinds:
        if kind < 2:
            yield questions.prediction(BATCH if kind == 0 else 1)
        elif asked and random.random() < AGAIN:
            yield asked[random.integers(len(asked))]
        else:
            asked = [*asked[-19:], questions.grid(int(random.integers(*RESOLUTIONS)))]
            yield asked[-1]


def _memory(server: Server) -> tuple[int, int]:
    time.sleep(QUIET_SECONDS)
    return server.memory("Pss"), server.memory("Pss_Anon") + server.memory("Pss_Shmem")
