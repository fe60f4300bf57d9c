"""What an experiment found: the comparison of its models, and the data of the served replicate.

A field that is added gets a default, with which older comparisons are read.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bundle.card import Metrics, RegressionMetrics, Replication, Task, TrueBoundary
from bundle.records import schema_of

SPLITS = ("train", "validation", "test")

ROPE = 0.005
"""The region of practical equivalence if none is asked for: a difference of at most half a point is no difference."""

Verdict: TypeAlias = Literal["better", "equivalent", "worse", "undecided"]


@dataclass(frozen=True)
class Summary:
    """One value a replicate, None for one that diverged, and what the others sum up to.

    `sd` and `ci95` (of the mean) need two values and are None with one. Of values in two clusters the median and the
    interquartile mean say more than the mean.
    """

    mean: float
    sd: float | None
    min: float
    median: float
    max: float
    ci95: Annotated[list[float] | None, "of the mean"]
    values: Annotated[list[float | None], "one a replicate, null if it diverged"]
    interquartile_mean: Annotated[float | None, "mean of the middle half"] = None

    @property
    def diverged(self) -> int:
        """How many replicates have no value."""
        return sum(value is None for value in self.values)


@dataclass(frozen=True)
class Choice:
    """What some of the replicates were trained with, where each chooses on validation data: how many chose it."""

    learning_rate: float
    epochs: int
    replicates: int


@dataclass(frozen=True)
class ModelProtocol:
    """What a model's replicates could choose from, one value each where there is no choice, and what they chose."""

    learning_rates: list[float]
    epochs: list[int]
    chosen: list[Choice]

    @property
    def is_tuned(self) -> bool:
        return len(self.learning_rates) * len(self.epochs) > 1


@dataclass(frozen=True)
class Sensitivity:
    """What all replicates reach at one learning rate after one epoch, on validation data.

    These are looked at to choose; test data are not.
    """

    learning_rate: float
    epoch: int
    mean: Annotated[float, "validation accuracy; in a regression the mean absolute error, standardized"]
    sd: float | None
    ci95: list[float] | None


@dataclass(frozen=True)
class Variance:
    """How much of the variance over replicates each source of luck makes, in squared units of the score.

    `test_set` is the binomial variance of the accuracy on so many test points. `data`, `weights` and `batches` are what
    varying one stream alone makes: half the mean squared difference of two runs that differ in it and in nothing else.
    """

    total: Annotated[float, "of the score over replicates"]
    test_set: Annotated[float | None, "by formula; null in a regression"]
    data: float | None
    weights: float | None
    batches: float | None
    runs: Annotated[int, "pairs of runs behind each of the last three; 0 if they were not measured"]
    measured_on: Annotated[str, "the score that the last three are of: own_accuracy where it is known, else the score"]
    ci95: Annotated[dict[str, list[float]], "of the last three, by name"] = field(default_factory=dict)


@dataclass(frozen=True)
class ReliabilityBin:
    """The test points of all replicates whose predicted probability lies in [low, high): how often it came true."""

    low: float
    high: float
    count: int
    mean_probability: float | None
    share: Annotated[float | None, "of the points for which it came true"]


@dataclass(frozen=True)
class ModelResult:
    model: str
    version: int
    hidden_layers: list[int]
    activation: str | None
    parameters: int
    epochs: int
    replicates: int
    accuracy: Annotated[Summary | None, "on held-out test data; null in a regression"]
    population_accuracy: Annotated[Summary | None, "exact, against the boundary of the distribution; else null"]
    served: Annotated[Metrics | RegressionMetrics, "replicate 0, held-out test data"]
    notebook_accuracy: float | None
    training_seconds: float
    metrics: Annotated[dict[str, Summary], "every number of `served` over all replicates, by name"] = field(
        default_factory=dict
    )
    own_accuracy: Annotated[
        Summary | None, "exact, each replicate against the boundary that its own data were cut by; else null"
    ] = None
    protocol: Annotated[ModelProtocol | None, "what was chosen, how often; null for a model from elsewhere"] = None
    sensitivity: Annotated[list[Sensitivity], "by what could be chosen; without a choice by epoch"] = field(
        default_factory=list
    )
    variance: Annotated[Variance | None, "how much of it is luck, split; null where it was not measured"] = None
    still_improving: Annotated[int | None, "replicates whose validation loss was still falling at the end"] = None
    reliability: Annotated[list[ReliabilityBin], "of a classifier, ten equal bins over all replicates"] = field(
        default_factory=list
    )

    @property
    def score(self) -> Summary:
        """What models are compared by: the accuracy; in a regression R²."""
        return self.metrics["r2"] if self.accuracy is None else self.accuracy


@dataclass(frozen=True)
class Pair:
    """Model `a` against model `b`, replicate by replicate. The tests need two replicates; McNemar's needs one, and
    labels. What is compared is the accuracy; in a regression R². The formulas' sources: `verdicts.pairs`.
    """

    a: str
    b: str
    mean_difference: Annotated[float, "accuracy of a minus accuracy of b; in a regression of R²"]
    ci95: list[float] | None
    probability_a_better: Annotated[float, "share of replicates in which a is ahead, ties counted half"]
    p_value: Annotated[float | None, "paired t test"]
    p_value_holm: Annotated[float | None, "over all pairs"]
    mcnemar_p: Annotated[float | None, "exact test on the two served models; null in a regression"]
    wins: Annotated[int, "replicates in which a is ahead"] = 0
    ties: int = 0
    losses: int = 0
    wins_ci95: Annotated[list[float] | None, "of the share of wins (Wilson)"] = None
    simultaneous_ci95: Annotated[list[float] | None, "of the difference, for all pairs at once"] = None
    probability_better: Annotated[float | None, "that a's mean exceeds b's by more than the rope"] = None
    probability_equivalent: Annotated[float | None, "that the means differ by at most the rope"] = None
    probability_worse: Annotated[float | None, "that a's mean falls short of b's by more than the rope"] = None
    rope: Annotated[float, "region of practical equivalence, ± in units of the score"] = ROPE
    verdict: Annotated[Verdict, "of a against b"] = "undecided"
    runs_needed: Annotated[int | None, "about how many runs would tell with 80% power, where it is undecided"] = None
    words: Annotated[str, "the verdict in a sentence, which names the recipe"] = ""


@dataclass(frozen=True, kw_only=True)
class DatasetSummary:
    generator: str
    parameters: dict[str, float]
    features: list[str]
    sizes: dict[str, int]
    replication: Replication = "redrawn"
    true_boundary: TrueBoundary | None = None
    task: Task = "binary"
    classes: list[str] = field(default_factory=lambda: ["0", "1"])
    target: str = "label"
    baseline: Annotated[float | None, "mean accuracy of always answering the training data's most frequent class"] = (
        None
    )


@dataclass(frozen=True)
class ProtocolSummary:
    """How models were trained; of one from elsewhere all but the count of its runs is null."""

    optimizer: str | None
    learning_rate: float | None
    batch_size: int | None
    loss: str | None
    seed: int | None
    replicates: int


@dataclass(frozen=True)
class Comparison:
    experiment: str
    dataset: DatasetSummary
    protocol: ProtocolSummary
    models: list[ModelResult]
    pairs: list[Pair]
    failed: Annotated[dict[str, str], "models that there is no result of, by name the reason"] = field(
        default_factory=dict
    )
    recipe: Annotated[str, "how the models were trained, in words, such as: at rate 0.001 and 500 epochs"] = ""


ComparisonSchema = schema_of(Comparison)


@dataclass(frozen=True)
class Dataset:
    """Points float32 [n, d], labels int64 [n] (positions among the classes) or, in a regression, float32 [n] (values),
    and for each point one of `SPLITS`. A value that is missing is NaN, in the CSV nothing.
    """

    features: list[str]
    points: NDArray[np.float32]
    labels: NDArray[np.int64] | NDArray[np.float32]
    split: list[str]
    classes: list[str] = field(default_factory=lambda: ["0", "1"])

    def to_csv(self) -> str:
        """Return one row a point, labels by their classes' names; reading gives the same float32 values."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([*self.features, "label", "split"])
        for point, label, split in zip(self.points, self.labels, self.split, strict=True):
            named = self.classes[int(label)] if self.classes else str(label)
            writer.writerow([*("" if np.isnan(x) else str(x) for x in point), named, split])
        return text.getvalue()

    @classmethod
    def from_csv(cls, text: str, classes: Sequence[str] = ("0", "1")) -> "Dataset":
        """Return the data set that `to_csv` wrote; a regression has no classes.

        Raises:
            ValueError: it is something else.
        """
        header, *rows = list(csv.reader(io.StringIO(text, newline="")))
        if header[-2:] != ["label", "split"]:
            raise ValueError(f"the last two columns are {header[-2:]}, not label and split")
        named = [row[-2] for row in rows]
        position = {name: i for i, name in enumerate(classes)}
        if classes and not position.keys() >= set(named):
            raise ValueError(f"the labels are not all among the classes {', '.join(classes)}")
        return cls(
            features=header[:-2],
            points=np.array([[x or "nan" for x in row[:-2]] for row in rows], dtype=np.float32),
            labels=np.array([position[name] for name in named], np.int64) if classes else np.array(named, np.float32),
            split=[row[-1] for row in rows],
            classes=list(classes),
        )
