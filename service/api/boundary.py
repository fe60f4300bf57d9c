"""`GET /boundary`: a model on a grid, as JSON, as a NumPy file or as a picture."""

import io
from dataclasses import dataclass

import numpy as np
from flask import Blueprint, Response
from marshmallow import RAISE, Schema, fields, validate

from service import __version__
from service.api import fields as own
from service.api.answers import etag_of, json_response, not_modified, with_validators
from service.api.context import repository
from service.api.negotiation import negotiate
from service.api.operations import operation
from service.boundary import Boundary, Grid, check_plane, evaluate
from service.bundle.records import RecordSchema
from service.errors import InvalidError, TooLargeError
from service.repository import ModelVersion
from service.results import served_dataset

blueprint = Blueprint("boundary", __name__)

MEDIA_TYPES = {"json": "application/json", "npy": "application/x-npy", "png": "image/png"}
MAX_RESOLUTION = 2000


@dataclass(frozen=True)
class BoundaryQuery:
    model: str | None = None
    version: int | None = None
    x_min: float | None = None
    x_max: float | None = None
    y_min: float | None = None
    y_max: float | None = None
    resolution: int = 300
    format: str | None = None
    width: int = 800


def _bound(axis: str) -> fields.Float:
    return fields.Float(
        validate=validate.Range(-own.LARGEST, own.LARGEST, error="must be a float32 number."),
        metadata={"description": f"{axis}; the domain on the model's card if left out"},
    )


class BoundaryQuerySchema(RecordSchema[BoundaryQuery]):
    record = BoundaryQuery

    class Meta:
        unknown = RAISE

    model = fields.String(metadata={"description": "a model's name; the default model if left out"})
    version = fields.Integer(validate=validate.Range(min=1), metadata={"description": "the model's latest if left out"})
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
    format = fields.String(
        validate=validate.OneOf(MEDIA_TYPES, error="must be one of: {choices}."),
        metadata={"description": "the representation, in place of Accept"},
    )
    width = fields.Integer(
        validate=validate.Range(200, 2000),
        metadata={"description": "pixels, of the picture only", "default": 800},
    )


class BoundarySchema(Schema):
    model = fields.String(required=True)
    version = fields.Integer(required=True)
    epoch = fields.Integer(required=True, allow_none=True, metadata={"description": "null where it was not recorded"})
    replicate = fields.Integer(required=True)
    statistic = fields.String(required=True)
    x = fields.List(fields.Float(), required=True, metadata={"description": "[nx], the columns' coordinates"})
    y = fields.List(fields.Float(), required=True, metadata={"description": "[ny], the rows' coordinates"})
    probabilities = fields.List(
        fields.List(fields.Float()),
        required=True,
        metadata={"description": "P(y = 1) as [row][column], row = y, column = x: what contourf(x, y, z) takes"},
    )


@blueprint.get("/boundary")
@operation(
    "Evaluate a model on a grid",
    query=BoundaryQuerySchema,
    answers={"application/json": (BoundarySchema,), "application/x-npy": (), "image/png": ()},
    problems=(404, 406, 413, 422, 503),
    conditional=True,
)
def get_boundary(query: BoundaryQuery) -> Response:
    """P(y = 1) on a grid of the plane. As `application/x-npy` a float32 array (ny, nx); as `image/png` filled contours
    with the P = 0.5 line and the data. With a version in the query the answer never changes and may be kept for good.
    """
    representation = negotiate(MEDIA_TYPES, query.format)
    if query.resolution > MAX_RESOLUTION:
        raise TooLargeError(f"resolution: {query.resolution} is too large a grid; at most {MAX_RESOLUTION}")
    version = repository().get(query.model, query.version)
    check_plane(version)
    bounds = _bounds(query, version)
    etag = etag_of(
        __version__, version.name, str(version.number), version.fingerprint, representation,
        repr(bounds), str(query.resolution), str(query.width),
    )  # fmt: skip
    if not_modified(etag):
        response = Response(status=304)
    else:
        response = _represent(
            evaluate(version, Grid.spanning(*bounds, query.resolution)), version, representation, query
        )
    return with_validators(response, etag, immutable=query.version is not None)


def _bounds(query: BoundaryQuery, version: ModelVersion) -> tuple[float, float, float, float]:
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


def _represent(boundary: Boundary, version: ModelVersion, representation: str, query: BoundaryQuery) -> Response:
    if representation == "npy":
        file = io.BytesIO()
        np.save(file, boundary.probabilities, allow_pickle=False)
        return Response(file.getvalue(), mimetype=MEDIA_TYPES["npy"])
    if representation == "png":
        from service.rendering.boundary import draw  # noqa: PLC0415 (Matplotlib is loaded by the first picture)

        picture = draw(boundary, version, served_dataset(repository(), version), query.width)
        return Response(picture, mimetype=MEDIA_TYPES["png"])
    return json_response(
        {
            "model": version.name,
            "version": version.number,
            "epoch": version.card.epochs[-1] if version.card else None,
            "replicate": 0,
            "statistic": "probability",
            "x": boundary.grid.x,
            "y": boundary.grid.y,
            "probabilities": boundary.probabilities,
        }
    )
