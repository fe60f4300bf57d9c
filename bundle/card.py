"""The card of a model version: how it was trained, how good it is, and what its signatures can be asked.

The dataclasses are the one definition, for the writer (`training.pipeline`), the reader (`service.registry.scanner`)
and the OpenAPI document. A field that is added gets a default, with which older cards are read.

A SavedModel from elsewhere may have a short card that a person writes: `HandWrittenCard`.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from marshmallow import validate

from bundle.records import StrictRecordSchema, parse_file, schema_of

Positive: TypeAlias = Annotated[int, validate.Range(min=1)]
Sha256: TypeAlias = Annotated[str, validate.Regexp(r"^[0-9a-f]{64}$")]
Replication: TypeAlias = Literal["redrawn", "resplit"]
Output: TypeAlias = Literal["probability", "logit", "value"]


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
    batch_size: Positive
    epochs: Positive
    loss: str
    seed: int


@dataclass(frozen=True)
class Metrics:
    """How the served replicate does on its held-out test data. Sources of the formulas: `training.evaluation`."""

    accuracy: Annotated[float, "share of right labels at threshold 0.5"]
    log_loss: Annotated[float, "mean negative log likelihood, in nats"]
    brier: Annotated[float, "mean squared error of the probability"]
    roc_auc: Annotated[float, "area under the ROC curve"]
    ece: Annotated[float, "expected calibration error, ten equal bins"]
    confusion_matrix: Annotated[
        list[list[int]], "[[true negatives, false positives], [false negatives, true positives]]"
    ]


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

    sha256: Sha256
    max_difference: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Card:
    name: str
    version: Positive
    experiment: str
    hidden_layers: list[Positive]
    activation: str | None
    parameters: Annotated[int, "number of trained weights and biases"]
    features: list[Feature]
    epochs: Annotated[list[int], "the recorded epochs, ascending; 0 is before training", validate.Length(min=1)]
    replicates: Positive
    replication: Annotated[Replication, "whether each replicate drew data of its own, or split the same data anew"] = (
        "redrawn"
    )
    diverged: Annotated[list[int], "replicates whose weights are no longer finite"] = field(default_factory=list)
    true_boundary: Annotated[TrueBoundary | None, "the sphere between the classes, 0 inside, where it is known"] = None
    protocol: Protocol
    libraries: dict[str, str]
    created_at: datetime
    training_seconds: float
    metrics: Metrics
    history: History
    compiled: Compiled
    fingerprint: Sha256


CardSchema = schema_of(Card)


@dataclass(frozen=True)
class HandWrittenCard:
    """What somebody knows of a SavedModel from elsewhere. All of it may be left out."""

    output: Annotated[Output | None, "P(y = 1), its logit, or a value that is no probability"] = None
    features: list[Feature] | None = None


class HandWrittenCardSchema(StrictRecordSchema[HandWrittenCard], schema_of(HandWrittenCard)):  # type: ignore[misc]
    """A field that it does not know is refused, for it may be one that it does, misspelt."""


def parse_card(content: bytes, name: str) -> Card | HandWrittenCard:
    """Return the card in a file: training's names the SavedModel's fingerprint, one written by hand does not.

    Raises:
        ValueError: it is not JSON, or neither of the two; the message names the file and the fields.
    """
    document = parse_file(content, name)
    is_by_hand = isinstance(document, dict) and document and _TRAINED.isdisjoint(document)
    schema = HandWrittenCardSchema() if is_by_hand else CardSchema()
    card: Card | HandWrittenCard = schema.from_document(document, name)
    return card


_TRAINED = frozenset({"experiment", "fingerprint"})
