"""The comparison's intervals and tests are right for how the replicates came about, which the source of data says."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from sklearn.datasets import make_moons

from bundle.card import Metrics, Replication
from bundle.comparison import Comparison
from training import experiment
from training.comparison import TrainedModel, compare_models
from training.datasets import Column, DataSource, Samples, draw

EXPERIMENT = replace(experiment.read(experiment.DEFAULT), replicates=4)
ACCURACIES = np.array([[0.80, 0.85, 0.90, 0.80], [0.90, 0.85, 0.95, 0.85]])
METRICS = Metrics(0.8, 0.5, 0.1, 0.9, 0.05, [[4, 1], [1, 4]])


def two_moons(replicate: int) -> Samples:
    """Two half circles that lie in each other, with noise: no sphere parts them."""
    points, labels = make_moons(100, noise=0.2, random_state=replicate)
    return points.astype(np.float32), labels.astype(np.float32)


def compared(replication: Replication) -> Comparison:
    source = DataSource([Column("x1"), Column("x2")], two_moons, 100, replication)
    splits = draw(EXPERIMENT.dataset, source, EXPERIMENT.seed, EXPERIMENT.replicates)
    trained = [
        TrainedModel(spec, 1, 3, accuracies, None, np.ones(30, bool), METRICS, 1.0)
        for spec, accuracies in zip(EXPERIMENT.models, ACCURACIES, strict=False)
    ]
    return compare_models(EXPERIMENT, source, splits, trained)


@pytest.mark.parametrize(("replication", "overlap"), [("redrawn", 0), ("resplit", 30 / 56)])
def test_variance_is_corrected_where_replicates_share_data_and_only_there(
    replication: Replication, overlap: float
) -> None:
    """Whether a true boundary is known says nothing about it: here it is not, in either case."""
    comparison = compared(replication)
    assert (comparison.dataset.replication, comparison.dataset.true_boundary) == (replication, None)
    for result, accuracies in zip(comparison.models, ACCURACIES, strict=True):
        assert result.score.ci95 is not None
        half = stats.t.ppf(0.975, 3) * accuracies.std(ddof=1) * np.sqrt(1 / 4 + overlap)
        assert result.score.ci95 == pytest.approx([accuracies.mean() - half, accuracies.mean() + half])
    (pair,) = comparison.pairs
    d = ACCURACIES[0] - ACCURACIES[1]
    t = d.mean() / (d.std(ddof=1) * np.sqrt(1 / 4 + overlap))
    assert pair.p_value == pytest.approx(2 * stats.t.sf(abs(t), 3))


def test_uncorrected_intervals_and_tests_are_students() -> None:
    comparison = compared("redrawn")
    (pair,) = comparison.pairs
    assert pair.p_value == pytest.approx(stats.ttest_rel(*ACCURACIES).pvalue)
    assert comparison.models[0].population_accuracy is None
