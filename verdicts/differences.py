"""What runs tell of the difference of two means, for many pairs at once: arrays [P], one number a pair.

Student's t test and interval, and the posterior of the correlated Bayesian t test (Benavoli, Corani, Demšar & Zaffalon,
2017, "Time for a change: a tutorial for comparing multiple classifiers through Bayesian analysis"), which with no
overlap is the posterior of the plain one. Where all differences are the same they are taken for certain if they are
many (`without_chance`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from verdicts import student
from verdicts.intervals import CONFIDENCE, standard_error

Floats = NDArray[np.float64]

BETTER = 0.975
"""The posterior probability from which on one is called better, and the other worse."""

EQUIVALENT = 0.95
"""The posterior probability from which on two are called equivalent."""


ROUNDING = 1e-12
"""Differences that vary by no more than this part of the largest are the same."""


@dataclass(frozen=True)
class Differences:
    """Of P pairs: the mean difference, the runs' standard deviation, the mean's standard error, degrees of freedom.

    The last three are NaN where there are too few runs to know them.
    """

    mean: Floats
    sd: Floats
    error: Floats
    df: Floats


@dataclass(frozen=True)
class Posterior:
    """Of P pairs: how probable it is that the difference lies above, within and below ± rope, which add up to 1."""

    above: Floats
    within: Floats
    below: Floats

    @property
    def verdicts(self) -> list[str]:
        verdicts: list[str] = np.select(
            [self.above >= BETTER, self.below >= BETTER, self.within >= EQUIVALENT],
            ["better", "worse", "equivalent"],
            "undecided",
        ).tolist()
        return verdicts


def paired(d: Floats, overlap: float = 0) -> Differences:
    """Return what differences run by run tell, [P, R], NaN in a run that one of the two has no value of."""
    known = np.isfinite(d)
    n = known.sum(axis=1)
    d = np.where(known, d, 0)
    mean = d.sum(axis=1) / np.maximum(n, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        sd = np.sqrt(np.where(known, (d - mean[:, np.newaxis]) ** 2, 0).sum(axis=1) / (n - 1))
    spread = np.where(known, d, -np.inf).max(axis=1) - np.where(known, d, np.inf).min(axis=1)
    same = spread <= ROUNDING * np.abs(d).max(axis=1)
    sd = np.where(n < 2, np.nan, np.where(same, 0, sd))
    return Differences(mean, sd, standard_error(sd, np.maximum(n, 1), overlap), np.where(n < 2, np.nan, n - 1.0))


def unpaired(runs: Sequence[Floats]) -> Differences:
    """Return what models' runs, which have nothing in common, tell of every two of them.

    By Welch's standard error and degrees of freedom (1947, "The generalization of Student's problem").
    """
    first, second = np.triu_indices(len(runs), 1)
    n = np.array([len(x) for x in runs], np.float64)
    means = np.array([x.mean() for x in runs])
    variances = np.array([(0.0 if np.ptp(x) == 0 else x.var(ddof=1)) if len(x) > 1 else np.nan for x in runs])
    squares = variances / n
    error = np.sqrt(squares[first] + squares[second])
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = squares**2 / (n - 1)
        df = error**4 / (parts[first] + parts[second])
    df = np.where(error == 0, n[first] + n[second] - 2, df)
    return Differences(means[first] - means[second], np.sqrt(variances[first] + variances[second]), error, df)


def without_chance(d: Differences, n: ArrayLike, least: int) -> Differences:
    """Return as unknown how differences vary that are all the same, of fewer than `least` runs.

    Scores with two digits, or in steps of 1/300, are the same in a few runs by chance; a p value of 0 would be wrong.
    """
    is_chance = (d.error == 0) & (np.asarray(n) < least)
    return Differences(d.mean, *(np.where(is_chance, np.nan, values) for values in (d.sd, d.error, d.df)))


def p_values(d: Differences) -> Floats:
    """Return those of the two-sided t test; without variance 1 for no difference and 0 for any other."""
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(d.error == 0, np.where(d.mean == 0, 0, np.inf), np.abs(d.mean) / d.error)
    return 2 * student.sf(t, d.df)


def half_widths(d: Differences, of: int = 1) -> Floats:
    """Return those of 95% intervals; of so many, which are to hold all at once, by Bonferroni's inequality."""
    return student.ppf(1 - (1 - CONFIDENCE) / 2 / of, d.df) * d.error


def posterior(d: Differences, rope: float) -> Posterior:
    """Return where the differences of the means lie, of which what the runs tell is all that is known."""
    above, below = _tail(d.mean - rope, d), _tail(-rope - d.mean, d)
    return Posterior(above, np.maximum(0, 1 - above - below), below)


def _tail(distance: Floats, d: Differences) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return student.cdf(np.where(d.error == 0, np.where(distance > 0, np.inf, -np.inf), distance / d.error), d.df)
