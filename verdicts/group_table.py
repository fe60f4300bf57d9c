"""What groups of a study's rows sum up to, as a table: `verdicts.summary` of thousands of groups at once."""

from collections.abc import Sequence

import numpy as np

from bundle.study_rows import Column, column_of
from verdicts import student
from verdicts.cells import Group
from verdicts.intervals import CONFIDENCE, STUDENT_FROM_RUNS, Floats, mean_interval, standard_error

STATISTICS = ("count", "mean", "sd", "ci95_low", "ci95_high", "min", "median", "max")


def table_of(by: Sequence[str], groups: Sequence[Group]) -> dict[str, Column]:
    """Return a row for each group: its levels, how many of its values are numbers, and what these sum up to.

    Where none is, or only one for what takes two, there is null.
    """
    levels = {name: column_of([group.levels[name] for group in groups]) for name in by}
    values = [group.values[np.isfinite(group.values)] for group in groups]
    counts = np.array([len(x) for x in values], np.int64)
    summed = _summed(values, counts)
    intervals = _intervals(groups, values, counts, summed)
    low, high = intervals.T
    return {
        **levels,
        "count": counts,
        "mean": summed["mean"],
        "sd": summed["sd"],
        "ci95_low": low,
        "ci95_high": high,
        **{name: summed[name] for name in ("min", "median", "max")},
    }


def _summed(values: Sequence[Floats], counts: np.ndarray) -> dict[str, Floats]:
    found = {name: np.full(len(counts), np.nan) for name in ("mean", "sd", "min", "median", "max")}
    for count in np.unique(counts[counts > 0]).tolist():  # groups are mostly of one size
        which = np.flatnonzero(counts == count)
        x = np.sort([values[i] for i in which.tolist()], axis=1)
        found["mean"][which] = x.mean(axis=1)
        found["min"][which], found["max"][which] = x[:, 0], x[:, -1]
        found["median"][which] = np.median(x, axis=1)
        if count > 1:
            found["sd"][which] = x.std(axis=1, ddof=1)
    return found


def _intervals(
    groups: Sequence[Group], values: Sequence[Floats], counts: np.ndarray, summed: dict[str, Floats]
) -> Floats:
    """Return the means' 95% intervals [groups, 2]: Student's where that is all there is to it, else `mean_interval`."""
    mean, sd = summed["mean"], summed["sd"]
    quantiles = {n: float(student.ppf((1 + CONFIDENCE) / 2, n - 1)) for n in np.unique(counts).tolist() if n > 1}
    overlap = groups[0].overlap if groups else 0.0
    half = np.array([quantiles.get(n, np.nan) for n in counts.tolist()]) * standard_error(
        sd, np.maximum(counts, 1), overlap
    )
    found = np.stack([mean - half, mean + half], axis=-1)
    bounds = np.array([group.bounds for group in groups]).reshape(-1, 2)
    is_plain = (counts >= STUDENT_FROM_RUNS) & (bounds[:, 0] <= found[:, 0]) & (found[:, 1] <= bounds[:, 1])
    is_plain &= summed["min"] < summed["max"]
    for i in np.flatnonzero(~is_plain).tolist():
        found[i] = mean_interval(values[i], groups[i].overlap, groups[i].bounds) or (np.nan, np.nan)
    return found
