"""The unit of a study's work: some replicates of one cell, trained, and measured at the epochs that are recorded.

Each replicate is trained and measured in the same pieces whichever others are in the unit, so its rows are the same
bits. `bundle.study_rows` says what the numbers are.
"""

import itertools
import time

import keras
import numpy as np

from bundle.study_rows import Column, UnitRows
from training.libraries import libraries
from training.study.boundaries import boundary_map
from training.study.cells import Cell
from training.study.scores import scores_of
from training.study.trained import TrainedUnit, train_unit

UNITS_BETWEEN = 50
"""Keras keeps something of every network that was made, 0.1 MB, until it is told to forget."""

_units_done = itertools.count(1)


def run_unit(cell: Cell, first: int, last: int) -> UnitRows:
    """Train the replicates `first` to `last` of a cell, both counted, and return what they are at its epochs.

    A replicate that diverges has no numbers from there on: NaN. That is no error, even if all of them do.

    Raises:
        ValueError: a table cannot be used, a split is empty, or the recipe does not go with the data.
        OSError: a table cannot be read.
        MemoryError: there is not enough of it.
    """
    start = time.process_time()
    unit = train_unit(cell, range(first, last + 1))
    columns, boundary = columns_of(unit), boundary_map(unit)
    if next(_units_done) % UNITS_BETWEEN == 0:
        keras.backend.clear_session(free_memory=False)
    return UnitRows(cell.digest, first, last, columns, boundary, time.process_time() - start, libraries())


def columns_of(unit: TrainedUnit) -> dict[str, Column]:
    """Return the rows: of each replicate its epochs, ascending. A level that the cell does not have is left out."""
    cell, count, epochs = unit.cell, len(unit.numbers), len(unit.cell.epochs)
    scores = [scores_of(unit, r) for r in range(count)]
    levels = {name: level for name, level in cell.factors.items() if level is not None}
    return {
        "cell": [cell.digest] * (count * epochs),
        **{name: _constant(level, count * epochs) for name, level in levels.items()},
        "replicate": np.repeat(np.array(unit.numbers, np.int64), epochs),
        "epoch": np.tile(np.array(cell.epochs, np.int64), count),
        **_chosen(unit),
        **{name: np.concatenate([of_replicate[name] for of_replicate in scores]) for name in scores[0]},
    }


def _constant(level: str | float, rows: int) -> Column:
    return [level] * rows if isinstance(level, str) else np.full(rows, level)


def _chosen(unit: TrainedUnit) -> dict[str, Column]:
    """Return what each replicate chose, where there was a choice.

    The learning rate has its own name, unless that is a factor's, whose level says what there was to choose from.
    """
    chosen, epochs, found = unit.selected.chosen, len(unit.cell.epochs), dict[str, Column]()
    if unit.spec.protocol.learning_rates:
        name = "chosen_learning_rate" if "learning_rate" in unit.cell.factors else "learning_rate"
        found[name] = np.repeat([each.learning_rate for each in chosen], epochs)
    if unit.spec.stops:
        found["chosen_epoch"] = np.repeat(np.array([each.epoch for each in chosen], np.int64), epochs)
    return found
