"""`GET /models/<name>/versions/<v>/weights`: what a network learned, for those who evaluate it themselves."""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from marshmallow import Schema, fields, validate
from numpy.typing import NDArray

from bundle.card import Card
from bundle.records import StrictRecordSchema
from service import __version__
from service.dataplane.cache import Chunks
from service.dataplane.grid_functions import check_replicate, snapshot_of
from service.errors import NotFoundError
from service.http.conditional import Validators, compressible
from service.http.context import Call
from service.http.endpoint import Endpoints
from service.http.responses import JSON, RawResponse, to_json
from service.registry.models import ModelVersion

endpoints = Endpoints("weights", inline=True)


@dataclass(frozen=True)
class WeightsQuery:
    replicate: int = 0
    epoch: int | None = None
    packed: bool = False


class WeightsQuerySchema(StrictRecordSchema[WeightsQuery]):
    record = WeightsQuery

    replicate = fields.Integer(
        validate=validate.Range(min=0), metadata={"description": "which training run", "default": 0}
    )
    epoch = fields.Integer(
        validate=validate.Range(min=0), metadata={"description": "a recorded epoch; all of them if left out"}
    )
    packed = fields.Boolean(
        metadata={
            "description": "whether kernels and biases are texts, which take half when compressed: base64 of the bytes "
            "of float32 as int32, [4, weights, epochs]: first each number's lowest byte; of every weight first its "
            "bits after the first epoch, then what is added to them, modulo 2^32, by each next one",
            "default": False,
        }
    )


def _of_features(meaning: str) -> "fields.List[float]":
    return fields.List(fields.Float(), metadata={"description": f"[d], only where the model encodes so: {meaning}"})


def _of_layer(shape: str, depth: int) -> fields.Raw:
    """Return a field of nested lists so deep, or of a text where they are packed."""
    numbers: dict[str, object] = {"type": "number"}
    for _ in range(depth):
        numbers = {"type": "array", "items": numbers}
    return fields.Raw(required=True, metadata={"description": shape, "anyOf": [numbers, {"type": "string"}]})


class LayerSchema(Schema):
    kernel = _of_layer("[epochs, inputs, units]", 3)
    bias = _of_layer("[epochs, units]", 2)


class WeightsSchema(Schema):
    model = fields.String(required=True)
    version = fields.Integer(required=True)
    replicate = fields.Integer(required=True)
    epochs = fields.List(fields.Integer(), required=True, metadata={"description": "after which each was recorded"})
    activation = fields.String(required=True, allow_none=True, metadata={"description": "of the hidden layers"})
    activations = fields.List(fields.String(), metadata={"description": "one a hidden layer, where they differ"})
    layers = fields.List(
        fields.Nested(LayerSchema),
        required=True,
        metadata={"description": "the output's is the last: a sigmoid, of k > 2 classes a softmax, or the value"},
    )
    feature_fill = _of_features("what a missing value is taken for")
    feature_mean = _of_features("what is subtracted from each feature; 0 of one with categories")
    feature_sd = _of_features("by what each is divided then; 1 of one with categories")


@endpoints.get(
    "/models/<name>/versions/<int:number>/weights",
    summary="Get a network's weights",
    query=WeightsQuerySchema(),
    responses={JSON: (WeightsSchema,)},
    problems=(404, 422, 503),
    conditional=True,
)
def get_weights(call: Call, query: WeightsQuery, name: str, number: int) -> RawResponse:
    """The weights of one training run after every recorded epoch, or after one. With them the network can be evaluated
    elsewhere: each layer gives activation(inputs · kernel + bias), and the last one's sigmoid is P(y = 1). Before the
    first one missing values are filled in, features are standardized, and one with categories becomes an input for each
    of them, which is 1 at its position, else 0. The answer never changes and may be kept for good.
    """
    version = call.plane.version(call.record, name, number)
    card = version.card
    if card is None or not version.engine.has_weights:
        raise NotFoundError(f"model {name!r} has no weights to show: its SavedModel has no signature for them")
    check_replicate(version, query.replicate)
    snapshots = slice(None) if query.epoch is None else [snapshot_of(version, query.epoch)]
    validators = Validators.of(__version__, version.identity, repr(query), immutable=True)

    def make() -> Chunks:
        return [_body(version, card, query, snapshots)]

    return compressible(call, validators, JSON, lambda: call.plane.constant(validators.etag, make))


def _body(version: ModelVersion, card: Card, query: WeightsQuery, snapshots: slice | list[int]) -> bytes:
    recorded = version.engine.weights(query.replicate)
    depth = len(card.hidden_layers) + 1
    write: Callable[[Any], object] = _pack if query.packed else np.asarray
    kernels, biases = ([recorded[f"{kind}_{i}"] for i in range(1, depth + 1)] for kind in ("kernel", "bias"))
    return to_json(
        {
            "model": version.name,
            "version": version.number,
            "replicate": query.replicate,
            "epochs": np.array(card.epochs)[snapshots],
            "activation": card.activation,
            **({} if card.activations is None else {"activations": card.activations}),
            "layers": [
                {"kernel": write(kernel[snapshots]), "bias": write(bias[snapshots])}
                for kernel, bias in zip(kernels, biases, strict=True)
            ],
            **{name: values for name, values in sorted(recorded.items()) if name.startswith("feature_")},
        }
    )


def _pack(values: NDArray[np.float32]) -> str:
    """Return weights [epochs, ...] as a text. What an epoch changes is small, so its high bytes are mostly alike, and
    stand together.
    """
    bits = np.ascontiguousarray(values.reshape(len(values), -1).T, "<f4").view("<i4")
    changes = np.diff(bits, axis=1, prepend=np.int32(0)).astype("<i4", copy=False)
    return b64encode(changes.view(np.uint8).reshape(-1, 4).T.tobytes()).decode()
