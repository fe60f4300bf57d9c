"""How good a trained model is on data that it has not seen."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, TypeAlias

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from scipy import special
from sklearn import metrics

from bundle.card import Metrics, RegressionMetrics, Task
from bundle.comparison import ReliabilityBin
from training import TrainingError
from training.architectures import Weights, forward
from training.datasets import Replicates
from training.exact_accuracy import Population
from training.preprocessing import Encoder
from training.statistics import bin_of, expected_calibration_error

Floats: TypeAlias = NDArray[np.float32]

Measured: TypeAlias = Metrics | RegressionMetrics

THRESHOLD = 0.5
"""Of two classes, label 1 from this probability on, here as in the service."""

NUMBERS_AT_ONCE = 2**22
"""Of a layer's activations, 16 MB: networks of any width are evaluated in pieces of that size."""


CALIBRATION_BINS = 10
"""Of equal width, for the reliability as for the expected calibration error."""


class EvaluationError(TrainingError):
    """The served replicate's test data do not give all metrics."""


def predict(model: keras.Sequential, weights: Weights, split: Replicates, task: Task) -> NDArray[np.floating]:
    """Return the answers of every replicate's final weights on its own points, NaN where it diverged.

    Returns:
        of two classes P(y = 1), float32 [R, n]; of more the classes' probabilities, float64 [R, n, k]; in a regression
        values, float32 [R, n].
    """
    group = max(1, NUMBERS_AT_ONCE // (split.size * _widest(weights)))
    groups = [range(r, min(r + group, split.count)) for r in range(0, split.count, group)]
    return np.concatenate([_of_replicates(model, weights, split, task, chosen) for chosen in groups])


def _of_replicates(
    model: keras.Sequential, weights: Weights, split: Replicates, task: Task, chosen: range
) -> NDArray[np.floating]:
    points = np.stack([split.replicate(r)[0] for r in chosen])
    logits = _logits(model, [stack[chosen.start : chosen.stop, -1] for stack in weights], points)
    if task == "binary":
        probabilities: NDArray[np.float32] = keras.activations.sigmoid(logits).numpy()
        return probabilities
    return logits if task == "regression" else special.softmax(logits.astype(np.float64), axis=-1)


def exact_accuracies(
    model: keras.Sequential, weights: Weights, encoder: Encoder, population: Population, own_radii: Sequence[float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return every replicate's exact accuracy with its final weights, NaN where it diverged.

    Args:
        model: supplies the layers.
        weights: of all replicates.
        encoder: gives a replicate's network what it takes for raw points.
        population: what the points are drawn from.
        own_radii: where each replicate's own data are cut, R numbers.

    Returns:
        float64 [R] each: against the boundary of the replicate's own data, and against the population's.
    """
    middle = population.true_boundary.radius
    exact = np.array(
        [
            population.accuracy(_logit(model, weights, encoder, r), [own_radius, middle])
            for r, own_radius in enumerate(own_radii)
        ]
    )
    return exact[:, 0], exact[:, 1]


def _logit(model: keras.Sequential, weights: Weights, encoder: Encoder, r: int) -> Callable[[Floats], Floats]:
    final = [stack[r, -1] for stack in weights]
    return lambda points: _logits(model, final, encoder.points(r, points))


def _logits(model: keras.Sequential, weights: Weights, points: Floats) -> Floats:
    """Return what the last layer gives before its activation, for points [..., n, d] some at a time: [..., n, …]."""
    tensors = [tf.constant(array) for array in weights]
    size = max(1, NUMBERS_AT_ONCE // _widest(weights))
    starts = range(0, points.shape[-2], size)
    pieces = [forward(model, tensors, points[..., i : i + size, :])[-1].numpy() for i in starts]
    return np.concatenate(pieces, axis=points.ndim - 2)


def _widest(weights: Weights) -> int:
    return max(int(array.shape[-1]) for array in weights)


def diverged(weights: Weights, answers: NDArray[np.floating]) -> list[int]:
    """Return the replicates whose final weights, or answers [R, n, …], are not all finite numbers."""
    arrays = [answers, *(stack[:, -1] for stack in weights)]
    finite = np.all([np.isfinite(array).reshape(len(array), -1).all(axis=1) for array in arrays], axis=0)
    return np.flatnonzero(~finite).tolist()


def correct(probabilities: NDArray[np.floating], labels: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Say of each answer, [n] or [n, k], whether it is correct: [n]."""
    predicted = probabilities >= THRESHOLD if probabilities.ndim == 1 else probabilities.argmax(axis=1)
    is_correct: NDArray[np.bool_] = predicted == labels.astype(int)
    return is_correct


def measure_all(answers: NDArray[np.floating], split: Replicates, task: Task, lost: list[int]) -> list[Measured | None]:
    """Measure every replicate on its test data; None for those that are lost."""
    return [None if r in lost else measure(answers[r], split.replicate(r)[1], task) for r in range(split.count)]


def over_replicates(measured: list[Measured | None], classes: Sequence[str]) -> dict[str, NDArray[np.float64]]:
    """Return each metric that is a number, by name: one value a replicate, NaN where it has none.

    The recall of each class is called `recall_` and the class's name.
    """
    numbers = [{} if one is None else _numbers(one, classes) for one in measured]
    names = dict.fromkeys(name for one in numbers for name in one)
    return {name: np.array([one.get(name, np.nan) for one in numbers], np.float64) for name in names}


def _numbers(measured: Measured, classes: Sequence[str]) -> dict[str, float | None]:
    found = asdict(measured)
    found.pop("confusion_matrix", None)
    recalls = found.pop("recall", None) or []
    return {**found, **{f"recall_{name}": recall for name, recall in zip(classes, recalls, strict=bool(recalls))}}


def reliability(
    answers: NDArray[np.floating], split: Replicates, lost: Sequence[int] = (), bins: int = CALIBRATION_BINS
) -> list[ReliabilityBin]:
    """Return how often what a classifier holds for so probable came true, over the test points of all replicates.

    Of two classes it is P(y = 1), of more the label's own probability (DeGroot & Fienberg, 1983, "The comparison and
    evaluation of forecasters"). Replicates that are lost are left out.
    """
    kept = [_forecast(answers[r], split.replicate(r)[1]) for r in range(split.count) if r not in lost]
    p, came_true = (np.concatenate(parts) for parts in zip(*kept, strict=True))
    which = bin_of(p, bins)
    counts, probabilities, hits = (np.bincount(which, weights, bins) for weights in (None, p, came_true))
    return [
        ReliabilityBin(
            low=i / bins,
            high=(i + 1) / bins,
            count=int(count),
            mean_probability=float(probabilities[i] / count) if count else None,
            share=float(hits[i] / count) if count else None,
        )
        for i, count in enumerate(counts)
    ]


def _forecast(
    answers: NDArray[np.floating], labels: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return each point's probability, of label 1 or with k > 2 classes of its own label, and whether it came true."""
    if answers.ndim == 1:
        return answers.astype(np.float64), labels == 1
    return (answers.max(axis=1) / answers.sum(axis=1)).astype(np.float64), correct(answers, labels)


def majority_baseline(train: Replicates, test: Replicates) -> float:
    """Return the mean accuracy on test data of always answering the training data's most frequent class."""
    most = [np.bincount(train.replicate(r)[1].astype(int)).argmax() for r in range(train.count)]
    return float(np.mean([np.mean(test.replicate(r)[1] == label) for r, label in enumerate(most)]))


def measure(answers: NDArray[np.floating], labels: NDArray[np.float32], task: Task) -> Measured:
    """Measure one replicate on its test data: answers as `predict` gives them, [n] or [n, k], and labels [n]."""
    if task == "regression":
        return measure_regression(answers, labels)
    return measure_binary(answers, labels) if answers.ndim == 1 else measure_multiclass(answers, labels)


def measure_binary(probabilities: NDArray[np.floating], labels: NDArray[np.float32]) -> Metrics:
    """Measure P(y = 1) of two classes.

    Log loss, Brier score, area under the ROC curve and the confusion matrix are scikit-learn's, whose documentation
    gives their formulas and sources. The area is NaN where only one class is there.
    """
    y = labels.astype(int)
    p = probabilities.astype(np.float64)
    counts = metrics.confusion_matrix(y, (p >= THRESHOLD).astype(int), labels=[0, 1])
    return Metrics(
        accuracy=_accuracy(counts),
        log_loss=float(metrics.log_loss(y, p, labels=[0, 1])),
        brier=float(np.mean((p - y) ** 2)),
        roc_auc=_area(y, p),
        ece=expected_calibration_error(y, p),
        confusion_matrix=counts.tolist(),
        **_of_classes(counts, f1_of=[1]),
    )


def measure_multiclass(probabilities: NDArray[np.floating], labels: NDArray[np.float32]) -> Metrics:
    """Measure the probabilities of k classes, whose label is the most probable one.

    The Brier score is summed over the classes, as Brier (1950, "Verification of forecasts expressed in terms of
    probability") has it, and lies in [0, 2]. The area under the ROC curve is the mean over the classes of each against
    the rest (Fawcett, 2006, "An introduction to ROC analysis"); a class that is absent from these data has no curve and
    is left out, and where one class is alone the area is NaN. The calibration error is that of the label's probability,
    the confidence (Guo et al., 2017, "On calibration of modern neural networks").
    """
    y, k = labels.astype(int), probabilities.shape[1]
    p = probabilities / probabilities.sum(axis=1, keepdims=True)
    is_class = y[:, np.newaxis] == np.arange(k)
    areas = [_area(is_class[:, c], p[:, c]) for c in range(k)]
    known = [area for area in areas if np.isfinite(area)]
    counts = metrics.confusion_matrix(y, p.argmax(axis=1), labels=np.arange(k))
    confidence, came_true = _forecast(probabilities, labels)
    return Metrics(
        accuracy=_accuracy(counts),
        log_loss=float(metrics.log_loss(y, p, labels=np.arange(k))),
        brier=float(((p - is_class) ** 2).sum(axis=1).mean()),
        roc_auc=float(np.mean(known)) if known else np.nan,
        ece=expected_calibration_error(came_true, confidence),
        confusion_matrix=counts.tolist(),
        **_of_classes(counts, f1_of=range(k)),
    )


def _accuracy(counts: NDArray[np.int_]) -> float:
    return float(np.trace(counts) / counts.sum())


def _of_classes(counts: NDArray[np.int_], f1_of: Sequence[int]) -> dict[str, Any]:
    """Return balanced accuracy, F1 and recalls by a confusion matrix, as scikit-learn defines them.

    The balanced accuracy is the mean recall (Brodersen et al., 2010, "The balanced accuracy and its posterior
    distribution"). F1 is 2 TP / (2 TP + FP + FN) (van Rijsbergen, 1979, "Information retrieval"); of several classes
    the mean. A class without points has no recall, and one that is never the label either has no F1: they are left out.
    """
    right, points, labelled = np.diag(counts), counts.sum(axis=1), counts.sum(axis=0)
    recalls = [float(hits / count) if count else None for hits, count in zip(right, points, strict=True)]
    known = [recall for recall in recalls if recall is not None]
    f1 = [2 * right[c] / (points[c] + labelled[c]) for c in f1_of if points[c] + labelled[c]]
    return {
        "balanced_accuracy": float(np.mean(known)),
        "f1": float(np.mean(f1)) if f1 else None,
        "recall": recalls,
    }


def measure_regression(values: NDArray[np.floating], labels: NDArray[np.float32]) -> RegressionMetrics:
    """Measure values in the target's units, by scikit-learn's functions; its documentation gives formulas and sources.

    R² compares the squared error with that of the mean of these very data. Where all of them are the same it is 1 for
    exact values, else 0.
    """
    y, found = labels.astype(np.float64), values.astype(np.float64)
    return RegressionMetrics(
        r2=float(metrics.r2_score(y, found)),
        rmse=float(metrics.root_mean_squared_error(y, found)),
        mae=float(metrics.mean_absolute_error(y, found)),
    )


def _area(is_class: NDArray[np.bool_] | NDArray[np.int_], p: NDArray[np.float64]) -> float:
    return float(metrics.roc_auc_score(is_class, p)) if len(np.unique(is_class)) == 2 else np.nan
