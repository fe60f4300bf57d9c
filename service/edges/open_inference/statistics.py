"""The statistics extension: `GET /v2/models[/<name>[/versions/<version>]]/stats`, summed over all workers."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from marshmallow import Schema, fields
from prometheus_client import CollectorRegistry

from service.http.context import Call
from service.http.endpoint import Endpoints
from service.http.error_formats import ERROR_JSON
from service.http.responses import JSON, RawResponse, json_response
from service.observability import registry
from service.registry.models import ModelVersion

endpoints = Endpoints("v2_statistics", error_format=ERROR_JSON)

INFERENCE = (
    *("predict.post_predict", "boundary.get_boundary", "v1_predict.post_v1_predict", "v2_infer.post_infer"),
    *("grpc_v1.predict", "grpc_v2.model_infer"),
)
"""The endpoints whose requests are counted: those that compute."""


class DurationSchema(Schema):
    count = fields.Integer(required=True)
    ns = fields.Integer(required=True, metadata={"description": "all together, in nanoseconds"})


class InferenceStatisticsSchema(Schema):
    success = fields.Nested(DurationSchema, required=True, metadata={"description": "requests for numbers, answered"})
    fail = fields.Nested(DurationSchema, required=True, metadata={"description": "requests for numbers, refused"})
    queue = fields.Nested(DurationSchema, required=True, metadata={"description": "waiting for a turn to compute"})
    compute_input = fields.Nested(DurationSchema, required=True, metadata={"description": "part of compute_infer"})
    compute_infer = fields.Nested(DurationSchema, required=True, metadata={"description": "calls of the engine"})
    compute_output = fields.Nested(DurationSchema, required=True, metadata={"description": "part of compute_infer"})


class ModelStatisticsSchema(Schema):
    name = fields.String(required=True)
    version = fields.String(required=True)
    last_inference = fields.Integer(required=True, metadata={"description": "milliseconds since 1970; 0 for never"})
    inference_count = fields.Integer(required=True, metadata={"description": "points, grid nodes among them"})
    execution_count = fields.Integer(required=True, metadata={"description": "calls of the engine"})
    inference_stats = fields.Nested(InferenceStatisticsSchema, required=True)
    batch_stats = fields.List(fields.Raw(), required=True, metadata={"description": "empty: not counted by size"})


class StatisticsSchema(Schema):
    model_stats = fields.List(fields.Nested(ModelStatisticsSchema), required=True)


@endpoints.get(
    "/v2/models/stats",
    "/v2/models/<name>/stats",
    "/v2/models/<name>/versions/<version>/stats",
    summary="Count what models did",
    responses={JSON: (StatisticsSchema,)},
    problems=(404, 503),
    has_example=False,
)
def get_statistics(call: Call, name: str | None = None, version: str | None = None) -> RawResponse:
    """How many requests and points each version answered since the service started, and how long that took."""
    measured = _measured(registry())
    return json_response({"model_stats": [_statistics(served, measured) for served in _versions(call, name, version)]})


def _versions(call: Call, name: str | None, version: str | None) -> Iterable[ModelVersion]:
    if name is None:
        return [served for model in call.plane.models() for served in model.served.values()]
    named = call.plane.version(call.record, name, version)
    return [named] if version is not None else call.plane.model(name).served.values()


Measured = Mapping[tuple[str, str], Mapping[str, float]]


def _measured(measurements: CollectorRegistry) -> Measured:
    """Return by model and version what was measured: the sum of each sample, requests by whether they succeeded."""
    measured: dict[tuple[str, str], dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for metric in measurements.collect():
        for sample in metric.samples:
            labels = sample.labels
            if labels.get("model") and labels.get("endpoint", "") in {"", *INFERENCE}:
                outcome = {"": "", "2": " success", "3": " success"}.get(labels.get("status", "")[:1], " fail")
                measured[labels["model"], labels["version"]][sample.name + outcome] += sample.value
    return measured


def _statistics(version: ModelVersion, measured: Measured) -> dict[str, object]:
    found: Mapping[str, float] = measured.get((version.name, str(version.number)), {})

    def duration(name: str, outcome: str = "") -> dict[str, int]:
        return _duration(found.get(f"{name}_count{outcome}", 0), found.get(f"{name}_sum{outcome}", 0))

    success, fail = (duration("boundary_request_seconds", outcome) for outcome in (" success", " fail"))
    computing = duration("boundary_compute_seconds")
    copies = {"count": computing["count"], "ns": 0}
    return {
        "name": version.name,
        "version": str(version.number),
        "last_inference": round(found.get("boundary_last_compute_timestamp_seconds", 0) * 1000),
        "inference_count": round(found.get("boundary_points_total", 0)),
        "execution_count": computing["count"],
        "inference_stats": {
            "success": success,
            "fail": fail,
            "queue": _duration(success["count"] + fail["count"], found.get("boundary_queue_seconds_total", 0)),
            "compute_input": copies,
            "compute_infer": computing,
            "compute_output": copies,
        },
        "batch_stats": [],
    }


def _duration(count: float, seconds: float) -> dict[str, int]:
    return {"count": round(count), "ns": round(seconds * 1e9)}
