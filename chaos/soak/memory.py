"""Memory: after a million predictions and thousands of grids, the workers hold what they held when they were warm.

Warm means that every endpoint has answered, the pools of threads and interpreters have their full size, and what is
kept of boundaries, answers and plans, is full in every worker.
"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

import numpy as np

from chaos.soak.clients import ClientProfile, Outcomes, send_all
from chaos.soak.model_store import ModelStore
from chaos.soak.server import WORKERS, Server, serving
from chaos.soak.workload import CheckedRequest, Workload

CLIENTS = 8
PROFILE = ClientProfile(reconnects=0.02)
WARM_UP_CLIENTS = 48
"""As many as a worker has threads, so that all pools reach their full size."""

BATCH = 1000
"""Points of most predictions."""
SINGLES = 0.01
"""The share of points that are asked for one at a time."""
REPEATED = 0.25
"""The share of grids that were asked for before."""
RESOLUTIONS = (100, 300)

QUIET_SECONDS = 1.0

ENDPOINTS = (
    "/models",
    "/comparison",
    "/comparison?format=csv",
    "/comparison?format=markdown",
    "/dataset",
    "/dataset?format=csv",
    "/health/live",
    "/health/ready",
    "/metrics",
    "/openapi.json",
    "/docs",
)
PICTURES = (
    "/comparison?format=png",
    *(f"/boundary?format=png&statistic={statistic}" for statistic in ("probability", "mean", "std", "agreement")),
)


@dataclass(frozen=True)
class Memory:
    """Bytes of all workers: their proportional set size, and the part of it that is private to them.

    The rest is libraries, shared among all processes on the machine that use them: a share that grows as others end.
    """

    pss: int
    private: int


@dataclass(frozen=True)
class Kept:
    """What a worker keeps of boundaries: bytes of answers, and plans."""

    bytes: int
    plans: int


@dataclass(frozen=True)
class MemoryResult:
    warm: Memory
    after: Memory
    outcomes: Outcomes

    @property
    def growth(self) -> float:
        return self.after.private / self.warm.private - 1


def measure_growth(
    source: Path,
    directory: Path,
    warm_up_rounds: int,
    predictions: int,
    grids: int,
    kept: Kept,
    seed: int,
    *,
    pictures: bool,
) -> MemoryResult:
    """Warm up a server, with `pictures` or without, ask for so many predictions and grids, and compare its memory."""
    store = ModelStore(source, directory / "models")
    with serving(store.directory, directory, SERVICE_CACHE_BYTES=str(kept.bytes)) as server:
        workload = Workload(store, seed)
        _warm_up(server, workload, [*ENDPOINTS, *(PICTURES if pictures else ())], warm_up_rounds, kept)
        warm = _memory(server)
        outcomes = send_all(server, _requests(workload, predictions, grids), CLIENTS, PROFILE)
        return MemoryResult(warm, _memory(server), outcomes)


def _warm_up(server: Server, workload: Workload, paths: list[str], rounds: int, kept: Kept) -> None:
    for url in (server.url + path for path in paths):
        # All workers at once, as the first picture takes long.
        with server.each_worker() as workers, ThreadPoolExecutor() as pool:
            list(pool.map(lambda worker, url: worker.get(url, timeout=60).raise_for_status(), workers, repeat(url)))
    send_all(server, (workload.prediction(BATCH) for _ in range(rounds * WARM_UP_CLIENTS)), WARM_UP_CLIENTS)
    received = grids = 0
    shares = 2 * WORKERS  # twice, because workers get unequal ones
    while received < shares * kept.bytes or grids < shares * kept.plans:
        outcomes = send_all(server, _requests(workload, 4_000, 20), CLIENTS, PROFILE)
        received, grids = received + outcomes.bytes_received, grids + outcomes.grids


def _requests(workload: Workload, predictions: int, grids: int) -> Iterator[CheckedRequest]:
    """Yield requests for so many predicted points and so many grids, evenly mixed."""
    singles = int(predictions * SINGLES)
    batches = (predictions - singles) // BATCH
    kinds = np.repeat([0, 1, 2], [batches, predictions - batches * BATCH, grids])
    random = np.random.default_rng(len(kinds))
    random.shuffle(kinds)
    recent: list[CheckedRequest] = []
    for kind in kinds:
        if kind < 2:
            yield workload.prediction(BATCH if kind == 0 else 1)
        elif recent and random.random() < REPEATED:
            yield recent[random.integers(len(recent))]
        else:
            recent = [*recent[-19:], workload.grid(int(random.integers(*RESOLUTIONS)))]
            yield recent[-1]


def _memory(server: Server) -> Memory:
    time.sleep(QUIET_SECONDS)
    return Memory(server.memory("Pss"), server.memory("Pss_Anon") + server.memory("Pss_Shmem"))
