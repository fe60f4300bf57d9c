"""Comparisons that say all that one can say, made of trained ones, for what a page shows of each field."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np

from bundle import layout
from bundle.comparison import (
    Choice,
    Comparison,
    ComparisonSchema,
    ModelProtocol,
    ModelResult,
    Pair,
    ReliabilityBin,
    Sensitivity,
    Summary,
    Variance,
)

RATES, EPOCHS = (0.001, 0.003, 0.01), (100, 500, 2000)
RECIPE = "each tuned on validation data"


def rewrite(models: Path, experiment: str, **changes: object) -> Comparison:
    """Complete an experiment's comparison where it stands, and change some of its fields."""
    path = layout.experiment_dir(models, experiment) / layout.COMPARISON
    changed = replace(complete(ComparisonSchema().read(path)), **changes)  # type: ignore[arg-type]
    ComparisonSchema().write(changed, path)
    return changed


def complete(comparison: Comparison) -> Comparison:
    """Give a comparison what was not measured: every field is there, and none is that of another model."""
    rng = np.random.default_rng(1)
    return replace(
        comparison,
        models=[_complete(model, i, rng) for i, model in enumerate(comparison.models)],
        pairs=[_judged(pair) for pair in comparison.pairs],
        dataset=replace(comparison.dataset, baseline=0.503),
        recipe=RECIPE,
    )


def _complete(model: ModelResult, i: int, rng: np.random.Generator) -> ModelResult:
    runs = model.replicates
    score = model.score
    values = [None if value is None else min(1.0, value + 0.001 * (i + 1)) for value in score.values]
    own = _summary(values)
    sensitivity = [
        Sensitivity(rate, epoch, mean := _reached(score.mean, rate, epoch), 0.01, [mean - 0.004, min(1, mean + 0.004)])
        for rate in RATES
        for epoch in EPOCHS
    ]
    total = float(np.var([value for value in score.values if value is not None], ddof=1))
    luck: list[float] = (total * rng.dirichlet([1, 2, 3, 1]) * (1.06 if i == 3 else 0.97)).tolist()
    test_set, data, weights, batches = luck
    ci95 = {name: [0.6 * part, 2 * part] for name, part in (("data", data), ("weights", weights), ("batches", batches))}
    variance = Variance(total, test_set, data, weights, batches, runs=15, measured_on="own_accuracy", ci95=ci95)
    bins = [
        ReliabilityBin(low, low + 0.1, 40 + 100 * abs(j - 4), low + 0.05, min(1, max(0, low + 0.05 + 0.02 * (i - 3))))
        for j, low in enumerate(np.linspace(0, 0.9, 10).tolist())
    ]
    return replace(
        model,
        accuracy=replace(score, interquartile_mean=_middle(score.values)),
        own_accuracy=own,
        protocol=ModelProtocol(
            list(RATES), list(EPOCHS), [Choice(0.003, 500, runs - runs // 3), Choice(0.01, 2000, runs // 3)]
        ),
        sensitivity=sensitivity,
        variance=variance,
        still_improving=(0, 23, 3)[i % 3],
        reliability=bins,
        metrics={"accuracy": score, "ece": _summary([0.01 * (i + 1)] * runs), "balanced_accuracy": own},
    )


def _reached(mean: float, rate: float, epoch: int) -> float:
    return min(0.9995, mean - 0.05 * abs(math.log10(rate * epoch / 1.5)) + 0.002)


def _middle(values: list[float | None]) -> float:
    known = sorted(value for value in values if value is not None)
    quarter = len(known) // 4
    return float(np.mean(known[quarter : len(known) - quarter]))


def _summary(values: list[float | None]) -> Summary:
    known = np.array([value for value in values if value is not None])
    mean, sd = float(known.mean()), float(known.std(ddof=1))
    half = 2.05 * sd / np.sqrt(len(known))
    return Summary(
        mean, sd, float(known.min()), float(np.median(known)), float(known.max()), [mean - half, mean + half], values
    )


def _judged(pair: Pair) -> Pair:
    """Judge by the interval alone: enough to have every verdict once."""
    low, high = pair.ci95 or (-1.0, 1.0)
    width = high - low
    if low > 0.005:
        verdict = "better"
    elif high < -0.005:
        verdict = "worse"
    else:
        verdict = "equivalent" if max(-low, high) < 0.005 else "undecided"
    better = {"better": 0.998, "worse": 0.0}.get(verdict, 0.02)
    equivalent = {"equivalent": 0.97, "undecided": 0.6}.get(verdict, 0.002)
    first, second = (pair.b, pair.a) if verdict == "worse" else (pair.a, pair.b)
    told = {"better": "is better than", "worse": "is better than", "equivalent": "is equivalent to"}.get(verdict, "or")
    return replace(
        pair,
        wins=20,
        ties=4,
        losses=6,
        wins_ci95=[0.49, 0.81],
        simultaneous_ci95=[low - width / 4, high + width / 4],
        probability_better=better,
        probability_equivalent=equivalent,
        probability_worse=round(1 - better - equivalent, 3),
        verdict=verdict,  # type: ignore[arg-type]
        runs_needed=77 if verdict == "undecided" else None,
        words=f"{first} {told} {second}, {RECIPE}: 20 wins, 4 ties, 6 losses; "
        f"difference {100 * abs(pair.mean_difference):.1f} points",
    )
