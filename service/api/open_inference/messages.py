"""What infer takes and gives as JSON: the protocol's objects, as schemas and as what they are loaded into."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from service.bundle.records import Record, RecordSchema

INPUT, OUTPUT, DATATYPE = "points", "probabilities", "FP32"
Parameters = Mapping[str, object]

FEW = 16
"""Entries of a list of tensors or of sizes: more than any request that is meant."""


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


class ShortList(fields.List):  # type: ignore[type-arg]  # only generic for type checkers
    """A list of a FEW entries: each that is wrong takes time and a message, so a long list is refused unread."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> list[Any]:
        if isinstance(value, list) and len(value) > FEW:
            raise ValidationError(f"has {len(value)} entries, more than make sense here.")
        entries: list[Any] = super()._deserialize(value, attr, data, **options)
        return entries


def _parameters(description: str) -> fields.Dict:
    return fields.Dict(keys=fields.String(), allow_none=True, metadata={"description": description})


class RequestInputSchema(MessageSchema[RequestInput]):
    record = RequestInput

    name = fields.String(required=True, metadata={"enum": [INPUT]})
    shape = ShortList(
        fields.Integer(strict=True, validate=validate.Range(min=1)),
        required=True,
        validate=validate.Length(
            equal=2, error="must be the number of points and of a point's numbers, such as [1, 2]."
        ),
        metadata={"description": "[n, d]"},
    )
    datatype = fields.String(required=True, metadata={"enum": [DATATYPE]})
    parameters = _parameters("binary_data_size: the tensor's bytes are behind the JSON, this many")
    data = fields.Raw(
        allow_none=True,
        metadata={
            "description": "the points, flat or one list each; left out where binary_data_size is given",
            "oneOf": [
                {"type": "array", "items": {"type": "number"}, "minItems": 1},
                {
                    "type": "array",
                    "items": {"type": "array", "items": {"type": "number"}, "minItems": 1},
                    "minItems": 1,
                },
            ],
        },
    )


class RequestOutputSchema(MessageSchema[RequestOutput]):
    record = RequestOutput

    name = fields.String(required=True, metadata={"enum": [OUTPUT]})
    parameters = _parameters("binary_data: whether the tensor's bytes come behind the JSON")


class InferRequestSchema(MessageSchema[InferRequest]):
    """What is not known here, such as KServe's model_name, is left aside."""

    record = InferRequest

    id = fields.String(allow_none=True, metadata={"description": "given back with the answer"})
    parameters = _parameters("binary_data_output: whether outputs come as bytes behind the JSON where they do not say")
    inputs = ShortList(fields.Nested(RequestInputSchema), required=True, metadata={"minItems": 1, "maxItems": 1})
    outputs = ShortList(fields.Nested(RequestOutputSchema), allow_none=True, metadata={"maxItems": 1})


class ResponseOutputSchema(Schema):
    name = fields.String(required=True)
    datatype = fields.String(required=True)
    shape = fields.List(fields.Integer(), required=True)
    data = fields.List(fields.Float(), metadata={"description": "P(y = 1) of each point"})
    parameters = _parameters("binary_data_size: the tensor's bytes are behind the JSON, this many")


class InferResponseSchema(Schema):
    model_name = fields.String(required=True)
    model_version = fields.String(required=True)
    id = fields.String(metadata={"description": "the request's"})
    outputs = fields.List(fields.Nested(ResponseOutputSchema), required=True)
