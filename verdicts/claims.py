"""Whether a study's claims hold: decided by its rows, and said in a sentence.

What varies independently is the replicate, never the cell: replicate r has the same seeds in every cell of a study. So
each side of a comparison is one number a replicate, the mean over its settings, and differences are paired by
replicate. Error rates are in docs/decisions/0035-claims.md.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bundle.study import Claim, Outcome, Study
from verdicts import student
from verdicts.cells import LAST, Columns, bounds_of, count_of, is_share, order_of, select
from verdicts.claim_comparison import Compared
from verdicts.claim_rules import check, rope_of
from verdicts.claim_sides import over_settings, sides_of, values_of
from verdicts.claim_words import metric_name, sentence
from verdicts.differences import BETTER, EQUIVALENT, Differences, paired, posterior, unpaired
from verdicts.intervals import UNBOUNDED, mean_interval, quantile
from verdicts.power import POWER, runs_needed
from verdicts.words import FEW_RUNS

Floats: TypeAlias = NDArray[np.float64]

MAX_LOST = 0.1
"""Where more than this share of runs has no value, as those that diverged, the others are no fair sample."""

MAX_COMPARED = 5_000


@dataclass(frozen=True)
class Judged:
    """What came of a claim."""

    text: str
    outcome: Outcome
    sentence: str
    details: list[Compared] = field(default_factory=list)


def judge_all(study: Study, columns: Columns) -> list[Judged]:
    """Return what came of each of a study's claims, in their order."""
    claims = [_in_order(claim, study, columns) for claim in study.claims]
    return [judge(claim, columns, study.factors, study.overlap, study.recipe) for claim in claims]


def names_epochs(claim: Claim) -> bool:
    """Say whether a claim says which epochs it is about; else it is about the last one."""
    return claim.along == "epoch" or "epoch" in {**(claim.better or {}), **claim.where}


def _in_order(claim: Claim, study: Study, columns: Columns) -> Claim:
    """Return a claim along a factor of text with its levels in the study's order, of those that there are."""
    column = columns.get(claim.along or "")
    if claim.levels is not None or claim.along not in study.factors or not isinstance(column, list):
        return claim
    found = set(column)
    return replace(claim, levels=[level for level in order_of(study, claim.along) if level in found])


def judge(claim: Claim, columns: Columns, factors: Sequence[str], overlap: float = 0, recipe: str = "") -> Judged:
    """Return whether a claim holds of a study's rows.

    It holds if each of its comparisons does, with the confidence that it would have alone: the chance of a wrong
    "holds" is no greater for their number (intersection-union test; Berger, 1982). It does not hold if one is refuted
    with a confidence that is corrected for their number (Bonferroni). Else, or where rows are missing, it is undecided.

    Args:
        claim: what is claimed.
        columns: the study's rows, all epochs, as far as there are any.
        factors: their names.
        overlap: as in `verdicts.intervals.standard_error`.
        recipe: how the cells are trained, for the words.
    """
    try:
        check(claim, factors)
        details = _details(claim, columns, factors, overlap)
    except ValueError as error:
        return Judged(claim.text, "undecided", f"undecided: {error}")
    outcomes = {each.outcome for each in details}
    outcome: Outcome = "does not hold" if "does not hold" in outcomes else "holds"
    if "undecided" in outcomes and outcome == "holds":
        outcome = "undecided"
    return Judged(claim.text, outcome, sentence(claim, outcome, details, rope_of(claim), recipe), details)


def _details(claim: Claim, columns: Columns, factors: Sequence[str], overlap: float) -> list[Compared]:
    if not count_of(columns):
        raise ValueError("there are no rows yet")
    rows = select(columns, claim.where if names_epochs(claim) else {"epoch": LAST, **claim.where})
    if not count_of(rows):
        raise ValueError("there are no such rows yet")
    if claim.metric not in rows:
        raise ValueError(f"there is no value yet of {metric_name(claim.metric)}")
    sides = sides_of(claim, rows)
    varied = {claim.along} if claim.along else {*(claim.better or {}), *(claim.than or {})}
    values = values_of(claim, rows, sides, [name for name in factors if name not in varied])
    if claim.expect == "within":
        return [_held(claim, values[0], overlap)]
    places = [*combinations(range(len(sides)), 2)] if claim.expect == "same" else [*pairwise(range(len(sides)))]
    if len(places) > MAX_COMPARED:
        raise ValueError(f"{len(places):,} comparisons are more than {MAX_COMPARED:,}; levels chooses some")
    return [
        _compared(claim, sides[after].label, sides[before].label, values[after], values[before], overlap, len(places))
        for before, after in places
    ]


def _compared(claim: Claim, a: str, b: str, first: Floats, second: Floats, overlap: float, of: int) -> Compared:
    """Compare two sides, in the settings that both have."""
    nothing = Compared(a, b, "undecided", None, None, None, 0)
    missing = [side for side, table in ((a, first), (b, second)) if np.isnan(table).all()]
    if missing:
        return replace(nothing, why=f"there is no value yet of {metric_name(claim.metric)} with {missing[0]}")
    both = ~(np.isnan(first).all(axis=1) | np.isnan(second).all(axis=1))
    if not both.any():
        return replace(nothing, why=f"{a} and {b} have no setting of the other factors in common")
    x, y = over_settings(first[both]), over_settings(second[both])
    settings = int(both.sum())
    known = np.isfinite(x) & np.isfinite(y)
    lost = int(np.sum(np.isinf(x) & ~np.isnan(y) | np.isinf(y) & ~np.isnan(x)))
    d = np.where(known, np.where(known, x, 0) - np.where(known, y, 0), np.nan)
    told, runs = paired(d[np.newaxis], overlap), int(known.sum())
    if not runs:
        x, y = x[np.isfinite(x)], y[np.isfinite(y)]
        if not (len(x) and len(y)):
            return replace(nothing, lost=lost, settings=settings, why="no run has a value of both")
        told, runs = unpaired([x, y]), min(len(x), len(y))
    return _told(claim, replace(nothing, runs=runs, lost=lost, settings=settings), told, overlap, of)


def _told(claim: Claim, plain: Compared, d: Differences, overlap: float, of: int) -> Compared:
    """Return what the difference of two means, and how sure it is, make of a comparison."""
    mean, sd, rope = float(d.mean[0]), float(d.sd[0]), rope_of(claim)
    if not np.isfinite(d.error[0]):
        return replace(plain, difference=_plain(mean, claim), why="one run does not tell")
    where = posterior(d, rope)
    above, within, below = float(where.above[0]), float(where.within[0]), float(where.below[0])
    doubt = (1 - BETTER) / of
    if claim.expect == "same":
        probability, holds, refuted = within, within >= EQUIVALENT, max(above, below) >= 1 - doubt
    else:
        probability = above if claim.expect == "more" else below
        holds, refuted = probability >= BETTER, probability <= doubt
    half = quantile(float(d.df[0])) * float(d.error[0])
    compared = replace(
        plain,
        outcome=_outcome(holds, refuted),
        difference=_plain(mean, claim),
        ci95=_interval(mean, half, claim),
        probability=probability,
    )
    if claim.expect == "same":
        return _cautious(compared, lambda: _needed(mean, sd, overlap, rope))
    return _cautious(compared, lambda: _until((-mean if claim.expect == "less" else mean) - rope, sd, overlap, of))


def _held(claim: Claim, table: Floats, overlap: float) -> Compared:
    """Hold the mean of the rows against the bounds."""
    table = table[~np.isnan(table).all(axis=1)]
    x = over_settings(table) if len(table) else np.zeros(0)
    lost, x = int(np.isinf(x).sum()), x[np.isfinite(x)]
    plain = Compared("", None, "undecided", None, None, None, len(x), lost, len(table))
    interval = mean_interval(x, overlap, UNBOUNDED if claim.log else bounds_of(claim.metric))
    if interval is None:
        name = metric_name(claim.metric)
        return replace(plain, why="one run does not tell" if len(x) else f"there is no value yet of {name}")
    low, high = (_bound(claim, bound, infinite) for bound, infinite in ((claim.low, -np.inf), (claim.high, np.inf)))
    holds, refuted = low <= interval[0] and interval[1] <= high, interval[1] < low or interval[0] > high
    distance = min(abs(float(x.mean()) - bound) for bound in (low, high))
    compared = replace(
        plain,
        outcome=_outcome(holds, refuted),
        difference=_plain(float(x.mean()), claim),
        ci95=[_plain(end, claim) for end in interval],
        probability=_probability(x, low, high, overlap),
    )
    return _cautious(compared, lambda: _until(distance, float(x.std(ddof=1)), overlap))


def _probability(x: Floats, low: float, high: float, overlap: float) -> float:
    """Return how probable it is that the mean lies between two bounds."""
    told = paired(x[np.newaxis], overlap)
    above, below = (posterior(replace(told, mean=told.mean - bound), 0) for bound in (low, high))
    return float(max(0, above.above[0] - below.above[0]))


def _bound(claim: Claim, bound: float | None, infinite: float) -> float:
    if bound is None:
        return infinite
    return float(np.log10(bound)) if claim.log else bound


def _outcome(holds: bool, refuted: bool) -> Outcome:
    return "holds" if holds else "does not hold" if refuted else "undecided"


def _cautious(compared: Compared, needed: Callable[[], int | None]) -> Compared:
    """Return it undecided where what it rests on is no fair sample, or too few runs that are all the same."""
    runs, lost = compared.runs, compared.lost
    is_constant = compared.ci95 is not None and compared.ci95[0] == compared.ci95[1]
    why = ""
    if lost > MAX_LOST * (lost + runs):
        why = f"{lost} of {lost + runs} runs diverged, and the others are no fair sample"
    elif is_constant and runs < FEW_RUNS:
        why = f"it is the same in all {runs} runs, which are too few to take it for certain"
    if why:
        return replace(compared, outcome="undecided", why=why)
    return replace(compared, runs_needed=needed()) if compared.outcome == "undecided" else compared


def _until(distance: float, sd: float, overlap: float, of: int = 1) -> int | None:
    """Return how many runs put a mean on its side of a bound, a refutation as corrected for their number."""
    needed = _needed(abs(distance), sd, overlap, 0)
    if needed is None or distance > 0:
        return needed
    normal = student.NORMAL.inv_cdf
    more = (normal(1 - (1 - BETTER) / of) + normal(POWER)) / (normal(BETTER) + normal(POWER))
    return int(np.ceil(needed * more**2))


def _needed(mean: float, sd: float, overlap: float, rope: float) -> int | None:
    needed = float(runs_needed(mean, sd, overlap, rope))
    return int(needed) if np.isfinite(needed) else None


def _plain(value: float, claim: Claim) -> float:
    return float(10 ** np.clip(value, -300, 300)) if claim.log else value


def _interval(mean: float, half: float, claim: Claim) -> list[float]:
    if claim.log:
        return [_plain(mean - half, claim), _plain(mean + half, claim)]
    most = 1 if is_share(claim.metric) else np.inf
    return [max(mean - half, -most), min(mean + half, most)]
