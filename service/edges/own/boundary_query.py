"""What `GET /boundary` can be asked, and what a question comes to for the models that are there."""

from dataclasses import dataclass

import numpy as np
from marshmallow import fields, validate

from bundle.records import StrictRecordSchema
from service.dataplane import grid_functions as quantities
from service.dataplane.grid_functions import STATISTICS, Quantity
from service.dataplane.grids import check_plane
from service.dataplane.points import LARGEST
from service.errors import InvalidError
from service.http import custom_fields as own
from service.http.context import repository
from service.registry.registry import ModelVersion

MEDIA_TYPES = {"json": "application/json", "npy": "application/x-npy", "png": "image/png"}
MAX_RESOLUTION = 2000

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


@dataclass(frozen=True)
class Asked:
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


def ask(query: BoundaryQuery, version: ModelVersion) -> Asked:
    """Return what a question to a version comes to.

    Raises:
        InvalidError: it cannot be asked of this version.
        NotFoundError: there is no model to subtract.
    """
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
    return Asked(version, minus, quantity, epoch)


def _of_model(query: BoundaryQuery, version: ModelVersion) -> Quantity:
    if query.statistic == "probability":
        return quantities.probability(version, query.replicate or 0, query.epoch)
    return quantities.spread(version, query.statistic, query.epoch)


def bounds_of(query: BoundaryQuery, version: ModelVersion) -> Bounds:
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
