"""How good a trained model is: each number against its definition, and what a replicate that diverged leaves out."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from training.architectures import Weights, build, forward, initial_weights
from training.datasets import Split
from training.evaluation import accuracies, correct, diverged, measure, population_accuracy, predict
from training.exact_accuracy import Population

PROBABILITIES = np.array([0.1, 0.4, 0.5, 0.9, 0.8, 0.2], np.float32)
LABELS = np.array([0, 1, 1, 1, 0, 0], np.float32)


@pytest.fixture(scope="module")
def weights() -> Weights:
    """Three replicates of a linear model, two snapshots each: one that answers 1 where x1 > 0, and after it others."""
    kernel = np.zeros((3, 2, 2, 1), np.float32)
    kernel[:, 0, 0], kernel[:, 1, 0] = 5, [[5], [-5], [5]]
    return [kernel, np.zeros((3, 2, 1), np.float32)]


@pytest.fixture(scope="module")
def split() -> Split:
    points = np.random.default_rng(0).normal(size=(3, 40, 2)).astype(np.float32)
    return Split(points, (points[..., 0] > 0).astype(np.float32))


def test_the_metrics_are_those_of_their_definitions() -> None:
    metrics = measure(PROBABILITIES, LABELS)
    y, p = LABELS.astype(bool), PROBABILITIES.astype(float)
    assert metrics.confusion_matrix == [[2, 1], [1, 2]]
    assert metrics.accuracy == pytest.approx(4 / 6)
    assert metrics.log_loss == pytest.approx(-np.mean(np.log(np.where(y, p, 1 - p))))
    assert metrics.brier == pytest.approx(np.mean((p - y) ** 2))
    ahead = np.mean(p[y][:, None] > p[~y][None, :])  # of a one and a zero, how often the one has more
    assert metrics.roc_auc == pytest.approx(ahead)
    gaps = [abs(bin_.sum()) for bin_ in ((p - y)[(p * 10).astype(int) == i] for i in range(10))]
    assert metrics.ece == pytest.approx(sum(gaps) / 6)


def test_a_probability_of_one_half_is_label_1() -> None:
    assert correct(np.array([0.5, 0.5, 0.49]), np.array([1, 0, 0])).tolist() == [True, False, True]


def test_predictions_are_of_the_last_snapshot_on_each_replicates_own_points(weights: Weights, split: Split) -> None:
    model = build(2, (), None)
    probabilities = predict(model, weights, split)
    np.testing.assert_allclose(probabilities[1], stats.logistic.cdf(-5 * split.points[1, :, 0]), rtol=1e-5)
    assert accuracies(probabilities, split.labels).tolist() == [1, 0, 1]


def test_a_replicate_that_diverged_is_named_and_has_no_accuracy(weights: Weights, split: Split) -> None:
    model = build(2, (), None)
    assert diverged(weights) == []
    spoiled = [stack.copy() for stack in weights]
    spoiled[1][2, 0] = np.nan  # it was not finite before, and is at the end
    assert diverged(spoiled) == []
    spoiled[1][1, 1] = np.inf
    assert diverged(spoiled) == [1]
    spoiled[0][1, 1] = np.nan
    shares = accuracies(predict(model, spoiled, split), split.labels)
    np.testing.assert_array_equal(shares, [1, np.nan, 1])
    exact = population_accuracy(model, spoiled, Population(1.0, 2))
    assert np.isfinite(exact).tolist() == [True, False, True]


def test_exact_accuracy_is_what_many_test_points_say() -> None:
    model, population = build(2, (10,), "tanh"), Population(0.1, 2)
    final = [4 * stack for stack in initial_weights(model, [1, 2])]
    exact = population_accuracy(model, [stack[:, np.newaxis] for stack in final], population)
    points = np.random.default_rng(0).normal(scale=np.sqrt(0.1), size=(50_000, 2)).astype(np.float32)
    labels = np.linalg.norm(points, axis=1) > population.true_boundary.radius
    logits: NDArray[np.float32] = forward(model, final, points)[-1].numpy()
    assert exact == pytest.approx(((logits >= 0) == labels).mean(axis=1), abs=4 * 0.5 / np.sqrt(50_000))
