"""Which rows of the data are for training, for validation and for testing."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from training.dataset_spec import DatasetSpec, TableSpec
from training.labels import MIN_ROWS_A_CLASS

Rows: TypeAlias = NDArray[np.int32]
Parts: TypeAlias = tuple[Rows, ...]
"""The rows of each of `bundle.comparison.SPLITS`."""


def assign(spec: DatasetSpec, n_samples: int, strata: NDArray[np.float32] | None, random_state: int) -> Parts:
    """Return the rows of each split, ascending: first the test data are taken out, then the validation data.

    Where there are `strata`, a class a row, the classes are in each split in equal parts.

    Raises:
        ValueError: a split would be empty.
    """
    if strata is not None and isinstance(spec, TableSpec):
        return _assign_by_class(spec, strata, np.random.default_rng(random_state))
    from sklearn.model_selection import train_test_split  # noqa: PLC0415 (a second, and only where data are split)

    try:
        rest, test = train_test_split(np.arange(n_samples), test_size=spec.test_fraction, random_state=random_state)
        train, validation = train_test_split(rest, test_size=spec.validation_fraction, random_state=random_state)
    except ValueError as error:
        raise ValueError(
            f"{n_samples} rows cannot be split by test_fraction = {spec.test_fraction} and validation_fraction = "
            f"{spec.validation_fraction}: a split would be empty; give more rows, or other fractions"
        ) from error
    if strata is not None:
        order = _mixed(strata, np.random.default_rng(random_state))
        train, validation, test = np.split(order, [len(train), len(train) + len(validation)])
    return tuple(np.sort(rows).astype(np.int32) for rows in (train, validation, test))


def _mixed(labels: NDArray[np.float32], generator: np.random.Generator) -> NDArray[np.intp]:
    """Return the rows in a random order in which every stretch has each class in equal parts, give or take one row.

    Each class is spread evenly over the whole, from a random place on (systematic sampling). So all replicates' splits
    have the same sizes, however many points of each class one drew.
    """
    place = np.empty(len(labels))
    for label in np.unique(labels):
        rows = generator.permutation(np.flatnonzero(labels == label))
        place[rows] = (np.arange(len(rows)) + generator.random()) / len(rows)
    return np.argsort(place)


def _assign_by_class(spec: DatasetSpec, labels: NDArray[np.float32], generator: np.random.Generator) -> Parts:
    """Split each class of a table by itself: its parts are the fractions of it, rounded, at least one row each."""
    parts: list[list[Rows]] = [[], [], []]
    for label in np.unique(labels):
        rows = generator.permutation(np.flatnonzero(labels == label))
        test = _part(len(rows), spec.test_fraction, MIN_ROWS_A_CLASS - 1)
        validation = _part(len(rows) - test, spec.validation_fraction, 1)
        for part, chosen in zip(
            parts, np.split(rows[::-1], [len(rows) - test - validation, len(rows) - test]), strict=True
        ):
            part.append(chosen.astype(np.int32))
    return tuple(np.sort(np.concatenate(part)) for part in parts)


def _part(count: int, fraction: float, others: int) -> int:
    """Return how many of `count` rows a fraction is: at least one, and at most so many that `others` remain."""
    return min(max(1, round(count * fraction)), count - others)
