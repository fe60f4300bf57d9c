"""`POST /v1/models/<servable:name>[/versions/<servable:version>]:predict`."""

from typing import Any, ClassVar

from marshmallow import EXCLUDE, Schema, fields

from service.edges.tensorflow_serving.servable import servable
from service.edges.tensorflow_serving.tensors import PredictV1Call, as_columns, as_rows, decode
from service.engines import Outputs
from service.http import custom_fields
from service.http.body import read_body
from service.http.context import Call
from service.http.custom_fields import Limits
from service.http.endpoint import Endpoints
from service.http.error_formats import ERROR_JSON
from service.http.responses import JSON, RawResponse, to_json

endpoints = Endpoints("v1_predict", error_format=ERROR_JSON, inline=True)

INPUT = "points"
"""What our own SavedModels call their input."""


def _instances(limits: Limits) -> dict[str, Any]:
    points = custom_fields.points(limits)
    row = {"type": "object", "properties": {INPUT: points["items"]}, "required": [INPUT], "additionalProperties": False}
    return {
        "description": "rows: the points, or an object with each",
        "oneOf": [points, {**points, "items": row}],
    }


def _inputs(limits: Limits) -> dict[str, Any]:
    points = custom_fields.points(limits)
    return {
        "description": "columns, in place of instances: all points, or an object with them",
        "oneOf": [points, {"type": "object", "properties": {INPUT: points}, "required": [INPUT]}],
    }


class PredictRequestV1Schema(Schema):
    """Documents the body; `tensors` reads it, and takes the signatures with scalar inputs too, in columns."""

    class Meta:
        unknown = EXCLUDE

    json_schema: ClassVar = {  # one of the two; generators of clients understand it so, and not as oneOf
        "if": {"required": ["instances"]},
        "then": {"not": {"required": ["inputs"]}},
        "else": {"required": ["inputs"]},
    }

    signature_name = fields.String(metadata={"default": "serving_default", "enum": ["serving_default", "replicates"]})
    instances = custom_fields.RawJson(_instances)
    inputs = custom_fields.RawJson(_inputs)


class PredictionsV1Schema(Schema):
    predictions = fields.List(
        fields.Raw(), required=True, metadata={"description": "P(y = 1) of each row, or each class's"}
    )


class OutputsV1Schema(Schema):
    outputs = fields.Raw(
        required=True, metadata={"description": "P(y = 1) of all points, or each class's, or an object of outputs"}
    )


@endpoints.post(
    "/v1/models/<servable:name>:predict",
    "/v1/models/<servable:name>/versions/<servable:version>:predict",
    summary="Predict (v1)",
    request_bodies={JSON: (PredictRequestV1Schema,)},
    responses={JSON: (PredictionsV1Schema, OutputsV1Schema)},
    problems=(400, 404, 413, 415, 503),
    example={"instances": [[0.1, 0.2], [0.9, -0.4]]},
)
def post_v1_predict(call: Call, name: str, version: str | None = None) -> RawResponse:
    """What a signature gives at points: rows for `instances`, columns for `inputs`. A single output is a bare list,
    several are objects. The signatures `at` and `activations` take a `replicate` and a `snapshot` too, in columns:
    `{"signature_name": "at", "inputs": {"points": [[0.1, 0.2]], "replicate": 3, "snapshot": 0}}`.
    """
    served = servable(call, name, version)
    content = read_body(call)

    def encode(request: PredictV1Call, outputs: Outputs) -> bytes:
        described = served.engine.describe(request.signature).outputs
        return to_json(as_rows(outputs, described) if request.in_rows else as_columns(outputs, described))

    body = call.plane.evaluate(call.record, served, lambda: decode(content, served, call.plane.max_points), encode)
    return RawResponse([body], JSON)
