"""Models on several data sets: average ranks, Friedman's test, and Nemenyi's critical difference.

All three as Demšar has them (2006, "Statistical comparisons of classifiers over multiple data sets").
"""

import math
from collections import Counter
from functools import lru_cache
from itertools import permutations
from operator import add

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

    Friedman's statistic (1937), corrected for ties. On few data sets its distribution is counted out: how many of all
    ways in which the ranks could fall on the models are as far from even. On more it is the F distribution, in the form
    of Iman & Davenport (1980) that Demšar advises; of ranks that all agree that would be 0, even on two data sets.
    """
    r = ranks(scores)
    n, k = r.shape
    if n < 2 or k < 2:
        return None
    spread = float(((r - (k + 1) / 2) ** 2).sum()) / (k - 1)
    if spread == 0:
        return 1.0
    p = _permutation_p(r)
    if p is not None:
        return p
    chi2 = n**2 * float(((r.mean(axis=0) - (k + 1) / 2) ** 2).sum()) / spread
    rest = n * (k - 1) - chi2
    return student.f_sf((n - 1) * chi2 / rest, k - 1, (k - 1) * (n - 1)) if rest > 1e-12 else 0.0


MAX_STEPS = 250_000
"""So many sums of ranks are counted out, some tenths of a second: 3 models on 50 data sets, 4 on 17, 5 on 8."""


def _permutation_p(r: Floats) -> float | None:
    """Return the share of the permutations of each data set's ranks that are as far from even; None of too many.

    Which model has which sum does not matter, so sums are counted in their order: from data set to data set there are
    few different ones. Doubled ranks are whole numbers.
    """
    doubled = (2 * r).astype(int)
    sums: Counter[tuple[int, ...]] = Counter({(0,) * r.shape[1]: 1})
    steps = 0
    for row in doubled.tolist():
        steps += len(sums) * math.factorial(len(row))
        if steps > MAX_STEPS:
            return None
        following: Counter[tuple[int, ...]] = Counter()
        orders = _orders(tuple(sorted(row)))
        for before, count in sums.items():
            for order in orders:
                following[tuple(sorted(map(add, before, order)))] += count
        sums = following
    observed = doubled.sum(axis=0)
    far = sum(count for each, count in sums.items() if sum(x * x for x in each) >= int(observed @ observed))
    return far / sums.total()


@lru_cache(maxsize=64)
def _orders(row: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Return the different orders of a few numbers."""
    return sorted(set(permutations(row)))


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
