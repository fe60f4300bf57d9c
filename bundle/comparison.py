"""What an experiment found: the comparison of its models, and the data of the served replicate."""

import csv
import io
from dataclasses import dataclass

import numpy as np
from marshmallow import fields, validate
from numpy.typing import NDArray

from bundle.card import REPLICATIONS, Metrics, MetricsSchema, TrueBoundary, TrueBoundarySchema
from bundle.records import RecordSchema

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Summary:
    """One value a replicate, None for one that diverged, and what the others sum up to.

    `sd` and `ci95` (of the mean) need two values and are None with one.
    """

    mean: float
    sd: float | None
    min: float
    median: float
    max: float
    ci95: list[float] | None
    values: list[float | None]


@dataclass(frozen=True)
class ModelResult:
    model: str
    version: int
    hidden_layers: list[int]
    activation: str | None
    parameters: int
    epochs: int
    replicates: int
    accuracy: Summary
    population_accuracy: Summary | None
    served: Metrics
    notebook_accuracy: float | None
    training_seconds: float


@dataclass(frozen=True)
class Pair:
    """Model `a` against model `b`, replicate by replicate. The tests need two replicates; McNemar's needs one."""

    a: str
    b: str
    mean_difference: float
    ci95: list[float] | None
    probability_a_better: float
    p_value: float | None
    p_value_holm: float | None
    mcnemar_p: float


@dataclass(frozen=True)
class DatasetSummary:
    generator: str
    parameters: dict[str, float]
    features: list[str]
    sizes: dict[str, int]
    replication: str
    true_boundary: TrueBoundary | None


@dataclass(frozen=True)
class ProtocolSummary:
    optimizer: str
    learning_rate: float
    batch_size: int
    loss: str
    seed: int
    replicates: int


@dataclass(frozen=True)
class Comparison:
    experiment: str
    dataset: DatasetSummary
    protocol: ProtocolSummary
    models: list[ModelResult]
    pairs: list[Pair]


class SummarySchema(RecordSchema[Summary]):
    record = Summary
    mean = fields.Float(required=True)
    sd = fields.Float(required=True, allow_none=True)
    min = fields.Float(required=True)
    median = fields.Float(required=True)
    max = fields.Float(required=True)
    ci95 = fields.List(fields.Float(), required=True, allow_none=True, metadata={"description": "of the mean"})
    values = fields.List(
        fields.Float(allow_none=True), required=True, metadata={"description": "one a replicate, null if it diverged"}
    )


class ModelResultSchema(RecordSchema[ModelResult]):
    record = ModelResult
    model = fields.String(required=True)
    version = fields.Integer(required=True)
    hidden_layers = fields.List(fields.Integer(), required=True)
    activation = fields.String(required=True, allow_none=True)
    parameters = fields.Integer(required=True)
    epochs = fields.Integer(required=True)
    replicates = fields.Integer(required=True)
    accuracy = fields.Nested(SummarySchema, required=True, metadata={"description": "on held-out test data"})
    population_accuracy = fields.Nested(
        SummarySchema,
        required=True,
        allow_none=True,
        metadata={"description": "exact, where the true boundary is known; else null"},
    )
    served = fields.Nested(MetricsSchema, required=True, metadata={"description": "replicate 0, held-out test data"})
    notebook_accuracy = fields.Float(required=True, allow_none=True)
    training_seconds = fields.Float(required=True)


class PairSchema(RecordSchema[Pair]):
    record = Pair
    a = fields.String(required=True)
    b = fields.String(required=True)
    mean_difference = fields.Float(required=True, metadata={"description": "accuracy of a minus accuracy of b"})
    ci95 = fields.List(fields.Float(), required=True, allow_none=True)
    probability_a_better = fields.Float(
        required=True, metadata={"description": "share of replicates in which a is ahead, ties counted half"}
    )
    p_value = fields.Float(required=True, allow_none=True, metadata={"description": "paired t test"})
    p_value_holm = fields.Float(required=True, allow_none=True, metadata={"description": "over all pairs"})
    mcnemar_p = fields.Float(required=True, metadata={"description": "exact test on the two served models"})


class DatasetSummarySchema(RecordSchema[DatasetSummary]):
    record = DatasetSummary
    generator = fields.String(required=True)
    parameters = fields.Dict(keys=fields.String(), values=fields.Float(), required=True)
    features = fields.List(fields.String(), required=True)
    sizes = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    replication = fields.String(required=True, validate=validate.OneOf(REPLICATIONS))
    true_boundary = fields.Nested(TrueBoundarySchema, required=True, allow_none=True)


class ProtocolSummarySchema(RecordSchema[ProtocolSummary]):
    record = ProtocolSummary
    optimizer = fields.String(required=True)
    learning_rate = fields.Float(required=True)
    batch_size = fields.Integer(required=True)
    loss = fields.String(required=True)
    seed = fields.Integer(required=True)
    replicates = fields.Integer(required=True)


class ComparisonSchema(RecordSchema[Comparison]):
    record = Comparison
    experiment = fields.String(required=True)
    dataset = fields.Nested(DatasetSummarySchema, required=True)
    protocol = fields.Nested(ProtocolSummarySchema, required=True)
    models = fields.List(fields.Nested(ModelResultSchema), required=True)
    pairs = fields.List(fields.Nested(PairSchema), required=True)


@dataclass(frozen=True)
class Dataset:
    """Points float32 [n, d], labels int64 [n] of 0 and 1, and for each point one of `SPLITS`."""

    features: list[str]
    points: NDArray[np.float32]
    labels: NDArray[np.int64]
    split: list[str]

    def to_csv(self) -> str:
        """Return one row a point; the float32 values are written so that reading gives the same ones."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([*self.features, "label", "split"])
        for point, label, split in zip(self.points, self.labels, self.split, strict=True):
            writer.writerow([*(str(x) for x in point), int(label), split])
        return text.getvalue()

    @classmethod
    def from_csv(cls, text: str) -> "Dataset":
        """Return the data set that `to_csv` wrote.

        Raises:
            ValueError: it is something else.
        """
        header, *rows = list(csv.reader(io.StringIO(text, newline="")))
        if header[-2:] != ["label", "split"]:
            raise ValueError(f"the last two columns are {header[-2:]}, not label and split")
        return cls(
            features=header[:-2],
            points=np.array([row[:-2] for row in rows], dtype=np.float32),
            labels=np.array([row[-2] for row in rows], dtype=np.int64),
            split=[row[-1] for row in rows],
        )
