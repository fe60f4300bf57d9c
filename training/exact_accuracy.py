"""Exact accuracy: how often a classifier is right over the whole distribution, where the true boundary is known.

`make_gaussian_quantiles` draws x from N(0, σ² I) in d dimensions, sorts the draw by |x|, and calls the nearer half 0
and the other half 1. So there are two true boundaries, both spheres:

- that of a replicate's own data, half way between the two middle points of its own draw (`own_radius`): what its labels
  say, in training and test data alike. A network that has it scores 1;
- that of the population, at the median of |x|, σ √(χ²-quantile(1/2, d)), in the plane σ √(2 ln 2): what all draws would
  agree on. A draw's median misses it by a little, of which a network that learned this draw knows nothing.

The accuracy is an integral over directions u and radii r,

    accuracy = mean over u of ∫ [classifier(r u) is right] dF(r),   F(r) = P(χ²_d ≤ r²/σ²).

Along a ray the answer changes at the zeros of the logit. Those are found between nodes, and the exact F weighs what
lies between. In the plane the mean over directions is taken by Simpson's rule over arcs, which are halved for each
classifier where it has a kink or a jump. It errs by less than 1e-5 there (`docs/decisions/0029-exact-accuracy.md`);
an accuracy on 600 test points has a standard error of 4e-3 to 2e-2.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from bundle.card import TrueBoundary

CELLS = 128
"""Along a ray. Two zeros in one cell go unnoticed."""

TAIL_PROBABILITY = 1e-7
"""The share of the distribution that lies before the first node, and beyond the last."""

STEPS = 3
"""By which a zero is approached, before the last interpolation."""

ARCS = 64
"""Into which the circle is parted before any is halved."""

ARC_TOLERANCE = 3e-7
"""An arc is halved while this would change its part of the accuracy by more."""

MAX_HALVINGS = 20
"""A jump is then known to a part in 10⁸ of the circle."""

MIN_RAYS, MAX_RAYS = 1024, 16384
"""In more than two dimensions, where rays are doubled while that changes the accuracy by more than `RAYS_TOLERANCE`."""

RAYS_TOLERANCE = 2e-5

RAYS_AT_ONCE = 512

Floats: TypeAlias = NDArray[np.float64]

Logit = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Gives the logits [n] of a classifier at points [n, d]."""


def own_radius(points: NDArray[np.float32], labels: NDArray[np.float32]) -> float:
    """Return the radius by which a draw was cut into 0 inside and 1 outside: half way between its two middle points."""
    r = np.linalg.norm(points.astype(np.float64), axis=1)
    return float((r[labels == 0].max() + r[labels == 1].min()) / 2)


@dataclass(frozen=True)
class Population:
    """x ~ N(0, variance · I) in n_features dimensions; y = 1 where |x| exceeds the median of |x|."""

    variance: float
    n_features: int

    @property
    def true_boundary(self) -> TrueBoundary:
        radius = np.sqrt(self.variance * stats.chi2.ppf(0.5, self.n_features))
        return TrueBoundary(center=[0.0] * self.n_features, radius=float(radius))

    def accuracy(self, logit: Logit, radii: Sequence[float], fineness: int = 1) -> Floats:
        """Return the probability that a classifier is right about a fresh point, for each of the true radii.

        Args:
            logit: the classifier; it answers 1 where this is at least 0.
            radii: of spheres, outside of which y = 1.
            fineness: how many times as many nodes and arcs, to tell how large the error is.

        Returns:
            float64, one number a radius in [0, 1]; NaN where a logit is not finite.
        """
        first, last = np.sqrt(self.variance * stats.chi2.ppf([TAIL_PROBABILITY, 1 - TAIL_PROBABILITY], self.n_features))
        nodes = np.linspace(float(first), float(last), CELLS * fineness + 1)

        def wrong(rays: Floats) -> Floats:
            pieces = [rays[i : i + RAYS_AT_ONCE] for i in range(0, len(rays), RAYS_AT_ONCE)]
            return np.concatenate([self._wrong(logit, piece, nodes, np.asarray(radii)) for piece in pieces])

        if self.n_features == 1:
            mean = wrong(np.array([[-1.0], [1.0]])).mean(axis=0)
        elif self.n_features == 2:
            mean = _mean_over_circle(wrong, ARCS * fineness, ARC_TOLERANCE / fineness**2)
        else:
            mean = _mean_over_sphere(wrong, self.n_features, RAYS_TOLERANCE / fineness**2)
        accuracy: Floats = 1 - mean
        return accuracy

    def _wrong(self, logit: Logit, rays: Floats, nodes: Floats, radii: Floats) -> Floats:
        """Return the probability of a wrong answer along each of k rays, for each of m radii: [k, m].

        A classifier that answers 0 along the whole ray is wrong outside the radius, and one that answers 1 is wrong
        inside. Each zero of the logit, where its answer becomes the other one, changes that for all that lies beyond.
        """
        points = (rays[:, np.newaxis, :] * nodes[:, np.newaxis]).reshape(-1, self.n_features)
        z = logit(points.astype(np.float32)).astype(np.float64).reshape(len(rays), len(nodes))
        is_one = z >= 0
        ray, cell = np.nonzero(is_one[:, :-1] != is_one[:, 1:])
        zeros = _zeros(logit, rays[ray], (nodes[cell], nodes[cell + 1]), (z[ray, cell], z[ray, cell + 1]))
        f, f_zeros = self._cumulative(radii), self._cumulative(zeros)[:, np.newaxis]
        beyond = 2 * np.maximum(f - f_zeros, 0) - (1 - f_zeros)  # what 1 in the place of 0 adds to the wrong answers
        wrong = np.where(is_one[:, :1], f, 1 - f)
        np.add.at(wrong, ray, np.where(is_one[ray, cell], -1, 1)[:, np.newaxis] * beyond)
        wrong[~np.isfinite(z).all(axis=1)] = np.nan
        return wrong

    def _cumulative(self, r: Floats) -> Floats:
        return np.asarray(special.gammainc(self.n_features / 2, r**2 / (2 * self.variance)), np.float64)  # that of χ²_d


def _zeros(logit: Logit, rays: Floats, cells: tuple[Floats, Floats], z: tuple[Floats, Floats]) -> Floats:
    """Return where along each ray the logit changes its sign: inside a cell at whose ends it has the values z.

    By the regula falsi: the cell shrinks to the part in which the sign changes, as linear interpolation has it.
    """
    (low, high), (z_low, z_high) = cells, z
    with np.errstate(invalid="ignore"):  # logits that are infinite have no zero
        for _ in range(STEPS if len(rays) else 0):
            r: Floats = low + (high - low) * z_low / (z_low - z_high)
            z_r = logit((rays * r[:, np.newaxis]).astype(np.float32)).astype(np.float64)
            is_low = (z_r >= 0) == (z_low >= 0)
            low, z_low = np.where(is_low, r, low), np.where(is_low, z_r, z_low)
            high, z_high = np.where(is_low, high, r), np.where(is_low, z_high, z_r)
        zeros: Floats = low + (high - low) * z_low / (z_low - z_high)
    return zeros


def _mean_over_circle(function: Callable[[Floats], Floats], arcs: int, tolerance: float) -> Floats:
    """Return the mean of a function of unit vectors [k, 2] with values [k, m]: adaptively, by Simpson's rule."""

    def at(turns: Floats) -> Floats:
        return function(np.stack([np.cos(2 * np.pi * turns), np.sin(2 * np.pi * turns)], axis=1))

    start, width = np.arange(arcs) / arcs, 1 / arcs
    left, middle = np.split(at(np.concatenate([start, start + width / 2])), 2)
    right = np.roll(left, -1, axis=0)
    mean = np.zeros(left.shape[1])
    for halvings in range(MAX_HALVINGS + 1):
        first, second = np.split(at(np.concatenate([start + width / 4, start + 3 * width / 4])), 2)
        coarse = (left + 4 * middle + right) / 6
        fine = (left + 4 * first + 2 * middle + 4 * second + right) / 12
        is_rough = (width * np.abs(fine - coarse).max(axis=1) > tolerance) & (halvings < MAX_HALVINGS)
        mean += width * fine[~is_rough].sum(axis=0)
        if not is_rough.any():
            break
        halves = [(left, first, middle), (middle, second, right)]
        left, middle, right = (np.concatenate([each[is_rough] for each in both]) for both in zip(*halves, strict=True))
        start, width = np.concatenate([start[is_rough], start[is_rough] + width / 2]), width / 2
    return mean


def _mean_over_sphere(function: Callable[[Floats], Floats], n_features: int, tolerance: float) -> Floats:
    """Return the mean of a function of unit vectors [k, d] with values [k, m], over more and more of them."""
    mean, taken = np.zeros(1), 0
    for rays in _ray_batches(n_features):
        before, mean = mean, (mean * taken + function(rays).sum(axis=0)) / (taken + len(rays))
        taken += len(rays)
        if taken > MIN_RAYS and not np.max(np.abs(mean - before)) > tolerance:
            break
    return mean


def _ray_batches(n_features: int) -> Iterator[Floats]:
    """Yield unit vectors [k, d], each batch as many as all before it, together always spread evenly (Sobol, 1967)."""
    sobol, count, taken = (
        stats.qmc.Sobol(n_features, seed=0),
        MIN_RAYS,
        0,
    )  # the normal quantile spreads it on the sphere
    while taken < MAX_RAYS:
        normal = stats.norm.ppf(np.clip(sobol.random(count), 1e-12, 1 - 1e-12))
        yield normal / np.linalg.norm(normal, axis=1, keepdims=True)
        taken += count
        count = taken
