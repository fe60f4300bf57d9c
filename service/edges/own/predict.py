"""`POST /predict`: probabilities and labels at points."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from flask import Blueprint, Response
from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from bundle.records import StrictRecordSchema
from service.dataplane.inference import Prediction, predict
from service.dataplane.points import check_count
from service.http import custom_fields as own
from service.http.context import Context, context
from service.http.endpoint import operation
from service.http.record import Exchange, current
from service.http.responses import json_response
from service.registry.registry import ModelVersion

blueprint = Blueprint("predict", __name__)

LONG = 256
"""Characters; no request with known names is longer."""


@dataclass(frozen=True)
class PredictRequest:
    """`models` is None for one model, empty for all."""

    points: np.ndarray
    model: str | None = None
    version: int | None = None
    models: list[str] | None = None
    threshold: float = 0.5


class PredictRequestSchema(StrictRecordSchema[PredictRequest]):
    record = PredictRequest

    points = own.Points(required=True, metadata={"description": "the points, one list of the model's features each"})
    model = fields.String(metadata={"description": "a model's name; the default model if left out"})
    version = own.version_field(own.WholeNumber)
    models = own.ModelNames(
        metadata={
            "description": 'several models instead of one: their names, or "all" for every model that takes as many '
            "numbers a point"
        }
    )
    threshold = own.Number(
        validate=validate.Range(0, 1),
        metadata={"description": "a probability that reaches it is given label 1", "default": 0.5},
    )

    json_schema: ClassVar = {
        "not": {"anyOf": [{"required": ["models", "model"]}, {"required": ["models", "version"]}]},
    }

    def load(self, data: Any, **options: Any) -> PredictRequest:
        """Validate a request: its points every time, the rest, which is the same in most requests, when it is new."""
        try:
            rest = tuple((name, type(value), value) for name, value in data.items() if name != "points")
            points: np.ndarray = self.fields["points"].deserialize(data["points"])
            return PredictRequest(points, **_validated(self, rest))
        except (AttributeError, KeyError, TypeError, ValidationError):
            request: PredictRequest = super().load(data)  # says all that is wrong
            return request

    @validates_schema
    def one_model_or_several(self, data: dict[str, object], **_: object) -> None:
        for name in ("model", "version"):
            if "models" in data and name in data:
                raise ValidationError("is not taken together with models; leave one of the two out.", name)


@lru_cache(maxsize=64)
def _validated(schema: PredictRequestSchema, rest: tuple[tuple[str, type, Any], ...]) -> dict[str, Any]:
    """Return a valid request's fields but for its points; the types are here since 1, 1.0 and True are equal."""
    values = {name: value for name, _, value in rest}
    if sum(len(value) for value in values.values() if isinstance(value, str)) > LONG:
        raise TypeError("too long to be kept")
    request: PredictRequest = super(PredictRequestSchema, schema).load({**values, "points": [[0]]})
    return {name: value for name, value in vars(request).items() if name != "points"}


class PredictionSchema(Schema):
    model = fields.String(required=True)
    version = fields.Integer(required=True)
    probabilities = fields.List(fields.Float(), required=True, metadata={"description": "P(y = 1) of each point"})
    labels = fields.List(fields.Integer(), required=True, metadata={"description": "0 or 1 for each point"})


class PredictionsSchema(Schema):
    predictions = fields.List(fields.Nested(PredictionSchema), required=True)


@blueprint.post("/predict")
@operation(
    "Predict points",
    body=PredictRequestSchema,
    answers={"application/json": (PredictionSchema, PredictionsSchema)},
    problems=(400, 404, 413, 415, 422, 503),
    example={"points": [[0.1, 0.2], [0.9, -0.4]]},
)
def post_predict(asked: PredictRequest) -> Response:
    """Probabilities P(y = 1) and labels at points. With `models` in place of `model`, the answer is
    `{"predictions": [...]}` with one such object a model; `"all"` is every model that takes as many numbers a point.
    """
    return json_response(answered(asked, context(), current()))


def answered(asked: PredictRequest, here: Context, exchange: Exchange) -> Prediction | dict[str, list[Prediction]]:
    """Return what a request is answered with; the exchange is told by which model's version.

    Raises:
        service.errors.ServiceError: it cannot be answered.
    """
    check_count(len(asked.points), here.settings.max_points)
    if asked.models is None:
        version = here.repository.get(asked.model, asked.version)
        exchange.answered_by(version)
        return _predict(version, asked)
    versions = [here.repository.get(name) for name in asked.models] or _all(here, asked.points.shape[1])
    return {"predictions": [_predict(version, asked) for version in versions]}


def _all(here: Context, n_features: int) -> list[ModelVersion]:
    """Return every model that takes so many numbers a point; where there is none every model, to say what it takes."""
    served = [model.latest for model in here.repository.models() if model.latest is not None]
    return [version for version in served if version.engine.n_features == n_features] or served


def _predict(version: ModelVersion, asked: PredictRequest) -> Prediction:
    return predict(version, asked.points, asked.threshold)
