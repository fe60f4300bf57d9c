"""The card of a model version: how it was trained, how good it is, and what its signatures can be asked.

The dataclasses are the one definition, for the writer (`training.one_model`), the reader (`service.registry.scanner`)
and the OpenAPI document. A field that is added gets a default, with which older cards are read.

A SavedModel from elsewhere may have a short card that a person writes: `HandWrittenCard`.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from marshmallow import validate

from bundle.conventions import DEFAULT_CLASSES
from bundle.records import StrictRecordSchema, parse_file, schema_of

Positive: TypeAlias = Annotated[int, validate.Range(min=1)]
Sha256: TypeAlias = Annotated[str, validate.Regexp(r"^[0-9a-f]{64}$")]
Replication: TypeAlias = Literal["redrawn", "resplit"]
Output: TypeAlias = Literal["probability", "logit", "value"]
Task: TypeAlias = Literal["binary", "multiclass", "regression"]


@dataclass(frozen=True)
class Feature:
    """An input column in raw units, with the interval over which it is drawn.

    Where others are drawn, it is held at `held`, its median. `mean` and `sd` are of the served replicate's
    training data. A column of text has `categories`: a point gives the position of its text among them, from 0.
    """

    name: str
    low: float
    high: float
    held: float | None = None
    mean: float | None = None
    sd: float | None = None
    categories: list[str] | None = None


@dataclass(frozen=True)
class TrueBoundary:
    """The sphere that parts the classes: 0 inside, 1 outside; a circle in the plane."""

    center: list[float]
    radius: float


@dataclass(frozen=True)
class Candidates:
    """What each replicate chose from, by its validation loss: every learning rate after every one of the epochs."""

    learning_rates: list[float]
    epochs: list[Positive]


@dataclass(frozen=True)
class Chosen:
    """What one replicate chose."""

    learning_rate: float
    epoch: Positive


@dataclass(frozen=True)
class Protocol:
    """How every replicate was trained."""

    optimizer: str
    learning_rate: Annotated[float, "the served replicate's, where each chose its own"]
    batch_size: Positive
    epochs: Annotated[Positive, "the most that a replicate could have"]
    loss: str
    seed: int
    candidates: Annotated[Candidates | None, "what each replicate chose from; null where there was one recipe"] = None


@dataclass(frozen=True)
class Metrics:
    """How a classifier's served replicate does on its held-out test data. Sources of the formulas:
    `training.evaluation`. With k > 2 classes the label is the most probable one.
    """

    accuracy: Annotated[float, "share of right labels; of two classes at threshold 0.5"]
    log_loss: Annotated[float, "mean negative log likelihood, in nats"]
    brier: Annotated[float, "mean squared error of the probability; with k > 2 classes summed over them"]
    roc_auc: Annotated[float, "area under the ROC curve; with k > 2 classes the mean of each against the rest"]
    ece: Annotated[float, "expected calibration error, ten equal bins; with k > 2 classes of the label's probability"]
    confusion_matrix: Annotated[
        list[list[int]],
        "a row a true class, a column a label: [[true negatives, false positives], [false negatives, true positives]]",
    ]
    balanced_accuracy: Annotated[float | None, "mean of the classes' recalls: 1/k for one answer to all of k"] = None
    f1: Annotated[
        float | None, "harmonic mean of precision and recall of y = 1; with k > 2 classes the mean of each class's"
    ] = None
    recall: Annotated[
        list[float | None] | None, "by class, the share of its points that are labelled so; null for one without points"
    ] = None


@dataclass(frozen=True)
class RegressionMetrics:
    """How a regression's served replicate does on its held-out test data, in the target's units."""

    r2: Annotated[float, "coefficient of determination: 1 is exact, 0 no better than the test data's mean"]
    rmse: Annotated[float, "root of the mean squared error"]
    mae: Annotated[float, "mean absolute error"]


@dataclass(frozen=True)
class History:
    """One value an epoch, of the served replicate: running means over an epoch's batches, as Keras `fit` reports."""

    loss: list[float]
    accuracy: list[float]
    validation_loss: list[float]
    validation_accuracy: list[float]


@dataclass(frozen=True)
class RegressionHistory:
    """One value an epoch, of the served replicate: the loss and the mean absolute error of the standardized target."""

    loss: list[float]
    mae: list[float]
    validation_loss: list[float]
    validation_mae: list[float]


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
    task: Task = "binary"
    classes: Annotated[list[str], "the labels' names in the order of the outputs; none in a regression"] = field(
        default_factory=lambda: [*DEFAULT_CLASSES]
    )
    target: Annotated[str, "the name of what is predicted"] = "label"
    hidden_layers: list[Positive]
    activation: Annotated[str | None, "of the hidden layers; null where there are none, or where they differ"]
    activations: Annotated[list[str] | None, "one a hidden layer, where they differ"] = None
    parameters: Annotated[int, "number of trained weights and biases"]
    features: list[Feature]
    epochs: Annotated[list[int], "the recorded epochs, ascending; 0 is before training", validate.Length(min=1)]
    replicates: Positive
    replication: Annotated[Replication, "whether each replicate drew data of its own, or split the same data anew"] = (
        "redrawn"
    )
    diverged: Annotated[list[int], "replicates whose weights are no longer finite"] = field(default_factory=list)
    true_boundary: Annotated[TrueBoundary | None, "the sphere between the classes, 0 inside, where it is known"] = None
    protocol: Annotated[Protocol | None, "null for a model from elsewhere"]
    chosen: Annotated[
        list[Chosen] | None, "one a replicate, which stands still from that epoch on; null where there was one recipe"
    ] = None
    libraries: dict[str, str]
    created_at: datetime
    training_seconds: float
    metrics: Annotated[Metrics | RegressionMetrics | None, "null where there were no data to measure a model on"]
    history: Annotated[History | RegressionHistory | None, "null for a model from elsewhere"]
    compiled: Annotated[Compiled | None, "null where LiteRT has no form that answers as the SavedModel does"]
    fingerprint: Sha256


CardSchema = schema_of(Card)


@dataclass(frozen=True)
class HandWrittenCard:
    """What somebody knows of a SavedModel from elsewhere. All of it may be left out."""

    output: Annotated[Output | None, "P(y = 1) or each class's, logits, or a value that is no probability"] = None
    task: Task | None = None
    classes: Annotated[
        list[str] | None, "the labels' names in the order of the outputs; of two, the second is y = 1"
    ] = None
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
