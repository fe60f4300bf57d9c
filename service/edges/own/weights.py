"""`GET /models/<name>/versions/<v>/weights`: what a network learned, for those who evaluate it themselves."""

from dataclasses import dataclass

import numpy as np
from flask import Blueprint, Response
from marshmallow import Schema, fields, validate

from bundle.records import StrictRecordSchema
from service import __version__
from service.dataplane.grid_functions import check_replicate, snapshot_of
from service.errors import NotFoundError
from service.http.context import admission, version_of
from service.http.endpoint import operation
from service.http.record import waited
from service.http.responses import Answer, etag_of, json_response, not_modified, validators

blueprint = Blueprint("weights", __name__)


@dataclass(frozen=True)
class WeightsQuery:
    replicate: int = 0
    epoch: int | None = None


class WeightsQuerySchema(StrictRecordSchema[WeightsQuery]):
    record = WeightsQuery

    replicate = fields.Integer(
        validate=validate.Range(min=0), metadata={"description": "which training run", "default": 0}
    )
    epoch = fields.Integer(
        validate=validate.Range(min=0), metadata={"description": "a recorded epoch; all of them if left out"}
    )


class LayerSchema(Schema):
    kernel = fields.List(
        fields.List(fields.List(fields.Float())), required=True, metadata={"description": "[epochs, inputs, units]"}
    )
    bias = fields.List(fields.List(fields.Float()), required=True, metadata={"description": "[epochs, units]"})


class WeightsSchema(Schema):
    model = fields.String(required=True)
    version = fields.Integer(required=True)
    replicate = fields.Integer(required=True)
    epochs = fields.List(fields.Integer(), required=True, metadata={"description": "after which each was recorded"})
    activation = fields.String(required=True, allow_none=True, metadata={"description": "of the hidden layers"})
    layers = fields.List(
        fields.Nested(LayerSchema), required=True, metadata={"description": "the output unit's, a sigmoid, is the last"}
    )


@blueprint.get("/models/<name>/versions/<int:number>/weights")
@operation(
    "Get a network's weights",
    query=WeightsQuerySchema,
    answers={"application/json": (WeightsSchema,)},
    problems=(404, 422, 503),
    conditional=True,
)
def get_weights(query: WeightsQuery, name: str, number: int) -> Response:
    """The weights of one training run after every recorded epoch, or after one. With them the network can be evaluated
    elsewhere: each layer gives activation(inputs · kernel + bias), and the last one's sigmoid is P(y = 1). The answer
    never changes and may be kept for good.
    """
    version = version_of(name, number)
    card = version.card
    if card is None or not version.engine.keeps_weights:
        raise NotFoundError(f"model {name!r} has no weights to show: its SavedModel has no signature for them")
    check_replicate(version, query.replicate)
    snapshots = slice(None) if query.epoch is None else [snapshot_of(version, query.epoch)]
    etag = etag_of(__version__, version.identity, repr(query))
    headers = validators(etag, immutable=True)
    if not_modified(etag):
        return Answer(status=304, headers=headers)
    with admission().grids as seconds:
        waited(seconds)
        recorded = version.engine.weights(query.replicate)
    depth = len(card.hidden_layers) + 1
    kernels, biases = ([recorded[f"{kind}_{i}"] for i in range(1, depth + 1)] for kind in ("kernel", "bias"))
    response = json_response(
        {
            "model": name,
            "version": number,
            "replicate": query.replicate,
            "epochs": np.array(card.epochs)[snapshots],
            "activation": card.activation,
            "layers": [
                {"kernel": kernel[snapshots], "bias": bias[snapshots]}
                for kernel, bias in zip(kernels, biases, strict=True)
            ],
        }
    )
    response.headers.extend(headers)
    return response
