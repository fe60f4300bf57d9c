"""`GET /comparison` and `GET /dataset`: what the experiments found, and on which data."""

from dataclasses import dataclass

from flask import Blueprint, Response
from marshmallow import Schema, fields, validate

from bundle.card import TrueBoundary
from bundle.comparison import SPLITS, Comparison, ComparisonSchema
from bundle.records import StrictRecordSchema, schema_of
from service import __version__
from service.http import custom_fields as own
from service.http.conditional import computed
from service.http.context import repository
from service.http.endpoint import operation
from service.http.negotiation import negotiate
from service.http.responses import conditional, etag_of, json_response, validators
from service.registry import experiments as results
from service.rendering import tables

blueprint = Blueprint("results", __name__)

COMPARISON_TYPES = {"json": "application/json", "csv": "text/csv", "markdown": "text/markdown", "png": "image/png"}
DATASET_TYPES = {"json": "application/json", "csv": "text/csv"}


@dataclass(frozen=True)
class ResultsQuery:
    experiment: str | None = None
    format: str | None = None


class _ResultsQuerySchema(StrictRecordSchema[ResultsQuery]):
    record = ResultsQuery

    experiment = fields.String(metadata={"description": "the experiment of the default model if left out"})


@dataclass(frozen=True)
class ComparisonQuery(ResultsQuery):
    width: int = 900


class ComparisonQuerySchema(_ResultsQuerySchema):
    record = ComparisonQuery
    format = own.format_field(COMPARISON_TYPES)
    width = own.width_field(default=900)


class DatasetQuerySchema(_ResultsQuerySchema):
    format = own.format_field(DATASET_TYPES)


class DatasetSchema(Schema):
    experiment = fields.String(required=True)
    features = fields.List(fields.String(), required=True)
    points = fields.List(fields.List(fields.Float()), required=True, metadata={"description": "[n, d]"})
    labels = fields.List(fields.Integer(), required=True, metadata={"description": "0 or 1, [n]"})
    split = fields.List(fields.String(validate=validate.OneOf(SPLITS)), required=True)
    true_boundary = fields.Nested(
        schema_of(TrueBoundary),
        required=True,
        allow_none=True,
        metadata={"description": "the sphere between the classes, 0 inside, where it is known"},
    )


@blueprint.get("/comparison")
@operation(
    "Compare the models of an experiment",
    query=ComparisonQuerySchema,
    answers={"application/json": (ComparisonSchema,), "text/csv": (), "text/markdown": (), "image/png": ()},
    problems=(404, 406, 422, 503),
    conditional=True,
)
def get_comparison(query: ComparisonQuery) -> Response:
    """Accuracy over replicates with intervals, the served replicate's metrics, and a paired test for every pair of
    models. CSV and Markdown hold the table of models; the picture shows every run.
    """
    representation = negotiate(COMPARISON_TYPES, query.format)
    found = results.comparison(repository(), query.experiment)
    if representation == "json":
        return conditional(json_response(ComparisonSchema().dump(found.content)))
    if representation == "png":
        etag = etag_of(__version__, "comparison", str(query.width), found.digest)
        return computed(etag, validators(etag), COMPARISON_TYPES["png"], lambda: [_picture(found.content, query.width)])
    render = {"csv": tables.comparison_csv, "markdown": tables.comparison_markdown}[representation]
    return conditional(Response(render(found.content), mimetype=COMPARISON_TYPES[representation]))


def _picture(comparison: Comparison, width: int) -> bytes:
    from service.rendering.comparison import draw  # noqa: PLC0415 (Matplotlib is loaded by the first picture)

    return draw(comparison, width)


@blueprint.get("/dataset")
@operation(
    "Get the data that the models were trained and tested on",
    query=DatasetQuerySchema,
    answers={"application/json": (DatasetSchema,), "text/csv": ()},
    problems=(404, 406, 422, 503),
    conditional=True,
)
def get_dataset(query: ResultsQuery) -> Response:
    """The points of the served replicate with their labels, and for each whether it was used for training,
    validation or test.
    """
    representation = negotiate(DATASET_TYPES, query.format)
    found = results.dataset(repository(), query.experiment).content
    if representation == "csv":
        return conditional(Response(found.to_csv(), mimetype=DATASET_TYPES["csv"]))
    of = results.comparison(repository(), query.experiment).content
    document = {
        "experiment": of.experiment,
        "features": found.features,
        "points": found.points,
        "labels": found.labels,
        "split": found.split,
        "true_boundary": of.dataset.true_boundary,
    }
    return conditional(json_response(document))
