"""What infer takes and gives as JSON: the protocol's objects, as schemas and as what they are loaded into."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from bundle.records import Record, RecordSchema
from service.http import custom_fields
from service.http.custom_fields import Limits

INPUT, DATATYPE = "points", "FP32"
DATATYPES = {
    DATATYPE: "<f4",
    "FP64": "<f8",
    "FP16": "<f2",
    **{f"INT{8 * size}": f"<i{size}" for size in (1, 2, 4, 8)},
    **{f"UINT{8 * size}": f"<u{size}" for size in (1, 2, 4, 8)},
}
"""In which points may come, and a number's form as bytes. They are rounded to DATATYPE, as JSON's numbers are."""

OUTPUTS = ("probabilities", "values")
"""A model has one of them: `values` where its numbers are no probabilities."""

Parameters = Mapping[str, object]

MAX_ENTRIES = 16
"""Of a list of tensors or of sizes: more than any request that is meant."""


@dataclass(frozen=True)
class RequestInput:
    name: str
    shape: list[int]
    datatype: str
    parameters: Parameters = field(default_factory=dict)
    data: Any = None


@dataclass(frozen=True)
class RequestOutput:
    name: str
    parameters: Parameters = field(default_factory=dict)


@dataclass(frozen=True)
class InferRequest:
    inputs: list[RequestInput]
    outputs: list[RequestOutput] = field(default_factory=list)
    parameters: Parameters = field(default_factory=dict)
    id: str | None = None


class MessageSchema(RecordSchema[Record]):
    """What may be left out may be null too, as some clients write it."""

    @post_load
    def make(self, data: Mapping[str, Any], **_: object) -> Record:
        made: Record = self.record(**{name: value for name, value in data.items() if value is not None})
        return made


class ShortList(fields.List[Any]):
    """A list of a few entries: each that is wrong takes time and a message, so a long list is refused unread."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> list[Any]:
        if isinstance(value, list) and len(value) > MAX_ENTRIES:
            raise ValidationError(f"has {len(value)} entries, more than make sense here.")
        entries: list[Any] = super()._deserialize(value, attr, data, **options)
        return entries


class Shape(ShortList):
    """The shape of points, [n, d]."""

    def __init__(self, **options: Any) -> None:
        length = validate.Length(equal=2, error="must be [points, numbers of a point], such as [1, 2].")
        super().__init__(fields.Integer(strict=True, validate=validate.Range(min=1)), validate=length, **options)

    def json_schema(self, limits: Limits) -> dict[str, Any]:
        n = {"type": "integer", "minimum": 1, "maximum": limits.max_points}
        d = {"type": "integer", "minimum": 1} if limits.n_features is None else {"const": limits.n_features}
        return {"prefixItems": [n, d], "minItems": 2, "maxItems": 2}


def _data(limits: Limits) -> dict[str, Any]:
    points = custom_fields.points(limits)
    flat = {"type": "array", "items": points["items"]["items"], "minItems": 1}
    return {
        "description": "the points, flat or one list each; left out where binary_data_size is given",
        "oneOf": [flat, points],
    }


def _parameters(properties: dict[str, object]) -> fields.Dict:
    return fields.Dict(keys=fields.String(), allow_none=True, metadata={"properties": properties})


BOOLEAN = {"type": "boolean"}
SIZE = {"type": "integer", "description": "of the tensor's bytes behind the JSON"}
NEVER_SCHEMA: dict[str, object] = {"not": {}}


class RequestInputSchema(MessageSchema[RequestInput]):
    record = RequestInput

    name = fields.String(required=True, metadata={"enum": [INPUT]})
    shape = Shape(required=True, metadata={"description": "[n, d]"})
    datatype = fields.String(required=True, metadata={"enum": [*DATATYPES]})
    parameters = _parameters({"binary_data_size": SIZE})
    data = custom_fields.RawJson(_data, allow_none=True)


class RequestOutputSchema(MessageSchema[RequestOutput]):
    record = RequestOutput

    name = fields.String(required=True, metadata={"enum": [*OUTPUTS]})
    parameters = _parameters({"binary_data": BOOLEAN, "classification": NEVER_SCHEMA})


class InferRequestSchema(MessageSchema[InferRequest]):
    """What is unknown, such as KServe's model_name, is left aside."""

    record = InferRequest

    id = fields.String(allow_none=True, metadata={"description": "given back with the answer"})
    parameters = _parameters({"binary_data_output": {**BOOLEAN, "description": "for outputs that do not say"}})
    inputs = ShortList(fields.Nested(RequestInputSchema), required=True, metadata={"minItems": 1, "maxItems": 1})
    outputs = ShortList(fields.Nested(RequestOutputSchema), allow_none=True, metadata={"maxItems": 1})


class ResponseOutputSchema(Schema):
    name = fields.String(required=True)
    datatype = fields.String(required=True)
    shape = fields.List(fields.Integer(), required=True)
    data = fields.List(
        fields.Float(),
        metadata={"description": "P(y = 1) of each point, or its value; of more than two classes each one's in turn"},
    )
    parameters = fields.Dict(keys=fields.String(), metadata={"properties": {"binary_data_size": SIZE}})


class InferResponseSchema(Schema):
    model_name = fields.String(required=True)
    model_version = fields.String(required=True)
    id = fields.String(metadata={"description": "the request's"})
    outputs = fields.List(fields.Nested(ResponseOutputSchema), required=True)
