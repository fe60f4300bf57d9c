"""How good a trained model is: each number against its definition, and what a replicate that diverged leaves out."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import special, stats
from sklearn import metrics as sklearn_metrics
from sklearn.metrics import roc_auc_score

from bundle.card import Metrics
from training import evaluation
from training.architectures import Weights, build, forward, initial_weights
from training.datasets import Column, Split
from training.evaluation import (
    correct,
    diverged,
    exact_accuracies,
    majority_baseline,
    measure,
    measure_all,
    measure_multiclass,
    over_replicates,
    predict,
    reliability,
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
    assert metrics.recall == pytest.approx([2 / 3, 2 / 3])
    assert metrics.balanced_accuracy == pytest.approx(2 / 3)
    assert metrics.f1 == pytest.approx(2 / 3)


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


@pytest.mark.parametrize("k", [2, 3])
def test_of_rare_classes_the_balanced_accuracy_f1_and_recalls_are_scikit_learns(k: int) -> None:
    rng = np.random.default_rng(k)
    y = rng.choice(k, p=[0.9, *[0.1 / (k - 1)] * (k - 1)], size=400)
    p = special.softmax(rng.normal(size=(400, k)) + 1.5 * np.eye(k)[y], axis=1)
    labels = y.astype(np.float32)
    metrics = measure(p[:, 1], labels, "binary") if k == 2 else measure(p, labels, "multiclass")
    assert isinstance(metrics, Metrics)
    said = p.argmax(axis=1)
    assert metrics.balanced_accuracy == pytest.approx(sklearn_metrics.balanced_accuracy_score(y, said))
    average = "binary" if k == 2 else "macro"
    assert metrics.f1 == pytest.approx(sklearn_metrics.f1_score(y, said, average=average))
    assert metrics.recall == pytest.approx(sklearn_metrics.recall_score(y, said, average=None).tolist())


def test_classes_without_points_have_no_recall_and_those_never_said_no_f1() -> None:
    zeros = measure(np.array([0.1, 0.2, 0.3], np.float32), np.zeros(3, np.float32), "binary")
    assert isinstance(zeros, Metrics)
    assert (zeros.recall, zeros.balanced_accuracy, zeros.f1) == ([1, None], 1, None)
    assert zeros.ece == pytest.approx(0.2)
    one = measure(np.array([0.7], np.float32), np.zeros(1, np.float32), "binary")
    assert isinstance(one, Metrics)
    assert (one.recall, one.balanced_accuracy, one.f1, one.accuracy) == ([0, None], 0, 0, 0)
    p = np.array([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.6, 0.3, 0.1]])
    some = measure(p, np.array([0, 1, 1], np.float32), "multiclass")
    assert isinstance(some, Metrics)
    assert (some.recall, some.balanced_accuracy) == ([1, 0.5, None], 0.75)
    assert some.f1 == pytest.approx(2 / 3)  # the mean of 2/3 and 2/3


def test_reliability_is_of_all_replicates_and_says_what_the_calibration_error_sums_up(split: Split) -> None:
    p = np.random.default_rng(1).random((3, 40)).astype(np.float32)
    p[0, 0] = 1
    bins = reliability(p, split, lost=[2])
    assert [(one.low, one.high) for one in bins] == [(i / 10, (i + 1) / 10) for i in range(10)]
    assert sum(one.count for one in bins) == 80
    chosen = (p[:2] >= 0.9).ravel()
    assert bins[9].count == chosen.sum()
    assert bins[9].mean_probability == pytest.approx(p[:2].ravel()[chosen].mean())
    assert bins[9].share == pytest.approx(split.labels[:2].ravel()[chosen].mean())
    alone = reliability(p, split, lost=[0, 2])
    gaps = [one.count * abs(one.mean_probability - one.share) for one in alone if one.count]  # type: ignore[operator]
    assert measure(p[1], split.labels[1], "binary").ece == pytest.approx(sum(gaps) / 40)  # type: ignore[union-attr]


def test_reliability_of_more_classes_is_that_of_the_label_and_empty_bins_say_nothing(
    of_three_classes: tuple[NDArray[np.float64], NDArray[np.float32]],
) -> None:
    p, labels = of_three_classes
    bins = reliability(p[np.newaxis], Split(np.zeros((1, 300, 2), np.float32), labels[np.newaxis]))
    assert [one.count for one in bins[:3]] == [0, 0, 0]  # of three probabilities the largest is at least a third
    assert bins[0].mean_probability is None
    assert bins[0].share is None
    right = p.argmax(axis=1) == labels
    assert sum(one.count * (one.share or 0) for one in bins) == pytest.approx(right.sum())


def test_the_baseline_always_says_the_training_datas_most_frequent_class() -> None:
    none = np.zeros((2, 4, 1), np.float32)
    train = Split(none, np.array([[0, 0, 0, 1], [2, 2, 1, 0]], np.float32))
    test = Split(none, np.array([[0, 0, 1, 1], [2, 0, 0, 0]], np.float32))
    assert majority_baseline(train, test) == pytest.approx((0.5 + 0.25) / 2)


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
    measured = over_replicates(measure_all(probabilities, split, "binary", []), ["no", "yes"])
    assert measured["accuracy"].tolist() == [1, 0, 1]
    assert measured["recall_no"].tolist() == measured["f1"].tolist() == [1, 0, 1]
    names = ["accuracy", "log_loss", "brier", "roc_auc", "ece", "balanced_accuracy", "f1", "recall_no", "recall_yes"]
    assert list(measured) == names


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
    measured = over_replicates(measure_all(answers, split, "binary", [1]), ["0", "1"])
    np.testing.assert_array_equal(measured["accuracy"], [1, np.nan, 1])
    for exact in exact_accuracies(model, spoiled, PLANE, Population(1.0, 2), [1.0, 1.1, 1.2]):
        assert np.isfinite(exact).tolist() == [True, False, True]


def test_values_that_leave_float32_are_of_a_replicate_that_diverged() -> None:
    weights = [np.ones((2, 1, 2, 1), np.float32), np.zeros((2, 1, 1), np.float32)]
    answers = np.array([[1, 2], [np.inf, 3]], np.float32)
    assert diverged(weights, answers) == [1]


def test_exact_accuracy_is_against_each_replicates_own_boundary_and_the_populations() -> None:
    model, population, own_radii = build(2, (10,), ("tanh",)), Population(0.1, 2), [0.3, 0.4]
    final = [4 * stack for stack in initial_weights(model, [1, 2])]
    final[1] = np.random.default_rng(0).normal(size=final[1].shape).astype(np.float32)
    weights = [stack[:, np.newaxis] for stack in final]
    own, shared = exact_accuracies(model, weights, PLANE, population, own_radii)
    points = np.random.default_rng(0).normal(scale=np.sqrt(0.1), size=(50_000, 2)).astype(np.float32)
    answers = np.asarray(forward(model, final, points)[-1]) >= 0
    r = np.linalg.norm(points, axis=1)
    for exact, radii in ((own, own_radii), (shared, [population.true_boundary.radius] * 2)):
        labels = r > np.array(radii)[:, np.newaxis]
        assert exact == pytest.approx((answers == labels).mean(axis=1), abs=4 * 0.5 / np.sqrt(50_000))
    assert np.abs(own - shared).min() > 0.002


def test_exact_accuracy_is_over_raw_units() -> None:
    """A classifier of standardized points, whose line is not where the numbers that it gets are 0."""
    fitted = {MEAN: np.array([[0.2, 0]], np.float32), SD: np.array([[0.3, 1]], np.float32)}
    weights = [np.array([1, 0], np.float32).reshape(1, 1, 2, 1), np.zeros((1, 1, 1), np.float32)]
    population, model = Population(0.1, 2), build(2, (), ())
    scaled = exact_accuracies(model, weights, Encoder(PLANE.columns, fitted), population, [0.3])
    weights[1][:] = -0.2
    raw = exact_accuracies(model, weights, PLANE, population, [0.3])
    assert np.concatenate(scaled) == pytest.approx(np.concatenate(raw), abs=1e-6)
