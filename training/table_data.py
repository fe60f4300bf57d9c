"""From a table's specification to checked data: features as points, a label for each, and what is to be said of them.

Every refusal names the file, the line or column, and the remedy. TensorFlow is not needed for any of it.
"""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bundle.conventions import MAX_COORDINATE
from training import tables
from training.dataset_spec import TableSpec
from training.labels import Target, target
from training.recognition import Recognized, recognize
from training.tables import Table

MIN_ROWS = 10

MAX_CATEGORIES = 100

INDEX_NAMES = ("", "unnamed: 0", "index")
"""Names, in small letters, of a first column that is left out where it only numbers the rows; others end in "id"."""

COPIED_SHARE = 0.05
"""More rows than this that are copies of others are said; a few are chance, as the one of the iris flowers."""

LOOKED_AT = 1000
"""So many rows tell that a column has more values than there are classes."""

ROUNDED_SHARE = 1e-3
"""The largest part of a column's range that float32 may round away."""


@dataclass(frozen=True)
class TableData:
    """Points float32 [n, d], NaN where missing (then `imputed`), text as positions among a column's `categories`."""

    names: list[str]
    categories: list[tuple[str, ...] | None]
    imputed: list[bool]
    points: NDArray[np.float32]
    target: Target
    notes: tuple[str, ...]


def load(spec: TableSpec) -> TableData:
    """Read a table and return what its specification selects.

    Raises:
        ValueError: it cannot be used as it is; the message says where and what to do.
        OSError: it cannot be read.
    """
    table = read(spec.path)
    label = find(table, spec.label)
    positions, notes = _positions(table, spec, label)
    *columns, labels = recognize(table, [*positions, label])
    columns, empty = _without_empty(columns, spec)
    _check_features(table, columns)
    kept, dropped = _rows(table, columns, labels, spec)
    chosen = _kept(labels, kept)
    if len(chosen.values) < MIN_ROWS:
        lost = f"{len(chosen.values)} rows without the {len(table) - len(chosen.values)} that lack values"
        raise ValueError(f"{spec.path}: has {lost}; at least {MIN_ROWS} are needed: fill them in, or add others")
    wanted = _target(spec, chosen)
    if wanted.task == "regression":
        check_numbers(table, labels, kept)
    points = np.empty((len(chosen.values), len(columns)), np.float32)
    for i, column in enumerate(columns):
        check_numbers(table, column, kept)
        points[:, i] = column.values[kept]
    for name in [column.name for column, values in zip(columns, points.T, strict=True) if np.isnan(values).all()]:
        raise ValueError(f"{spec.path}, column {name}: has values only in rows that are left out: leave it out as well")
    notes += [*empty, *dropped, *_constants(columns, points), *_giveaways(columns, points, wanted)]
    notes += _copies(points, wanted.labels)
    return TableData(
        names=[column.name for column in columns],
        categories=[column.categories for column in columns],
        imputed=[bool(np.isnan(values).any()) for values in points.T],
        points=points,
        target=wanted,
        notes=(*table.notes, *notes),
    )


def read(path: Path) -> Table:
    """Return a file's table, of as many rows as can be split; see `tables.read`."""
    table = tables.read(path)
    if len(table) < MIN_ROWS:
        raise ValueError(f"{path}: has {len(table)} rows; at least {MIN_ROWS} are needed to split them: add some")
    return table


def find(table: Table, name: str) -> int:
    """Return a column's position.

    Raises:
        ValueError: there is none of that name; the message has those that there are.
    """
    if name in table.names:
        return table.names.index(name)
    by_small = {other.lower(): other for other in table.names}
    near = difflib.get_close_matches(name.lower(), by_small, 1)
    hint = f"did you mean {by_small[near[0]]}? " if near else ""
    raise ValueError(f"{table.path}: has no column {name}; {hint}the columns are {_shown(table.names, 20)}")


def is_index(table: Table, position: int) -> bool:
    """Say whether a column is the first, of one of `INDEX_NAMES`, and numbers the rows from 0 or 1."""
    name = table.names[0].lower()
    if position > 0 or not (name in INDEX_NAMES or name.endswith("id")):
        return False
    (column,) = recognize(table, [0])
    counted = np.arange(len(table))
    return column.kind == "number" and any(np.array_equal(column.values, counted + first) for first in (0, 1))


def _positions(table: Table, spec: TableSpec, label: int) -> tuple[list[int], list[str]]:
    """Return where the features are: those that are named, or all but the label, an index and a nameless empty one."""
    if spec.features is not None:
        return [find(table, name) for name in spec.features], []
    positions, notes = [], []
    for i, name in enumerate(table.names):
        if i == label:
            continue
        if is_index(table, i):
            notes.append(f"the first column{f' ({name})' if name else ''} numbers the rows and is left out")
        elif name:
            positions.append(i)
        elif recognize(table, [i])[0].kind != "empty":
            raise ValueError(
                f"{table.path}: column {i + 1} has no name: name it in the first line, or list the others as features"
            )
    if not positions:
        raise ValueError(f"{table.path}: has no column beside the label {spec.label}; at least one feature is needed")
    return positions, notes


def _without_empty(columns: Sequence[Recognized], spec: TableSpec) -> tuple[list[Recognized], list[str]]:
    empty = [column.name for column in columns if column.kind == "empty"]
    if len(empty) == len(columns) or (empty and spec.features is not None):
        names = ", ".join(empty)
        raise ValueError(f"{spec.path}, column {names}: has no values; leave it out of features, or fill it in")
    notes = [f"column {name} has no values and is left out" for name in empty]
    return [column for column in columns if column.kind != "empty"], notes


def problem_of(column: Recognized) -> str | None:
    """Return why a column cannot be a feature, and what to do about it; None if it can."""
    if column.problem is not None:
        return column.problem
    count, rows = len(column.categories or ()), int((~column.missing).sum())
    if count > MAX_CATEGORIES or (count > 2 and count > rows / 2):
        return (
            f"has {count} different texts in {rows} rows, too many for categories (at most {MAX_CATEGORIES}, and "
            "half as many as rows): leave the column out, or group its texts"
        )
    return None


def _check_features(table: Table, columns: Sequence[Recognized]) -> None:
    problems = [(column.name, problem) for column in columns if (problem := problem_of(column)) is not None]
    if problems:
        lines = "\n".join(f"{table.path}, column {name}: {problem}" for name, problem in problems)
        raise ValueError(f"{lines}\nfeatures = [...] lists the columns to keep; `python -m training new` writes it")


def _rows(
    table: Table, columns: Sequence[Recognized], labels: Recognized, spec: TableSpec
) -> tuple[NDArray[np.bool_], list[str]]:
    """Return which rows are kept, and what is to be said of the others. A label is never made up."""
    if spec.missing == "refuse":
        for column in (*columns, labels):
            if column.missing.any():
                raise ValueError(_missing(table, column, is_label=column is labels))
    lost = labels.missing.copy()
    notes = [f"{lost.sum()} rows without a {spec.label} (nothing, NA or the like) are left out"] if lost.any() else []
    if spec.missing == "drop":
        incomplete = np.any([column.missing for column in columns], axis=0) & ~lost
        if incomplete.any():
            notes.append(f"{incomplete.sum()} rows with missing values are left out")
        lost |= incomplete
    return ~lost, notes


def _missing(table: Table, column: Recognized, is_label: bool) -> str:
    first, count = int(np.argmax(column.missing)), int(column.missing.sum())
    what = f"{table.path}, {table.where(first)}, {'label' if is_label else 'column'} {column.name}"
    remedy = (
        'missing = "drop" leaves such rows out'
        if is_label
        else 'missing = "median" puts the median there (of text the most frequent), "drop" leaves such rows out'
    )
    return f"{what}: no value, as in {count} of {len(table)} rows; {remedy}"


def _kept(column: Recognized, rows: NDArray[np.bool_]) -> Recognized:
    return Recognized(column.name, column.kind, column.values[rows], column.categories, column.problem)


def _target(spec: TableSpec, column: Recognized) -> Target:
    try:
        return target(column, spec.task, spec.positive)
    except ValueError as error:
        raise ValueError(f"{spec.path}, label {spec.label}: {error}") from error


def check_numbers(table: Table, column: Recognized, kept: NDArray[np.bool_]) -> None:
    """Raise ValueError where numbers are too large, or float32, in which networks compute, cannot tell them apart."""
    if column.kind != "number":
        return
    values = column.values[kept]
    known = values[~np.isnan(values)]
    if not len(known):
        return
    where = f"{table.path}, column {column.name}"
    largest = np.abs(known).max()
    if largest > MAX_COORDINATE:
        row = int(np.argmax((np.abs(column.values) > MAX_COORDINATE) & kept))
        raise ValueError(
            f"{where}, {table.where(row)}: {column.values[row]} is infinite, or larger than {MAX_COORDINATE:g}: "
            'correct it, use a larger unit, or empty the cell and say missing = "median" or "drop"'
        )
    span = np.ptp(known)
    if span > 0 and np.spacing(np.float32(largest)) > ROUNDED_SHARE * span:
        raise ValueError(
            f"{where}: its values, from {known.min()} to {known.max()}, differ by less than float32 tells apart; "
            "subtract a constant from all of them, or use a smaller unit"
        )


def _constants(columns: Sequence[Recognized], points: NDArray[np.float32]) -> list[str]:
    same = [
        column.name for column, values in zip(columns, points.T, strict=True) if np.nanmin(values) == np.nanmax(values)
    ]
    if not same:
        return []
    return [f"the same in every row, so nothing can be learned from it: {_shown(same, 8)}"]


def _shown(names: Sequence[str], most: int) -> str:
    return ", ".join(names[:most]) + (" …" if len(names) > most else "")


def _giveaways(columns: Sequence[Recognized], points: NDArray[np.float32], wanted: Target) -> list[str]:
    """Name the columns that are the label in other words, or on another scale: mostly they are known after it."""
    is_label = [_is_label(values, wanted) for values in points.T]
    names = [column.name for column, found in zip(columns, is_label, strict=True) if found]
    if not names:
        return []
    return [
        f"the label in other words, to be left out of features unless it is known before the label: {_shown(names, 8)}"
    ]


def _is_label(values: NDArray[np.float32], wanted: Target) -> bool:
    labels = wanted.labels
    if np.isnan(values).any():
        return False
    if wanted.task == "regression":
        return bool(np.ptp(values) > 0 and abs(np.corrcoef(values, labels)[0, 1]) > 1 - 1e-9)
    count = len(wanted.classes)
    if len(np.unique(values[:LOOKED_AT])) > count:
        return False
    return len(np.unique(values)) == len(np.unique(np.stack([values, labels]), axis=1).T) == count


def _copies(points: NDArray[np.float32], labels: NDArray[np.float32]) -> list[str]:
    """Say how many rows a run may both learn and be tested on."""
    rows = zip(points, labels.tolist(), strict=True)
    copies = len(labels) - len({hash((row.tobytes(), label)) for row, label in rows})
    if copies <= COPIED_SHARE * len(labels):
        return []
    return [f"{copies} of {len(labels)} rows are copies of others: runs are tested on some that they have learned"]
