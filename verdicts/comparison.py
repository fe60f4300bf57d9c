"""A comparison's pairs anew, from its models' values: for another rope, another score, or of an older release."""

from dataclasses import replace
from typing import overload

import numpy as np
from numpy.typing import NDArray

from bundle.comparison import ROPE, Comparison, DatasetSummary, ModelResult, Summary
from verdicts import words
from verdicts.pairs import Mcnemar, compare_all
from verdicts.summary import interquartile_mean

LESS_IS_BETTER = frozenset({"log_loss", "brier", "ece", "rmse", "mae"})

NO_SHARE = frozenset({"r2", *LESS_IS_BETTER})
"""Scores that are not told in points of a hundred."""


def recomputed(
    comparison: Comparison, rope: float = ROPE, score: str | None = None, mcnemar: Mcnemar | None = None
) -> Comparison:
    """Return the comparison with its pairs compared by a score, by default the accuracy or R².

    What McNemar's test said of the served models is kept unless it is given. A summary of an older release gets what it
    lacks.

    Raises:
        ValueError: not all models have this score; says which ones they have.
    """
    name = default_score(comparison) if score is None else score
    known = scores(comparison)
    if comparison.models and name not in known:
        raise ValueError(f"no score {name}; all models have {', '.join(known) or 'none'}")
    recipes = words.recipes_of(comparison)
    pairs = compare_all(
        known.get(name, {}),
        overlap_of(comparison.dataset),
        rope,
        name not in LESS_IS_BETTER,
        mcnemar or {(pair.a, pair.b): pair.mcnemar_p for pair in comparison.pairs},
        recipes,
        "" if name in NO_SHARE else "points",
    )
    models = [_filled_in(result) for result in comparison.models]
    return replace(comparison, models=models, pairs=pairs, recipe=words.recipe_of_all(recipes))


def _filled_in(result: ModelResult) -> ModelResult:
    return replace(
        result,
        accuracy=_with_interquartile_mean(result.accuracy),
        population_accuracy=_with_interquartile_mean(result.population_accuracy),
        metrics={name: _with_interquartile_mean(summary) for name, summary in result.metrics.items()},
    )


@overload
def _with_interquartile_mean(summary: Summary) -> Summary: ...
@overload
def _with_interquartile_mean(summary: Summary | None) -> Summary | None: ...
def _with_interquartile_mean(summary: Summary | None) -> Summary | None:
    if summary is None or summary.interquartile_mean is not None:
        return summary
    values = np.array([value for value in summary.values if value is not None])
    return replace(summary, interquartile_mean=interquartile_mean(values))


def default_score(comparison: Comparison) -> str:
    return "r2" if comparison.dataset.task == "regression" else "accuracy"


def scores(comparison: Comparison) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return the scores that all models have, by name; of each by model's name one value a run, NaN for none."""
    summaries = {result.model: summaries_of(result) for result in comparison.models}
    names = list(next(iter(summaries.values()), {}))
    return {
        name: {model: np.array(by[name].values, np.float64) for model, by in summaries.items()}
        for name in names
        if all(name in by and any(value is not None for value in by[name].values) for by in summaries.values())
    }


def summaries_of(result: ModelResult) -> dict[str, Summary]:
    """Return every score that a model has a value a run of, by name."""
    exact = {
        "accuracy": result.accuracy,
        "own_accuracy": result.own_accuracy,
        "population_accuracy": result.population_accuracy,
    }
    return {**{name: summary for name, summary in exact.items() if summary is not None}, **result.metrics}


def overlap_of(dataset: DatasetSummary) -> float:
    """Return 0 where each run drew its data, else the test set's size over the training set's."""
    train = dataset.sizes.get("train", 0)
    return 0.0 if dataset.replication == "redrawn" or not train else dataset.sizes.get("test", 0) / train
