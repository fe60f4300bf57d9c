"""Schema fields of this interface."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from marshmallow import ValidationError, fields, validate

from service.points import PointsError, from_rows


class Points(fields.Field[np.ndarray]):
    """Points [n, d] as float32, from a list of lists."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> np.ndarray:
        try:
            return from_rows(value)
        except PointsError as error:
            raise ValidationError(str(error)) from error


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
