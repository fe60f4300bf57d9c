"""`POST /predict`: probabilities and labels at points."""

from functools import lru_cache
from typing import Any, ClassVar

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from bundle.records import Record, StrictRecordSchema
from service.dataplane.dataplane import PredictCall
from service.dataplane.inference import AnyPrediction
from service.dataplane.points import PointsError, from_rows_with_names
from service.http import custom_fields
from service.http.body import check_json, read_body
from service.http.context import Call
from service.http.endpoint import Endpoints
from service.http.points_json import parse_points_json
from service.http.responses import JSON, RawResponse, to_json
from service.http.validation import load

endpoints = Endpoints("predict", inline=True)

MAX_KEPT_NAME_CHARS = 256
"""No request with known names has longer ones."""


class _OptionsSchema(StrictRecordSchema[Record]):
    """What a request says beside its points."""

    record: ClassVar[type] = dict

    model = fields.String(metadata={"description": "a model's name; the default model if left out"})
    version = custom_fields.version_field(custom_fields.StrictInteger)
    models = custom_fields.ModelNames(
        metadata={
            "description": 'several models instead of one: their names, or "all" for every model that takes as many '
            "numbers a point"
        }
    )
    threshold = custom_fields.StrictFloat(
        validate=validate.Range(0, 1),
        metadata={
            "description": "of models with two classes: a probability that reaches it is given label 1",
            "default": 0.5,
        },
    )

    @validates_schema
    def one_model_or_several(self, data: dict[str, object], **_: object) -> None:
        for name in ("model", "version"):
            if "models" in data and name in data:
                raise ValidationError("cannot be combined with models; leave one of the two out.", name)


class PredictRequestSchema(_OptionsSchema[PredictCall]):
    record: ClassVar[type] = PredictCall

    class Meta(StrictRecordSchema.Meta):
        fields = ("points", "model", "version", "models", "threshold")  # in this order in messages and in the document

    points = custom_fields.Points(
        required=True,
        metadata={
            "description": "the points, one list of the model's features each; for a feature with categories the name "
            "of one, or its position from 0; null where a value is missing and the model fills it in"
        },
    )

    json_schema: ClassVar = {
        "not": {"anyOf": [{"required": ["models", "model"]}, {"required": ["models", "version"]}]},
    }

    def load(self, data: Any, **options: Any) -> PredictCall:
        """Validate a request: its points every time, the rest, which is the same in most requests, when it is new."""
        try:
            rest = tuple((name, type(value), value) for name, value in data.items() if name != "points")
            return PredictCall(from_rows_with_names(data["points"]), **_options(rest))
        except (AttributeError, KeyError, TypeError, PointsError, ValidationError):
            request: PredictCall = super().load(data)  # says all that is wrong
            return request


SCHEMA = PredictRequestSchema()
OPTIONS_SCHEMA = _OptionsSchema[dict[str, Any]]()


@lru_cache(maxsize=64)
def _options(given: tuple[tuple[str, type, Any], ...]) -> dict[str, Any]:
    """Return a valid request's fields but for its points; the types are here since 1, 1.0 and True are equal."""
    values = {name: value for name, _, value in given}
    if sum(len(value) for value in values.values() if isinstance(value, str)) > MAX_KEPT_NAME_CHARS:
        raise TypeError("too long to be kept")
    options: dict[str, Any] = OPTIONS_SCHEMA.load(values)
    return options


NUMBERS = {"type": "array", "items": {"type": "number"}}


class PredictionSchema(Schema):
    model = fields.String(required=True)
    version = fields.Integer(required=True)
    probabilities = fields.Raw(
        metadata={
            "description": "P(y = 1) of each point; of more than two classes a list of each one's",
            "type": "array",
            "items": {"oneOf": [{"type": "number"}, NUMBERS]},
        }
    )
    labels = fields.Raw(
        metadata={
            "description": "0 or 1 for each point, or the name of its class",
            "type": "array",
            "items": {"oneOf": [{"type": "integer"}, {"type": "string"}]},
        }
    )
    classes = fields.List(
        fields.String(),
        metadata={
            "description": "the classes' names in the order of the probabilities, where they are not 0 and 1; of two, "
            "the probability is the second's"
        },
    )
    values = fields.Raw(
        metadata={
            "description": "of a model that gives no probabilities, in place of these",
            "type": "array",
            "items": {"oneOf": [{"type": "number"}, NUMBERS]},
        }
    )


class PredictionsSchema(Schema):
    predictions = fields.List(fields.Nested(PredictionSchema), required=True)


@endpoints.post(
    "/predict",
    summary="Predict points",
    request_bodies={JSON: (PredictRequestSchema,)},
    responses={JSON: (PredictionSchema, PredictionsSchema)},
    problems=(400, 404, 413, 415, 422, 503),
    example={"points": [[0.1, 0.2], [0.9, -0.4]]},
)
def post_predict(call: Call) -> RawResponse:
    """Probabilities P(y = 1) and labels at points. With `models` in place of `model`, the answer is
    `{"predictions": [...]}` with one such object a model; `"all"` is every model that takes as many numbers a point.
    A model of more than two classes has a probability for each, and the most probable class as its label. A model that
    gives no probabilities, such as a regression, is answered with `values` and without labels.
    """
    check_json(call)
    content = read_body(call)

    def decode() -> PredictCall:
        request: PredictCall = load(SCHEMA, parse_points_json(content, "points", limits=call.plane.limits))
        return request

    return RawResponse([call.plane.predict(call.record, decode, _encode)], JSON)


def _encode(request: PredictCall, predictions: list[AnyPrediction]) -> bytes:
    return to_json(predictions[0] if request.models is None else {"predictions": predictions})
