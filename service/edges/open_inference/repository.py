"""The model repository extension: which models are there, and loading and unloading them: `POST /v2/repository…`."""

from dataclasses import dataclass

from marshmallow import Schema, fields, validate

from bundle.records import RecordSchema
from service.http import custom_fields
from service.http.access import refuse_without_keys
from service.http.body import read_body
from service.http.context import Call
from service.http.endpoint import Endpoints, Options
from service.http.error_formats import ERROR_JSON
from service.http.points_json import parse_points_json
from service.http.responses import JSON, RawResponse, json_response
from service.http.validation import load
from service.registry.models import Model, State, Status

endpoints = Endpoints("v2_repository", needs_body=False, error_format=ERROR_JSON)

STATES = {
    State.AVAILABLE: "READY",
    State.LOADING: "LOADING",
    State.UNLOADING: "UNAVAILABLE",
    State.FAILED: "UNAVAILABLE",
}
"""What the protocol calls them."""


@dataclass(frozen=True)
class IndexRequest:
    ready: bool = False


class IndexRequestSchema(RecordSchema[IndexRequest]):
    record = IndexRequest
    ready = custom_fields.StrictBoolean(metadata={"description": "only versions that answer", "default": False})


class IndexEntrySchema(Schema):
    name = fields.String(required=True)
    version = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(sorted(set(STATES.values()))))
    reason = fields.String(required=True)


class LoadRequestSchema(RecordSchema[dict[str, object]]):
    """What stands in it is left aside: there is nothing here to load otherwise than it lies on disk."""

    record = dict
    parameters = fields.Dict(keys=fields.String())


class LoadResponseSchema(Schema):
    pass


@endpoints.post(
    "/v2/repository/index",
    summary="List what the repository holds",
    request_bodies={JSON: (IndexRequestSchema,)},
    responses={JSON: (IndexEntrySchema(many=True),)},
    problems=(400, 413, 415),
    example={"ready": True},
)
def post_index(call: Call) -> RawResponse:
    """Every version on disk with its state and the reason for it; with `{"ready": true}` those that answer."""
    request: IndexRequest = load(IndexRequestSchema(), _body(call))
    return json_response(index(call, only_ready=request.ready))


def index(call: Call, *, only_ready: bool) -> list[dict[str, str]]:
    """Return what the repository holds, as the protocol has it over HTTP and over gRPC."""
    entries = [(model, status) for model in call.plane.synced_models() for status in model.statuses]
    return [_entry(model, status) for model, status in entries if not only_ready or status.version is not None]


def _options(summary: str) -> Options:
    """Return what loading and unloading have in common."""
    return {
        "summary": summary,
        "request_bodies": {JSON: (LoadRequestSchema,)},
        "responses": {JSON: (LoadResponseSchema,)},
        "problems": (400, 403, 404, 413, 415),
        "has_example": False,
    }


@endpoints.post("/v2/repository/models/<name>/load", **_options("Load a model"))
def post_load(call: Call, name: str) -> RawResponse:
    """Looks at the model's folder at once, takes the newest versions there, and tries those again that failed. Needs an
    API key, always.
    """
    _check(call)
    call.plane.load(name)
    return json_response({})


@endpoints.post("/v2/repository/models/<name>/unload", **_options("Unload a model"))
def post_unload(call: Call, name: str) -> RawResponse:
    """No worker of this service answers for the model any more, until it is loaded again or the service is restarted.
    Needs an API key, always.
    """
    _check(call)
    call.plane.unload(name)
    return json_response({})


def _check(call: Call) -> None:
    """Raise an error where a model may not be loaded or unloaded, or the body is none for it."""
    refuse_without_keys(call)
    load(LoadRequestSchema(), _body(call))


def _body(call: Call) -> object:
    """Return what the body says; an empty one is an empty object."""
    content = read_body(call)
    return parse_points_json(content, limits=call.plane.limits) if content else {}  # refused as one of points is


def _entry(model: Model, status: Status) -> dict[str, str]:
    return {
        "name": model.name,
        "version": str(status.number),
        "state": STATES[status.state],
        "reason": status.reason or "",
    }
