"""What a picture of a study shows: which factors it varies, and at which levels the others are held."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from bundle.study import Level, Study
from bundle.study_rows import Column, taken, text_of
from verdicts.cells import Mask, codes, count_of, levels_of

EPOCH = "epoch"


@dataclass(frozen=True)
class View:
    """The rows of the cells at the levels that are held, and these levels."""

    columns: dict[str, Column]
    held: dict[str, Level]

    @property
    def notes(self) -> list[str]:
        held = ", ".join(f"{name} {words_of(level)}" for name, level in self.held.items())
        return [f"Held: {held}."] if held else []


def words_of(level: Level) -> str:
    return "none" if level is None else text_of(level)


def varied(study: Study, columns: dict[str, Column]) -> list[str]:
    """Return the factors in which cells differ, those that the study names as its axes first."""
    names = dict.fromkeys([*study.axes, *study.factors])
    return [name for name in names if name in columns and len(levels_of(columns[name])) > 1]


def chosen(name: str | None, allowed: Sequence[str], option: str) -> str | None:
    """Return a factor that was asked for, None if none was.

    Raises:
        ValueError: it is none of those allowed.
    """
    if name is not None and name not in allowed:
        raise ValueError(f"{option} must be one of: {', '.join(allowed) or 'no factor, as none has several levels'}")
    return name


def view_of(study: Study, columns: dict[str, Column], free: Sequence[str | None]) -> View:
    """Return the rows of the cells that have the same levels of all factors that are not `free`: those that most have.

    A cell that has no level of a factor, as a linear model has no activation, is at each of them.
    """
    held: dict[str, Level] = {}
    for name in varied(study, columns):
        if name in free:
            continue
        levels = levels_of(columns[name])
        code = codes(columns[name], levels)
        first = 1 if levels[0] is None and len(levels) > 1 else 0
        place = max(range(first, len(levels)), key=lambda i: _count(columns, [*free, "cell"], code == i))
        if len(levels) - first > 1:
            held[name] = levels[place]
        columns = taken(columns, (code == place) | (code < first))
    return View(columns, held)


def _count(columns: dict[str, Column], names: Iterable[str | None], rows: Mask) -> tuple[int, ...]:
    """Return how many combinations of some columns' levels these rows have, of the first two columns before all."""
    code, counts = np.zeros(int(rows.sum()), np.int64), []
    for name in names:
        if name is not None and name in columns:
            levels = levels_of(columns[name])
            code = code * len(levels) + codes(columns[name], levels)[rows]
            counts.append(len(np.unique(code)))
    return (counts[-2] if len(counts) > 1 else 0, *counts[-1:])


def check(columns: dict[str, Column]) -> None:
    """Raise ValueError where there are no rows."""
    if not count_of(columns):
        raise ValueError("there are no such rows yet")
