"""Schema fields of this interface."""

from collections.abc import Iterable
from itertools import chain
from typing import Any

import numpy as np
from marshmallow import ValidationError, fields, validate

LARGEST = 1e30
"""Coordinates further out could overflow float32 inside a network, where engines differ in what they make of it."""


class Points(fields.Field[np.ndarray]):
    """Points [n, d] as float32: validated as one array, with messages that name the first point at fault."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> np.ndarray:
        if not isinstance(value, list) or not value:
            raise ValidationError("must be a list of one or more points, such as [[0.1, 0.2], [0.5, -0.3]].")
        if set(map(type, value)) != {list} or len(set(map(len, value))) > 1 or not value[0]:
            i = next(i for i, point in enumerate(value) if not _is_list_like(point, value[0]))
            raise ValidationError(f"point {i} must be a list of numbers as long as the others, such as [0.1, 0.2].")
        numbers = list(chain.from_iterable(value))
        if not _NUMBERS.issuperset(map(type, numbers)):
            i = next(i for i, point in enumerate(value) if not _NUMBERS.issuperset(map(type, point)))
            raise ValidationError(f"point {i} must hold numbers only, such as [0.1, 0.2].")
        try:
            points = np.array(numbers, np.float64).reshape(len(value), -1)
        except OverflowError as error:
            raise ValidationError(f"numbers must be finite and within ±{LARGEST:.2g}.") from error
        if (
            not np.vdot(points, points) <= LARGEST**2
        ):  # the squares' sum: quick, and False for NaN too; then look closely
            fits = (np.abs(points) <= LARGEST).all(axis=1)
            if not fits.all():
                raise ValidationError(f"point {np.argmin(fits)} must hold finite numbers within ±{LARGEST:.2g}.")
        return points.astype(np.float32)


_NUMBERS = frozenset({int, float})
"""Exactly these types: a bool is an int to Python, not to a client."""


def _is_list_like(point: object, first: object) -> bool:
    """Say whether a point is a list of numbers as long as the first, which must not be empty."""
    return isinstance(point, list) and isinstance(first, list) and 0 < len(point) == len(first)


class Number(fields.Float):
    """A number that is one in JSON too: not a string that reads like one."""

    def _validated(self, value: Any) -> float:
        if isinstance(value, str):
            raise self.make_error("invalid", input=value)
        return super()._validated(value)


class ModelNames(fields.Field[list[str] | None]):
    """Several models: a list of names, or "all", which is loaded as an empty list."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> list[str]:
        if value == "all":
            return []
        if not isinstance(value, list) or not value or not all(isinstance(name, str) for name in value):
            raise ValidationError('must be a list of model names, or "all".')
        if len(set(value)) < len(value):
            raise ValidationError("must name each model once.")
        return value


def format_field(media_types: Iterable[str]) -> fields.String:
    """Return the query's `format`: one of the names of the representations."""
    return fields.String(
        validate=validate.OneOf(list(media_types), error="must be one of: {choices}."),
        metadata={"description": "the representation, in place of Accept"},
    )


def width_field(default: int) -> fields.Integer:
    """Return the query's `width` of a picture in pixels; the default is only told, the query's record holds it."""
    return fields.Integer(
        validate=validate.Range(200, 2000),
        metadata={"description": "pixels, of the picture only", "default": default},
    )
