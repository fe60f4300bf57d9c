"""What infer takes and gives as JSON: the protocol's objects, as schemas and as what they are loaded into."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from marshmallow import Schema, fields, validate

from service.api import fields as own
from service.api.fields import Limits
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


def _parameters(schema: dict[str, object]) -> fields.Dict:
    return fields.Dict(keys=fields.String(), metadata={"properties": schema})


BOOLEAN = {"type": "boolean"}
NEVER: dict[str, object] = {"not": {}}


class Shape(fields.List[int]):
    """The shape of points, [n, d]."""

    def __init__(self, **options: Any) -> None:
        length = validate.Length(equal=2, error="must be [points, numbers of a point], such as [1, 2].")
        super().__init__(own.WholeNumber(validate=validate.Range(min=1)), validate=length, **options)

    def json_schema(self, limits: Limits) -> dict[str, Any]:
        n = {"type": "integer", "minimum": 1, "maximum": limits.max_points}
        d = {"type": "integer", "minimum": 1} if limits.n_features is None else {"const": limits.n_features}
        return {"prefixItems": [n, d], "minItems": 2, "maxItems": 2}


def _data(limits: Limits) -> dict[str, Any]:
    points = own.points(limits)
    flat = {"type": "array", "items": points["items"]["items"], "minItems": 1}
    return {
        "description": "the points, flat or one list each; left out where binary_data_size is given",
        "oneOf": [flat, points],
    }


class RequestInputSchema(RecordSchema[RequestInput]):
    record = RequestInput

    name = fields.String(required=True, metadata={"enum": [INPUT]})
    shape = Shape(required=True, metadata={"description": "[n, d]"})
    datatype = fields.String(required=True, metadata={"enum": [DATATYPE]})
    parameters = _parameters({"binary_data_size": {"type": "integer", "description": "the bytes behind the JSON"}})
    data = own.Json(_data)


class RequestOutputSchema(RecordSchema[RequestOutput]):
    record = RequestOutput

    name = fields.String(required=True, metadata={"enum": [OUTPUT]})
    parameters = _parameters({"binary_data": BOOLEAN, "classification": NEVER})


class InferRequestSchema(RecordSchema[InferRequest]):
    """What is not known here, such as KServe's model_name, is left aside."""

    record = InferRequest

    id = fields.String(metadata={"description": "given back with the answer"})
    parameters = _parameters({"binary_data_output": {**BOOLEAN, "description": "for outputs that do not say"}})
    inputs = fields.List(fields.Nested(RequestInputSchema), required=True, metadata={"minItems": 1, "maxItems": 1})
    outputs = fields.List(fields.Nested(RequestOutputSchema), metadata={"maxItems": 1})


class ResponseOutputSchema(Schema):
    name = fields.String(required=True)
    datatype = fields.String(required=True)
    shape = fields.List(fields.Integer(), required=True)
    data = fields.List(fields.Float(), metadata={"description": "P(y = 1) of each point"})
    parameters = _parameters({"binary_data_size": {"type": "integer", "description": "the bytes behind the JSON"}})


class InferResponseSchema(Schema):
    model_name = fields.String(required=True)
    model_version = fields.String(required=True)
    id = fields.String(metadata={"description": "the request's"})
    outputs = fields.List(fields.Nested(ResponseOutputSchema), required=True)
