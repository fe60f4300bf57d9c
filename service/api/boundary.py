"""`GET /boundary`: a model on a grid, as JSON, as a NumPy file or as a picture."""

import json
from dataclasses import dataclass, replace

import numpy as np
import orjson
from flask import Blueprint, Response
from marshmallow import Schema, fields, validate

from service import __version__, quantities
from service.api import fields as own
from service.api.answers import etag_of, not_modified, with_validators
from service.api.context import admission, cache, repository, version_of
from service.api.exchange import waited
from service.api.negotiation import negotiate
from service.api.operations import operation
from service.boundary import Grid, bands, check_plane, evaluate
from service.bundle.records import StrictRecordSchema
from service.cache import Chunks
from service.errors import InvalidError, TooLargeError
from service.points import LARGEST
from service.quantities import STATISTICS, Kind, Quantity
from service.rendering.arrays import json_chunks, npy_chunks
from service.repository import ModelVersion
from service.results import served_dataset

blueprint = Blueprint("boundary", __name__)

MEDIA_TYPES = {"json": "application/json", "npy": "application/x-npy", "png": "image/png"}
MAX_RESOLUTION = 2000
GRID_HEADER = "Boundary-Grid"

Bounds = tuple[float, float, float, float]
"""x_min, x_max, y_min, y_max."""


@dataclass(frozen=True)
class BoundaryQuery:
    model: str | None = None
    version: int | None = None
    x_min: float | None = None
    x_max: float | None = None
    y_min: float | None = None
    y_max: float | None = None
    resolution: int = 300
    replicate: int | None = None
    epoch: int | None = None
    statistic: str = "probability"
    minus: str | None = None
    layer: int | None = None
    unit: int | None = None
    format: str | None = None
    width: int = 800


def _bound(axis: str) -> fields.Float:
    return fields.Float(
        validate=validate.Range(-LARGEST, LARGEST, error=f"must be within ±{LARGEST:.2g}."),
        metadata={"description": f"{axis}; the domain on the model's card if left out"},
    )


class BoundaryQuerySchema(StrictRecordSchema[BoundaryQuery]):
    record = BoundaryQuery

    model = fields.String(metadata={"description": "a model's name; the default model if left out"})
    version = own.version_field()
    x_min, x_max = _bound("where the first feature starts"), _bound("where the first feature ends")
    y_min, y_max = _bound("where the second feature starts"), _bound("where the second feature ends")
    resolution = fields.Integer(
        validate=validate.Range(min=2, error="must be from {min} to " + str(MAX_RESOLUTION) + "."),
        metadata={
            "description": "nodes along each axis, both ends included",
            "default": 300,
            "maximum": 2000,
        },
    )
    replicate = fields.Integer(
        validate=validate.Range(min=0),
        metadata={"description": "which training run; 0, the served one, if left out"},
    )
    epoch = fields.Integer(
        validate=validate.Range(min=0), metadata={"description": "a recorded epoch; the last if left out"}
    )
    statistic = fields.String(
        validate=validate.OneOf(STATISTICS, error="must be one of: {choices}."),
        metadata={
            "description": "probability of one training run, or over all of them the mean, the standard deviation, or "
            "the agreement: the share of runs on the majority's side",
            "default": "probability",
        },
    )
    minus = fields.String(
        metadata={"description": "another model: the signed difference P(model) - P(minus), of probability or mean"}
    )
    layer = fields.Integer(
        validate=validate.Range(min=1),
        metadata={"description": "with unit: a hidden unit's activation, counted from 1"},
    )
    unit = fields.Integer(validate=validate.Range(min=1), metadata={"description": "with layer, counted from 1"})
    format = own.format_field(MEDIA_TYPES)
    width = own.width_field(default=800)


class BoundarySchema(Schema):
    model = fields.String(required=True)
    version = fields.Integer(required=True)
    epoch = fields.Integer(required=True, allow_none=True, metadata={"description": "null where it was not recorded"})
    replicate = fields.Integer(required=True, allow_none=True, metadata={"description": "null for a statistic of all"})
    statistic = fields.String(required=True)
    x = fields.List(fields.Float(), required=True, metadata={"description": "[nx], the columns' coordinates"})
    y = fields.List(fields.Float(), required=True, metadata={"description": "[ny], the rows' coordinates"})
    minus = fields.String(metadata={"description": "only where it was asked for"})
    layer = fields.Integer(metadata={"description": "only where it was asked for"})
    unit = fields.Integer(metadata={"description": "only where it was asked for"})
    probabilities = fields.List(
        fields.List(fields.Float()),
        metadata={
            "description": "P(y = 1) or its mean as [row][column], row = y, column = x: what contourf(x, y, z) takes"
        },
    )
    values = fields.List(
        fields.List(fields.Float()),
        metadata={"description": "in place of probabilities, the same for what is no probability"},
    )


@blueprint.get("/boundary")
@operation(
    "Evaluate a model on a grid",
    query=BoundaryQuerySchema,
    answers={"application/json": (BoundarySchema,), "application/x-npy": (), "image/png": ()},
    problems=(404, 406, 413, 422, 503),
    conditional=True,
    answer_headers={GRID_HEADER: "with application/x-npy only: what the JSON says beside the numbers"},
    example_query="?resolution=3",
)
def get_boundary(query: BoundaryQuery) -> Response:
    """P(y = 1) on a grid of the plane, of any training run after any recorded epoch; or a statistic over the runs, the
    difference of two models, or a hidden unit's activation. As `image/png` filled contours with the P = 0.5 line and
    the data. With a version in the query the answer never changes and may be kept for good.

    As `application/x-npy` a float32 array (ny, nx). What the JSON says beside the numbers then stands in the header
    `Boundary-Grid`, as JSON in ASCII: the same keys, but `x` and `y` are `{"feature", "min", "max", "nodes"}` each, the
    feature's name and what `numpy.linspace(min, max, nodes)` gives the coordinates from, bit for bit; and `numbers` is
    the key that the JSON has the numbers under, `probabilities` or `values`.
    """
    representation = negotiate(MEDIA_TYPES, query.format)
    if query.resolution > MAX_RESOLUTION:
        raise TooLargeError(f"resolution: {query.resolution} is too large a grid; at most {MAX_RESOLUTION}")
    asked = _ask(query)
    bounds = _bounds(query, asked.version)
    etag = _etag(query, asked, representation, bounds)
    if not_modified(etag):
        response = Response(status=304)
    else:
        answer = cache().get(etag)
        if answer is None:
            with admission().grids as seconds:
                waited(seconds)
                answer = _answer(query, asked, representation, bounds)
            cache().keep(etag, answer)
        response = Response(answer, content_type=MEDIA_TYPES[representation])
    if representation == "npy":
        response.headers[GRID_HEADER] = _grid_header(query, asked, bounds)
    return with_validators(response, etag, immutable=query.version is not None and query.minus is None)


@dataclass(frozen=True)
class _Asked:
    """A question about models that are there: what to evaluate, and what the answer says of it."""

    version: ModelVersion
    minus: ModelVersion | None
    quantity: Quantity
    epoch: int | None


def _check_one_question(query: BoundaryQuery) -> None:
    """Raise InvalidError where parameters do not go together."""
    if (query.layer is None) != (query.unit is None):
        raise InvalidError.of("unit", "goes with layer; give both or neither.")
    if query.layer is not None and (query.minus is not None or query.statistic != "probability"):
        raise InvalidError.of("layer", "is not taken together with minus or a statistic.")
    if query.replicate is not None and query.statistic != "probability":
        raise InvalidError.of(
            "replicate", f"is one training run, {query.statistic} is over all of them; leave one out."
        )
    if query.minus is not None and query.statistic not in ("probability", "mean"):
        raise InvalidError.of("minus", f"is not taken together with {query.statistic}, only with probability or mean.")


def _ask(query: BoundaryQuery) -> _Asked:
    version = version_of(query.model, query.version)
    _check_one_question(query)
    check_plane(version)
    epoch = quantities.epoch_of(version, query.epoch)
    minus = None if query.minus is None else repository().get(query.minus)
    if query.layer is not None and query.unit is not None:
        quantity = quantities.activation(version, query.layer, query.unit, query.replicate or 0, query.epoch)
    else:
        quantity = _of_model(query, version)
    if minus is not None:
        quantity = quantities.difference(version, minus, quantity, _of_model(query, minus))
    return _Asked(version, minus, quantity, epoch)


def _of_model(query: BoundaryQuery, version: ModelVersion) -> Quantity:
    if query.statistic == "probability":
        return quantities.probability(version, query.replicate or 0, query.epoch)
    return quantities.spread(version, query.statistic, query.epoch)


def _etag(query: BoundaryQuery, asked: _Asked, representation: str, bounds: Bounds) -> str:
    """Tag an answer with all that determines it: the question with its defaults filled in, the bundles, the code."""
    settled = replace(query, model=None, version=None, minus=None, epoch=asked.epoch, replicate=query.replicate or 0)
    bundles = [f"{v.name} {v.number} {v.fingerprint}" for v in (asked.version, asked.minus) if v is not None]
    return etag_of(__version__, representation, repr(bounds), repr(settled), *bundles)


def _bounds(query: BoundaryQuery, version: ModelVersion) -> Bounds:
    """Return x_min, x_max, y_min, y_max, the card's domain where the query leaves one out."""
    bounds = []
    for axis, feature in zip("xy", version.features, strict=True):
        low, high = (getattr(query, f"{axis}_{end}") for end in ("min", "max"))
        low, high = feature.low if low is None else low, feature.high if high is None else high
        if not np.float32(low) < np.float32(high):
            raise InvalidError.of(
                f"{axis}_min", f"must be less than {axis}_max, as float32: {low} is not less than {high}."
            )
        bounds += [low, high]
    x_min, x_max, y_min, y_max = bounds
    return x_min, x_max, y_min, y_max


def _answer(query: BoundaryQuery, asked: _Asked, representation: str, bounds: Bounds) -> Chunks:
    if representation == "png":
        from service.rendering.boundary import draw  # noqa: PLC0415 (Matplotlib is loaded by the first picture)

        nodes = min(query.resolution, query.width)  # more than pixels cannot be seen, and millions cost 400 MB
        boundary = evaluate(asked.quantity, Grid.spanning(*bounds, nodes))
        dataset = served_dataset(repository(), asked.version)
        return [draw(boundary, asked.version, _title(asked, query), dataset, query.width)]
    grid = Grid.spanning(*bounds, query.resolution)
    rows = bands(asked.quantity, grid)
    if representation == "npy":
        return npy_chunks((len(grid.y), len(grid.x)), rows)
    return json_chunks({**_description(query, asked), "x": grid.x, "y": grid.y}, _numbers(asked), rows)


def _description(query: BoundaryQuery, asked: _Asked) -> dict[str, object]:
    """Return what an answer says of its numbers."""
    given = {"minus": query.minus, "layer": query.layer, "unit": query.unit}
    return {
        "model": asked.version.name,
        "version": asked.version.number,
        "epoch": asked.epoch,
        "replicate": (query.replicate or 0) if query.statistic == "probability" else None,
        "statistic": query.statistic,
        **{name: value for name, value in given.items() if value is not None},
    }


def _numbers(asked: _Asked) -> str:
    """Return the key of an answer's numbers."""
    return "probabilities" if asked.quantity.kind is Kind.PROBABILITY else "values"


def _grid_header(query: BoundaryQuery, asked: _Asked, bounds: Bounds) -> str:
    """Return what the JSON says beside the numbers, its axes by their ends: some 220 bytes, in 3 µs."""
    x_min, x_max, y_min, y_max = bounds
    x, y = asked.version.features
    described = {
        **_description(query, asked),
        "x": {"feature": x.name, "min": x_min, "max": x_max, "nodes": query.resolution},
        "y": {"feature": y.name, "min": y_min, "max": y_max, "nodes": query.resolution},
        "numbers": _numbers(asked),
    }
    header = orjson.dumps(described)
    return header.decode() if header.isascii() else json.dumps(described, separators=(",", ":"))


def _title(asked: _Asked, query: BoundaryQuery) -> str:
    """Return what a picture shows, with only what differs from the usual."""
    card = asked.version.card
    parts = [f"{asked.version.name}, version {asked.version.number}"]
    if asked.minus is not None:
        parts = [f"{asked.version.name} − {asked.minus.name}"]
    if query.layer is not None:
        parts.append(f"layer {query.layer}, unit {query.unit}")
    if query.statistic != "probability" and card is not None:
        parts.append(f"{query.statistic} of {card.replicates} runs")
    if query.replicate:
        parts.append(f"run {query.replicate}")
    if card is not None and asked.epoch != card.epochs[-1]:
        parts.append(f"epoch {asked.epoch}")
    return ", ".join(parts)
