"""The rows of a study: which of them are asked for, and what groups of them sum up to.

Rows stand as columns, as `bundle.study_rows` has them; a column is float64 with NaN for null, int64, or text.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bundle.comparison import Summary
from bundle.study import Level, Study
from bundle.study_rows import Column, column_of, taken, text_of
from verdicts.intervals import SHARE, Bounds
from verdicts.summary import summarize

Columns: TypeAlias = Mapping[str, Column]
Mask: TypeAlias = NDArray[np.bool_]

_COMPARISONS: dict[str, Callable[[Any, float], Any]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}

NONE, LAST = "none", "last"


@dataclass(frozen=True)
class Group:
    """The rows that have the same levels. `values` are the metric's, one a row, NaN for none."""

    levels: dict[str, Level]
    values: NDArray[np.float64]
    overlap: float
    bounds: Bounds

    @property
    def count(self) -> int:
        """How many of them are numbers."""
        return int(np.isfinite(self.values).sum())

    @cached_property
    def summary(self) -> Summary | None:
        """Return what they sum up to; None where none is a number."""
        return summarize(self.values, self.overlap, self.bounds) if self.count else None


def select(columns: Columns, where: Mapping[str, Any]) -> dict[str, Column]:
    """Return the rows for which every condition is true.

    A condition is a level, or a list of levels of which any will do, or text such as ">=100", "<0.5", "!=relu". "none"
    stands for no level, as a linear model has no width, and "last" for the last epoch of each cell and replicate.
    Numbers may be text, as those of a URL are.

    Raises:
        ValueError: there is no such column, or a condition is none that its column can meet.
    """
    return taken(dict(columns), meeting(columns, where))


def meeting(columns: Columns, where: Mapping[str, Any]) -> Mask:
    """Return which rows `select` returns."""
    unknown = [name for name in where if name not in columns]
    if unknown:
        raise ValueError(f"no column {', '.join(unknown)}; there are {', '.join(columns)}")
    mask = np.ones(count_of(columns), bool)
    for name, condition in where.items():
        choices = condition if isinstance(condition, list | tuple) else [condition]
        met = [_meets(columns, name, choice) for choice in choices]
        mask &= np.any(met, axis=0) if met else False
    return mask


def count_of(columns: Columns) -> int:
    """Return how many rows there are."""
    return len(next(iter(columns.values()), []))


def levels_of(column: Column) -> list[Level]:
    """Return the levels in a column: none first, numbers ascending, text in the order in which it comes."""
    if isinstance(column, np.ndarray):
        known = np.unique(column)
        levels = [_number(value) for value in known.tolist() if value == value]
        return [None, *levels] if len(known) > len(levels) else list(levels)
    found = dict.fromkeys(column)
    return [*([None] if None in found else []), *(level for level in found if level is not None)]


def order_of(study: Study, factor: str) -> list[Level]:
    """Return a factor's levels in the study's order: none first, numbers ascending, text as its cells have it."""
    return levels_of(column_of([cell.factors[factor] for cell in study.cells]))


def grouped(columns: Columns, by: Sequence[str], metric: str, overlap: float = 0) -> list[Group]:
    """Return the rows by levels of some columns, in the order of `levels_of`, the first column's slowest.

    Args:
        columns: of rows that are chosen already, as by `select`.
        by: names of columns; without any all rows are one group.
        metric: the name of a column of numbers.
        overlap: as in `verdicts.intervals.standard_error`.

    Raises:
        ValueError: there is no such column, or the metric is text.
    """
    unknown = [name for name in (*by, metric) if name not in columns]
    if unknown:
        raise ValueError(f"no column {', '.join(unknown)}; there are {', '.join(columns)}")
    values = numbers(columns, metric)
    if not len(values):
        return []
    code, names = np.zeros(len(values), np.int64), [levels_of(columns[name]) for name in by]
    for name, levels in zip(by, names, strict=True):
        code = code * len(levels) + codes(columns[name], levels)
    order = np.argsort(code, kind="stable")
    found, starts = np.unique(code[order], return_index=True)
    groups = []
    for group, rows in zip(found.tolist(), np.split(values[order], starts[1:]), strict=True):
        places = []
        for levels in reversed(names):
            group, place = divmod(group, len(levels))
            places.append(levels[place])
        groups.append(Group(dict(zip(by, reversed(places), strict=True)), rows, overlap, bounds_of(metric)))
    return groups


def codes(column: Column, levels: Sequence[Level]) -> NDArray[np.int64]:
    """Return for each row the position of its level."""
    if isinstance(column, np.ndarray):
        first = 1 if levels and levels[0] is None else 0
        known = np.array(levels[first:], column.dtype)
        return np.where(np.isnan(column), 0, first + np.searchsorted(known, column)).astype(np.int64)
    places = {level: place for place, level in enumerate(levels)}
    return np.fromiter((places[level] for level in column), np.int64, len(column))


def numbers(columns: Columns, metric: str) -> NDArray[np.float64]:
    """Return a column of numbers. Raises ValueError if it is text."""
    column = columns[metric]
    if isinstance(column, np.ndarray):
        return column.astype(np.float64)
    raise ValueError(f"{metric} is text, no number")


def is_share(metric: str) -> bool:
    """Return whether a metric is a part of a whole, told in points of a hundred."""
    return metric.endswith("accuracy") or metric.startswith(("affine_share", "dead_", "saturated_"))


def bounds_of(metric: str) -> Bounds:
    """Return between which values a metric of a study lies."""
    if is_share(metric):
        return SHARE
    if metric.endswith("r2"):
        return (-np.inf, 1.0)
    return (0.0, np.inf)


def _number(value: float) -> float | int:
    return int(value) if float(value).is_integer() else value


def _meets(columns: Columns, name: str, choice: Any) -> Mask:
    column = columns[name]
    if choice is None or choice == NONE:
        return np.isnan(column) if isinstance(column, np.ndarray) else _texts(column, lambda level: level is None)
    if name == "epoch" and choice == LAST:
        return _is_last(columns)
    for sign, compare in _COMPARISONS.items():
        if isinstance(choice, str) and choice.startswith(sign):
            return _compared(name, column, sign, compare, choice.removeprefix(sign).strip())
    if isinstance(column, np.ndarray):
        return np.asarray(column == _number_of(name, choice))
    alike = _alike(name, column, choice)
    return _texts(column, lambda level: level in alike)


def _compared(name: str, column: Column, sign: str, compare: Callable[[Any, float], Any], asked: str) -> Mask:
    if isinstance(column, np.ndarray):
        with np.errstate(invalid="ignore"):
            return np.asarray(compare(column, _number_of(name, asked)) & ~np.isnan(column))
    if sign != "!=":
        raise ValueError(f"{name} is text: {sign} is for numbers")
    alike = _alike(name, column, asked)
    return _texts(column, lambda level: level is not None and level not in alike)


def _alike(name: str, column: Sequence[str | None], choice: Any) -> set[str]:
    """Return the levels of a column of text that are meant: the text itself, else those that are the same number.

    A cell's digest is text, even one that reads as a number, as 12e4567890123456 and 34e5678901234567.
    """
    levels, text = {level for level in column if level is not None}, text_of(choice)
    if text in levels or name == "cell":
        return {text}
    return {level for level in levels if _same_number(level, choice)}


def _texts(column: Sequence[str | None], meets: Callable[[str | None], bool]) -> Mask:
    met = {level: meets(level) for level in set(column)}
    return np.fromiter((met[level] for level in column), bool, len(column))


def _number_of(name: str, choice: Any) -> float:
    try:
        return float(choice)
    except (TypeError, ValueError):
        raise ValueError(f"{name} is a number: {choice} is none") from None


def _same_number(level: str, choice: Any) -> bool:
    try:
        return float(level) == float(choice)
    except (TypeError, ValueError):
        return False


def _is_last(columns: Columns) -> Mask:
    """Return whether a row is the last that its cell's replicate recorded."""
    epochs = numbers(columns, "epoch")
    run = np.zeros(len(epochs), np.int64)
    for name in ("cell", "replicate"):
        if name in columns:
            levels = levels_of(columns[name])
            run = run * len(levels) + codes(columns[name], levels)
    if not len(run):
        return np.zeros(0, bool)
    known, run = np.unique(run, return_inverse=True)
    last = np.full(len(known), -np.inf)
    np.maximum.at(last, run, epochs)
    return np.asarray(epochs == last[run])
