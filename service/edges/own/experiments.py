"""`GET /dataset`: on which data the experiments were made."""

from dataclasses import dataclass

from marshmallow import Schema, fields, validate

from bundle.card import TrueBoundary
from bundle.comparison import SPLITS
from bundle.records import StrictRecordSchema, schema_of
from service.http import custom_fields
from service.http.conditional import conditional_content, conditional_json
from service.http.context import Call
from service.http.endpoint import Endpoints
from service.http.negotiation import negotiate
from service.http.responses import JSON, RawResponse

endpoints = Endpoints("results", problems=(404, 406, 422, 503), conditional=True)

DATASET_TYPES = {"json": JSON, "csv": "text/csv"}


@dataclass(frozen=True)
class ResultsQuery:
    experiment: str | None = None
    format: str | None = None


class ResultsQuerySchema(StrictRecordSchema[ResultsQuery]):
    record = ResultsQuery

    experiment = fields.String(metadata={"description": "the experiment of the default model if left out"})


class DatasetQuerySchema(ResultsQuerySchema):
    format = custom_fields.format_field(DATASET_TYPES)


class DatasetSchema(Schema):
    experiment = fields.String(required=True)
    features = fields.List(fields.String(), required=True)
    points = fields.List(
        fields.List(fields.Float(allow_none=True)),
        required=True,
        metadata={"description": "[n, d]; null where a value is missing, a category by its position from 0"},
    )
    labels = fields.Raw(
        required=True,
        metadata={
            "description": "[n]: 0 or 1, or the classes' names; in a regression the values of its target",
            "type": "array",
            "items": {"type": ["number", "string"]},
        },
    )
    classes = fields.List(fields.String(), metadata={"description": "their names, where they are not 0 and 1"})
    target = fields.String(metadata={"description": "what the labels are of, where it is not just `label`"})
    split = fields.List(fields.String(validate=validate.OneOf(SPLITS)), required=True)
    true_boundary = fields.Nested(
        schema_of(TrueBoundary),
        required=True,
        allow_none=True,
        metadata={"description": "the sphere between the classes, 0 inside, where it is known"},
    )


@endpoints.get(
    "/dataset",
    summary="Get the data that the models were trained and tested on",
    query=DatasetQuerySchema(),
    responses={JSON: (DatasetSchema,), "text/csv": ()},
)
def get_dataset(call: Call, query: ResultsQuery) -> RawResponse:
    """The points of the served replicate with their labels, and for each whether it was used for training,
    validation or test.
    """
    representation = negotiate(DATASET_TYPES, call.headers.get("accept"), query.format)
    dataset = call.plane.experiments.dataset(query.experiment).content
    if representation == "csv":
        return conditional_content(call, dataset.to_csv().encode(), as_text(DATASET_TYPES["csv"]))
    comparison = call.plane.experiments.comparison(query.experiment).content
    summary = comparison.dataset
    is_named = dataset.classes not in ([], ["0", "1"])
    document = {
        "experiment": comparison.experiment,
        "features": dataset.features,
        "points": dataset.points,
        "labels": [dataset.classes[label] for label in dataset.labels.tolist()] if is_named else dataset.labels,
        "split": dataset.split,
        "true_boundary": summary.true_boundary,
        **({"classes": dataset.classes} if is_named else {}),
        **({} if summary.target == "label" else {"target": summary.target}),
    }
    return conditional_json(call, document)


def as_text(media_type: str) -> str:
    """Return the media type with its encoding."""
    return f"{media_type}; charset=utf-8"
