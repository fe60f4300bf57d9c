"""How many runs a verdict would take."""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from verdicts import student
from verdicts.differences import BETTER, EQUIVALENT
from verdicts.intervals import standard_error

Floats = NDArray[np.float64]

POWER = 0.8

MAX_RUNS = 100_000
"""A need beyond this is no advice."""


def runs_needed(mean: ArrayLike, sd: ArrayLike, overlap: float, rope: float) -> Floats:
    """Return how many runs give the verdict that the mean difference lies in, with 80% power; NaN if no number does.

    As in a plan of an experiment the mean and the standard deviation seen are taken for the true ones: so many runs
    that the mean of theirs falls 4 times of 5 where its posterior probability is enough. Noncentral quantiles are
    approximated by the sum of two of Student's (Chow, Shao & Wang, 2008, "Sample size calculations in clinical
    research"). Of an overlap the standard error does not fall to 0: more runs of the same data may never tell.
    """
    mean, sd = np.broadcast_arrays(np.abs(np.asarray(mean, np.float64)), np.asarray(sd, np.float64))
    low, high = np.full(mean.shape, 1.0), np.full(mean.shape, float(MAX_RUNS))
    possible = _tells(mean, sd, high, overlap, rope)
    while np.any(high - low > 1):
        middle = np.maximum(2, np.floor((low + high) / 2))  # of one that is found, while others are not, the same again
        enough = _tells(mean, sd, middle, overlap, rope)
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return np.where(possible, high, np.nan)


def _tells(mean: Floats, sd: Floats, n: Floats, overlap: float, rope: float) -> NDArray[np.bool_]:
    error = standard_error(sd, n, overlap)
    with np.errstate(divide="ignore", invalid="ignore"):
        beyond = (mean - rope) / error >= _quantiles(BETTER, n) + _quantiles(POWER, n)
        limit = rope / error - _quantiles(EQUIVALENT, n)
        within = _normal(limit - mean / error) - _normal(-limit - mean / error) >= POWER
    tells: NDArray[np.bool_] = np.where(mean > rope, beyond, (limit > 0) & within)
    return tells


_COUNTS = np.unique(np.geomspace(2, MAX_RUNS, 200).round())


@lru_cache
def _table(p: float) -> Floats:
    return student.ppf(p, _COUNTS - 1)


def _quantiles(p: float, n: Floats) -> Floats:
    """Return t(p, n - 1), between the counts of the table interpolated."""
    quantiles: Floats = np.interp(n, _COUNTS, _table(p))
    return quantiles


_GRID = np.linspace(-8, 8, 3201)
_NORMAL = np.array([math.erfc(-x / math.sqrt(2)) / 2 for x in _GRID])


def _normal(x: Floats) -> Floats:
    """Return P(Z <= x), within 1e-6."""
    probability: Floats = np.interp(x, _GRID, _NORMAL)
    return probability
