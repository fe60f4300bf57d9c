"""Cells that take no time to train, and what stands for their training: for the engine's own rules.

A worker imports this. A cell's name says what it does: `fails`, `lacks-memory`, `grows`, `dies`, `dies-once`, `waits…`.
"""

import os
import signal
import time
from collections import Counter
from pathlib import Path

import numpy as np

from bundle.study_rows import Column, UnitRows
from training.dataset_spec import GaussianQuantilesSpec
from training.experiment import ModelSpec
from training.study.cells import Cell, Keep, make_cell

SECONDS = 0.2


def cell(name: str, log: Path, seed: int = 0, epochs: int = 1) -> Cell:
    """Return a cell that writes into a log whenever it is trained."""
    model = ModelSpec(name, (1,), "tanh", epochs, None)
    return make_cell(name, {"log": str(log)}, seed, GaussianQuantilesSpec(n_samples=40), model, Keep((0, epochs)))


def cells(log: Path, *names: str) -> list[Cell]:
    return [cell(name, log, seed) for seed, name in enumerate(names)]


def trainings(log: Path) -> Counter[str]:
    """Return how often each cell was begun."""
    return Counter(log.read_text().split()) if log.exists() else Counter()


def train(cell: Cell, first: int, last: int) -> UnitRows:
    """Return rows that are made up of the cell's seed and the replicates' numbers."""
    log = Path(str(cell.factors["log"]))
    before = trainings(log)[cell.name]
    with log.open("a") as file:
        file.write(f"{cell.name}\n")
    _do(cell.name, before)
    replicates = np.arange(first, last + 1)
    values = np.random.default_rng(cell.experiment.seed).random(100)[first : last + 1]
    columns: dict[str, Column] = {
        "cell": [cell.digest] * len(replicates),
        "replicate": replicates,
        "epoch": replicates * 0,
        "loss": values,
    }
    return UnitRows(cell.digest, first, last, columns, None, 0.0, {})


def _do(name: str, before: int) -> None:
    if name.startswith("waits"):
        time.sleep(SECONDS)
    elif name == "fails":
        raise ValueError("there are no test data")
    elif name == "lacks-memory":
        raise MemoryError("2 TB")
    elif name == "grows":
        kept = []
        while True:
            kept.append(np.ones(2**21))
            time.sleep(0.01)
    elif name == "dies" or (name == "dies-once" and not before):
        os.kill(os.getpid(), signal.SIGKILL)
