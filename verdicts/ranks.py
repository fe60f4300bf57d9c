"""Models on several data sets: average ranks, Friedman's test, and Nemenyi's critical difference.

All three as Demšar has them (2006, "Statistical comparisons of classifiers over multiple data sets").
"""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from verdicts import student

Floats = NDArray[np.float64]


def ranks(scores: ArrayLike, higher_is_better: bool = True) -> Floats:
    """Return the rank of each model on each data set, [N, k] like the scores: 1 is the best, ties share the mean."""
    x = np.asarray(scores, np.float64)
    if not np.isfinite(x).all():
        raise ValueError("ranks need a score of every model on every data set")
    x = x if higher_is_better else -x
    ahead = (x[:, np.newaxis, :] > x[:, :, np.newaxis]).sum(axis=2)
    level = (x[:, np.newaxis, :] == x[:, :, np.newaxis]).sum(axis=2)
    placed: Floats = ahead + (level + 1) / 2
    return placed


def average_ranks(scores: ArrayLike, higher_is_better: bool = True) -> Floats:
    """Return each model's mean rank over the data sets, [k], of mean scores [N data sets, k models]."""
    means: Floats = ranks(scores, higher_is_better).mean(axis=0)
    return means


def friedman(scores: ArrayLike) -> float | None:
    """Return the p value for k models that are no different on N data sets; None with one of either.

    Friedman's statistic (1937), corrected for ties, in the form of Iman & Davenport (1980) that Demšar advises.
    """
    r = ranks(scores)
    n, k = r.shape
    if n < 2 or k < 2:
        return None
    spread = float(((r - (k + 1) / 2) ** 2).sum()) / (k - 1)
    if spread == 0:
        return 1.0
    chi2 = n**2 * float(((r.mean(axis=0) - (k + 1) / 2) ** 2).sum()) / spread
    rest = n * (k - 1) - chi2
    return student.f_sf((n - 1) * chi2 / rest, k - 1, (k - 1) * (n - 1)) if rest > 1e-12 else 0.0


def critical_difference(k: int, n_datasets: int, alpha: float = 0.05) -> float:
    """Return how far the average ranks of two of k models must lie apart to differ at level alpha (Nemenyi, 1963)."""
    return studentized_range(k, alpha) / math.sqrt(2) * math.sqrt(k * (k + 1) / (6 * n_datasets))


@lru_cache
def studentized_range(k: int, alpha: float = 0.05) -> float:
    """Return the upper alpha quantile of the range of k standard normal values, by bisection."""
    z = np.linspace(-9, 9, 4001)
    below = _normal(z)
    weight = k * np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi) * (z[1] - z[0])

    def exceeds(q: float) -> float:
        return 1 - float((weight * (below - _normal(z - q)) ** (k - 1)).sum())

    low, high = 0.0, 20.0
    while high - low > 1e-10:
        middle = (low + high) / 2
        low, high = (middle, high) if exceeds(middle) > alpha else (low, middle)
    return (low + high) / 2


def _normal(x: Floats) -> Floats:
    return np.array([math.erfc(-value / math.sqrt(2)) / 2 for value in x.tolist()])


def groups(average: ArrayLike, difference: float) -> list[list[int]]:
    """Return the largest groups of models, by position and from the best on, that are not told apart.

    In a group no two average ranks lie further apart than the critical difference. A model alone is no group.
    """
    means = np.asarray(average, np.float64)
    order = np.argsort(means, kind="stable")
    found: list[list[int]] = []
    last = 0
    for first in range(len(order)):
        end = int(np.searchsorted(means[order], means[order[first]] + difference, "right"))
        if end - first > 1 and end > last:
            found.append(order[first:end].tolist())
        last = max(last, end)
    return found
