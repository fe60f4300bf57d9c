"""`GET /models…`: what is served, the state of each version, and the cards."""

from dataclasses import dataclass
from typing import Any, get_args
from weakref import WeakKeyDictionary

from marshmallow import Schema, fields, validate

from bundle.card import CardSchema, Feature, Output, Task
from bundle.records import StrictRecordSchema, schema_of
from service.engines import WEIGHTS
from service.errors import NotFoundError
from service.http.conditional import conditional_json
from service.http.context import Call
from service.http.endpoint import Endpoints
from service.http.responses import JSON, RawResponse
from service.registry.models import Model, ModelVersion, State, Status

endpoints = Endpoints("models", conditional=True, inline=True)


class StatusSchema(Schema):
    version = fields.Integer(required=True)
    state = fields.String(required=True, validate=validate.OneOf([state.value for state in State]))
    reason = fields.String(required=True, allow_none=True, metadata={"description": "why it FAILED"})


class ModelSummarySchema(Schema):
    name = fields.String(required=True)
    versions = fields.List(fields.Nested(StatusSchema), required=True, metadata={"description": "newest first"})
    reason = fields.String(metadata={"description": "why it has no version; only where it has none"})


class ModelListSchema(Schema):
    default_model = fields.String(required=True)
    models = fields.List(fields.Nested(ModelSummarySchema), required=True)


class ModelSchema(ModelSummarySchema):
    latest = fields.Integer(required=True, allow_none=True, metadata={"description": "the version that answers"})
    card = fields.Nested(CardSchema, required=True, allow_none=True, metadata={"description": "of the latest"})


class VersionSchema(StatusSchema):
    model = fields.String(required=True)
    engine = fields.String(required=True, allow_none=True)
    fingerprint = fields.String(required=True, allow_none=True, metadata={"description": "SHA-256 of the SavedModel"})
    signatures = fields.List(fields.String(), required=True)
    features = fields.List(fields.Nested(schema_of(Feature)), required=True)
    output = fields.String(
        required=True,
        allow_none=True,
        validate=validate.OneOf(get_args(Output)),
        metadata={"description": "what it gives for a point; of a logit, responses have the probability"},
    )
    task = fields.String(required=True, allow_none=True, validate=validate.OneOf(get_args(Task)))
    classes = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "the labels' names in the order of the outputs; none in a regression"},
    )
    imputes = fields.Boolean(
        required=True, metadata={"description": "whether a point may lack values: it fills them in"}
    )
    card = fields.Nested(CardSchema, required=True, allow_none=True)


@endpoints.get("/models", summary="List the models", responses={JSON: (ModelListSchema,)})
def get_models(call: Call) -> RawResponse:
    """Every model with the state of its versions, and which model answers where none is named."""
    models = [_summary(model) for model in call.plane.models()]
    return conditional_json(call, {"default_model": call.plane.default_model, "models": models})


@endpoints.get("/models/<name>", summary="Describe a model", responses={JSON: (ModelSchema,)}, problems=(404,))
def get_model(call: Call, name: str) -> RawResponse:
    """The state of a model's versions, and the card of the one that answers."""
    model = call.plane.model(name)
    latest = model.latest
    document = {**_summary(model), "latest": latest.number if latest else None, "card": _card(latest)}
    return conditional_json(call, document)


@dataclass(frozen=True)
class VersionQuery:
    history: bool = True


class VersionQuerySchema(StrictRecordSchema[VersionQuery]):
    record = VersionQuery

    history = fields.Boolean(
        metadata={"description": "whether the card has its history, most of it; else null", "default": True}
    )


@endpoints.get(
    "/models/<name>/versions/<int:number>",
    summary="Describe a version of a model",
    query=VersionQuerySchema(),
    responses={JSON: (VersionSchema,)},
    problems=(404, 422),
)
def get_version(call: Call, query: VersionQuery, name: str, number: int) -> RawResponse:
    """A version's state, its card, and what the SavedModel can be asked."""
    model = call.plane.model(name)
    status = next((status for status in model.statuses if status.number == number), None)
    if status is None:
        known = ", ".join(str(status.number) for status in model.statuses) or "none"
        raise NotFoundError(f"model {name!r} has no version {number}; available versions: {known}")
    served = model.served.get(number)
    document = {
        "model": name,
        **_status(status),
        "engine": served.engine.name if served else None,
        "fingerprint": served.fingerprint if served else None,
        "signatures": _signatures(served) if served else [],
        "features": served.features if served else [],
        "output": served.output if served else None,
        "task": served.task if served else None,
        "classes": served.classes if served else [],
        "imputes": served.imputes if served else False,
        "card": _card(served, history=query.history),
    }
    return conditional_json(call, document)


_CARDS: WeakKeyDictionary[ModelVersion, dict[str, Any]] = WeakKeyDictionary()
"""Cards as they are answered; one of 500 epochs takes 2.5 ms to write, and never changes."""


def _card(version: ModelVersion | None, *, history: bool = True) -> object:
    if version is None or version.card is None:
        return None
    if version not in _CARDS:
        _CARDS[version] = CardSchema().dump(version.card)
    card = _CARDS[version]
    return card if history else {**card, "history": None}


def _signatures(version: ModelVersion) -> list[str]:
    return sorted(version.engine.signatures | ({WEIGHTS} if version.engine.has_weights else set()))


def _summary(model: Model) -> dict[str, object]:
    reason = {} if model.reason is None else {"reason": model.reason}
    return {"name": model.name, "versions": [_status(status) for status in model.statuses], **reason}


def _status(status: Status) -> dict[str, object]:
    return {"version": status.number, "state": status.state, "reason": status.reason}
