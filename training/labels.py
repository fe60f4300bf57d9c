"""What a table's label column asks for: the task, the classes in their order, and each row's label."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bundle.card import Task
from training.dataset_spec import number_name
from training.recognition import Recognized

MAX_CLASSES = 100
MAX_INTEGER_CLASSES = 20
ROWS_A_CLASS = 5
"""Whole numbers are classes where there are no more different ones, each in as many rows on average."""

MIN_ROWS_A_CLASS = 3
"""One for each split."""


@dataclass(frozen=True)
class Target:
    """Labels float32 [n]: positions among `classes`, or a regression's values, of which there are no classes."""

    task: Task
    classes: list[str]
    labels: NDArray[np.float32]


def target(column: Recognized, task: Task | None, positive: str | None) -> Target:
    """Return what a label column without missing values asks for.

    Two different values are two classes, and any number of texts are as many. Whole numbers are classes where they are
    few (`MAX_INTEGER_CLASSES`, `ROWS_A_CLASS`); other numbers are a regression's values. `task` overrides this.
    Classes are in the order of their numbers, else of their texts; `positive` is the second of two.

    Raises:
        ValueError: the column cannot be that; the message has the remedy.
    """
    if column.kind == "refused":
        raise ValueError(str(column.problem))
    if column.kind == "empty":
        raise ValueError("has no values: name another column as the label")
    if column.kind == "number" and not np.isfinite(column.values).all():
        raise ValueError("has infinite values: correct them, or leave their rows out")
    distinct, labels = np.unique(column.values, return_inverse=True)
    if len(distinct) < 2:
        raise ValueError(f"says {_names(column, distinct)[0]} in every row: there is nothing to learn")
    task = task or _task(column, distinct)
    if task == "regression":
        if positive is not None:
            raise ValueError("is a regression's, in which no class is positive: leave positive out, or say the task")
        return Target(task, [], _values(column))
    names = _names(column, distinct)
    _check_classes(names, labels, task)
    if positive is not None:
        names, labels = _with_positive(names, labels, positive)
    return Target(task, names, labels.astype(np.float32))


def _task(column: Recognized, distinct: NDArray[np.float64]) -> Task:
    if len(distinct) == 2:
        return "binary"
    if column.categories is not None:
        return "multiclass"
    is_whole = bool((distinct == np.round(distinct)).all())
    few = min(MAX_INTEGER_CLASSES, len(column.values) // ROWS_A_CLASS)
    return "multiclass" if is_whole and len(distinct) <= few else "regression"


def _values(column: Recognized) -> NDArray[np.float32]:
    if column.categories is not None:
        texts = ", ".join(column.categories[:3])
        raise ValueError(f"is text ({texts} …), so its task is not regression: correct it, or leave task out")
    with np.errstate(over="ignore"):
        return column.values.astype(np.float32)


def _names(column: Recognized, distinct: NDArray[np.float64]) -> list[str]:
    if column.categories is not None:
        return [column.categories[int(i)] for i in distinct]
    return [number_name(x) for x in distinct.tolist()]


def _check_classes(names: Sequence[str], labels: NDArray[np.intp], task: Task) -> None:
    if task == "binary" and len(names) != 2:
        raise ValueError(f"has {len(names)} classes ({_some(names)}), so its task is not binary: leave task out")
    if task == "multiclass" and len(names) == 2:
        raise ValueError(f"has two classes ({_some(names)}), so its task is not multiclass: leave task out")
    if len(names) > MAX_CLASSES:
        raise ValueError(
            f"has {len(names)} different values, and at most {MAX_CLASSES} can be classes: name another column as the "
            'label, or, of numbers, say task = "regression"'
        )
    counts = np.bincount(labels)
    if counts.min() < MIN_ROWS_A_CLASS:
        rare = [f"{name} ({count})" for name, count in zip(names, counts, strict=True) if count < MIN_ROWS_A_CLASS]
        raise ValueError(
            f"has classes with fewer than {MIN_ROWS_A_CLASS} rows, one for each split: {_some(rare)}; add rows of "
            "them, leave these out, or correct what is misspelt"
        )


def _with_positive(names: list[str], labels: NDArray[np.intp], positive: str) -> tuple[list[str], NDArray[np.intp]]:
    if len(names) != 2:
        raise ValueError(f"has {len(names)} classes, and positive is for two of them: leave positive out")
    meant = [name for name in names if name == positive] or [name for name in names if name.lower() == positive.lower()]
    if len(meant) != 1:
        raise ValueError(f"has no class {positive}, which is to be positive; the classes are {' and '.join(names)}")
    return (names, labels) if names[1] == meant[0] else (names[::-1], 1 - labels)


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:8]) + (" …" if len(names) > 8 else "")
