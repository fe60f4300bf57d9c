"""What a claim compares: its sides, and each one's values, one a run."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bundle.study import Claim
from verdicts.cells import Columns, Mask, codes, count_of, levels_of, meeting, numbers
from verdicts.claim_words import metric_name, named

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Side:
    label: str
    rows: Mask


def sides_of(claim: Claim, rows: Columns) -> list[Side]:
    """Return what is compared, each with the one before it."""
    conditions: list[dict[str, Any]] = [{}]
    if claim.along:
        levels = claim.levels if claim.levels is not None else levels_of(rows[claim.along])
        conditions = [{claim.along: level} for level in levels]
    elif claim.better is not None and claim.than is not None:
        conditions = [claim.than, claim.better]
    if len(conditions) == 1 and claim.expect != "within":
        raise ValueError(f"there is only one level of {claim.along} yet")
    return [Side(named(each), meeting(rows, each)) for each in conditions]


def values_of(claim: Claim, rows: Columns, sides: Sequence[Side], others: Sequence[str]) -> list[Floats]:
    """Return each side's values [settings, replicates]: NaN where there is none, inf of a run that diverged."""
    metric, diverged = numbers(rows, claim.metric), ~np.isfinite(numbers(rows, "loss"))
    if claim.log:
        metric = _logarithms(metric, claim.metric)
    metric = np.where(np.isnan(metric) & diverged, np.inf, metric)
    setting, settings = _settings(rows, others, np.any([side.rows for side in sides], axis=0))
    replicates = levels_of(rows["replicate"])
    replicate = codes(rows["replicate"], replicates)
    values = []
    for side in sides:
        place, size = setting[side.rows] * len(replicates) + replicate[side.rows], settings * len(replicates)
        counts = np.bincount(place, minlength=size)
        with np.errstate(invalid="ignore"):
            values.append((np.bincount(place, metric[side.rows], size) / counts).reshape(settings, -1))
    return values


def over_settings(table: Floats) -> Floats:
    """Return each run's mean over settings; NaN where one has none, inf where the run diverged."""
    with np.errstate(invalid="ignore"):
        return np.asarray(table.mean(axis=0))


def _settings(rows: Columns, others: Sequence[str], chosen: Mask) -> tuple[NDArray[np.int64], int]:
    """Return for each row which combination of the other factors' levels it has, and how many there are.

    Left out are factors of which some have no level, as a linear model has no width, and those that the replicates of a
    cell choose, as a tuned learning rate.
    """
    code = np.zeros(count_of(rows), np.int64)
    cell = codes(rows["cell"], levels_of(rows["cell"]))
    cells = len(np.unique(cell))
    for name in others:
        levels = levels_of(rows[name])
        each = codes(rows[name], levels)
        lacks = levels[0] is None and bool(np.any(each[chosen] == 0))
        if lacks or len(np.unique(cell * len(levels) + each)) > cells:
            continue
        code = np.unique(code * len(levels) + each, return_inverse=True)[1]
    return code, int(code.max()) + 1


def _logarithms(values: Floats, metric: str) -> Floats:
    """Return those to the base 10. 0 counts as the least value above it: so it counts for less than it is."""
    if np.any(values < 0):
        raise ValueError(f"{metric_name(metric)} has values below 0, which have no logarithm")
    above = values[values > 0]
    if not len(above):
        raise ValueError(f"{metric_name(metric)} is 0 everywhere")
    return np.log10(np.where(values == 0, above.min(), values))
