"""Every pair of models: who is ahead how often, by how much, how sure that is, and what it amounts to.

The verdict is of the means. It asks for the posterior probability that they differ by more than the region of practical
equivalence, the rope: the correlated Bayesian t test (Benavoli, Corani, Demšar & Zaffalon, 2017, "Time for a change: a
tutorial for comparing multiple classifiers through Bayesian analysis"). Beside it stand the paired t test, which asks
for any difference at all, adjusted for all pairs by Holm, and Bonferroni's simultaneous intervals.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bundle.comparison import ROPE, Pair, Verdict
from verdicts import student
from verdicts.intervals import CONFIDENCE, standard_error, wilson
from verdicts.power import BETTER, EQUIVALENT, runs_needed
from verdicts.significance import holm
from verdicts.words import sentence

Floats: TypeAlias = NDArray[np.float64]

Mcnemar: TypeAlias = Callable[[str, str], float | None] | Mapping[tuple[str, str], float | None]
"""The p value of McNemar's test of two models, by their names in the mapping's order."""


@dataclass(frozen=True)
class _Differences:
    """What is known of each of P pairs' difference of means: arrays [P], NaN where it has no value."""

    mean: Floats
    error: Floats
    df: Floats


def compare_all(
    scores: Mapping[str, Floats],
    overlap: float = 0,
    rope: float = ROPE,
    higher_is_better: bool = True,
    mcnemar: Mcnemar | None = None,
    recipes: Mapping[str, str] | None = None,
    unit: str = "points",
) -> list[Pair]:
    """Compare every two models run by run: what both saw in a run is the same, so the differences are what varies.

    Runs that either has no value of are left out. One run in common gives the difference alone, no verdict. Where all
    differences are the same there is no variance to work with: they are taken for certain.

    Args:
        scores: by model's name one value a run, NaN where there is none: float64 [R].
        overlap: 0, or where runs split the same data anew the test set's size over the training set's.
        rope: how large a difference is no difference, in units of the score.
        higher_is_better: whether; what is called the difference is that of the scores either way.
        mcnemar: what is known of McNemar's test.
        recipes: by model's name how it was trained, for the words.
        unit: "points" for scores that are shares; else scores are told as they are.

    Returns:
        each pair once, in the mapping's order.

    Raises:
        ValueError: two models have no run in common.
    """
    names = list(scores)
    if len(names) < 2:
        return []
    table = np.stack([np.asarray(scores[name], np.float64) for name in names])
    first, second = np.triu_indices(len(names), 1)
    d = table[first] - table[second]
    known = np.isfinite(d)
    n = known.sum(axis=1)
    if not n.all():
        a, b = (names[index[int(n.argmin())]] for index in (first, second))
        raise ValueError(f"{a} and {b} have no run in common")
    ahead = d if higher_is_better else -d
    wins, losses = (np.sum(known & (sign * ahead > 0), axis=1) for sign in (1, -1))
    d = np.where(known, d, 0)
    mean = d.sum(axis=1) / n
    with np.errstate(divide="ignore", invalid="ignore"):
        sd = np.sqrt(np.where(known, (d - mean[:, np.newaxis]) ** 2, 0).sum(axis=1) / (n - 1))
    same = (n > 1) & (np.where(known, d, -np.inf).max(axis=1) == np.where(known, d, np.inf).min(axis=1))
    sd = np.where(same, 0, np.where(n > 1, sd, np.nan))  # rounding must not make a variance
    differences = _Differences(mean, standard_error(sd, n, overlap), n - 1.0)
    needed = runs_needed(mean, sd, overlap, rope)
    shares = wilson(wins, n)
    pairs = _pairs(names, differences, rope, higher_is_better, needed)
    counted = [
        replace(
            pair,
            probability_a_better=float((wins[i] + (n[i] - wins[i] - losses[i]) / 2) / n[i]),
            mcnemar_p=_looked_up(mcnemar, pair),
            wins=int(wins[i]),
            ties=int(n[i] - wins[i] - losses[i]),
            losses=int(losses[i]),
            wins_ci95=shares[i].tolist(),
        )
        for i, pair in enumerate(pairs)
    ]
    return [replace(pair, words=sentence(pair, recipes or {}, unit)) for pair in counted]


def compare_all_unpaired(
    scores: Mapping[str, Floats],
    rope: float = ROPE,
    higher_is_better: bool = True,
    recipes: Mapping[str, str] | None = None,
    unit: str = "points",
) -> list[Pair]:
    """Compare every two models whose runs have nothing in common: Welch's test (1947), no wins and losses.

    The probability that a is better is that of one run of a against one of b (Vargha & Delaney, 2000). The posterior of
    the difference is Student's t with Welch's degrees of freedom.
    """
    names = list(scores)
    runs = [x[np.isfinite(x)] for x in (np.asarray(scores[name], np.float64) for name in names)]
    if any(len(x) == 0 for x in runs):
        raise ValueError("a model has no finite score")
    first, second = np.triu_indices(len(names), 1)
    n = np.array([len(x) for x in runs], np.float64)
    means = np.array([x.mean() for x in runs])
    variances = np.array([x.var(ddof=1) if len(x) > 1 else np.nan for x in runs])
    variances = np.where([len(x) > 1 and np.ptp(x) == 0 for x in runs], 0, variances)
    squares = variances / n
    error = np.sqrt(squares[first] + squares[second])
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = squares**2 / (n - 1)
        df = error**4 / (parts[first] + parts[second])
    df = np.where(error == 0, n[first] + n[second] - 2, df)
    differences = _Differences(means[first] - means[second], error, df)
    needed = runs_needed(differences.mean, np.sqrt(variances[first] + variances[second]), 0, rope)
    pairs = _pairs(names, differences, rope, higher_is_better, needed)
    sign = 1 if higher_is_better else -1
    shared = [
        replace(pair, probability_a_better=_share_ahead(sign * runs[i], sign * runs[j]))
        for pair, i, j in zip(pairs, first, second, strict=True)
    ]
    return [replace(pair, words=sentence(pair, recipes or {}, unit)) for pair in shared]


def _share_ahead(a: Floats, b: Floats) -> float:
    below = np.sort(b)
    ahead = np.searchsorted(below, a, "left") + np.searchsorted(below, a, "right")
    return float(ahead.sum() / (2 * len(a) * len(b)))


def _pairs(names: list[str], d: _Differences, rope: float, higher_is_better: bool, needed: Floats) -> Iterator[Pair]:
    """Yield what the difference of the means says of each pair."""
    p = _two_sided(d)
    adjusted = np.full(p.shape, np.nan)
    adjusted[np.isfinite(p)] = holm(p[np.isfinite(p)])
    alone, together = _half_widths(d)
    better, equivalent, worse = _posterior(d if higher_is_better else replace(d, mean=-d.mean), rope)
    for i, (a, b) in enumerate(combinations(names, 2)):
        mean, told = float(d.mean[i]), bool(np.isfinite(d.error[i]))
        verdict = _verdict(better[i], equivalent[i], worse[i])
        yield Pair(
            a=a,
            b=b,
            mean_difference=mean,
            ci95=[mean - float(alone[i]), mean + float(alone[i])] if told else None,
            probability_a_better=0.5,  # until it is counted
            p_value=float(p[i]) if told else None,
            p_value_holm=float(adjusted[i]) if told else None,
            mcnemar_p=None,
            simultaneous_ci95=[mean - float(together[i]), mean + float(together[i])] if told else None,
            probability_better=float(better[i]) if told else None,
            probability_equivalent=float(equivalent[i]) if told else None,
            probability_worse=float(worse[i]) if told else None,
            rope=rope,
            verdict=verdict,
            runs_needed=int(needed[i]) if verdict == "undecided" and np.isfinite(needed[i]) else None,
        )


def _verdict(better: float, equivalent: float, worse: float) -> Verdict:
    if better >= BETTER:
        return "better"
    if worse >= BETTER:
        return "worse"
    return "equivalent" if equivalent >= EQUIVALENT else "undecided"


def _two_sided(d: _Differences) -> Floats:
    """Return the p value of the two-sided t test; without variance 1 for no difference and 0 for any other."""
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(d.error == 0, np.where(d.mean == 0, 0, np.inf), np.abs(d.mean) / d.error)
    return 2 * student.sf(t, np.where(d.df > 0, d.df, np.nan))


def _half_widths(d: _Differences) -> tuple[Floats, Floats]:
    """Return those of each pair's 95% interval, and of Bonferroni's, which hold for all pairs at once."""
    beyond = (1 - CONFIDENCE) / 2
    df = np.where(np.isfinite(d.error), d.df, 1)
    return student.ppf(1 - beyond, df) * d.error, student.ppf(1 - beyond / max(1, len(df)), df) * d.error


def _posterior(d: _Differences, rope: float) -> tuple[Floats, Floats, Floats]:
    """Return the probabilities that the difference lies above, within and below ± rope, which add up to 1."""
    with np.errstate(divide="ignore", invalid="ignore"):
        above = np.where(d.error == 0, np.where(d.mean > rope, np.inf, -np.inf), (d.mean - rope) / d.error)
        below = np.where(d.error == 0, np.where(d.mean < -rope, np.inf, -np.inf), (-rope - d.mean) / d.error)
    df = np.where(np.isfinite(d.error), d.df, np.nan)
    better, worse = student.cdf(above, df), student.cdf(below, df)
    return better, np.maximum(0, 1 - better - worse), worse


def _looked_up(mcnemar: Mcnemar | None, pair: Pair) -> float | None:
    if mcnemar is None:
        return None
    return mcnemar(pair.a, pair.b) if callable(mcnemar) else mcnemar.get((pair.a, pair.b))
