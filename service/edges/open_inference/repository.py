"""The model repository extension: which models are there, and loading and unloading them: `POST /v2/repository…`."""

from dataclasses import dataclass

from flask import Blueprint, Response, request
from marshmallow import Schema, fields, validate

from bundle.records import RecordSchema
from service.http import custom_fields as own
from service.http.access import refuse_where_there_are_no_keys
from service.http.body import WORTH_COUNTING, parse_json, read_body, refuse_excess
from service.http.context import repository, settings
from service.http.endpoint import Described, load, operation
from service.http.error_formats import STANDARD
from service.http.responses import json_response
from service.registry.registry import Model, State, Status

blueprint = Blueprint("v2_repository", __name__)

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
    ready = own.Flag(metadata={"description": "only versions that answer", "default": False})


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


@blueprint.post("/v2/repository/index")
@operation(
    "List what the repository holds",
    takes={"application/json": (IndexRequestSchema,)},
    needs_body=False,
    answers={"application/json": (IndexEntrySchema(many=True),)},
    problems=(400, 413, 415),
    dialect=STANDARD,
    example={"ready": True},
)
def post_index() -> Response:
    """Every version on disk with its state and the reason for it; with `{"ready": true}` those that answer."""
    asked: IndexRequest = load(IndexRequestSchema(), _body())
    repository().catch_up()
    entries = [(model, status) for model in repository().models() for status in model.statuses]
    return json_response(
        [_entry(model, status) for model, status in entries if not asked.ready or status.version is not None]
    )


SWITCH: Described = {
    "takes": {"application/json": (LoadRequestSchema,)},
    "needs_body": False,
    "answers": {"application/json": (LoadResponseSchema,)},
    "problems": (400, 403, 404, 413, 415),
    "dialect": STANDARD,
    "has_example": False,
}
"""What loading and unloading have in common."""


@blueprint.post("/v2/repository/models/<name>/load")
@operation("Load a model", **SWITCH)
def post_load(name: str) -> Response:
    """Looks at the model's folder at once, takes the newest versions there, and tries those again that failed. Needs an
    API key, always.
    """
    _check_switch()
    repository().load(name)
    return json_response({})


@blueprint.post("/v2/repository/models/<name>/unload")
@operation("Unload a model", **SWITCH)
def post_unload(name: str) -> Response:
    """No worker of this service answers for the model any more, until it is loaded again or the service is restarted.
    Needs an API key, always.
    """
    _check_switch()
    repository().unload(name)
    return json_response({})


def _check_switch() -> None:
    """Raise an error where a model may not be loaded or unloaded, or the body is none for it."""
    refuse_where_there_are_no_keys()
    load(LoadRequestSchema(), _body())


def _body() -> object:
    """Return what the body says; an empty one is an empty object."""
    content = read_body(request.environ, settings().max_body_bytes)
    if len(content) > WORTH_COUNTING:
        refuse_excess(content, settings().max_points, repository().n_features)
    return parse_json(content) if content else {}


def _entry(model: Model, status: Status) -> dict[str, str]:
    return {
        "name": model.name,
        "version": str(status.number),
        "state": STATES[status.state],
        "reason": status.reason or "",
    }
