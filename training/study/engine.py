"""Runs a study's cells: on this machine's processors, on any Dask scheduler, or in a plain loop; the rows are the same.

What is missing is handed out in batches, a few at a time, and comes back as bytes, which this process alone writes. So
no more of a study is in memory than is being worked on, workers share no disk, and what has come back is never lost.

A worker that dies costs the batch that it was running. Its units run again one by one, so that one of them that kills
its worker each time is found out: it is a failure, with its reason, and the others are finished.
"""

import contextlib
import math
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import CancelledError
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

from distributed import Client, Future, KilledWorker, as_completed
from distributed.comm.core import CommClosedError

from bundle.study import Failure
from bundle.study_store import Store
from training.study import worker
from training.study.cells import Cell
from training.study.cluster import EngineError, connected
from training.study.units import Unit, batches, units_of
from training.study.worker import MissingTableError, TrainUnit, UnitResult, WorkerFullError

CONNECTION_LOST = "the connection to the scheduler is lost; the same command goes on where it was"
POLL_SECONDS = 0.05
COUNT_EVERY_SECONDS = 2
"""How often it is looked how many workers there are."""


MAX_DEATHS = 3
"""So many workers may a unit that runs alone end before it is a failure: the first may have been another's fault."""


Results: TypeAlias = list[UnitResult]


@dataclass(frozen=True)
class EngineResult:
    """What a run has added: how many replicates, and what failed."""

    done: int
    failed: list[Failure]


def run(
    cells: Iterable[Cell],
    replicates: int,
    store: Store,
    *,
    scheduler: str | None = None,
    workers: int | None = None,
    progress: Callable[[int], object] = lambda _: None,
    tell: Callable[[str], object] = lambda _: None,
    train: TrainUnit = worker.train_unit,
) -> EngineResult:
    """Train what a study's store lacks, in the order of the cells, and write it as it comes.

    What has failed before is not tried again unless it is taken out of the store.

    Args:
        cells: what to train; taken one by one, as there is room.
        replicates: of each.
        store: where to.
        scheduler: the address of a Dask scheduler; without one a cluster on this machine is started, and ended.
        workers: processes of that cluster, one a processor if None. With 0 all is done in this process, which loads
            TensorFlow.
        progress: told how many more replicates are finished, those included that were found or failed.
        tell: told what a user should know, in a line each.
        train: what trains a unit, importable wherever workers run.

    Raises:
        EngineError: the scheduler cannot be reached, or no longer.
        OSError: the store cannot be written.
    """
    failed: list[Failure] = []
    done = 0
    todo = batches(_missing(cells, replicates, store, progress))
    with _trained(todo, scheduler, workers, tell, train) as results:
        for result in results:
            unit = result.unit
            if result.rows is None:
                failure = Failure(unit.cell.digest, unit.first, unit.last, result.reason)
                store.fail(failure)
                failed.append(failure)
            else:
                store.write_encoded(result.rows, unit.cell.digest, unit.first, unit.last)
                done += unit.replicates
            progress(unit.replicates)
    return EngineResult(done, failed)


def _missing(cells: Iterable[Cell], replicates: int, store: Store, progress: Callable[[int], object]) -> Iterator[Unit]:
    settled = store.settled()
    for cell in cells:
        units = list(units_of(cell, settled.pop(cell.digest, ()), replicates))
        progress(replicates - sum(unit.replicates for unit in units))
        yield from units


@contextlib.contextmanager
def _trained(
    todo: Iterator[list[Unit]],
    scheduler: str | None,
    workers: int | None,
    tell: Callable[[str], object],
    train: TrainUnit,
) -> Iterator[Iterator[UnitResult]]:
    if scheduler is None and workers == 0:
        yield (result for batch in todo for unit in batch for result in worker.run([unit], {}, train))
        return
    with connected(scheduler, workers, tell) as client:
        yield _Dask(client, tell, train).run(todo)


@dataclass(frozen=True)
class _Task:
    """Units that are handed out together; how many workers have died of one that is alone; tables that go with it."""

    units: list[Unit]
    deaths: int = 0
    tables: Mapping[str, bytes] = field(default_factory=dict)


class _Dask:
    """Hands out two batches for each thread of a scheduler's workers; one of them waits at the scheduler."""

    def __init__(self, client: Client, tell: Callable[[str], object], train: TrainUnit) -> None:
        self._client, self._tell, self._train = client, tell, train
        self._again: deque[_Task] = deque()
        self._running: dict[Future[Results], _Task] = {}
        self._name, self._count = f"study-{uuid.uuid4().hex}", 0
        self._threads, self._counted_at = 0, -math.inf

    def run(self, todo: Iterator[list[Unit]]) -> Iterator[UnitResult]:
        """Yield the results of batches as they come."""
        completed = as_completed(loop=self._client.loop)
        while True:
            while len(self._running) < self._limit():
                task = self._again.popleft() if self._again else _next_task(todo)
                if task is None:
                    break
                completed.add(self._submit(task))
            if not self._running:
                return
            future = self._next(completed)
            yield from self._results(future, self._running.pop(future))

    def _next(self, completed: as_completed) -> Future[Results]:
        """Wait for a batch to end, as long as there is a scheduler that may tell."""
        while not completed.has_ready():
            if self._client.status != "running":
                raise EngineError(CONNECTION_LOST)
            time.sleep(POLL_SECONDS)
        return next(completed)

    def _limit(self) -> int:
        """Return how many batches there may be at a time.

        At first none waits: it would wait at a worker, until so many have been handed out that Dask holds them back.
        """
        threads = max(1, self._count_threads())
        return threads if self._count <= 2 * threads else 2 * threads

    def _count_threads(self) -> int:
        """Return how many threads there are, which may come and go, by a count that is a few seconds old at most."""
        if time.monotonic() - self._counted_at > COUNT_EVERY_SECONDS:
            try:
                before, self._threads = self._threads, sum(self._client.nthreads().values())
            except OSError as error:
                raise EngineError(CONNECTION_LOST) from error
            self._counted_at = time.monotonic()
            if not self._threads and (before or not self._count):
                self._tell("waiting for workers")
        return self._threads

    def _submit(self, task: _Task) -> Future[Results]:
        self._count += 1
        # Keys of one name are one group, which the scheduler holds back from workers that are busy.
        key = (self._name, self._count)
        future = self._client.submit(worker.run, task.units, task.tables, self._train, key=key, pure=False)
        self._running[future] = task
        return future

    def _results(self, future: Future[Results], task: _Task) -> list[UnitResult]:
        """Return what a batch has come to, none where it is run again."""
        try:
            results = future.result()
        except KilledWorker as error:
            return self._after_death(task, error)
        except WorkerFullError:
            self._again.append(task)
            return []
        except MissingTableError as error:
            (path,) = error.args
            self._again.append(replace(task, tables={**task.tables, path: Path(path).read_bytes()}))
            return []
        except (CancelledError, CommClosedError) as error:
            raise EngineError(CONNECTION_LOST) from error
        except Exception as error:  # what a unit fails of does not come here
            raise EngineError(f"a worker cannot run this study: {type(error).__name__}: {error}") from error
        return results

    def _after_death(self, task: _Task, error: KilledWorker) -> list[UnitResult]:
        if len(task.units) > 1:
            self._tell(f"a worker ended; the {len(task.units)} units that it was running start again, one by one")
            self._again.extend(replace(task, units=[unit]) for unit in task.units)
            return []
        deaths = task.deaths + error.allowed_failures + 1
        (unit,) = task.units
        if deaths < MAX_DEATHS:
            self._tell(f"a worker ended; {unit.cell.name} starts again")
            self._again.append(replace(task, deaths=deaths))
            return []
        return [UnitResult(unit, reason=self._reason(error, deaths))]

    def _reason(self, error: KilledWorker, deaths: int) -> str:
        ended = [event for _, event in self._client.get_events("worker-restart-memory") or ()]
        taken = [event["rss"] for event in ended if event["worker"] == error.last_worker.address]
        if taken:
            return f"out of memory: each of {deaths} workers was ended when it had taken {taken[-1] / 1e9:.1f} GB"
        return f"each of {deaths} workers that ran it alone died: out of memory, or a crash"


def _next_task(todo: Iterator[list[Unit]]) -> _Task | None:
    units = next(todo, None)
    return None if units is None else _Task(units)
