"""Preprocessing: what stands between raw units and a network, fitted on each replicate's own training data.

A value that is missing becomes its column's median (of text, the most frequent one), numbers are standardized where the
data set is to be scaled, and text becomes one input a category. What is fitted is float32 and recorded in the bundle;
training encodes by it with NumPy, the exported signatures with TensorFlow. Neither loses digits where a column is far
from zero and narrow: the mean is subtracted before anything is rounded.

A regression's target is standardized for training too. That is undone in the weights of the output layer, so what is
exported answers in the target's units. Without scaling and text an encoder changes nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training.datasets import Column, DataSource, Replicates

Floats: TypeAlias = NDArray[np.float32]

FILL, MEAN, SD = "feature_fill", "feature_mean", "feature_sd"
"""The names under which a bundle gives what was fitted; of text, mean and SD are 0 and 1."""


@dataclass(frozen=True)
class Encoder:
    """What was fitted: by name one number a replicate and column, [R, d], and of the target one a replicate, [R]."""

    columns: Sequence[Column]
    fitted: Mapping[str, Floats]
    target_mean: Floats | None = None
    target_sd: Floats | None = None

    @property
    def n_inputs(self) -> int:
        """The number of inputs of a network."""
        return sum(1 if column.categories is None else len(column.categories) for column in self.columns)

    def points(self, r: int, points: Floats) -> Floats:
        """Return a replicate's points [n, d] as a network takes them, [n, n_inputs]."""
        if FILL in self.fitted:
            points = np.where(np.isnan(points), self.fitted[FILL][r], points)
        if MEAN in self.fitted:
            points = points - self.fitted[MEAN][r]
            points /= self.fitted[SD][r]
        if not any(column.categories for column in self.columns):
            return points
        inputs = [
            points[:, part] if size is None else (np.rint(points[:, part]) == np.arange(size)).astype(np.float32)
            for part, size in _parts(self.columns)
        ]
        return np.concatenate(inputs, axis=1)

    def targets(self, r: int, labels: Floats) -> Floats:
        """Return a replicate's labels as a network learns them."""
        if self.target_mean is None or self.target_sd is None:
            return labels
        standardized: Floats = (labels - self.target_mean[r]) / self.target_sd[r]
        return standardized

    def in_target_units(self, weights: list[Floats]) -> list[Floats]:
        """Return weights [R, S, …] whose last layer answers in the target's units."""
        if self.target_mean is None or self.target_sd is None:
            return weights
        *others, kernel, bias = weights
        mean, sd = self.target_mean[:, np.newaxis, np.newaxis], self.target_sd[:, np.newaxis, np.newaxis]
        with np.errstate(over="ignore", invalid="ignore"):  # of a replicate that diverged
            return [*others, kernel * sd[..., np.newaxis], bias * sd + mean]


def fit(source: DataSource, training: Replicates) -> Encoder:
    """Fit an encoder to the training data of every replicate."""
    fitted: dict[str, list[Floats]] = {}
    targets: list[tuple[float, float]] = []
    for r in range(training.count):
        points, labels = training.replicate(r)
        if any(column.imputed for column in source.columns):
            fills = np.array([_usual(c, x) for c, x in zip(source.columns, points.T, strict=True)], np.float32)
            fitted.setdefault(FILL, []).append(fills)
            points = np.where(np.isnan(points), fills, points)
        if source.scale:
            moments = [
                _moments(x) if c.categories is None else (0.0, 1.0)
                for c, x in zip(source.columns, points.T, strict=True)
            ]
            mean, sd = np.array(moments, np.float32).T
            fitted.setdefault(MEAN, []).append(mean)
            fitted.setdefault(SD, []).append(sd)
            targets.append(_moments(labels))
    encoder = Encoder(source.columns, {name: np.stack(rows) for name, rows in fitted.items()})
    if source.scale and source.task == "regression":
        means, sds = np.array(targets, np.float32).T
        return replace(encoder, target_mean=means, target_sd=sds)
    return encoder


def _usual(column: Column, values: Floats) -> float:
    """Return a column's median, of text the position of the most frequent one; 0 where all are missing."""
    known = values[~np.isnan(values)]
    if not len(known):
        return 0.0
    return float(np.median(known) if column.categories is None else np.bincount(known.astype(int)).argmax())


def _moments(values: Floats) -> tuple[float, float]:
    """Return mean and standard deviation of a column; of a constant one the deviation is taken for 1."""
    mean, sd = float(values.mean(dtype=np.float64)), float(values.std(dtype=np.float64))
    return mean, sd if sd > np.finfo(np.float32).tiny and np.ptp(values) > 0 else 1.0


def _parts(columns: Sequence[Column]) -> Iterator[tuple[slice, int | None]]:
    """Yield neighbouring columns of numbers as one part, and each column of text with its count of categories."""
    for is_text, group in groupby(enumerate(columns), lambda numbered: numbered[1].categories is not None):
        positions = [i for i, _ in group]
        if is_text:
            yield from ((slice(i, i + 1), len(columns[i].categories or ())) for i in positions)
        else:
            yield slice(positions[0], positions[-1] + 1), None


@dataclass(frozen=True)
class EncodedSplit:
    """A split as networks take it, encoded replicate by replicate when it is asked for; see `Replicates`."""

    split: Replicates
    encoder: Encoder

    @property
    def count(self) -> int:
        return self.split.count

    @property
    def size(self) -> int:
        return self.split.size

    def replicate(self, r: int) -> tuple[Floats, Floats]:
        points, labels = self.split.replicate(r)
        return self.encoder.points(r, points), self.encoder.targets(r, labels)


def encode(columns: Sequence[Column], fitted: Mapping[str, Any], points: Any) -> Any:
    """Return points [..., n, d] as a network takes them: the same as `Encoder.points`, of TensorFlow's operations.

    Args:
        columns: the raw features.
        fitted: of one replicate or more, tensors [..., d] by name, of the points' dtype.
        points: a tensor of raw units.
    """
    given = {name: tensor[..., tf.newaxis, :] for name, tensor in fitted.items()}
    if FILL in given:
        points = tf.where(tf.math.is_nan(points), given[FILL], points)
    if MEAN in given:
        points = (points - given[MEAN]) / given[SD]
    if not any(column.categories for column in columns):
        return points
    inputs = [
        points[..., part]
        if size is None
        else tf.cast(tf.equal(tf.round(points[..., part]), tf.range(size, dtype=points.dtype)), points.dtype)
        for part, size in _parts(columns)
    ]
    return tf.concat(inputs, axis=-1)
