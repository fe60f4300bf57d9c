"""`GET /health/…`: whether this worker runs, and whether it can answer."""

from collections.abc import Mapping

from flask import Blueprint, Response
from marshmallow import Schema, fields

from service.errors import UnavailableError
from service.http.context import is_ready, repository
from service.http.endpoint import operation
from service.http.responses import json_response, uncached

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
    models = repository().models()
    document = {
        "ready": is_ready(),
        "models": [model.name for model in models if model.served],
        "failed": [model.name for model in models if not model.served],
    }
    return readiness(document)


def readiness(document: Mapping[str, object]) -> Response:
    """Return what is known of a worker's readiness: with 503, and when to ask again, where `ready` is false."""
    if document["ready"]:
        return uncached(json_response(document))
    response = uncached(json_response(document, UnavailableError.status))
    response.headers["Retry-After"] = str(UnavailableError.retry_after_seconds)
    return response
