"""Points from outside: lists that were JSON, or numbers in a row, become one checked array, alike for every interface.

Validated as one array, with messages that name the first point at fault.
"""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from service.engines import Points
from service.errors import TooLargeError

MAX_COORDINATE = 1e20
"""Points further out are refused: LiteRT's sigmoid gives NaN from 1e26 on, where TensorFlow's gives 0 or 1, and a
network may be a million times further out than its inputs."""

_NUMBERS = frozenset({int, float})
"""Exactly these types: a bool is an int to Python, not to a client."""


class PointsError(ValueError):
    """What was sent is not points; the message goes on after their name: "must be …"."""


def from_rows(rows: object) -> Points:
    """Return points, float32 [n, d], from a list of n lists of d numbers, or from float64 [n, d] that was one.

    Raises:
        PointsError: they are something else, ragged, none, or not finite and within ±MAX_COORDINATE.
    """
    if isinstance(rows, np.ndarray):
        return _in_range(rows)
    if not isinstance(rows, list) or not rows:
        raise PointsError("must be a list of one or more points, such as [[0.1, 0.2], [0.5, -0.3]].")
    if set(map(type, rows)) != {list} or len(set(map(len, rows))) > 1 or not rows[0]:
        i = next(i for i, row in enumerate(rows) if not _is_as_long(row, rows[0]))
        raise PointsError(f"point {i} must be a list of numbers as long as the others, such as [0.1, 0.2].")
    numbers = list(chain.from_iterable(rows))
    if not are_numbers(numbers):
        i = next(i for i, row in enumerate(rows) if not are_numbers(row))
        raise PointsError(f"point {i} must hold numbers only, such as [0.1, 0.2].")
    return from_numbers(numbers, len(rows))


def from_numbers(numbers: Sequence[int | float], n: int) -> Points:
    """Return n points, float32 [n, d], from their numbers one point after the other.

    Raises:
        PointsError: one is not finite and within ±MAX_COORDINATE.
    """
    try:
        points = np.array(numbers, np.float64).reshape(n, -1)
    except OverflowError as error:
        raise PointsError(f"numbers must be finite and within ±{MAX_COORDINATE:.2g}.") from error
    return _in_range(points)


def from_bytes(content: bytes | memoryview, n: int) -> Points:
    """Return n points, float32 [n, d], from little-endian float32 one point after the other.

    Raises:
        PointsError: one is not finite and within ±MAX_COORDINATE.
    """
    return _in_range(np.require(np.frombuffer(content, "<f4").reshape(n, -1), np.float32, "A"))


def are_numbers(values: Iterable[Any]) -> TypeGuard[Sequence[int | float]]:
    return _NUMBERS.issuperset(map(type, values))


def check_count(n: int, most: int) -> None:
    """Raise TooLargeError where n points are more than are taken at once."""
    if n > most:
        raise TooLargeError(f"{n} points are more than the {most} taken at once")


def _in_range(points: NDArray[np.floating]) -> Points:
    # The squares' sum is quick, and no number where there is a NaN. Where it is too large, look closely.
    if not np.vdot(points, points) <= MAX_COORDINATE:
        fits = (np.abs(points) <= MAX_COORDINATE).all(axis=1)
        if not fits.all():
            raise PointsError(f"point {np.argmin(fits)} must hold finite numbers within ±{MAX_COORDINATE:.2g}.")
    return points.astype(np.float32, copy=False)


def _is_as_long(row: object, first: object) -> bool:
    """Say whether a row is a list of numbers as long as the first, which must not be empty."""
    return isinstance(row, list) and isinstance(first, list) and 0 < len(row) == len(first)
