"""`GET /boundary`: a model on a grid, as JSON, as a NumPy file or as a picture."""

import numpy as np
from marshmallow import Schema, fields

from service.dataplane.cache import Chunks
from service.dataplane.grid_functions import Kind
from service.dataplane.grids import bands, evaluate
from service.edges.own.boundary_picture import picture
from service.edges.own.boundary_plan import GRID_HEADER, BoundaryPlan, plan_boundary
from service.edges.own.boundary_query import MAX_RESOLUTION, MEDIA_TYPES, BoundaryQuery, BoundaryQuerySchema
from service.edges.own.place import HELD_METADATA, needs_data
from service.errors import TooLargeError
from service.http.conditional import conditional
from service.http.context import Call
from service.http.endpoint import Endpoints
from service.http.negotiation import negotiate
from service.http.responses import JSON, RawResponse
from service.registry.models import ModelVersion
from service.rendering.arrays import json_chunks, label_chunks, npy_chunks

endpoints = Endpoints("boundary", inline=True)


class AverageSchema(Schema):
    rows = fields.Integer(required=True, metadata={"description": "of the data, that were averaged over"})
    of = fields.Integer(required=True, metadata={"description": "rows of the data"})


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
    class_ = fields.String(data_key="class", metadata={"description": "only where it was asked for"})
    features = fields.List(
        fields.String(), metadata={"description": "along x and y, where the model has others or they are swapped"}
    )
    held = fields.Dict(keys=fields.String(), metadata=HELD_METADATA)
    average = fields.Nested(
        AverageSchema, metadata={"description": "in place of held, where the other features are averaged over"}
    )
    classes = fields.List(fields.String(), metadata={"description": "with label: the names of its numbers"})
    label = fields.List(
        fields.List(fields.Integer()),
        metadata={
            "description": "of a model with more than two classes, where none is asked for: the position of the most "
            "probable one as [row][column]; values are then its probability"
        },
    )
    probabilities = fields.List(
        fields.List(fields.Float()),
        metadata={
            "description": "P(y = 1), or the class's that was asked for, or its mean as [row][column], row = y, "
            "column = x: what contourf(x, y, z) takes"
        },
    )
    values = fields.List(
        fields.List(fields.Float()),
        metadata={"description": "in place of probabilities, the same for what is not a probability"},
    )


@endpoints.get(
    "/boundary",
    summary="Evaluate a model on a grid",
    query=BoundaryQuerySchema(),
    responses={JSON: (BoundarySchema,), "application/x-npy": (), "image/png": ()},
    problems=(404, 406, 413, 422, 503),
    conditional=True,
    response_headers={GRID_HEADER: "with application/x-npy only: what the JSON says beside the numbers"},
    example_query="?resolution=3",
)
def get_boundary(call: Call, query: BoundaryQuery) -> RawResponse:
    """P(y = 1) on a grid of the plane, of any training run after any recorded epoch; or a statistic over the runs, the
    difference of two models, or a hidden unit's activation. As `image/png` filled contours with the P = 0.5 line and
    the data. With a version in the query the numbers never change and may be kept for good.

    As `application/x-npy` a float32 array (ny, nx). What the JSON says beside the numbers then stands in the header
    `Boundary-Grid`, as JSON in ASCII: the same keys, but `x` and `y` are `{"feature", "min", "max", "nodes"}` each, the
    feature's name and what `numpy.linspace(min, max, nodes)` gives the coordinates from, bit for bit; and `numbers` is
    the key that the JSON has the numbers under, `probabilities` or `values`; or `["label", "values"]`, whose array is
    (2, ny, nx).

    Of a model with more than two features `x` and `y` are drawn, the others held, or averaged over the experiment's
    data: at most 1,000 rows of them, and fewer where the grid is so fine that 10 million evaluations would not do.
    """
    representation = negotiate(MEDIA_TYPES, call.headers.get("accept"), query.format)
    if query.resolution > MAX_RESOLUTION:
        raise TooLargeError(f"resolution: {query.resolution} is too large a grid; at most {MAX_RESOLUTION}")
    version = call.plane.version(call.record, query.model, query.version)
    minus = None if query.minus is None else call.plane.version(None, query.minus)
    data = call.plane.experiments.dataset_of(version) if needs_data(query, version) else None
    plan = plan_boundary(query, representation, version, minus, data)
    if representation == "png":
        return picture(call, query, plan, version, minus)
    encode = {"json": _json, "npy": _npy}[representation]
    return conditional(
        call,
        plan.validators,
        MEDIA_TYPES[representation],
        lambda: call.plane.cached(call.record, plan.validators.etag, lambda: encode(query, plan, version)),
    )


def _json(query: BoundaryQuery, plan: BoundaryPlan, version: ModelVersion) -> Chunks:
    grid = plan.grid(query.resolution)
    document = {**plan.description, "x": grid.x, "y": grid.y}
    if plan.function.kind is Kind.LABEL:
        return label_chunks(document, bands(version, plan.function, grid))
    return json_chunks(document, plan.keys[0], bands(version, plan.function, grid))


def _npy(query: BoundaryQuery, plan: BoundaryPlan, version: ModelVersion) -> Chunks:
    grid = plan.grid(query.resolution)
    shape = (len(grid.y), len(grid.x))
    if plan.function.kind is Kind.LABEL:
        both = np.moveaxis(evaluate(version, plan.function, grid).values, -1, 0)
        return npy_chunks((2, *shape), both)
    return npy_chunks(shape, bands(version, plan.function, grid))
