"""Data for every replicate: its own draw, its own split, both from the experiment's seed.

Each kind of randomness has its own stream, so that changing how much one of them draws leaves the others as they are.
"""

import csv
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import make_gaussian_quantiles
from sklearn.model_selection import train_test_split

from bundle.card import Replication, Task, TrueBoundary
from bundle.comparison import Dataset
from training.dataset_spec import DatasetSpec, GaussianQuantilesSpec, TableSpec
from training.exact_accuracy import Population

Samples: TypeAlias = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Points [n, d], and labels [n]: a class's position among the classes, or a regression's value."""


class Stream(IntEnum):
    """What a seed is drawn for."""

    DATA = 0
    SPLIT = 1
    WEIGHTS = 2
    BATCHES = 3


def seed_for(seed: int, replicate: int, stream: Stream) -> int:
    """Return a seed in [0, 2^32) of its own for one stream of one replicate (NumPy's `SeedSequence`)."""
    return int(np.random.SeedSequence(seed, spawn_key=(replicate, stream)).generate_state(1)[0])


MIN_TABLE_ROWS = 10


@dataclass(frozen=True)
class Column:
    """A raw feature. One of text has `categories`: a point holds the position of its text among them.

    A missing value is NaN; there are some only where the column is `imputed`.
    """

    name: str
    categories: tuple[str, ...] | None = None
    imputed: bool = False


class Replicates(Protocol):
    """Data of `count` replicates, of `size` points each."""

    @property
    def count(self) -> int: ...

    @property
    def size(self) -> int: ...

    def replicate(self, r: int) -> Samples: ...


@dataclass(frozen=True)
class Split:
    """One split of every replicate: points float32 [R, n, d] and labels float32 [R, n].

    Replicates that share data keep them once, points [N, d] and labels [N], with int32 row numbers [R, n].
    """

    points: NDArray[np.float32]
    labels: NDArray[np.float32]
    rows: NDArray[np.int32] | None = None

    @property
    def count(self) -> int:
        return len(self.labels if self.rows is None else self.rows)

    @property
    def size(self) -> int:
        size: int = (self.labels if self.rows is None else self.rows).shape[1]
        return size

    def replicate(self, r: int) -> Samples:
        chosen = r if self.rows is None else self.rows[r]
        return self.points[chosen], self.labels[chosen]


@dataclass(frozen=True)
class ReplicateSplits:
    """The training, validation and test data of all replicates, and replicate 0's as one table."""

    train: Split
    validation: Split
    test: Split
    served: Dataset


@dataclass(frozen=True)
class DataSource:
    """Where the data come from, and what is known of them.

    `replication` says whether `samples` draws anew for every replicate, or gives the same samples, which are then split
    anew: replicates that share data need another variance. `population` is the distribution drawn from, where known.
    A regression has no `classes`. Each column has a `domain`, over which it is drawn, and is `held` at its median (text
    at the most frequent one) where others are drawn. `scale` asks for standardized features.
    """

    columns: Sequence[Column]
    samples: Callable[[int], Samples]
    n_samples: int
    replication: Replication
    population: Population | None = None
    task: Task = "binary"
    classes: list[str] = field(default_factory=lambda: ["0", "1"])
    target: str = "label"
    scale: bool = False
    domain: list[tuple[float, float]] = field(default_factory=list)
    held: list[float] = field(default_factory=list)

    @property
    def features(self) -> list[str]:
        return [column.name for column in self.columns]

    @property
    def true_boundary(self) -> TrueBoundary | None:
        return None if self.population is None else self.population.true_boundary


def data_source(spec: DatasetSpec, seed: int) -> DataSource:
    """Return the experiment's source of data; `samples(r)` are those of replicate r.

    Raises:
        ValueError: a table is not one of finite numbers with labels 0 and 1; the message names the file.
        OSError: it cannot be read.
    """
    if isinstance(spec, TableSpec):
        features, points, labels = _read_table(spec.path)
        return DataSource(
            [Column(name) for name in features],
            lambda _: (points, labels),
            len(labels),
            "resplit",
            domain=[spec.domain] * len(features),
            held=np.median(points, axis=0).tolist(),
        )

    def samples(replicate: int) -> Samples:
        own = spec.random_state if replicate == 0 else seed_for(seed, replicate, Stream.DATA)
        return _gaussian_quantiles(spec, own)

    return DataSource(
        [Column(f"x{i + 1}") for i in range(spec.n_features)],
        samples,
        spec.n_samples,
        "redrawn",
        Population(spec.cov, spec.n_features),
        domain=[spec.domain] * spec.n_features,
        held=np.median(samples(0)[0], axis=0).tolist(),
    )


def draw(spec: DatasetSpec, source: DataSource, seed: int, replicates: int) -> ReplicateSplits:
    """Take the samples of every replicate and split them.

    Raises:
        ValueError: of the replicate to be served, the training or test data are all of one class.
    """
    drawn = [source.samples(r) for r in range(replicates)]
    assignments = [_assign(spec, source.n_samples, seed_for(seed, r, Stream.SPLIT)) for r in range(replicates)]

    def stacked(name: str) -> Split:
        chosen = [assigned == name for assigned in assignments]
        return Split(
            points=np.stack([points[rows] for (points, _), rows in zip(drawn, chosen, strict=True)]),
            labels=np.stack([labels[rows] for (_, labels), rows in zip(drawn, chosen, strict=True)]),
        )

    points, labels = drawn[0]
    for name in ("train", "test"):
        _check_both_classes(labels[assignments[0] == name], name)
    shown = labels.astype(np.int64) if source.classes else labels
    served = Dataset(source.features, points, shown, assignments[0].tolist(), source.classes)
    return ReplicateSplits(stacked("train"), stacked("validation"), stacked("test"), served)


def _check_both_classes(labels: NDArray[np.float32], name: str) -> None:
    """Raise ValueError where a class is missing: nothing is learned from the other alone, nor is there an ROC curve."""
    if len(np.unique(labels)) < 2:
        raise ValueError(
            f"the {name} data of replicate 0, the one to be served, are {len(labels)} points that all have the label "
            f"{labels[0]:.0f}; give more points of the other class, another test_fraction, or another seed"
        )


def batch_orders(seed: int, replicates: int, epochs: int, n: int) -> NDArray[np.int32]:
    """Return for each epoch and replicate the order in which the n training points are visited: [epochs, R, n]."""
    orders = np.empty((epochs, replicates, n), np.int32)
    for r in range(replicates):
        generator = np.random.default_rng(seed_for(seed, r, Stream.BATCHES))
        orders[:, r] = generator.permuted(np.tile(np.arange(n, dtype=np.int32), (epochs, 1)), axis=1)
    return orders


def _gaussian_quantiles(spec: GaussianQuantilesSpec, random_state: int) -> Samples:
    points, labels = make_gaussian_quantiles(
        n_samples=spec.n_samples,
        n_features=spec.n_features,
        n_classes=spec.n_classes,
        cov=spec.cov,
        random_state=random_state,
    )
    return points.astype(np.float32), labels.astype(np.float32)


def _read_table(path: Path) -> tuple[list[str], NDArray[np.float32], NDArray[np.float32]]:
    with path.open(newline="") as file:
        lines = list(csv.reader(file))
    if not lines:
        raise ValueError(f"{path}: the file is empty")
    header, *rows = lines
    if header[-1:] != ["label"] or len(header) < 2:
        raise ValueError(f"{path}: the header must name the features and end in label; it is {','.join(header)}")
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header) or not _all_finite(row) or float(row[-1]) not in (0, 1):
            raise ValueError(f"{path}, line {number}: must be {len(header) - 1} finite numbers and a label 0 or 1")
    if len(rows) < MIN_TABLE_ROWS:
        raise ValueError(f"{path}: has {len(rows)} rows; at least {MIN_TABLE_ROWS} are needed to split them")
    values = np.array(rows, dtype=np.float64)
    return header[:-1], values[:, :-1].astype(np.float32), values[:, -1].astype(np.float32)


def _all_finite(row: list[str]) -> bool:
    try:
        return all(math.isfinite(float(value)) for value in row)
    except ValueError:
        return False


def _assign(spec: DatasetSpec, n_samples: int, random_state: int) -> NDArray[np.str_]:
    """Say for each sample in which split it is: first the test data are taken out, then the validation data."""
    rest, test = train_test_split(np.arange(n_samples), test_size=spec.test_fraction, random_state=random_state)
    _, validation = train_test_split(rest, test_size=spec.validation_fraction, random_state=random_state)
    names = np.full(n_samples, "train", dtype="<U10")
    names[validation] = "validation"
    names[test] = "test"
    return names
