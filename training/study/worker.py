"""What a worker of a study does: it trains units, and returns their rows as the bytes of a Parquet file.

A unit that fails is its own failure: the others of its batch go on. Only what ends the process is not caught here.
"""

import gc
import itertools
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TypeAlias

from distributed import Status, Worker, get_worker

from bundle import study_store
from bundle.study_rows import UnitRows
from training import TrainingError
from training.study import threads
from training.study.cells import Cell, table_digest
from training.study.units import Unit

TrainUnit: TypeAlias = Callable[[Cell, int, int], UnitRows]
"""Takes a cell, and its first and last replicate."""


@dataclass(frozen=True)
class UnitResult:
    """What came of a unit: its rows, as a Parquet file has them, or the reason why there are none."""

    unit: Unit
    rows: bytes | None = None
    reason: str = ""


class MissingTableError(Exception):
    """A cell's table is not on this machine; the argument is its path where the study was started."""


class WorkerFullError(Exception):
    """The worker has grown so much that it ends itself before it begins another batch, to be started again."""


LEAVES_AFTER_SECONDS = 0.5
FULL_SHARE = 0.75
"""Of its memory. What XLA compiles for a network is never freed: 10 MB a recipe and shape."""


def train_unit(cell: Cell, first: int, last: int) -> UnitRows:
    """Train some replicates of a cell, on one thread."""
    return _load()(cell, first, last)


@cache
def _load() -> TrainUnit:
    """Return what trains and measures: TensorFlow comes with it, in seconds, so only where cells are trained."""
    threads.limit_to_one()
    from training.study.measure import run_unit  # noqa: PLC0415

    logging.getLogger("training").setLevel(logging.ERROR)  # or each cell would say which trainer it has
    gc.collect()
    gc.freeze()  # or each collection after a cell would look at TensorFlow's 400,000 objects: 0.2 s
    return run_unit


def run(units: Sequence[Unit], tables: Mapping[str, bytes], train: TrainUnit = train_unit) -> list[UnitResult]:
    """Train units one after the other.

    Args:
        units: a batch.
        tables: what files hold that this machine lacks, by their paths where the study was started.
        train: what trains a unit.

    Raises:
        MissingTableError: there is one that this worker's machine lacks.
        OSError: without a worker, a table cannot be read.
        WorkerFullError: another worker is to train them.
    """
    _leave_if_full()
    here = [_with_table(unit.cell, tables) for unit in units]
    return [_run(unit, cell, train) for unit, cell in zip(units, here, strict=True)]


_batches, _units = itertools.count(), itertools.count()


def _leave_if_full() -> None:
    """End this process soon if it has grown too much; its nanny starts another, which does one batch at least."""
    this = _worker()
    if next(_batches) == 0 or this is None or not _is_full(this):
        return
    this.loop.add_callback(setattr, this, "status", Status.paused)  # so that no batch is given to it in the meantime
    this.loop.call_later(LEAVES_AFTER_SECONDS, os._exit, 0)
    raise WorkerFullError


def _worker() -> Worker | None:
    try:
        return get_worker()
    except ValueError:  # a plain loop
        return None


def _is_full(this: Worker) -> bool:
    limit = this.memory_manager.memory_limit
    return bool(this.nanny and limit and this.monitor.get_process_memory() > FULL_SHARE * limit)


def _run(unit: Unit, cell: Cell, train: TrainUnit) -> UnitResult:
    try:
        return UnitResult(unit, study_store.encode(train(cell, unit.first, unit.last)))
    except MemoryError as error:
        return UnitResult(unit, reason=f"out of memory: {error}".removesuffix(": "))
    except (TrainingError, ValueError) as error:
        return UnitResult(unit, reason=str(error))
    except Exception as error:  # noqa: BLE001 (the other cells are not lost for this one)
        return UnitResult(unit, reason=f"{type(error).__name__}: {error}")
    finally:
        gc.collect()  # networks hold each other, and a batch may have many
        if next(_units) == 0:
            gc.freeze()  # what Keras has made for the first one stays: 80,000 objects, 25 ms each time


def _with_table(cell: Cell, tables: Mapping[str, bytes]) -> Cell:
    """Return a cell with its table where this machine has it: at the same path, or what came from the other machine.

    A file at that path may be another one, and what came before may be what the table was then.
    """
    if cell.table is None:
        return cell
    this = _worker()
    if this is None:  # the table is where the study was started, which is here; it may have gone since
        table_digest(Path(cell.table))  # raises OSError
        return cell
    directory = Path(this.local_directory)
    for path in (Path(cell.table), directory / cell.table_sha256):
        if path.is_file() and table_digest(path) == cell.table_sha256:
            return replace(cell, table=str(path))
    if cell.table not in tables:
        raise MissingTableError(cell.table)
    return cell.with_table(tables[cell.table], directory)
