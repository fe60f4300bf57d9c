"""The units of work of a study: some replicates of one cell, and how they are handed out.

A unit's rows are one file. It is not so long that a killed worker costs much; those that are so short that to hand them
out would cost more than to train them travel together. What a unit is depends on its cell alone, so two machines that
run one study make the same files.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeAlias

from training.dataset_spec import TableSpec
from training.study.cells import Cell

Range: TypeAlias = tuple[int, int]
"""Replicates from the first to the last, both counted."""

UNIT_SECONDS = 10.0
"""What a unit should take at most, by estimate; a single replicate may take longer."""

BATCH_SECONDS = 2.0
"""What units that travel together should take at least. To hand out a batch takes some 10 ms of a core."""

MAX_UNITS = 50
"""Of a batch."""

SECONDS_A_UNIT = 0.1
"""To build a network, and to write down what it became."""

SECONDS_TO_COMPILE, TIMES_AS_LONG = 1.5, 3
"""What a recipe costs that is not the usual one: XLA compiles it, and trains more slowly."""

ROWS_OF_A_TABLE = 1000
"""How many a table is taken to have; it is not read for an estimate."""


@dataclass(frozen=True)
class Unit:
    """Replicates `first` to `last`, both counted, of one cell; `seconds` of one core is an estimate."""

    cell: Cell
    first: int
    last: int
    seconds: float = 0.0

    @property
    def replicates(self) -> int:
        return self.last - self.first + 1


def units_of(cell: Cell, found: Iterable[Range], replicates: int) -> Iterator[Unit]:
    """Yield what is missing of a cell's first so many replicates, given those that are found."""
    missing = missing_ranges(found, replicates)
    if not missing:
        return
    each, once = seconds_of_replicate(cell), SECONDS_A_UNIT + (0 if is_usual(cell) else SECONDS_TO_COMPILE)
    size = max(1, min(replicates, int(UNIT_SECONDS / each)))
    plain = replace(cell)  # without what the cell has worked out of its content, which would travel with it
    for first, last in missing:
        for begin in range(first - first % size, last + 1, size):  # where blocks begin depends on nothing that is found
            block = max(first, begin), min(last, begin + size - 1)
            yield Unit(plain, *block, seconds=once + each * (block[1] - block[0] + 1))


def missing_ranges(found: Iterable[Range], replicates: int) -> list[Range]:
    """Return the ranges of 0 to `replicates` - 1 that are not found, ascending; found ones may overlap."""
    missing, expected = [], 0
    for first, last in sorted(found):
        if first > expected:
            missing.append((expected, min(first, replicates) - 1))
        expected = max(expected, last + 1)
    if expected < replicates:
        missing.append((expected, replicates - 1))
    return [(first, last) for first, last in missing if first <= last]


def seconds_of_replicate(cell: Cell) -> float:
    """Return about how many seconds of one core a replicate of a cell takes, once everything is compiled.

    The constants are from networks of 0 to 20 layers of 1 to 30 units on one machine: there a step takes 4 to 25 µs,
    and what is measured at 13 epochs some 12 ms a layer. It is right by a factor of two, and need not be better.
    """
    (model,) = cell.experiment.models
    dataset, protocol = cell.experiment.dataset, model.protocol
    rows = ROWS_OF_A_TABLE if isinstance(dataset, TableSpec) else dataset.n_samples
    points = rows * (1 - dataset.test_fraction) * (1 - dataset.validation_fraction)
    sizes = (getattr(dataset, "n_features", 2), *model.hidden_layers, getattr(dataset, "n_classes", 2))
    weights = sum((before + 1) * after for before, after in pairwise(sizes))
    steps = model.epochs_in_all * max(1.0, points / protocol.batch_size)
    step = 2.5e-6 + 0.5e-6 * len(sizes) + 4.5e-9 * weights * protocol.batch_size / 32
    return 0.012 * len(sizes) + steps * step * (1 if is_usual(cell) else TIMES_AS_LONG)


def is_usual(cell: Cell) -> bool:
    """Say whether a cell's recipe is one that is compiled once for all networks."""
    protocol = cell.experiment.models[0].protocol
    unusual = protocol.optimizer_options, protocol.dropout, protocol.batch_normalization
    return protocol.optimizer == "adam" and not any(unusual)


def batches(units: Iterable[Unit]) -> Iterator[list[Unit]]:
    """Yield units that are handed out together, in their order."""
    batch: list[Unit] = []
    for unit in units:
        batch.append(unit)
        if len(batch) == MAX_UNITS or sum(each.seconds for each in batch) >= BATCH_SECONDS:
            yield batch
            batch = []
    if batch:
        yield batch
