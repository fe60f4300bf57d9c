"""How much of the variance over replicates is luck, and of which kind.

Some of the replicates are trained once more for each source of luck, with that one drawn anew and the others as they
were: other data (the draw and its split), other initial weights, or other batch orders (and units dropped out).
Half the mean squared difference of the two scores estimates the variance that this source makes within a replicate
(Jansen, 1999, "Analysis of variance designs for model output"): the total effect of a global sensitivity analysis, so
sources that act together are counted in each, and the parts need not add up to the total.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from bundle.card import Metrics
from bundle.comparison import Variance
from training.comparison import Measurements, numbers
from training.dataset_spec import TableSpec
from training.datasets import Stream, seed_for
from training.experiment import Experiment

Scores: TypeAlias = NDArray[np.float64]
"""One a replicate, NaN where it has none."""

SOURCES = ("data", "weights", "batches")

REDRAWN_REPLICATE = 2**31
"""The number of a replicate that no experiment has: its seed is that of everything that is drawn anew."""


def anew(experiment: Experiment) -> Experiment:
    """Return as many replicates as are trained once more, with luck of another kind throughout."""
    seed = seed_for(experiment.seed, REDRAWN_REPLICATE, Stream.DATA)
    dataset = experiment.dataset
    if not isinstance(dataset, TableSpec):
        dataset = replace(dataset, random_state=seed)
    return replace(first(experiment), seed=seed, dataset=dataset)


def first(experiment: Experiment) -> Experiment:
    """Return those of the replicates that are trained once more, as they were."""
    return replace(experiment, replicates=min(experiment.variance_runs, experiment.replicates))


def scores_of(measured: Measurements) -> tuple[str, Scores]:
    """Return what models are compared by, and its name: the accuracy; in a regression R²."""
    name = "accuracy" if isinstance(measured.served, Metrics) else "r2"
    return name, numbers(measured.metrics[name])


def exact_scores_of(measured: Measurements) -> tuple[str, Scores]:
    """Return the scores that luck is measured on, and their name: exact ones, where they are known."""
    return scores_of(measured) if measured.own is None else ("own_accuracy", numbers(measured.own))


def split(
    scores: Scores, test_size: int | None, pairs: Mapping[str, tuple[Scores, Scores]], measured_on: str
) -> Variance | None:
    """Return the variance over replicates and its parts; None with fewer than two replicates.

    Args:
        scores: what models are compared by, of all replicates.
        test_size: how many points an accuracy was measured on; None if the scores are no accuracies.
        pairs: by source the scores as they were, and those with that source drawn anew.
        measured_on: what these are.
    """
    known = scores[np.isfinite(scores)]
    if len(known) < 2:
        return None
    parts = {source: _part(*both) for source, both in pairs.items()}
    return Variance(
        total=float(known.var(ddof=1)),
        test_set=None if test_size is None else binomial(known, test_size),
        runs=min((runs for _, _, runs in parts.values()), default=0),
        measured_on=measured_on,
        ci95={source: interval for source, (part, interval, _) in parts.items() if part},  # none where nothing differed
        **{source: parts[source][0] if source in parts and parts[source][2] else None for source in SOURCES},
    )


def binomial(accuracies: Scores, test_size: int) -> float:
    """Return the variance that so many random test points alone give an accuracy: the mean of p (1 - p) / n.

    p is the accuracy itself, of which p (1 - p) is too small by a factor (n - 1) / n on average.
    """
    return float((accuracies * (1 - accuracies)).mean() / max(1, test_size - 1))


def _part(before: Scores, after: Scores) -> tuple[float, list[float], int]:
    """Return half the mean squared difference, its 95% interval if differences are normal (χ²), and their number."""
    differences = before - after
    differences = differences[np.isfinite(differences)]
    runs = len(differences)
    half = float((differences**2).sum() / 2)
    return half / max(1, runs), [half / float(stats.chi2.ppf(q, max(1, runs))) for q in (0.975, 0.025)], runs
