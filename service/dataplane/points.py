"""Points from outside: lists that were JSON, or numbers in a row, become one checked array, alike for every interface.

Validated as one array, with messages that name the first point at fault.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import DTypeLike, NDArray

from bundle.card import Feature
from bundle.conventions import MAX_COORDINATE
from bundle.wording import listed
from service.engines import Points
from service.errors import InvalidError, TooLargeError

_NUMBERS = frozenset({int, float})
"""Exactly these types: a bool is an int to Python, not to a client."""


_NAMED = frozenset({str, type(None)})


class PointsError(ValueError):
    """What was sent is not points; the message goes on after their name: "must be …"."""


@dataclass(frozen=True)
class NamedPoints:
    """Points some of whose numbers are texts, which may be categories, or None, where they are missing: rows of equal
    length.
    """

    rows: list[list[Any]]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.rows), len(self.rows[0])

    def of(self, features: Sequence[Feature], *, imputes: bool) -> Points:
        """Return the points, float32 [n, d], with the position of each text among the categories of its feature, and
        NaN where a value is missing.

        Raises:
            InvalidError: a text is no category, or its feature has none; or a value is missing and the model does not
                fill it in.
        """
        positions = [{name: at for at, name in enumerate(feature.categories or ())} for feature in features]
        if self.shape[1] != len(features):  # the error says how many there are
            return np.zeros(self.shape, np.float32)
        numbers: list[Any] = []
        for i, row in enumerate(self.rows):
            for value, feature, of_feature in zip(row, features, positions, strict=True):
                if isinstance(value, str) and value not in of_feature:
                    raise InvalidError.of("points", _no_category(i, value, feature))
                if value is None and not imputes:
                    raise InvalidError.of("points", _nothing(i, feature))
                numbers.append(of_feature[value] if isinstance(value, str) else value)
        missing = [i for i, number in enumerate(numbers) if number is None]
        try:
            points = from_numbers([0 if number is None else number for number in numbers], len(self.rows))
        except PointsError as error:
            raise InvalidError.of("points", str(error)) from error
        points.flat[missing] = np.nan
        return points


def _no_category(i: int, value: str, feature: Feature) -> str:
    if feature.categories is None:
        return f"point {i} must hold numbers only, such as [0.1, 0.2]; {feature.name} has no categories."
    return f"point {i} has no category of {feature.name}: {value[:MAX_QUOTED_CHARS]!r}; {_listed(feature.categories)}."


def _nothing(i: int, feature: Feature) -> str:
    return f"point {i} has no value of {feature.name}, and the model fills in none; send {_wanted(feature)}."


def _wanted(feature: Feature) -> str:
    return "a number" if feature.categories is None else f"a category's name; {_listed(feature.categories)}"


def _listed(categories: Sequence[str]) -> str:
    return f"categories: {listed(categories, MAX_LISTED)}"


MAX_QUOTED_CHARS, MAX_LISTED = 60, 100
"""Of a text that is no category, and the categories that are listed then."""


def check_categories(points: Points, categories: Mapping[int, Sequence[str]], features: Sequence[Feature]) -> None:
    """Raise InvalidError where a point's number for a feature with categories is not the position of one of them."""
    for column, names in categories.items():
        values = points[:, column] if column < points.shape[1] else points[:0, 0]
        fits = ((values >= 0) & (values < len(names)) & (values == np.floor(values))) | np.isnan(values)
        if not fits.all():
            i = int(np.argmin(fits))
            raise InvalidError.of(
                "points",
                f"point {i} has {values[i]:g} for {features[column].name}; send a category's name, or its position "
                f"from 0 to {len(names) - 1}; {_listed(names)}.",
            )


def from_rows_with_names(rows: object) -> Points | NamedPoints:
    """Return points as `from_rows` does, or as NamedPoints where they hold texts.

    Raises:
        PointsError: they are something else, ragged, none, or not finite and within ±MAX_COORDINATE.
    """
    try:
        return from_rows(rows)
    except PointsError:
        if isinstance(rows, list) and _are_named(rows):
            return NamedPoints(rows)
        if isinstance(rows, list) and (i := _first_with_booleans(rows)) is not None:
            raise PointsError(
                f'point {i} must not hold true or false; send 1 or 0, or the name of a category, such as "True".'
            ) from None
        raise


def _first_with_booleans(rows: list[Any]) -> int | None:
    return next((i for i, row in enumerate(rows) if isinstance(row, list) and bool in map(type, row)), None)


def _are_named(rows: list[Any]) -> bool:
    """Say whether rows, which are no numbers, are so for their texts and what is missing alone."""
    if set(map(type, rows)) != {list} or len(set(map(len, rows))) > 1 or not rows[0]:
        return False
    kinds = set(map(type, chain.from_iterable(rows)))
    return bool(kinds & _NAMED) and kinds <= _NUMBERS | _NAMED


def from_rows(rows: object) -> Points:
    """Return points, float32 [n, d], from a list of n lists of d numbers, or from an array [n, d] that was one.

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


def from_bytes(content: bytes | memoryview, n: int, form: DTypeLike = "<f4") -> Points:
    """Return n points, float32 [n, d], from little-endian numbers of a NumPy type `form`, one point after the other.

    Raises:
        PointsError: one is not finite and within ±MAX_COORDINATE.
    """
    numbers = np.frombuffer(content, form).reshape(n, -1)
    return _in_range(np.require(numbers, np.float32 if numbers.dtype == np.float32 else np.float64, "A"))


def are_numbers(values: Iterable[Any]) -> TypeGuard[Sequence[int | float]]:
    return _NUMBERS.issuperset(map(type, values))


def check_count(n: int, most: int) -> None:
    """Raise TooLargeError where n points are more than are taken at once."""
    if n > most:
        raise TooLargeError(f"{n} points are more than the {most} taken at once")


def is_surely_in_range(numbers: NDArray[np.floating]) -> bool:
    """Say whether all numbers are finite and within ±MAX_COORDINATE, rounded to float32 too."""
    # The squares' sum is quick, and no number where there is a NaN. Where it is too large, look closely.
    return bool(np.vdot(numbers, numbers) <= MAX_COORDINATE) or bool((np.abs(numbers) < 0.99 * MAX_COORDINATE).all())


def _in_range(points: NDArray[np.floating]) -> Points:
    if not is_surely_in_range(points):
        fits = (np.abs(points) <= MAX_COORDINATE).all(axis=1)
        if not fits.all():
            raise PointsError(f"point {np.argmin(fits)} must hold finite numbers within ±{MAX_COORDINATE:.2g}.")
    return points.astype(np.float32, copy=False)


def _is_as_long(row: object, first: object) -> bool:
    """Say whether a row is a list of numbers as long as the first, which must not be empty."""
    return isinstance(row, list) and isinstance(first, list) and 0 < len(row) == len(first)
