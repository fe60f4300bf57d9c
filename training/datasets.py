"""Data for every replicate: its own draw, its own split, both from the experiment's seed.

Each kind of randomness has its own stream, so that changing how much one of them draws leaves the others as they are.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import make_gaussian_quantiles
from sklearn.model_selection import train_test_split

from service.bundle.results import Dataset
from training.experiment import DatasetSpec


class Stream(IntEnum):
    """What a seed is drawn for."""

    DATA = 0
    SPLIT = 1
    WEIGHTS = 2
    BATCHES = 3


def seed_for(seed: int, replicate: int, stream: Stream) -> int:
    """Return a seed in [0, 2^32) of its own for one stream of one replicate (NumPy's `SeedSequence`)."""
    return int(np.random.SeedSequence(seed, spawn_key=(replicate, stream)).generate_state(1)[0])


@dataclass(frozen=True)
class Part:
    """Points float32 [R, n, d] and labels float32 [R, n] of 0 and 1, one row a replicate."""

    points: NDArray[np.float32]
    labels: NDArray[np.float32]


@dataclass(frozen=True)
class Draws:
    """The training, validation and test data of all replicates, and replicate 0's as one table."""

    train: Part
    validation: Part
    test: Part
    served: Dataset


def draw(spec: DatasetSpec, seed: int, replicates: int) -> Draws:
    """Draw and split the data of every replicate; replicate 0 draws with the experiment's own `random_state`."""
    drawn = [_draw_one(spec, _random_state(spec, seed, r)) for r in range(replicates)]
    splits = [_split(spec, seed_for(seed, r, Stream.SPLIT)) for r in range(replicates)]

    def part(name: str) -> Part:
        chosen = [split == name for split in splits]
        return Part(
            points=np.stack([points[rows] for (points, _), rows in zip(drawn, chosen, strict=True)]),
            labels=np.stack([labels[rows] for (_, labels), rows in zip(drawn, chosen, strict=True)]).astype("f4"),
        )

    points, labels = drawn[0]
    served = Dataset([f"x{i + 1}" for i in range(spec.n_features)], points, labels, splits[0].tolist())
    return Draws(part("train"), part("validation"), part("test"), served)


def batch_orders(seed: int, replicates: int, epochs: int, n: int) -> NDArray[np.int32]:
    """Return for each epoch and replicate the order in which the n training points are visited: [epochs, R, n]."""
    orders = np.empty((epochs, replicates, n), np.int32)
    for r in range(replicates):
        generator = np.random.default_rng(seed_for(seed, r, Stream.BATCHES))
        orders[:, r] = generator.permuted(np.tile(np.arange(n, dtype=np.int32), (epochs, 1)), axis=1)
    return orders


def _random_state(spec: DatasetSpec, seed: int, replicate: int) -> int:
    return spec.random_state if replicate == 0 else seed_for(seed, replicate, Stream.DATA)


def _draw_one(spec: DatasetSpec, random_state: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    points, labels = make_gaussian_quantiles(
        n_samples=spec.n_samples,
        n_features=spec.n_features,
        n_classes=spec.n_classes,
        cov=spec.cov,
        random_state=random_state,
    )
    return points.astype(np.float32), labels.astype(np.int64)


def _split(spec: DatasetSpec, random_state: int) -> NDArray[np.str_]:
    """Say for each sample in which part it is: first the test data is taken out, then the validation data."""
    rest, test = train_test_split(np.arange(spec.n_samples), test_size=spec.test_fraction, random_state=random_state)
    _, validation = train_test_split(rest, test_size=spec.validation_fraction, random_state=random_state)
    split = np.full(spec.n_samples, "train", dtype="<U10")
    split[validation] = "validation"
    split[test] = "test"
    return split
