"""Schema fields of this interface."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from marshmallow import ValidationError, fields, validate

from bundle.conventions import MAX_COORDINATE
from service.dataplane.points import NamedPoints, PointsError, from_rows_with_names


@dataclass(frozen=True)
class Limits:
    """What bounds a request: numbers a point, None where models differ, points taken at once, and whether there is a
    model of which a feature has categories, or may be missing.
    """

    n_features: int | None
    max_points: int
    has_categories: bool = False
    has_missing: bool = False


@runtime_checkable
class HasJsonSchema(Protocol):
    """A field that says in JSON Schema what it takes."""

    def json_schema(self, limits: Limits) -> dict[str, Any]: ...


def point(limits: Limits) -> dict[str, Any]:
    """Return the JSON Schema of one point."""
    number = {"type": "number", "minimum": -MAX_COORDINATE, "maximum": MAX_COORDINATE}
    size = {} if limits.n_features is None else {"maxItems": limits.n_features}
    return {"type": "array", "items": number, "minItems": limits.n_features or 1, **size}


def points(limits: Limits) -> dict[str, Any]:
    """Return the JSON Schema of a list of points."""
    return {"type": "array", "items": point(limits), "minItems": 1, "maxItems": limits.max_points}


class Points(fields.Field["np.ndarray | NamedPoints"]):
    """Points [n, d] as float32, from a list of lists; where these hold texts, which may be categories, as they are."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> np.ndarray | NamedPoints:
        try:
            return from_rows_with_names(value)
        except PointsError as error:
            raise ValidationError(str(error)) from error

    def json_schema(self, limits: Limits) -> dict[str, Any]:
        schema = points(limits)
        text = {"type": "string", "description": "a category's name, of a feature that has some"}
        missing = {"type": "null", "description": "a missing value, of a model that fills it in"}
        others = [*([text] if limits.has_categories else []), *([missing] if limits.has_missing else [])]
        if others:
            schema["items"]["items"] = {"anyOf": [schema["items"]["items"], *others]}
        return schema


class RawJson(fields.Raw):
    """Any JSON, which is looked at elsewhere; the document says what it may be."""

    def __init__(self, schema: Callable[[Limits], dict[str, Any]], **options: Any) -> None:
        super().__init__(**options)
        self._schema = schema

    def json_schema(self, limits: Limits) -> dict[str, Any]:
        return self._schema(limits)


class StrictFloat(fields.Float):
    """A number that is one in JSON too: not a string that reads like one."""

    def _validated(self, value: Any) -> float:
        if isinstance(value, str):
            raise self.make_error("invalid", input=value)
        return super()._validated(value)


class StrictInteger(fields.Integer):
    """An integer as JSON Schema has it: 1 or 1.0, not 1.5 or "1"."""

    def _validated(self, value: Any) -> int:
        if isinstance(value, str) or (isinstance(value, float) and not value.is_integer()):
            raise self.make_error("invalid", input=value)
        return super()._validated(value)


class StrictBoolean(fields.Boolean):
    """True or false, and not 1, "yes" or the like."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class ModelNames(fields.Field[list[str] | None]):
    """Several models: a list of names, or "all", which is loaded as an empty list."""

    def json_schema(self, _: Limits) -> dict[str, Any]:
        names = {"type": "array", "items": {"type": "string"}, "minItems": 1, "uniqueItems": True}
        return {"oneOf": [names, {"type": "string", "const": "all"}]}

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


def choice_field(names: Sequence[str], description: str) -> fields.String:
    """Return a choice among names; the first is the default, which the query's record holds."""
    return fields.String(
        validate=validate.OneOf(list(names), error="must be one of: {choices}."),
        metadata={"description": description, "default": names[0]},
    )


def version_field(kind: type[fields.Integer] = fields.Integer) -> fields.Integer:
    """Return the number of a version."""
    return kind(
        validate=validate.Range(1, 10**18),
        metadata={"description": "the model's latest if left out"},
    )


def width_field(default: int) -> fields.Integer:
    """Return the query's `width` of a picture in pixels; the default is only told, the query's record holds it."""
    return fields.Integer(
        validate=validate.Range(200, 2000),
        metadata={"description": "pixels, of the picture only", "default": default},
    )
