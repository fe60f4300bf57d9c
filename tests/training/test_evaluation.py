"""How good a trained model is: each number against its definition, and what a replicate that diverged leaves out."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import special, stats
from sklearn.metrics import roc_auc_score

from bundle.card import Metrics
from training import evaluation
from training.architectures import Weights, build, forward, initial_weights
from training.datasets import Column, Split
from training.evaluation import (
    correct,
    diverged,
    measure,
    measure_all,
    measure_multiclass,
    over_replicates,
    population_accuracy,
    predict,
)
from training.exact_accuracy import Population
from training.preprocessing import MEAN, SD, Encoder

PROBABILITIES = np.array([0.1, 0.4, 0.5, 0.9, 0.8, 0.2], np.float32)
LABELS = np.array([0, 1, 1, 1, 0, 0], np.float32)
PLANE = Encoder([Column("x1"), Column("x2")], {})


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


def test_the_metrics_of_two_classes_are_those_of_their_definitions() -> None:
    metrics = measure(PROBABILITIES, LABELS, "binary")
    assert isinstance(metrics, Metrics)
    y, p = LABELS.astype(bool), PROBABILITIES.astype(float)
    assert metrics.confusion_matrix == [[2, 1], [1, 2]]
    assert metrics.accuracy == pytest.approx(4 / 6)
    assert metrics.log_loss == pytest.approx(-np.mean(np.log(np.where(y, p, 1 - p))))
    assert metrics.brier == pytest.approx(np.mean((p - y) ** 2))
    ahead = np.mean(p[y][:, None] > p[~y][None, :])  # of a one and a zero, how often the one has more
    assert metrics.roc_auc == pytest.approx(ahead)
    gaps = [abs(bin_.sum()) for bin_ in ((p - y)[(p * 10).astype(int) == i] for i in range(10))]
    assert metrics.ece == pytest.approx(sum(gaps) / 6)


@pytest.fixture(scope="module")
def of_three_classes() -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=300)
    logits = rng.normal(size=(300, 3)) + 1.5 * np.eye(3)[labels]
    return special.softmax(logits, axis=1), labels.astype(np.float32)


def test_the_metrics_of_more_classes_are_those_of_their_definitions(
    of_three_classes: tuple[NDArray[np.float64], NDArray[np.float32]],
) -> None:
    p, labels = of_three_classes
    metrics = measure(p, labels, "multiclass")
    assert isinstance(metrics, Metrics)
    y = labels.astype(int)
    right = p.argmax(axis=1) == y
    assert metrics.accuracy == pytest.approx(right.mean())
    assert np.trace(metrics.confusion_matrix) == right.sum()
    assert np.sum(metrics.confusion_matrix, axis=1).tolist() == np.bincount(y).tolist()
    assert metrics.log_loss == pytest.approx(-np.mean(np.log(p[np.arange(300), y])))
    assert metrics.brier == pytest.approx(np.mean(np.sum((p - np.eye(3)[y]) ** 2, axis=1)))
    assert metrics.roc_auc == pytest.approx(roc_auc_score(y, p, multi_class="ovr", average="macro"))
    confidence = p.max(axis=1)
    bins = (confidence * 10).astype(int)
    gaps = [abs((confidence - right)[bins == i].sum()) for i in range(10)]
    assert metrics.ece == pytest.approx(sum(gaps) / 300)


def test_a_class_that_is_absent_has_no_curve_and_a_class_alone_leaves_none(
    of_three_classes: tuple[NDArray[np.float64], NDArray[np.float32]],
) -> None:
    p, labels = of_three_classes
    some = labels < 2
    metrics = measure_multiclass(p[some], labels[some])
    both = [roc_auc_score(labels[some] == c, p[some, c]) for c in (0, 1)]
    assert metrics.roc_auc == pytest.approx(np.mean(both))
    assert np.shape(metrics.confusion_matrix) == (3, 3)
    assert np.isnan(measure_multiclass(p[labels == 1], labels[labels == 1]).roc_auc)
    one = measure(PROBABILITIES[LABELS == 1], LABELS[LABELS == 1], "binary")
    assert isinstance(one, Metrics)
    assert np.isnan(one.roc_auc)


def test_the_metrics_of_a_regression_are_in_the_targets_units() -> None:
    values, target = np.array([110, 190, 330], np.float32), np.array([100, 200, 300], np.float32)
    metrics = measure(values, target, "regression")
    errors = np.array([10, -10, 30])
    assert metrics.rmse == pytest.approx(np.sqrt(np.mean(errors**2)))  # type: ignore[union-attr]
    assert metrics.mae == pytest.approx(50 / 3)  # type: ignore[union-attr]
    assert metrics.r2 == pytest.approx(1 - np.sum(errors**2) / 20_000)  # type: ignore[union-attr]


def test_a_probability_of_one_half_is_label_1() -> None:
    assert correct(np.array([0.5, 0.5, 0.49]), np.array([1, 0, 0])).tolist() == [True, False, True]


def test_of_more_classes_the_most_probable_is_the_label() -> None:
    assert correct(np.array([[0.2, 0.5, 0.3], [0.4, 0.3, 0.3]]), np.array([1, 2])).tolist() == [True, False]


def test_predictions_are_of_the_last_snapshot_on_each_replicates_own_points(weights: Weights, split: Split) -> None:
    model = build(2, (), ())
    probabilities = predict(model, weights, split, "binary")
    np.testing.assert_allclose(probabilities[1], stats.logistic.cdf(-5 * split.points[1, :, 0]), rtol=1e-5)
    measured = over_replicates(measure_all(probabilities, split, "binary", []))
    assert measured["accuracy"].tolist() == [1, 0, 1]
    assert set(measured) == {"accuracy", "log_loss", "brier", "roc_auc", "ece"}


def test_predictions_in_pieces_are_the_same(split: Split, monkeypatch: pytest.MonkeyPatch) -> None:
    model = build(2, (10,), ("tanh",), "multiclass", 3)
    weights = [stack[:, np.newaxis] for stack in initial_weights(model, range(3))]
    whole = predict(model, weights, split, "multiclass")
    assert whole.shape == (3, 40, 3)
    monkeypatch.setattr(evaluation, "NUMBERS_AT_ONCE", 70)  # seven points at a time
    np.testing.assert_allclose(predict(model, weights, split, "multiclass"), whole, rtol=1e-6)


def test_a_replicate_that_diverged_is_named_and_has_no_metrics(weights: Weights, split: Split) -> None:
    model = build(2, (), ())
    assert diverged(weights, predict(model, weights, split, "binary")) == []
    spoiled = [stack.copy() for stack in weights]
    spoiled[1][2, 0] = np.nan  # it was not finite before, and is at the end
    assert diverged(spoiled, predict(model, spoiled, split, "binary")) == []
    spoiled[1][1, 1] = np.inf
    answers = predict(model, spoiled, split, "binary")
    assert diverged(spoiled, answers) == [1]
    spoiled[0][1, 1] = np.nan
    measured = over_replicates(measure_all(answers, split, "binary", [1]))
    np.testing.assert_array_equal(measured["accuracy"], [1, np.nan, 1])
    exact = population_accuracy(model, spoiled, PLANE, Population(1.0, 2))
    assert np.isfinite(exact).tolist() == [True, False, True]


def test_values_that_leave_float32_are_of_a_replicate_that_diverged() -> None:
    weights = [np.ones((2, 1, 2, 1), np.float32), np.zeros((2, 1, 1), np.float32)]
    answers = np.array([[1, 2], [np.inf, 3]], np.float32)
    assert diverged(weights, answers) == [1]


def test_exact_accuracy_is_what_many_test_points_say() -> None:
    model, population = build(2, (10,), ("tanh",)), Population(0.1, 2)
    final = [4 * stack for stack in initial_weights(model, [1, 2])]
    exact = population_accuracy(model, [stack[:, np.newaxis] for stack in final], PLANE, population)
    points = np.random.default_rng(0).normal(scale=np.sqrt(0.1), size=(50_000, 2)).astype(np.float32)
    labels = np.linalg.norm(points, axis=1) > population.true_boundary.radius
    logits: NDArray[np.float32] = forward(model, final, points)[-1].numpy()
    assert exact == pytest.approx(((logits >= 0) == labels).mean(axis=1), abs=4 * 0.5 / np.sqrt(50_000))


def test_exact_accuracy_is_over_raw_units() -> None:
    """A classifier of standardized points, whose line is not where the numbers that it gets are 0."""
    fitted = {MEAN: np.array([[0.2, 0]], np.float32), SD: np.array([[0.3, 1]], np.float32)}
    weights = [np.array([1, 0], np.float32).reshape(1, 1, 2, 1), np.zeros((1, 1, 1), np.float32)]
    population, model = Population(0.1, 2), build(2, (), ())
    scaled = population_accuracy(model, weights, Encoder(PLANE.columns, fitted), population)
    weights[1][:] = -0.2
    assert scaled == pytest.approx(population_accuracy(model, weights, PLANE, population), abs=1e-6)
