"""The queries of `GET /boundary` and `GET /volume`: their fields, ranges, and what they mean."""

from dataclasses import dataclass
from typing import ClassVar

from marshmallow import fields, validate

from bundle.conventions import MAX_COORDINATE
from bundle.records import Record, StrictRecordSchema
from service.dataplane.grid_functions import STATISTICS
from service.http import custom_fields

MEDIA_TYPES = {"json": "application/json", "npy": "application/x-npy", "png": "image/png"}
VOLUME_TYPES = {"npy": "application/x-npy", "glb": "model/gltf-binary", "json": "application/json"}
MAX_RESOLUTION = 2000
MAX_VOLUME_RESOLUTION = 128
"""Two million nodes, half as many as the largest grid has: a surface takes four times the memory of its volume."""


@dataclass(frozen=True)
class PlaceQuery:
    """What a grid and a volume have in common."""

    model: str | None = None
    version: int | None = None
    x: str | None = None
    y: str | None = None
    hold: str | None = None
    class_: str | None = None
    resolution: int = 300
    replicate: int | None = None
    epoch: int | None = None
    format: str | None = None


@dataclass(frozen=True)
class BoundaryQuery(PlaceQuery):
    x_min: float | None = None
    x_max: float | None = None
    y_min: float | None = None
    y_max: float | None = None
    average: str | None = None
    statistic: str = "probability"
    minus: str | None = None
    layer: int | None = None
    unit: int | None = None
    width: int = 800


@dataclass(frozen=True)
class VolumeQuery(PlaceQuery):
    z: str | None = None
    resolution: int = 32
    level: float | None = None


def _bound(axis: str) -> fields.Float:
    return fields.Float(
        validate=validate.Range(-MAX_COORDINATE, MAX_COORDINATE, error=f"must be within ±{MAX_COORDINATE:.2g}."),
        metadata={"description": f"{axis}; the domain on the model's card if left out"},
    )


def _axis(which: str) -> fields.String:
    return fields.String(metadata={"description": f"the name of the feature along {which}; the first that is left"})


def _resolution(default: int, most: int) -> fields.Integer:
    return fields.Integer(
        validate=validate.Range(min=2, error=f"must be from {{min}} to {most}."),
        metadata={"description": "nodes along each axis, both ends included", "default": default, "maximum": most},
    )


class _PlaceQuerySchema(StrictRecordSchema[Record]):
    model = fields.String(metadata={"description": "a model's name; the default model if left out"})
    version = custom_fields.version_field()
    x, y = _axis("x"), _axis("y")
    hold = fields.String(
        metadata={
            "description": "where the other features are held: name:value pairs, comma-separated, or row:<i>, a point "
            "of GET /dataset counted from 0, such as age:40,port:Southampton; what is left out stays where the model's "
            "card holds it"
        }
    )
    class_ = fields.String(
        data_key="class",
        metadata={"description": "the class whose probability is shown; of two, by default y = 1"},
    )
    replicate = fields.Integer(
        validate=validate.Range(min=0),
        metadata={"description": "which training run; 0, the served one, if left out"},
    )
    epoch = fields.Integer(
        validate=validate.Range(min=0), metadata={"description": "a recorded epoch; the last if left out"}
    )


class BoundaryQuerySchema(_PlaceQuerySchema[BoundaryQuery]):
    record: ClassVar[type] = BoundaryQuery

    x_min, x_max = _bound("where the feature along x starts"), _bound("where the feature along x ends")
    y_min, y_max = _bound("where the feature along y starts"), _bound("where the feature along y ends")
    resolution = _resolution(300, MAX_RESOLUTION)
    average = fields.String(
        validate=validate.OneOf(["data"], error="must be data, or left out."),
        metadata={
            "description": "data: the other features are not held but averaged over the data of the experiment, or "
            "over a sample of them that is drawn with seed 0 (partial dependence)"
        },
    )
    statistic = fields.String(
        validate=validate.OneOf(STATISTICS, error="must be one of: {choices}."),
        metadata={
            "description": "probability of one training run (of a regression its value), or over all of them the mean, "
            "the standard deviation, or the agreement: the share of runs that give the majority's label",
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


class VolumeQuerySchema(_PlaceQuerySchema[VolumeQuery]):
    record: ClassVar[type] = VolumeQuery

    z = _axis("z")
    resolution = _resolution(32, MAX_VOLUME_RESOLUTION)
    level = fields.Float(
        validate=validate.Range(-MAX_COORDINATE, MAX_COORDINATE, error=f"must be within ±{MAX_COORDINATE:.2g}."),
        metadata={"description": "of the surface: 0.5 of probabilities if left out; of a regression it must be given"},
    )
    format = custom_fields.format_field(VOLUME_TYPES)
