"""Cells that take no time to train, and what stands for their training: for the engine's own rules.

A worker imports this. A cell's name says what it does; whatever it does, it first writes its name into a log.
"""

import os
import signal
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bundle.study_rows import Column, UnitRows
from bundle.study_store import Store
from training.dataset_spec import DatasetSpec, GaussianQuantilesSpec
from training.experiment import ModelSpec
from training.study import engine
from training.study.cells import Cell, Keep, make_cell, table_digest

DATA = GaussianQuantilesSpec(n_samples=40)
LONG = 1_000_000
"""Epochs of a cell that the engine takes for a long one, so that each of its replicates is a unit, and a batch."""

LAST_UNBIDDEN = 8
"""Of the cells that wait, the last that does not."""

_kept: list[NDArray[np.float64]] = []


def cell(name: str, log: Path, seed: int = 0, epochs: int = 1, dataset: DatasetSpec = DATA) -> Cell:
    model = ModelSpec(name, (1,), "tanh", epochs, None)
    return make_cell(name, {"log": str(log)}, seed, dataset, model, Keep((0, epochs)))


def cells(log: Path, *names: str, epochs: int = 1) -> list[Cell]:
    return [cell(name, log, seed, epochs) for seed, name in enumerate(names)]


def trainings(log: Path) -> Counter[str]:
    """Return how often each cell was begun."""
    return Counter(log.read_text().split()) if log.exists() else Counter()


def train(cell: Cell, first: int, last: int) -> UnitRows:
    """Return rows that are made up of the cell's content and the replicates' numbers."""
    log = Path(str(cell.factors["log"]))
    is_first = not trainings(log)[cell.name]
    with log.open("a") as file:
        file.write(f"{cell.name}\n")
    DOES.get(cell.name.rstrip("0123456789"), _nothing)(cell, is_first)
    replicates = np.arange(first, last + 1)
    values = np.random.default_rng(int(cell.digest, 16)).random(100)[replicates]
    columns: dict[str, Column] = {
        "cell": [cell.digest] * len(replicates),
        "replicate": replicates,
        "epoch": replicates * 0,
        "loss": values,
    }
    return UnitRows(cell.digest, first, last, columns, None, 0.0, {"process": str(os.getpid())})


def _nothing(cell: Cell, is_first: bool) -> None:
    """Do what most cells do."""


def _waits(cell: Cell, is_first: bool) -> None:
    """Wait for a file beside the log, so that whoever interrupts this study finds it unfinished, however late."""
    while (
        int(cell.name.removeprefix("waits")) > LAST_UNBIDDEN
        and not Path(str(cell.factors["log"])).with_name("go").exists()
    ):
        time.sleep(0.02)


def _fails(cell: Cell, is_first: bool) -> None:
    raise ValueError("there are no test data")


def _lacks_memory(cell: Cell, is_first: bool) -> None:
    raise MemoryError("2 TB")


def _grows(cell: Cell, is_first: bool) -> None:
    while True:
        _kept.append(np.ones(2**21))
        time.sleep(0.005)


def _leaks(cell: Cell, is_first: bool) -> None:
    _kept.append(np.ones(2**23))


def _dies(cell: Cell, is_first: bool) -> None:
    time.sleep(0.3)  # by then what was finished before has been fetched
    os.kill(os.getpid(), signal.SIGKILL)


def _dies_once(cell: Cell, is_first: bool) -> None:
    if is_first:
        _dies(cell, is_first)


def _reads_table(cell: Cell, is_first: bool) -> None:
    assert cell.table is not None
    assert table_digest(Path(cell.table)) == cell.table_sha256


DOES = {"waits": _waits, "fails": _fails, "lacks-memory": _lacks_memory, "grows": _grows, "leaks": _leaks,
        "dies": _dies, "dies-once": _dies_once, "reads-table": _reads_table}  # fmt: skip


def end_process(*_: object) -> None:
    """Stand for what exports cells, where memory is short."""
    os.kill(os.getpid(), signal.SIGKILL)


def waiting(log: Path) -> list[Cell]:
    return cells(log, *(f"waits{number}" for number in range(12)), epochs=LONG)


if __name__ == "__main__":  # a study that whoever started this may interrupt
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs begin with it ignored
    directory = Path(sys.argv[1])
    engine.run(waiting(directory / "log"), 1, Store(directory / "study"), workers=1, train=train)
