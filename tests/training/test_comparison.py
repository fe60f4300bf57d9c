"""The comparison's intervals and tests are right for how the replicates came about, which the source of data says."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats
from sklearn.datasets import make_moons

from bundle.card import Metrics, RegressionMetrics, Replication
from bundle.comparison import (
    Comparison,
    ComparisonSchema,
    ModelProtocol,
    ReliabilityBin,
    Sensitivity,
    Variance,
)
from training import experiment
from training.comparison import Measurements, MeasurementsSchema, TrainedModel, compare_models
from training.datasets import Column, DataSource, Samples, draw
from training.evaluation import Measured
from verdicts.intervals import SHARE, mean_interval

EXPERIMENT = replace(experiment.read(experiment.DEFAULT), replicates=4)
ACCURACIES = np.array([[0.80, 0.85, 0.90, 0.80], [0.90, 0.85, 0.95, 0.85]])
METRICS = Metrics(0.8, 0.5, 0.1, 0.9, 0.05, [[4, 1], [1, 4]])


def two_moons(replicate: int) -> Samples:
    """Two half circles that lie in each other, with noise: no sphere parts them."""
    points, labels = make_moons(100, noise=0.2, random_state=replicate)
    return points.astype(np.float32), labels.astype(np.float32)


def measured(metrics: dict[str, list[float | None]], mistakes: list[int] | None, served: Measured) -> Measurements:
    return Measurements(3, metrics, None, mistakes, served, 1.0)


def compared(replication: Replication, *models: Measurements, **known: Any) -> Comparison:
    source = DataSource([Column("x1"), Column("x2")], two_moons, 100, replication, **known)
    splits = draw(EXPERIMENT.dataset, source, EXPERIMENT.seed, EXPERIMENT.replicates)
    models = models or tuple(measured({"accuracy": list(row)}, [], METRICS) for row in ACCURACIES.tolist())
    trained = [TrainedModel(spec, 1, model) for spec, model in zip(EXPERIMENT.models, models, strict=False)]
    return compare_models(EXPERIMENT, source, splits, trained, {"tanh-10": "replicate 0 diverged"})


@pytest.mark.parametrize(("replication", "overlap"), [("redrawn", 0), ("resplit", 30 / 56)])
def test_variance_is_corrected_where_replicates_share_data_and_only_there(
    replication: Replication, overlap: float
) -> None:
    """Whether a true boundary is known says nothing about it: here it is not, in either case."""
    comparison = compared(replication)
    assert (comparison.dataset.replication, comparison.dataset.true_boundary) == (replication, None)
    for result, accuracies in zip(comparison.models, ACCURACIES, strict=True):
        assert result.score.ci95 is not None
        assert result.score.ci95 == pytest.approx(mean_interval(accuracies, overlap, SHARE))
    (pair,) = comparison.pairs
    d = ACCURACIES[0] - ACCURACIES[1]
    t = d.mean() / (d.std(ddof=1) * np.sqrt(1 / 4 + overlap))
    assert pair.p_value == pytest.approx(2 * stats.t.sf(abs(t), 3))


def test_uncorrected_intervals_and_tests_are_students() -> None:
    comparison = compared("redrawn")
    (pair,) = comparison.pairs
    assert pair.p_value == pytest.approx(stats.ttest_rel(*ACCURACIES).pvalue)
    assert comparison.models[0].population_accuracy is None


def test_every_metric_is_summed_up_over_the_replicates_with_the_same_correction() -> None:
    metrics: dict[str, list[float | None]] = {"accuracy": [0.8, 0.9, 0.7, 0.8], "brier": [0.1, None, 0.3, 0.2]}
    comparison = compared("resplit", measured(metrics, [], METRICS))
    (result,) = comparison.models
    assert set(result.metrics) == {"accuracy", "brier"}
    assert result.accuracy == result.metrics["accuracy"]
    brier = result.metrics["brier"]
    assert brier.mean == pytest.approx(0.2)
    assert brier.values == [0.1, None, 0.3, 0.2]
    assert brier.ci95 == pytest.approx(mean_interval(np.array([0.1, 0.3, 0.2]), 30 / 56, (0, 2)))
    assert brier.ci95 is not None
    assert brier.ci95[0] > 0


def test_a_regression_is_compared_by_r2_and_has_no_accuracy() -> None:
    served = RegressionMetrics(0.5, 3.0, 2.0)
    a = measured({"r2": [0.5, 0.6, 0.7, 0.6], "rmse": [3.0] * 4}, None, served)
    b = measured({"r2": [0.4, 0.3, None, 0.6], "rmse": [3.0, 4.0, None, 3.0]}, None, served)
    comparison = compared("redrawn", a, b, task="regression", classes=[], target="progression")
    assert [result.accuracy for result in comparison.models] == [None, None]
    assert (comparison.dataset.task, comparison.dataset.target) == ("regression", "progression")
    assert comparison.protocol.loss == "mean_squared_error"
    (pair,) = comparison.pairs
    assert pair.mean_difference == pytest.approx(np.mean([0.1, 0.3, 0]))  # without the replicate that diverged
    assert pair.mcnemar_p is None
    document = ComparisonSchema().dump(comparison)
    assert ComparisonSchema().load(document) == comparison


def test_mcnemars_test_is_of_the_served_replicates_mistakes() -> None:
    metrics: dict[str, list[float | None]] = {"accuracy": [0.8, 0.8, 0.8, 0.8]}
    comparison = compared("redrawn", measured(metrics, [0, 1, 2, 3, 4, 5], METRICS), measured(metrics, [5], METRICS))
    assert comparison.pairs[0].mcnemar_p == pytest.approx(stats.binomtest(0, 5, 0.5).pvalue)


def test_every_pair_has_a_verdict_that_names_the_recipe() -> None:
    comparison = compared("redrawn")
    (pair,) = comparison.pairs
    assert (pair.wins, pair.ties, pair.losses) == (0, 1, 3)
    assert pair.verdict == "undecided"
    assert pair.words.startswith(
        "it is undecided whether linear (at rate 0.001 and 20 epochs) and tanh-3 (at rate 0.001 and 500 epochs) differ "
        "by more than 0.5 points: 0 wins, 1 tie, "
    )
    assert comparison.recipe == "at rate 0.001 and 20 epochs; tanh-3 at rate 0.001 and 500 epochs"


def test_what_else_was_measured_stands_in_the_result() -> None:
    measurements = replace(
        measured({"accuracy": [0.8, 0.9, 0.7, 0.8], "recall_2": [None] * 4}, [], METRICS),
        own=[0.81, 0.91, None, 0.81],
        still_improving=2,
        baseline=0.5,
        reliability=[ReliabilityBin(0, 0.1, 7, 0.05, 0.0)],
        protocol=ModelProtocol([0.001], [20], []),
        sensitivity=[Sensitivity(0.001, 20, 0.8, None, None)],
        variance=Variance(0.01, 0.001, None, None, None, 0, "accuracy"),
    )
    comparison = compared("redrawn", measurements)
    (result,) = comparison.models
    assert result.own_accuracy is not None
    assert result.own_accuracy.values == [0.81, 0.91, None, 0.81]
    assert (result.still_improving, comparison.dataset.baseline) == (2, 0.5)
    for name in ("reliability", "protocol", "sensitivity", "variance"):
        assert getattr(result, name) == getattr(measurements, name)
    assert "recall_2" not in result.metrics  # no replicate has one
    assert ComparisonSchema().load(ComparisonSchema().dump(comparison)) == comparison


def test_models_that_failed_are_named_with_the_reason() -> None:
    assert compared("redrawn").failed == {"tanh-10": "replicate 0 diverged"}


def test_what_was_measured_is_kept_without_loss() -> None:
    kept = measured({"accuracy": [1 / 3, None]}, [2, 5], METRICS)
    assert MeasurementsSchema().load(MeasurementsSchema().dump(kept)) == kept
