"""`POST /v1/models/<servable:name>[/versions/<servable:version>]:predict`."""

from typing import Any, ClassVar

from flask import Blueprint, Response, request
from marshmallow import EXCLUDE, Schema, fields

from service.dataplane.inference import evaluate
from service.dataplane.points import check_count
from service.edges.tensorflow_serving.servable import servable
from service.edges.tensorflow_serving.tensors import as_columns, as_rows, decode
from service.http import custom_fields as own
from service.http.body import WORTH_COUNTING, read_body, refuse_excess
from service.http.context import context
from service.http.custom_fields import Limits
from service.http.endpoint import operation
from service.http.error_formats import STANDARD
from service.http.record import waited
from service.http.responses import json_response

blueprint = Blueprint("v1_predict", __name__)

INPUT = "points"
"""What our own SavedModels call their input."""


def _instances(limits: Limits) -> dict[str, Any]:
    points = own.points(limits)
    row = {"type": "object", "properties": {INPUT: points["items"]}, "required": [INPUT], "additionalProperties": False}
    return {
        "description": "rows: the points, or an object with each",
        "oneOf": [points, {**points, "items": row}],
    }


def _inputs(limits: Limits) -> dict[str, Any]:
    points = own.points(limits)
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
    instances = own.Json(_instances)
    inputs = own.Json(_inputs)


class PredictionsV1Schema(Schema):
    predictions = fields.List(fields.Raw(), required=True, metadata={"description": "P(y = 1) of each row"})


class OutputsV1Schema(Schema):
    outputs = fields.Raw(required=True, metadata={"description": "P(y = 1) of all points, or an object of outputs"})


@blueprint.post("/v1/models/<servable:name>:predict")
@blueprint.post("/v1/models/<servable:name>/versions/<servable:version>:predict")
@operation(
    "Predict (v1)",
    takes={"application/json": (PredictRequestV1Schema,)},
    answers={"application/json": (PredictionsV1Schema, OutputsV1Schema)},
    problems=(400, 404, 413, 415, 503),
    dialect=STANDARD,
    example={"instances": [[0.1, 0.2], [0.9, -0.4]]},
)
def post_v1_predict(name: str, version: str | None = None) -> Response:
    """What a signature gives at points: rows for `instances`, columns for `inputs`. A single output is a bare list,
    several are objects. The signatures `at` and `activations` take a `replicate` and a `snapshot` too, in columns:
    `{"signature_name": "at", "inputs": {"points": [[0.1, 0.2]], "replicate": 3, "snapshot": 0}}`.
    """
    here = context()
    found = servable(name, version)
    body = read_body(request.environ, here.settings.max_body_bytes)
    if len(body) > WORTH_COUNTING:
        refuse_excess(body, here.settings.max_points, found.engine.n_features)
    with here.admission.predictions as seconds:
        waited(seconds)
        asked = decode(body, found)
        check_count(len(asked.points), here.settings.max_points)
        outputs = evaluate(found, asked.signature, asked.points, **asked.index)
    described = found.engine.describe(asked.signature).outputs
    return json_response(as_rows(outputs, described) if asked.in_rows else as_columns(outputs, described))
