"""`GET /comparison`: what an experiment found. `POST /comparison`: the same verdicts, of scores from elsewhere."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from marshmallow import ValidationError, fields, validate

from bundle.comparison import ROPE, Comparison, ComparisonSchema, ModelResult
from bundle.records import StrictRecordSchema
from bundle.tables import PICTURES, SCORE_PICTURES, SCORE_TABLES, TABLES
from service import __version__
from service.dataplane import scored
from service.dataplane.scored import MAX_MODELS, MAX_NAME_CHARS, MAX_SCORES
from service.edges.own.experiments import ResultsQuery, ResultsQuerySchema, as_text
from service.errors import InvalidError, UnsupportedMediaTypeError
from service.http import custom_fields
from service.http.body import media_type_of, parse_json, read_body
from service.http.conditional import Validators, conditional, conditional_content
from service.http.context import Call
from service.http.endpoint import Endpoints
from service.http.negotiation import negotiate
from service.http.responses import JSON, RawResponse, to_json
from service.http.validation import load
from service.rendering.loading import loading
from verdicts import tables
from verdicts.comparison import default_score
from verdicts.elsewhere import MAX_OVERLAP
from verdicts.score_comparison import ScoreComparison, ScoreComparisonSchema
from verdicts.scores import MAX_SCORE, Named, Scores, ScoresError

endpoints = Endpoints("results", problems=(404, 406, 422, 503), conditional=True)

TYPES = {"json": JSON, "csv": "text/csv", "markdown": "text/markdown", "png": "image/png"}

CSV = "text/csv"

ROPE_FIELD = {
    "description": "region of practical equivalence: a difference of at most this much, in units of the score, is none",
    "default": ROPE,
}


@dataclass(frozen=True)
class ComparisonQuery(ResultsQuery):
    width: int = 900
    rope: float = ROPE
    score: str | None = None
    table: str = "models"
    picture: str = "runs"
    values: bool = True


class ComparisonQuerySchema(ResultsQuerySchema):
    record = ComparisonQuery
    format = custom_fields.format_field(TYPES)
    width = custom_fields.width_field(default=900)
    rope = fields.Float(validate=validate.Range(0, MAX_SCORE), metadata=ROPE_FIELD)
    score = fields.String(
        metadata={
            "description": "what pairs are compared by: accuracy, own_accuracy, population_accuracy or a name in "
            "metrics; the accuracy or R² if left out"
        }
    )
    table = custom_fields.choice_field(TABLES, "what a row of CSV and Markdown is of")
    picture = custom_fields.choice_field(PICTURES, "what is drawn")
    values = fields.Boolean(
        metadata={
            "description": "whether `metrics` have a value of each replicate, a third of the JSON; else none but R² "
            "where that is what models are compared by",
            "default": True,
        }
    )


@endpoints.get(
    "/comparison",
    summary="Compare the models of an experiment",
    query=ComparisonQuerySchema(),
    responses={JSON: (ComparisonSchema,), CSV: (), "text/markdown": (), "image/png": ()},
)
def get_comparison(call: Call, query: ComparisonQuery) -> RawResponse:
    """Accuracy over replicates with intervals (in a regression R²), the served replicate's metrics, and for every pair
    of models a paired test and a verdict: better, equivalent within the rope, worse, or undecided. CSV and Markdown
    hold a table of models, pairs, sensitivity or variance; the picture shows every run, every pair (forest), what size
    buys (map), accuracy by learning rate and epoch (sensitivity), where luck comes from (variance) or how far
    probabilities can be relied on (reliability).
    """
    representation = negotiate(TYPES, call.headers.get("accept"), query.format)
    stored = call.plane.experiments.comparison(query.experiment)
    found = call.plane.compared(call.record, stored, query.rope, query.score)
    if representation == "json":
        return conditional_content(call, to_json(found if query.values else _summed_up(found)), JSON)
    if representation == "png":
        asked = (str(query.width), query.picture, repr(query.rope), query.score or "")
        validators = Validators.of(__version__, "comparison", *asked, stored.digest)
        return conditional(
            call,
            validators,
            TYPES["png"],
            lambda: call.plane.cached(call.record, validators.etag, lambda: [_picture(found, query)]),
        )
    text = tables.of_comparison(found, query.table, representation)
    return conditional_content(call, text.encode(), as_text(TYPES[representation]))


def _summed_up(comparison: Comparison) -> Comparison:
    """Return a comparison whose metrics have no values of single replicates, but for a regression's score."""
    return replace(comparison, models=[_with_sums(model) for model in comparison.models])


def _with_sums(model: ModelResult) -> ModelResult:
    score = "r2" if model.accuracy is None else None
    metrics = {name: one if name == score else replace(one, values=[]) for name, one in model.metrics.items()}
    return replace(model, metrics=metrics)


def _picture(comparison: Comparison, query: ComparisonQuery) -> bytes:
    with loading():
        from service.rendering.comparison import draw  # noqa: PLC0415 (Matplotlib is loaded by the first picture)

    return _or_invalid(lambda: draw(query.picture, comparison, query.score or default_score(comparison), query.width))


def _or_invalid(draw: Callable[[], bytes]) -> bytes:
    """Draw a picture.

    Raises:
        InvalidError: there is nothing for it.
    """
    try:
        return draw()
    except ValueError as error:
        raise InvalidError.of("picture", f"{error}.") from error


@dataclass(frozen=True)
class ScoresQuery:
    """What is asked of scores; the columns are those of a table."""

    format: str | None = None
    width: int = 900
    table: str = "models"
    picture: str = "runs"
    rope: float | None = None
    higher_is_better: bool | None = None
    overlap: float | None = None
    score: str | None = None
    model: str | None = None
    run: str | None = None
    dataset: str | None = None


def _column(of: str) -> fields.String:
    return fields.String(metadata={"description": f"of a table: the column of {of}; recognized if left out"})


LESS_OR_MORE = {"description": "false where less is better; by the score's name if left out"}
OVERLAP = {
    "description": "test set's size over training set's where runs share training data, as folds do; 0 if left out, or "
    "of a table with folds what their number says"
}


class ScoresQuerySchema(StrictRecordSchema[ScoresQuery]):
    record = ScoresQuery
    format = custom_fields.format_field(TYPES)
    width = custom_fields.width_field(default=900)
    table = custom_fields.choice_field(SCORE_TABLES, "what a row of CSV and Markdown is of")
    picture = custom_fields.choice_field(SCORE_PICTURES, "what is drawn; ranks of several data sets")
    rope = fields.Float(validate=validate.Range(0, MAX_SCORE), metadata=ROPE_FIELD)
    higher_is_better = fields.Boolean(metadata=LESS_OR_MORE)
    overlap = fields.Float(validate=validate.Range(0, MAX_OVERLAP), metadata=OVERLAP)
    score = _column("scores")
    model = _column("models")
    run = _column("what tells runs apart, such as a seed")
    dataset = _column("data sets")


class ScoreRecords(fields.Field["tuple[Any, ...]"]):
    """A list of scores, looked through by hand: marshmallow takes seconds for a hundred thousand objects."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> tuple[Any, ...]:
        try:
            return scored.records_of(value)
        except ScoresError as error:
            raise ValidationError(str(error)) from error

    def json_schema(self, _: custom_fields.Limits) -> dict[str, Any]:
        text = {"type": "string", "minLength": 1, "maxLength": MAX_NAME_CHARS}
        names = {name: {**text, "description": words} for name, words in _NAMES.items()}
        score = {"type": ["number", "null"], "minimum": -MAX_SCORE, "maximum": MAX_SCORE}
        record = {
            "type": "object",
            "properties": {
                "model": names["model"],
                "run": {"anyOf": [names["run"], {"type": "integer"}, {"type": "null"}]},
                "score": {**score, "description": "null of a run that came to nothing"},
                "dataset": {"anyOf": [names["dataset"], {"type": "null"}]},
            },
            "required": ["model", "score"],
            "additionalProperties": False,
        }
        return {"type": "array", "items": record, "minItems": 1, "maxItems": MAX_SCORES}


_NAMES = {
    "model": f"its name; {MAX_MODELS} at most",
    "run": "what tells a model's runs apart; runs of the same name are paired, so give the seed or the fold",
    "dataset": "of several the models are ranked",
}


class ScoresRequestSchema(StrictRecordSchema[dict[str, Any]]):
    record: ClassVar[type] = dict
    scores = ScoreRecords(required=True)
    rope = custom_fields.StrictFloat(validate=validate.Range(0, MAX_SCORE), metadata=ROPE_FIELD)
    higher_is_better = custom_fields.StrictBoolean(metadata=LESS_OR_MORE)
    overlap = custom_fields.StrictFloat(validate=validate.Range(0, MAX_OVERLAP), metadata=OVERLAP)
    score = fields.String(
        validate=validate.Length(1, MAX_NAME_CHARS), metadata={"description": "what was measured", "default": "score"}
    )


REQUEST = ScoresRequestSchema()

EXAMPLE_SCORES = (("wide", (0.981, 0.979, 0.984, 0.982, 0.98)), ("deep", (0.99, 0.986, 0.991, 0.988, 0.992)))


@endpoints.post(
    "/comparison",
    summary="Compare scores from elsewhere",
    query=ScoresQuerySchema(),
    request_bodies={JSON: (ScoresRequestSchema,), CSV: ()},
    responses={JSON: (ScoreComparisonSchema,), CSV: (), "text/markdown": (), "image/png": ()},
    problems=(400, 406, 413, 415, 422, 503),
    conditional=False,
    example={
        "scores": [
            {"model": model, "run": run, "score": score}
            for model, scores in EXAMPLE_SCORES
            for run, score in enumerate(scores)
        ]
    },
)
def post_comparison(call: Call, query: ScoresQuery) -> RawResponse:
    """The verdicts, intervals and needed runs of `GET /comparison` for anybody's scores. As CSV they may be as trackers
    export them: a table of runs of MLflow or W&B, values by step of TensorBoard, W&B or MLflow, a row for each run
    under usual names, or a column for each model. `notes` say what was taken. Runs with common names are paired; of
    several data sets models are ranked, with Friedman's test and Nemenyi's critical difference.
    """
    representation = negotiate(TYPES, call.headers.get("accept"), query.format)
    kind = media_type_of(call)
    if kind not in (JSON, CSV):
        raise UnsupportedMediaTypeError(
            f"send the scores as Content-Type: {JSON} or {CSV}, not {kind or 'without one'}"
        )
    content = bytes(read_body(call))

    def answer() -> Sequence[bytes]:
        scores, asked = _from_json(content, query) if kind == JSON else _from_table(content, query)
        return [_encode(scored.compared(scores, asked), representation, query)]

    body = call.plane.in_turn(call.record, answer)
    media_type = TYPES[representation]
    return RawResponse(body, as_text(media_type) if media_type.startswith("text/") else media_type)


def _from_table(content: bytes, query: ScoresQuery) -> tuple[Scores, dict[str, Any]]:
    columns = Named(query.score, query.model, query.run, query.dataset)
    return scored.table_of(content, columns), _asked(query)


def _from_json(content: bytes, query: ScoresQuery) -> tuple[Scores, dict[str, Any]]:
    """Return what a body holds; what it says goes before what the query says."""
    scored.refuse_excess(content)
    request = load(REQUEST, parse_json(content))
    scores = Scores(request.pop("scores"), request.pop("score", query.score or "score"))
    return scores, {**_asked(query), **request}


def _asked(query: ScoresQuery) -> dict[str, Any]:
    return {"rope": query.rope, "higher_is_better": query.higher_is_better, "overlap": query.overlap}


def _encode(comparison: ScoreComparison, representation: str, query: ScoresQuery) -> bytes:
    if representation == "json":
        return to_json(comparison)
    if representation != "png":
        return tables.of_scores(comparison, query.table, representation).encode()
    with loading():
        from service.rendering.comparison import draw_scores  # noqa: PLC0415 (as above)

    return _or_invalid(lambda: draw_scores(query.picture, comparison, query.width))
