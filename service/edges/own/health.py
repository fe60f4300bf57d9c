"""`GET /health/…`: whether this worker runs, and whether it can answer."""

from collections.abc import Mapping

from marshmallow import Schema, fields

from service.errors import UnavailableError
from service.http.context import Call
from service.http.endpoint import Endpoints
from service.http.responses import JSON, NO_STORE, RawResponse, json_response

endpoints = Endpoints("health", public=True, inline=True)


class LiveSchema(Schema):
    live = fields.Boolean(required=True)


class ReadySchema(Schema):
    ready = fields.Boolean(required=True)
    models = fields.List(fields.String(), required=True, metadata={"description": "models that answer"})
    failed = fields.List(fields.String(), required=True, metadata={"description": "models of which no version loads"})


@endpoints.get("/health/live", summary="Is the process alive?", responses={JSON: (LiveSchema,)})
def get_live(_: Call) -> RawResponse:
    """200 as long as the process answers at all."""
    return json_response({"live": True}, headers=[NO_STORE])


@endpoints.get("/health/ready", summary="Can it answer?", responses={JSON: (ReadySchema,)}, may_answer_503=True)
def get_ready(call: Call) -> RawResponse:
    """200 once the models that can be loaded are loaded and have answered a probe, until the worker is told to stop;
    else 503, with the same body.
    """
    models = call.plane.models()
    document = {
        "ready": call.context.is_ready(),
        "models": [model.name for model in models if model.served],
        "failed": [model.name for model in models if not model.served],
    }
    return readiness(document)


def readiness(document: Mapping[str, object]) -> RawResponse:
    """Return what is known of a worker's readiness: with 503, and when to ask again, where `ready` is false."""
    if document["ready"]:
        return json_response(document, headers=[NO_STORE])
    retry_after = ("Retry-After", str(UnavailableError.retry_after_seconds))
    return json_response(document, UnavailableError.status, headers=[NO_STORE, retry_after])
