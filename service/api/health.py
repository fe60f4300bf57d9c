"""`GET /health/…`: whether this worker runs, and whether it can answer."""

from flask import Blueprint, Response
from marshmallow import Schema, fields

from service.api.answers import json_response, uncached
from service.api.context import is_ready, repository
from service.api.operations import operation

blueprint = Blueprint("health", __name__)


class LiveSchema(Schema):
    live = fields.Boolean(required=True)


class ReadySchema(Schema):
    ready = fields.Boolean(required=True)
    models = fields.List(fields.String(), required=True, metadata={"description": "models that answer"})
    failed = fields.List(fields.String(), required=True, metadata={"description": "models of which no version loads"})


@blueprint.get("/health/live")
@operation("Is the process alive?", answers={"application/json": (LiveSchema,)}, public=True)
def get_live() -> Response:
    """200 as long as the process answers at all."""
    return uncached(json_response({"live": True}))


@blueprint.get("/health/ready")
@operation("Can it answer?", answers={"application/json": (ReadySchema,)}, unready=True, public=True)
def get_ready() -> Response:
    """200 once the models that can be loaded are loaded and have answered a probe, until the worker is told to stop;
    else 503, with the same body.
    """
    ready = is_ready()
    models = repository().models()
    document = {
        "ready": ready,
        "models": [model.name for model in models if model.served],
        "failed": [model.name for model in models if not model.served],
    }
    response = uncached(json_response(document, 200 if ready else 503))
    if not ready:
        response.headers["Retry-After"] = "5"
    return response
