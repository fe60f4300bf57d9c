"""`GET /volume`: a model over three features, as a NumPy file or as the surface on which it has a value."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from marshmallow import Schema, fields

from bundle.comparison import Dataset
from service import __version__
from service.dataplane import grid_functions
from service.dataplane.cache import Chunks
from service.dataplane.grid_functions import GridFunction, Kind
from service.dataplane.grids import Block, layers
from service.dataplane.surface import surface_of
from service.edges.own.boundary_plan import GRID_HEADER, ascii_json, axis_header
from service.edges.own.boundary_query import MAX_VOLUME_RESOLUTION, VOLUME_TYPES, VolumeQuery, VolumeQuerySchema
from service.edges.own.place import HELD_METADATA, Span, check_span, needs_data, place_of
from service.errors import InvalidError, TooLargeError
from service.http.conditional import Validators, conditional
from service.http.context import Call
from service.http.endpoint import Endpoints
from service.http.negotiation import negotiate
from service.http.responses import JSON, RawResponse
from service.registry.experiments import HashedFile
from service.registry.models import ModelVersion
from service.rendering.arrays import json_chunks, npy_chunks
from service.rendering.gltf import glb

endpoints = Endpoints("volume", inline=True)

DEFAULT_LEVEL = 0.5


@dataclass(frozen=True)
class VolumePlan:
    """What to evaluate, where, and what the response says of it."""

    function: GridFunction
    spans: tuple[Span, ...]
    level: float
    description: dict[str, object]
    validators: Validators

    def block(self, resolution: int) -> Block:
        return Block(*(np.linspace(low, high, resolution) for low, high in self.spans))


class AxisSchema(Schema):
    feature = fields.String(required=True)
    min = fields.Float(required=True)
    max = fields.Float(required=True)
    nodes = fields.Integer(required=True)


class VolumeSchema(Schema):
    model = fields.String(required=True)
    version = fields.Integer(required=True)
    epoch = fields.Integer(required=True, allow_none=True, metadata={"description": "null where it was not recorded"})
    replicate = fields.Integer(required=True)
    statistic = fields.String(required=True, metadata={"description": "probability or value"})
    class_ = fields.String(data_key="class", metadata={"description": "only where it was asked for"})
    features = fields.List(fields.String(), required=True, metadata={"description": "along x, y and z"})
    held = fields.Dict(keys=fields.String(), required=True, metadata=HELD_METADATA)
    x = fields.Nested(AxisSchema, required=True, metadata={"description": "numpy.linspace(min, max, nodes)"})
    y, z = fields.Nested(AxisSchema, required=True), fields.Nested(AxisSchema, required=True)
    numbers = fields.String(required=True, metadata={"description": "the key of the numbers"})
    probabilities, values = (
        fields.List(fields.List(fields.List(fields.Float())), metadata={"description": f"{what} [z][y][x]"})
        for what in ("P(y = 1), or the class's that was asked for,", "in place of probabilities, a regression's values")
    )


@endpoints.get(
    "/volume",
    summary="Evaluate a model on a block",
    query=VolumeQuerySchema(),
    responses={JSON: (VolumeSchema,), "application/x-npy": (), "model/gltf-binary": ()},
    problems=(404, 406, 413, 422, 503),
    conditional=True,
    response_headers={GRID_HEADER: "with application/x-npy only: what the numbers are, and where"},
    has_example=False,
)
def get_volume(call: Call, query: VolumeQuery) -> RawResponse:
    """A model of three features or more on the nodes of a block: P(y = 1), the probability of a class or a regression's
    value, of any training run after any recorded epoch. As `application/x-npy` a float32 array (nz, ny, nx), with the
    header `Boundary-Grid`, which says what JSON says beside the numbers. As `model/gltf-binary` the surface on which it
    is `level`: positions in the features' units, normals that point to where it is lower. The file says what it is in
    `asset.extras`.
    """
    representation = negotiate(VOLUME_TYPES, call.headers.get("accept"), query.format)
    if query.resolution > MAX_VOLUME_RESOLUTION:
        raise TooLargeError(f"resolution: {query.resolution} is too large a block; at most {MAX_VOLUME_RESOLUTION}")
    version = call.plane.version(call.record, query.model, query.version)
    data = call.plane.experiments.dataset_of(version) if needs_data(query, version) else None
    plan = _plan(query, representation, version, data)
    encode = {"npy": _npy, "glb": _glb, "json": _json}[representation]
    return conditional(
        call,
        plan.validators,
        VOLUME_TYPES[representation],
        lambda: call.plane.cached(call.record, plan.validators.etag, lambda: encode(query, plan, version)),
    )


def _plan(
    query: VolumeQuery, representation: str, version: ModelVersion, data: HashedFile[Dataset] | None
) -> VolumePlan:
    place = place_of(query, "xyz", version, data)
    choice = grid_functions.choose(version, query.class_)
    if choice.kind is Kind.LABEL:
        raise InvalidError.of("class", f"is needed for this model; give one of: {', '.join(version.classes)}.")
    epoch = grid_functions.epoch_of(version, query.epoch)
    function = grid_functions.of_run(version, place.where, choice, query.replicate or 0, query.epoch)
    if representation == "glb" and query.level is None and choice.kind is Kind.VALUE:
        raise InvalidError.of("level", f"model {version.name} gives values; give the one whose surface is wanted.")
    level = DEFAULT_LEVEL if query.level is None else query.level
    spans = tuple(check_span(axis, of.low, of.high) for axis, of in zip("xyz", place.features, strict=True))
    described = {
        "model": version.name,
        "version": version.number,
        "epoch": epoch,
        "replicate": query.replicate or 0,
        "statistic": "value" if choice.kind is Kind.VALUE else "probability",
        **({} if query.class_ is None else {"class": query.class_}),
        "features": [feature.name for feature in place.features],
        "held": {},
        **place.description,
        **{
            axis: axis_header(feature, span, query.resolution)
            for axis, feature, span in zip("xyz", place.features, spans, strict=True)
        },
        **({"level": level} if representation == "glb" else {}),
        "numbers": "values" if choice.kind is Kind.VALUE else "probabilities",
    }
    settled = replace(query, model=None, version=None, epoch=epoch, replicate=query.replicate or 0)
    digest = () if data is None else (data.digest,)
    validators = Validators.of(
        *(__version__, "volume", representation, repr(spans), repr(settled), version.identity, *digest),
        immutable=query.version is not None and data is None,
        headers=((GRID_HEADER, ascii_json(described)),) if representation == "npy" else (),
    )
    return VolumePlan(function, spans, level, described, validators)


def _npy(query: VolumeQuery, plan: VolumePlan, version: ModelVersion) -> Chunks:
    block = plan.block(query.resolution)
    return npy_chunks((len(block.z), len(block.y), len(block.x)), layers(version, plan.function, block))


def _json(query: VolumeQuery, plan: VolumePlan, version: ModelVersion) -> Chunks:
    whole = (layer[np.newaxis] for layer in layers(version, plan.function, plan.block(query.resolution)))
    return json_chunks(plan.description, str(plan.description["numbers"]), whole)


def _glb(query: VolumeQuery, plan: VolumePlan, version: ModelVersion) -> Chunks:
    block = plan.block(query.resolution)
    volume = np.stack(list(layers(version, plan.function, block)))
    surface = surface_of(volume, plan.level, block.x, block.y, block.z)
    extras: dict[str, Any] = {**plan.description, "lowest": float(volume.min()), "highest": float(volume.max())}
    return [glb(surface, plan.spans, extras)]
