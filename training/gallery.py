"""Data sets that are drawn: scikit-learn's where it has them. Each is a function of a specification and a seed."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import make_blobs, make_circles, make_gaussian_quantiles, make_moons

from training.dataset_spec import (
    BlobsSpec,
    CirclesSpec,
    DrawnSpec,
    GaussianQuantilesSpec,
    MoonsSpec,
    SpiralSpec,
    XorSpec,
)

Drawn: TypeAlias = tuple[NDArray[np.float64], NDArray[np.int64]]


def drawer(spec: DrawnSpec) -> Callable[[int], tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Return what draws points float32 [n, d] and labels float32 [n], positions among the classes, by a seed."""
    draw: Callable[[int], Drawn] = partial(_DRAWERS[type(spec)], spec)

    def drawn(seed: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        points, labels = draw(seed)
        return points.astype(np.float32), labels.astype(np.float32)

    return drawn


def _gaussian_quantiles(spec: GaussianQuantilesSpec, seed: int) -> Drawn:
    drawn: Drawn = make_gaussian_quantiles(
        n_samples=spec.n_samples,
        n_features=spec.n_features,
        n_classes=spec.n_classes,
        cov=spec.cov,
        random_state=seed,
    )
    return drawn


def _moons(spec: MoonsSpec, seed: int) -> Drawn:
    drawn: Drawn = make_moons(spec.n_samples, noise=spec.noise, random_state=seed)
    return drawn


def _circles(spec: CirclesSpec, seed: int) -> Drawn:
    drawn: Drawn = make_circles(spec.n_samples, noise=spec.noise, factor=spec.factor, random_state=seed)
    return drawn


def _blobs(spec: BlobsSpec, seed: int) -> Drawn:
    shape = (spec.n_classes, spec.n_features)
    centers = np.random.default_rng(spec.random_state).uniform(-10, 10, shape)
    drawn: Drawn = make_blobs(spec.n_samples, centers=centers, cluster_std=spec.noise, random_state=seed)
    return drawn


def _xor(spec: XorSpec, seed: int) -> Drawn:
    generator = np.random.default_rng(seed)
    points = generator.uniform(-1, 1, (spec.n_samples, 2))
    labels = (points[:, 0] * points[:, 1] < 0).astype(np.int64)
    return points + generator.normal(0, spec.noise, points.shape), labels


def _spiral(spec: SpiralSpec, seed: int) -> Drawn:
    """Points are spread evenly along an arm; the arms' angles differ by equal parts of a turn."""
    generator = np.random.default_rng(seed)
    labels = np.arange(spec.n_samples) % spec.n_classes
    radius = np.sqrt(generator.uniform(0, 1, spec.n_samples))
    angle = 2 * np.pi * (spec.turns * radius + labels / spec.n_classes)
    points = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return points + generator.normal(0, spec.noise, points.shape), labels


_DRAWERS: dict[type[DrawnSpec], Callable[[Any, int], Drawn]] = {
    GaussianQuantilesSpec: _gaussian_quantiles,
    MoonsSpec: _moons,
    CirclesSpec: _circles,
    XorSpec: _xor,
    SpiralSpec: _spiral,
    BlobsSpec: _blobs,
}
