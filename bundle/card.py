"""The card of a model version: how it was trained, how good it is, and what its signatures can be asked.

The schema is the one definition, for the writer (`training.exporter`) and the reader (`service.registry.registry`).
"""

from dataclasses import dataclass
from datetime import datetime

from marshmallow import fields, validate

from bundle.records import RecordSchema

REPLICATIONS = ("redrawn", "resplit")


@dataclass(frozen=True)
class Feature:
    """An input column, with the interval over which it is drawn."""

    name: str
    low: float
    high: float


@dataclass(frozen=True)
class TrueBoundary:
    """The sphere that parts the classes: 0 inside, 1 outside; a circle in the plane."""

    center: list[float]
    radius: float


@dataclass(frozen=True)
class Protocol:
    """How every replicate was trained."""

    optimizer: str
    learning_rate: float
    batch_size: int
    epochs: int
    loss: str
    seed: int


@dataclass(frozen=True)
class Metrics:
    """How the served replicate does on its held-out test data. Sources of the formulas: `training.evaluation`."""

    accuracy: float
    log_loss: float
    brier: float
    roc_auc: float
    ece: float
    confusion_matrix: list[list[int]]


@dataclass(frozen=True)
class History:
    """One value an epoch, of the served replicate: running means over an epoch's batches, as Keras `fit` reports."""

    loss: list[float]
    accuracy: list[float]
    validation_loss: list[float]
    validation_accuracy: list[float]


@dataclass(frozen=True)
class Compiled:
    """The compiled form: its SHA-256, and by signature its largest difference from the SavedModel on a probe grid."""

    sha256: str
    max_difference: dict[str, float]


@dataclass(frozen=True)
class Card:
    name: str
    version: int
    experiment: str
    hidden_layers: list[int]
    activation: str | None
    parameters: int
    features: list[Feature]
    epochs: list[int]
    replicates: int
    replication: str
    diverged: list[int]
    true_boundary: TrueBoundary | None
    protocol: Protocol
    libraries: dict[str, str]
    created_at: datetime
    training_seconds: float
    metrics: Metrics
    history: History
    compiled: Compiled
    fingerprint: str


_POSITIVE = validate.Range(min=1)
_SHA256 = validate.Regexp(r"^[0-9a-f]{64}$")


class FeatureSchema(RecordSchema[Feature]):
    record = Feature
    name = fields.String(required=True)
    low = fields.Float(required=True)
    high = fields.Float(required=True)


class TrueBoundarySchema(RecordSchema[TrueBoundary]):
    record = TrueBoundary
    center = fields.List(fields.Float(), required=True)
    radius = fields.Float(required=True)


class ProtocolSchema(RecordSchema[Protocol]):
    record = Protocol
    optimizer = fields.String(required=True)
    learning_rate = fields.Float(required=True)
    batch_size = fields.Integer(required=True, validate=_POSITIVE)
    epochs = fields.Integer(required=True, validate=_POSITIVE)
    loss = fields.String(required=True)
    seed = fields.Integer(required=True)


class MetricsSchema(RecordSchema[Metrics]):
    record = Metrics
    accuracy = fields.Float(required=True, metadata={"description": "share of right labels at threshold 0.5"})
    log_loss = fields.Float(required=True, metadata={"description": "mean negative log likelihood, in nats"})
    brier = fields.Float(required=True, metadata={"description": "mean squared error of the probability"})
    roc_auc = fields.Float(required=True, metadata={"description": "area under the ROC curve"})
    ece = fields.Float(required=True, metadata={"description": "expected calibration error, ten equal bins"})
    confusion_matrix = fields.List(
        fields.List(fields.Integer()),
        required=True,
        metadata={"description": "[[true negatives, false positives], [false negatives, true positives]]"},
    )


class HistorySchema(RecordSchema[History]):
    record = History
    loss = fields.List(fields.Float(allow_nan=False), required=True)
    accuracy = fields.List(fields.Float(), required=True)
    validation_loss = fields.List(fields.Float(allow_nan=False), required=True)
    validation_accuracy = fields.List(fields.Float(), required=True)


class CompiledSchema(RecordSchema[Compiled]):
    record = Compiled
    sha256 = fields.String(required=True, validate=_SHA256)
    max_difference = fields.Dict(keys=fields.String(), values=fields.Float(), required=True)


class CardSchema(RecordSchema[Card]):
    record = Card
    name = fields.String(required=True)
    version = fields.Integer(required=True, validate=_POSITIVE)
    experiment = fields.String(required=True)
    hidden_layers = fields.List(fields.Integer(validate=_POSITIVE), required=True)
    activation = fields.String(required=True, allow_none=True)
    parameters = fields.Integer(required=True, metadata={"description": "number of trained weights and biases"})
    features = fields.List(fields.Nested(FeatureSchema), required=True)
    epochs = fields.List(
        fields.Integer(),
        required=True,
        validate=validate.Length(min=1),
        metadata={"description": "the recorded epochs, ascending; 0 is before training"},
    )
    replicates = fields.Integer(required=True, validate=_POSITIVE)
    replication = fields.String(
        required=True,
        validate=validate.OneOf(REPLICATIONS),
        metadata={"description": "whether each replicate drew data of its own, or split the same data anew"},
    )
    diverged = fields.List(
        fields.Integer(), required=True, metadata={"description": "replicates whose weights are no longer finite"}
    )
    true_boundary = fields.Nested(
        TrueBoundarySchema,
        required=True,
        allow_none=True,
        metadata={"description": "the sphere between the classes, 0 inside, where it is known"},
    )
    protocol = fields.Nested(ProtocolSchema, required=True)
    libraries = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    created_at = fields.AwareDateTime(required=True, format="iso")
    training_seconds = fields.Float(required=True)
    metrics = fields.Nested(MetricsSchema, required=True)
    history = fields.Nested(HistorySchema, required=True)
    compiled = fields.Nested(CompiledSchema, required=True)
    fingerprint = fields.String(required=True, validate=_SHA256)
