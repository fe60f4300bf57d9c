"""What infer takes and gives as JSON: the protocol's objects, as schemas and as what they are loaded into."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from marshmallow import Schema, fields, validate

from service.bundle.records import RecordSchema

INPUT, OUTPUT, DATATYPE = "points", "probabilities", "FP32"
Parameters = Mapping[str, object]


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


def _parameters(description: str) -> fields.Dict:
    return fields.Dict(keys=fields.String(), metadata={"description": description})


class RequestInputSchema(RecordSchema[RequestInput]):
    record = RequestInput

    name = fields.String(required=True, metadata={"enum": [INPUT]})
    shape = fields.List(
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
        }
    )


class RequestOutputSchema(RecordSchema[RequestOutput]):
    record = RequestOutput

    name = fields.String(required=True, metadata={"enum": [OUTPUT]})
    parameters = _parameters("binary_data: whether the tensor's bytes come behind the JSON")


class InferRequestSchema(RecordSchema[InferRequest]):
    """What is not known here, such as KServe's model_name, is left aside."""

    record = InferRequest

    id = fields.String(metadata={"description": "given back with the answer"})
    parameters = _parameters("binary_data_output: whether outputs come as bytes behind the JSON where they do not say")
    inputs = fields.List(fields.Nested(RequestInputSchema), required=True, metadata={"minItems": 1, "maxItems": 1})
    outputs = fields.List(fields.Nested(RequestOutputSchema), metadata={"maxItems": 1})


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
