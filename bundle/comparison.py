"""What an experiment found: the comparison of its models, and the data of the served replicate.

A field that is added gets a default, with which older comparisons are read.
"""

import csv
import io
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from bundle.card import Metrics, Replication, TrueBoundary
from bundle.records import schema_of

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
    ci95: Annotated[list[float] | None, "of the mean"]
    values: Annotated[list[float | None], "one a replicate, null if it diverged"]


@dataclass(frozen=True)
class ModelResult:
    model: str
    version: int
    hidden_layers: list[int]
    activation: str | None
    parameters: int
    epochs: int
    replicates: int
    accuracy: Annotated[Summary, "on held-out test data"]
    population_accuracy: Annotated[Summary | None, "exact, where the true boundary is known; else null"]
    served: Annotated[Metrics, "replicate 0, held-out test data"]
    notebook_accuracy: float | None
    training_seconds: float


@dataclass(frozen=True)
class Pair:
    """Model `a` against model `b`, replicate by replicate. The tests need two replicates; McNemar's needs one."""

    a: str
    b: str
    mean_difference: Annotated[float, "accuracy of a minus accuracy of b"]
    ci95: list[float] | None
    probability_a_better: Annotated[float, "share of replicates in which a is ahead, ties counted half"]
    p_value: Annotated[float | None, "paired t test"]
    p_value_holm: Annotated[float | None, "over all pairs"]
    mcnemar_p: Annotated[float, "exact test on the two served models"]


@dataclass(frozen=True, kw_only=True)
class DatasetSummary:
    generator: str
    parameters: dict[str, float]
    features: list[str]
    sizes: dict[str, int]
    replication: Replication = "redrawn"
    true_boundary: TrueBoundary | None = None


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


ComparisonSchema = schema_of(Comparison)


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
