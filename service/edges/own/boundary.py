"""`GET /boundary`: a model on a grid, as JSON, as a NumPy file or as a picture."""

from marshmallow import Schema, fields

from bundle.comparison import Dataset
from service.dataplane.cache import Chunks
from service.dataplane.grid_functions import converged
from service.dataplane.grids import bands, evaluate
from service.edges.own.boundary_plan import GRID_HEADER, BoundaryPlan, plan_boundary
from service.edges.own.boundary_query import MAX_RESOLUTION, MEDIA_TYPES, BoundaryQuery, BoundaryQuerySchema
from service.errors import TooLargeError
from service.http.conditional import Validators, conditional
from service.http.context import Call
from service.http.endpoint import Endpoints
from service.http.negotiation import negotiate
from service.http.responses import JSON, RawResponse
from service.registry.experiments import Stored
from service.registry.models import ModelVersion
from service.rendering.arrays import json_chunks, npy_chunks
from service.rendering.loading import loading

endpoints = Endpoints("boundary", inline=True)


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
    the key that the JSON has the numbers under, `probabilities` or `values`.
    """
    representation = negotiate(MEDIA_TYPES, call.headers.get("accept"), query.format)
    if query.resolution > MAX_RESOLUTION:
        raise TooLargeError(f"resolution: {query.resolution} is too large a grid; at most {MAX_RESOLUTION}")
    version = call.plane.version(call.record, query.model, query.version)
    minus = None if query.minus is None else call.plane.version(None, query.minus)
    plan = plan_boundary(query, representation, version, minus)
    if representation == "png":
        return _picture(call, query, plan, version, minus)
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
    return json_chunks(document, plan.key, bands(version, plan.function, grid))


def _npy(query: BoundaryQuery, plan: BoundaryPlan, version: ModelVersion) -> Chunks:
    grid = plan.grid(query.resolution)
    return npy_chunks((len(grid.y), len(grid.x)), bands(version, plan.function, grid))


def _picture(
    call: Call, query: BoundaryQuery, plan: BoundaryPlan, version: ModelVersion, minus: ModelVersion | None
) -> RawResponse:
    """Answer with a picture; its data are the experiment's, which training again replaces."""
    data = call.plane.experiments.dataset_of(version)
    validators = Validators.of(plan.validators.etag, "" if data is None else data.digest)

    def draw() -> Chunks:
        return [_draw(query, plan, version, _title(query, plan, version, minus), data)]

    return conditional(
        call, validators, MEDIA_TYPES["png"], lambda: call.plane.cached(call.record, validators.etag, draw)
    )


def _draw(
    query: BoundaryQuery, plan: BoundaryPlan, version: ModelVersion, title: str, data: Stored[Dataset] | None
) -> bytes:
    with loading():
        from service.rendering.boundary import draw  # noqa: PLC0415 (Matplotlib is loaded by the first picture)

    # Contours are straight between nodes: with one every other pixel, a thousandth of the pixels shows another colour,
    # and a picture 2,000 pixels wide takes 110 MB where one for every pixel takes 380.
    nodes = min(query.resolution, max(2, query.width // 2))
    boundary = evaluate(version, plan.function, plan.grid(nodes))
    return draw(boundary, version, title, None if data is None else data.content, query.width)


def _title(query: BoundaryQuery, plan: BoundaryPlan, version: ModelVersion, minus: ModelVersion | None) -> str:
    """Return what a picture shows, with only what differs from the usual."""
    card = version.card
    parts = [f"{version.name}, version {version.number}"]
    if minus is not None:
        parts = [f"{version.name} − {minus.name}"]
    if query.layer is not None:
        parts.append(f"layer {query.layer}, unit {query.unit}")
    if query.statistic != "probability" and card is not None:
        parts.append(f"{query.statistic} of {len(converged(version))} runs")
        if card.diverged:
            parts.append(f"{len(card.diverged)} diverged")
    if query.replicate:
        parts.append(f"run {query.replicate}")
    if card is not None and plan.epoch != card.epochs[-1]:
        parts.append(f"epoch {plan.epoch}")
    return ", ".join(parts)
