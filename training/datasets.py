"""Data for every replicate: its own draw, its own split, both from the experiment's seed.

Each kind of randomness has its own stream, so that changing how much one of them draws leaves the others as they are.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bundle.card import Replication, Task, TrueBoundary
from bundle.comparison import SPLITS, Dataset
from training import table_data
from training.assignment import Parts, assign
from training.dataset_spec import DatasetSpec, DrawnSpec, GaussianQuantilesSpec, Interval, TableSpec
from training.experiment import Experiment

if TYPE_CHECKING:
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


MARGIN = 0.1
"""What a feature's domain adds to the data's range on either side, as a part of it."""


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
    at the most frequent one) where others are drawn. `scale` asks for standardized features. `notes` tell the user
    what was made of the data.
    """

    columns: Sequence[Column]
    samples: Callable[[int], Samples]
    n_samples: int
    replication: Replication
    population: "Population | None" = None
    task: Task = "binary"
    classes: list[str] = field(default_factory=lambda: ["0", "1"])
    target: str = "label"
    scale: bool = False
    domain: list[Interval] = field(default_factory=list)
    held: list[float] = field(default_factory=list)
    notes: tuple[str, ...] = ()

    @property
    def features(self) -> list[str]:
        return [column.name for column in self.columns]

    @property
    def true_boundary(self) -> TrueBoundary | None:
        return None if self.population is None else self.population.true_boundary


def data_source(spec: DatasetSpec, seed: int) -> DataSource:
    """Return the experiment's source of data; `samples(r)` are those of replicate r.

    Raises:
        ValueError: a table cannot be used as it is; the message names the file, line or column, and the remedy.
        OSError: it cannot be read.
    """
    return _table(spec) if isinstance(spec, TableSpec) else _drawn(spec, seed)


def _table(spec: TableSpec) -> DataSource:
    data = table_data.load(spec)
    columns = [Column(*each) for each in zip(data.names, data.categories, data.imputed, strict=True)]
    return DataSource(
        columns,
        lambda _: (data.points, data.target.labels),
        len(data.points),
        "resplit",
        task=data.target.task,
        classes=data.target.classes,
        target=spec.label,
        scale=spec.scale,
        domain=_domain(spec, columns, data.points),
        held=_held(columns, data.points),
        notes=data.notes,
    )


def _drawn(spec: DrawnSpec, seed: int) -> DataSource:
    from training.exact_accuracy import Population  # noqa: PLC0415 (with scikit-learn, seconds: where data are drawn)
    from training.gallery import drawer  # noqa: PLC0415

    draw_by = drawer(spec)

    def samples(replicate: int) -> Samples:
        return draw_by(spec.random_state if replicate == 0 else seed_for(seed, replicate, Stream.DATA))

    points, labels = samples(0)
    columns = [Column(f"x{i + 1}") for i in range(points.shape[1])]
    classes = [str(i) for i in range(max(2, int(labels.max()) + 1))]
    is_known = isinstance(spec, GaussianQuantilesSpec) and len(classes) == 2
    return DataSource(
        columns,
        samples,
        spec.n_samples,
        "redrawn",
        Population(spec.cov, spec.n_features) if isinstance(spec, GaussianQuantilesSpec) and is_known else None,
        task="binary" if len(classes) == 2 else "multiclass",
        classes=classes,
        scale=spec.scale,
        domain=_domain(spec, columns, points),
        held=_held(columns, points),
    )


def _domain(spec: DatasetSpec, columns: Sequence[Column], points: NDArray[np.float32]) -> list[Interval]:
    """Return the interval over which each feature is drawn: that of the file, else the data's with a margin.

    Text is drawn over the positions of its categories.
    """
    said = spec.domain if isinstance(spec.domain, Mapping) else {}
    unknown = [name for name in said if name not in {column.name for column in columns}]
    if unknown:
        names = ", ".join(column.name for column in columns)
        raise ValueError(f"domain: no feature {', '.join(unknown)}; the features are {names}")

    def interval(column: Column, values: NDArray[np.float32]) -> Interval:
        if column.name in said:
            return said[column.name]
        if column.categories is not None:
            return 0.0, float(max(1, len(column.categories) - 1))
        if spec.domain is not None and not isinstance(spec.domain, Mapping):
            return spec.domain
        return _with_margin(float(np.nanmin(values)), float(np.nanmax(values)))

    return [interval(column, values) for column, values in zip(columns, points.T, strict=True)]


def _with_margin(low: float, high: float) -> Interval:
    """Return the range with `MARGIN` on either side, rounded to a thousandth of it; a constant stands in the middle."""
    if low == high:
        low, high = low - max(1.0, abs(low)) / 2, high + max(1.0, abs(high)) / 2
    span = high - low
    digits = 3 - math.floor(math.log10(span))
    return round(low - MARGIN * span, digits), round(high + MARGIN * span, digits)


def _held(columns: Sequence[Column], points: NDArray[np.float32]) -> list[float]:
    """Return each column's median; of text the most frequent one's position."""
    return [
        float(f"{np.nanmedian(values):.7g}") if column.categories is None else float(np.argmax(_counts(values)))
        for column, values in zip(columns, points.T, strict=True)
    ]


def _counts(values: NDArray[np.float32]) -> NDArray[np.intp]:
    return np.bincount(values[~np.isnan(values)].astype(np.intp))


Data: TypeAlias = tuple[DataSource, ReplicateSplits]


def data_of(experiment: Experiment) -> Data:
    """Return where an experiment's data come from, and those of all its replicates.

    Raises:
        ValueError: a table cannot be used, or a recipe does not go with the data.
        OSError: a table cannot be read.
    """
    source = data_source(experiment.dataset, experiment.seed)
    experiment.check_recipes(source.task, source.classes)
    return source, draw(experiment.dataset, source, experiment.seed, experiment.replicates)


def draw(spec: DatasetSpec, source: DataSource, seed: int, replicates: int) -> ReplicateSplits:
    """Take the samples of every replicate and split them.

    The classes are in each split in equal parts, always those of a table, of data that are drawn if asked for.

    Raises:
        ValueError: a split is empty, or of the replicate to be served the training or test data are all of one class
            or value.
    """
    points, labels = source.samples(0)
    served = _rows(spec, source, seed, 0, labels)
    for name, chosen in zip(SPLITS, served, strict=True):
        _check_served(source, labels[chosen], name)
    splits = split(spec, source, seed, range(replicates))
    parts = np.repeat(range(len(SPLITS)), [len(chosen) for chosen in served])[np.argsort(np.concatenate(served))]
    names = [SPLITS[part] for part in parts]  # the same few strings, of however many rows
    shown = labels.astype(np.int64) if source.classes else labels
    table = Dataset(source.features, points, shown, names, source.classes)
    return ReplicateSplits(**dict(zip(SPLITS, splits, strict=True)), served=table)


def split(spec: DatasetSpec, source: DataSource, seed: int, numbers: Sequence[int]) -> tuple[Split, ...]:
    """Take the samples of the replicates of these numbers; return their training, validation and test data.

    Raises:
        ValueError: a split is empty.
    """
    points, labels = source.samples(numbers[0])
    if source.replication == "resplit":
        rows = zip(*(_rows(spec, source, seed, number, labels) for number in numbers), strict=True)
        return tuple(Split(points, labels, np.stack(of_all)) for of_all in rows)
    count, width = len(numbers), len(source.columns)
    splits = tuple(
        Split(np.empty((count, len(rows), width), np.float32), np.empty((count, len(rows)), np.float32))
        for rows in _rows(spec, source, seed, numbers[0], labels)
    )
    for r, number in enumerate(numbers):
        points, labels = source.samples(number)
        for part, chosen in zip(splits, _rows(spec, source, seed, number, labels), strict=True):
            part.points[r], part.labels[r] = points[chosen], labels[chosen]
    return splits


def _rows(spec: DatasetSpec, source: DataSource, seed: int, number: int, labels: NDArray[np.float32]) -> Parts:
    """Return which rows of a replicate are for what; the classes in equal parts where its data are stratified."""
    is_stratified = source.replication == "resplit" or (isinstance(spec, DrawnSpec) and spec.stratify)
    strata = labels if source.classes and is_stratified else None
    return assign(spec, source.n_samples, strata, seed_for(seed, number, Stream.SPLIT))


def _check_served(source: DataSource, labels: NDArray[np.float32], name: str) -> None:
    """Raise ValueError where a class is missing, or a value to compare with: then there is no ROC curve, nor an R²."""
    remedy = "give more points, another fraction, or another seed"
    if not len(labels):
        raise ValueError(f"there are no {name} data: {remedy}")
    distinct = np.unique(labels)
    if name == "validation" or len(distinct) >= max(2, len(source.classes)):
        return
    if len(distinct) == 1:
        said = source.classes[int(distinct[0])] if source.classes else f"{distinct[0]:g}"
        what = f"are {len(labels)} points that all have the label {said}"
    else:
        lost = [name for i, name in enumerate(source.classes) if i not in distinct]
        what = f"have none of the class {', '.join(lost)}"
    raise ValueError(f"the {name} data of replicate 0, the one to be served, {what}: {remedy}")
