"""Every pair of models: who is ahead how often, by how much, how sure that is, and what it amounts to.

The verdict is of the means. It asks how probable it is that they differ by more than the region of practical
equivalence, the rope (`verdicts.differences`). Beside it stand the t test, which asks for any difference at all,
adjusted for all pairs by Holm, and intervals that hold for all pairs at once (Bonferroni).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bundle.comparison import ROPE, Pair
from verdicts.differences import Differences, half_widths, p_values, paired, posterior, unpaired, without_chance
from verdicts.intervals import wilson
from verdicts.power import runs_needed
from verdicts.significance import holm
from verdicts.words import FEW_RUNS, Basis, Unit, sentence

Floats: TypeAlias = NDArray[np.float64]

Mcnemar: TypeAlias = Callable[[str, str], float | None] | Mapping[tuple[str, str], float | None]
"""The p value of McNemar's test of two models, by their names in the mapping's order."""


def compare_all(
    scores: Mapping[str, Floats],
    overlap: float = 0,
    rope: float = ROPE,
    higher_is_better: bool = True,
    mcnemar: Mcnemar | None = None,
    recipes: Mapping[str, str] | None = None,
    unit: str = "points",
    of: Unit = "run",
    counts: Mapping[str, int] | None = None,
) -> list[Pair]:
    """Compare every two models run by run: what both saw in a run is the same, so the differences are what varies.

    Runs that either has no value of are left out. One run in common gives the difference alone, no verdict, and so do a
    few in which it is the same; none, as where each diverged in the other's, that of all runs of each. Of ties in the
    probability that a is better each counts half (Vargha & Delaney, 2000, for pairs).

    Args:
        scores: by model's name one value a run, NaN where there is none: float64 [R].
        overlap: 0, or where runs split the same data anew the test set's size over the training set's.
        rope: how large a difference is no difference, in units of the score.
        higher_is_better: whether; what is called the difference is that of the scores either way.
        mcnemar: what is known of McNemar's test.
        recipes: by model's name how it was trained, for the words.
        unit: "points" for scores that are shares; else scores are told as they are.
        of: what a value is of, for the words.
        counts: how many values each model has, where the scores lack those that no other model has.

    Returns:
        each pair once, in the mapping's order.

    Raises:
        ValueError: a model has no finite score.
    """
    names = list(scores)
    if len(names) < 2:
        return []
    runs = _finite(scores)
    table = np.stack([np.asarray(scores[name], np.float64) for name in names])
    first, second = np.triu_indices(len(names), 1)
    d = table[first] - table[second]
    n = np.isfinite(d).sum(axis=1)
    differences = without_chance(paired(d, overlap), n, FEW_RUNS)
    means = np.array([x.mean() for x in runs])
    differences = replace(differences, mean=np.where(n, differences.mean, means[first] - means[second]))
    sign = 1 if higher_is_better else -1
    wins, losses = (np.sum(direction * d > 0, axis=1) for direction in (sign, -sign))
    ahead = (wins + (n - wins - losses) / 2) / np.maximum(n, 1)
    for lone in np.flatnonzero(n == 0):
        ahead[lone] = _share_ahead(*(np.sort(sign * runs[i]) for i in (first[lone], second[lone])))
    columns = {
        "probability_a_better": ahead.tolist(),
        "wins": wins.tolist(),
        "ties": (n - wins - losses).tolist(),
        "losses": losses.tolist(),
        "wins_ci95": wilson(wins, n).tolist(),
        "mcnemar_p": [_looked_up(mcnemar, a, b) for a, b in combinations(names, 2)],
    }
    needed = runs_needed(differences.mean, differences.sd, overlap, rope)
    own = np.array([len(x) for x in runs] if counts is None else [counts[name] for name in names])
    left_out = own[first] + own[second] - 2 * n
    bases = [Basis(int(both), of, int(others)) for both, others in zip(n, left_out, strict=True)]
    return _pairs(names, differences, needed, columns, rope, higher_is_better, recipes or {}, unit, bases)


def compare_all_unpaired(
    scores: Mapping[str, Floats],
    rope: float = ROPE,
    higher_is_better: bool = True,
    recipes: Mapping[str, str] | None = None,
    unit: str = "points",
) -> list[Pair]:
    """Compare every two models whose runs have nothing in common: there are no wins, ties and losses.

    The probability that a is better is that of a run of a against any run of b (Vargha & Delaney, 2000). For the rest
    see `compare_all`.

    Raises:
        ValueError: a model has no finite score.
    """
    names = list(scores)
    runs = _finite(scores)
    if len(names) < 2:
        return []
    fewer = np.array([min(len(a), len(b)) for a, b in combinations(runs, 2)])
    differences = without_chance(unpaired(runs), fewer, FEW_RUNS)
    sign = 1 if higher_is_better else -1
    ordered = [np.sort(sign * x) for x in runs]
    shares = [_share_ahead(a, b) for a, b in combinations(ordered, 2)]
    counts: dict[str, list[Any]] = {"probability_a_better": shares, "mcnemar_p": [None] * len(shares)}
    needed = runs_needed(differences.mean, differences.sd, 0, rope)
    bases = [Basis(int(count)) for count in fewer]
    return _pairs(names, differences, needed, counts, rope, higher_is_better, recipes or {}, unit, bases)


def _finite(scores: Mapping[str, Floats]) -> list[Floats]:
    found = {name: x[np.isfinite(x)] for name, x in ((name, np.asarray(x, np.float64)) for name, x in scores.items())}
    for name, finite in found.items():
        if not len(finite):
            raise ValueError(f"{name} has no finite score")
    return list(found.values())


def _share_ahead(a: Floats, b: Floats) -> float:
    """Return the share of pairs of a value of a and one of b, which is sorted, in which a's is more; ties half."""
    ahead = np.searchsorted(b, a, "left") + np.searchsorted(b, a, "right")
    return float(ahead.sum() / (2 * len(a) * len(b)))


def _pairs(
    names: Sequence[str],
    d: Differences,
    needed: Floats,
    counts: Mapping[str, Sequence[Any]],
    rope: float,
    higher_is_better: bool,
    recipes: Mapping[str, str],
    unit: str,
    bases: Sequence[Basis],
) -> list[Pair]:
    """Return the pairs; what is not known of one, since it has too few runs, is None."""
    told = np.isfinite(d.error)
    p = p_values(d)
    adjusted = np.full(p.shape, np.nan)
    adjusted[told] = holm(p[told])
    where = posterior(d if higher_is_better else replace(d, mean=-d.mean), rope)
    verdicts = where.verdicts
    undecided = np.array(verdicts) == "undecided"
    columns: dict[str, Sequence[Any]] = {
        "a": [a for a, _ in combinations(names, 2)],
        "b": [b for _, b in combinations(names, 2)],
        **counts,
        "mean_difference": d.mean.tolist(),
        "ci95": _intervals(d, 1, unit),
        "simultaneous_ci95": _intervals(d, len(p), unit),
        "p_value": _known(p),
        "p_value_holm": _known(adjusted),
        "probability_better": _known(where.above),
        "probability_equivalent": _known(where.within),
        "probability_worse": _known(where.below),
        "rope": [rope] * len(p),
        "verdict": verdicts,
        "runs_needed": [int(x) if np.isfinite(x) else None for x in np.where(undecided & told, needed, np.nan)],
    }
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return [
        Pair(**row, words=sentence(Pair(**row), recipes, unit, basis)) for row, basis in zip(rows, bases, strict=True)
    ]


def _intervals(d: Differences, of: int, unit: str) -> list[list[float] | None]:
    """Return mean ± half width; shares differ by at most 1."""
    half, most = half_widths(d, of), 1 if unit == "points" else np.inf
    ends = np.stack([np.maximum(d.mean - half, -most), np.minimum(d.mean + half, most)], axis=1)
    return [pair if known else None for pair, known in zip(ends.tolist(), np.isfinite(half).tolist(), strict=True)]


def _known(values: Floats) -> list[float | None]:
    return [value if known else None for value, known in zip(values.tolist(), np.isfinite(values), strict=True)]


def _looked_up(mcnemar: Mcnemar | None, a: str, b: str) -> float | None:
    if mcnemar is None:
        return None
    return mcnemar(a, b) if callable(mcnemar) else mcnemar.get((a, b))
