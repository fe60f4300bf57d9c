"""Points on their way to the service: numbers, and in their place names of categories and what is missing."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

PointsLike: TypeAlias = ArrayLike | Sequence[Sequence[object]]
"""One row per point, of numbers, texts and None."""

Points = NDArray[Any]
"""float64 [n, d], or objects [n, d] where some are texts or missing."""


def as_points(points: PointsLike) -> Points:
    """Return points as an array.

    A text stays a text, also where it reads like a number: it may be the name of a category.

    Raises
    ------
    ValueError
        If the points are ragged.
    """
    array = np.asarray(points)
    return array.astype(np.float64) if array.dtype.kind in "fiub" else np.asarray(points, dtype=object)


def to_rows(points: PointsLike) -> object:
    """Return points as JSON has them, with None for what is missing.

    Raises
    ------
    ValueError, TypeError
        If the points are ragged, or hold what is neither a number nor a text.
    """
    array = as_points(points)
    if array.dtype == object:
        return np.frompyfunc(_value, 1, 1)(array).tolist() if array.size else array.tolist()
    if not np.isnan(array).any():
        return array.tolist()
    objects = array.astype(object)
    objects[np.isnan(array)] = None
    return objects.tolist()


def _value(value: Any) -> float | str | None:
    """Return a number, a text, or None for what is missing: None, NaN, or pandas.NA, which is not equal to itself."""
    if value is None or isinstance(value, str):
        return value
    is_itself = value == value
    return float(value) if is_itself is True or is_itself is np.True_ else None
