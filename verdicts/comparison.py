"""A comparison's pairs anew, from its models' values: for another rope, another score, or of an older release."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bundle.comparison import ROPE, Comparison, ModelResult, Summary
from verdicts import words
from verdicts.pairs import compare_all

LESS_IS_BETTER = frozenset({"log_loss", "brier", "ece", "rmse", "mae"})

NO_SHARE = frozenset({"r2", *LESS_IS_BETTER})
"""Scores that are not told in points of a hundred."""


def recomputed(comparison: Comparison, rope: float = ROPE, score: str | None = None) -> Comparison:
    """Return the comparison with its pairs compared by a score, by default the accuracy or R².

    What McNemar's test said of the served models is kept.

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
        overlap_of(comparison),
        rope,
        name not in LESS_IS_BETTER,
        {(pair.a, pair.b): pair.mcnemar_p for pair in comparison.pairs},
        recipes,
        "" if name in NO_SHARE else "points",
    )
    return replace(comparison, pairs=pairs, recipe=words.recipe_of_all(recipes))


def default_score(comparison: Comparison) -> str:
    return "r2" if comparison.dataset.task == "regression" else "accuracy"


def scores(comparison: Comparison) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return the scores that all models have, by name; of each by model's name one value a run, NaN for none."""
    summaries = {result.model: summaries_of(result) for result in comparison.models}
    names = list(next(iter(summaries.values()), {}))
    return {
        name: {model: np.array(by[name].values, np.float64) for model, by in summaries.items()}
        for name in names
        if all(name in by for by in summaries.values())
    }


def summaries_of(result: ModelResult) -> dict[str, Summary]:
    """Return every score that a model has a value a run of, by name."""
    exact = {
        "accuracy": result.accuracy,
        "own_accuracy": result.own_accuracy,
        "population_accuracy": result.population_accuracy,
    }
    return {**{name: summary for name, summary in exact.items() if summary is not None}, **result.metrics}


def overlap_of(comparison: Comparison) -> float:
    """Return 0 where each run drew its data, else the test set's size over the training set's."""
    sizes = comparison.dataset.sizes
    redrawn = comparison.dataset.replication == "redrawn"
    return 0.0 if redrawn or not sizes.get("train") else sizes.get("test", 0) / sizes["train"]
