"""The query of `GET /boundary`: its fields, their ranges, and what they mean."""

from dataclasses import dataclass

from marshmallow import fields, validate

from bundle.records import StrictRecordSchema
from service.dataplane.grid_functions import STATISTICS
from service.dataplane.points import MAX_COORDINATE
from service.http import custom_fields

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
        validate=validate.Range(-MAX_COORDINATE, MAX_COORDINATE, error=f"must be within ±{MAX_COORDINATE:.2g}."),
        metadata={"description": f"{axis}; the domain on the model's card if left out"},
    )


class BoundaryQuerySchema(StrictRecordSchema[BoundaryQuery]):
    record = BoundaryQuery

    model = fields.String(metadata={"description": "a model's name; the default model if left out"})
    version = custom_fields.version_field()
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
    format = custom_fields.format_field(MEDIA_TYPES)
    width = custom_fields.width_field(default=800)
