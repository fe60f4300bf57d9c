"""`GET /boundary`: a model on a grid, as JSON, as a NumPy file or as a picture."""

import json
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

import orjson
from flask import Blueprint, Response
from marshmallow import Schema, fields

from bundle.comparison import Dataset
from service import __version__
from service.dataplane.cache import Chunks
from service.dataplane.grid_functions import Kind, converged
from service.dataplane.grids import Grid, bands, evaluate
from service.edges.own.boundary_query import (
    MAX_RESOLUTION,
    MEDIA_TYPES,
    Asked,
    BoundaryQuery,
    BoundaryQuerySchema,
    Bounds,
    ask,
    bounds_of,
)
from service.errors import TooLargeError
from service.http.conditional import computed
from service.http.context import repository, version_of
from service.http.endpoint import operation
from service.http.negotiation import negotiate
from service.http.responses import etag_of, validators
from service.registry.experiments import Found, served_dataset
from service.registry.registry import ModelVersion
from service.rendering.arrays import json_chunks, npy_chunks

blueprint = Blueprint("boundary", __name__)

GRID_HEADER = "Boundary-Grid"


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
        metadata={"description": "in place of probabilities, the same for what is not a probability"},
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
    the data. With a version in the query the numbers never change and may be kept for good.

    As `application/x-npy` a float32 array (ny, nx). What the JSON says beside the numbers then stands in the header
    `Boundary-Grid`, as JSON in ASCII: the same keys, but `x` and `y` are `{"feature", "min", "max", "nodes"}` each, the
    feature's name and what `numpy.linspace(min, max, nodes)` gives the coordinates from, bit for bit; and `numbers` is
    the key that the JSON has the numbers under, `probabilities` or `values`.
    """
    representation = negotiate(MEDIA_TYPES, query.format)
    if query.resolution > MAX_RESOLUTION:
        raise TooLargeError(f"resolution: {query.resolution} is too large a grid; at most {MAX_RESOLUTION}")
    version = version_of(query.model, query.version)
    marks = known_marks(query, version, representation)
    data = None
    if representation == "png":
        data = served_dataset(repository(), version)
        marks = _with_data(marks, data)
    return computed(
        marks.etag, marks.headers, MEDIA_TYPES[representation], lambda: _answer(query, version, representation, data)
    )


@dataclass(frozen=True)
class Marks:
    """What an answer is known by before it is computed: its tag, and the headers that say so and more."""

    etag: str
    headers: tuple[tuple[str, str], ...]


_MARKS: WeakKeyDictionary[ModelVersion, dict[tuple[BoundaryQuery, str], Marks]] = WeakKeyDictionary()

QUESTIONS = 1024
"""Of one version whose marks are kept. To make them takes as long as all else of an answer that is kept."""


def known_marks(query: BoundaryQuery, version: ModelVersion, representation: str) -> Marks:
    """Return an answer's marks, which are kept for the next time; a picture's without the data that it shows.

    Raises:
        service.errors.ServiceError: the version cannot answer the question.
    """
    if query.minus is not None:  # another version of that model may answer now
        return _marks(query, version, representation)
    kept = _MARKS.setdefault(version, {})
    marks = kept.get((query, representation))
    if marks is None:
        if len(kept) >= QUESTIONS:
            kept.clear()
        marks = kept[query, representation] = _marks(query, version, representation)
    return marks


def _marks(query: BoundaryQuery, version: ModelVersion, representation: str) -> Marks:
    """Tag an answer with all that determines it: the question with its defaults filled in, the bundles, the code."""
    asked = ask(query, version)
    settled = replace(query, model=None, version=None, minus=None, epoch=asked.epoch, replicate=query.replicate or 0)
    bundles = [bundle.identity for bundle in (version, asked.minus) if bundle is not None]
    bounds = bounds_of(query, version)
    etag = etag_of(__version__, representation, repr(bounds), repr(settled), *bundles)
    immutable = query.version is not None and query.minus is None and representation != "png"
    headers = validators(etag, immutable=immutable)
    if representation == "npy":
        headers = (*headers, (GRID_HEADER, _grid_header(query, asked, bounds)))
    return Marks(etag, headers)


def _with_data(marks: Marks, data: Found[Dataset] | None) -> Marks:
    """Return the marks of a picture with data in it: they are the experiment's, which training again replaces."""
    etag = etag_of(marks.etag, "" if data is None else data.digest)
    return Marks(etag, validators(etag))


def _answer(query: BoundaryQuery, version: ModelVersion, representation: str, data: Found[Dataset] | None) -> Chunks:
    asked = ask(query, version)
    bounds = bounds_of(query, version)
    if representation == "png":
        from service.rendering.boundary import draw  # noqa: PLC0415 (Matplotlib is loaded by the first picture)

        nodes = min(query.resolution, query.width)  # more than pixels cannot be seen, and millions cost 400 MB
        boundary = evaluate(asked.quantity, Grid.spanning(*bounds, nodes))
        dataset = None if data is None else data.content
        return [draw(boundary, version, _title(asked, query), dataset, query.width)]
    grid = Grid.spanning(*bounds, query.resolution)
    rows = bands(asked.quantity, grid)
    if representation == "npy":
        return npy_chunks((len(grid.y), len(grid.x)), rows)
    return json_chunks({**_description(query, asked), "x": grid.x, "y": grid.y}, _numbers(asked), rows)


def _description(query: BoundaryQuery, asked: Asked) -> dict[str, object]:
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


def _numbers(asked: Asked) -> str:
    """Return the key of an answer's numbers."""
    return "probabilities" if asked.quantity.kind is Kind.PROBABILITY else "values"


def _grid_header(query: BoundaryQuery, asked: Asked, bounds: Bounds) -> str:
    """Return what the JSON says beside the numbers, its axes by their ends."""
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


def _title(asked: Asked, query: BoundaryQuery) -> str:
    """Return what a picture shows, with only what differs from the usual."""
    card = asked.version.card
    parts = [f"{asked.version.name}, version {asked.version.number}"]
    if asked.minus is not None:
        parts = [f"{asked.version.name} − {asked.minus.name}"]
    if query.layer is not None:
        parts.append(f"layer {query.layer}, unit {query.unit}")
    if query.statistic != "probability" and card is not None:
        parts.append(f"{query.statistic} of {len(converged(asked.version))} runs")
        if card.diverged:
            parts.append(f"{len(card.diverged)} diverged")
    if query.replicate:
        parts.append(f"run {query.replicate}")
    if card is not None and asked.epoch != card.epochs[-1]:
        parts.append(f"epoch {asked.epoch}")
    return ", ".join(parts)
