"""How good a trained model is on data that it has not seen."""

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from sklearn import metrics

from bundle.card import Metrics
from training.architectures import Weights, forward
from training.datasets import Split
from training.exact_accuracy import Population
from training.statistics import expected_calibration_error

THRESHOLD = 0.5
"""Label 1 from this probability on, here as in the service."""


def predict(model: keras.Sequential, weights: Weights, split: Split) -> NDArray[np.float32]:
    """Return P(y = 1) of every replicate's final weights on its own points: float32 [R, n], NaN where it diverged."""
    probabilities: NDArray[np.float32] = keras.activations.sigmoid(_logits(model, weights, split.points)).numpy()
    return probabilities


def population_accuracy(model: keras.Sequential, weights: Weights, population: Population) -> NDArray[np.float64]:
    """Return every replicate's exact accuracy with its final weights: float64 [R], NaN where it diverged."""
    return population.accuracy(lambda points: _logits(model, weights, points).numpy())


def _logits(model: keras.Sequential, weights: Weights, points: NDArray[np.float32]) -> tf.Tensor:
    return forward(model, [snapshots[:, -1] for snapshots in weights], points)[-1]


def diverged(weights: Weights) -> list[int]:
    """Return the replicates whose final weights are not all finite numbers."""
    finite = np.all([np.isfinite(stack[:, -1]).reshape(len(stack), -1).all(axis=1) for stack in weights], axis=0)
    return np.flatnonzero(~finite).tolist()


def accuracies(probabilities: NDArray[np.float32], labels: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the share of correct answers of every replicate: float64 [R], NaN where it diverged."""
    shares = correct(probabilities, labels).mean(axis=1)
    return np.where(np.isfinite(probabilities).all(axis=1), shares, np.nan)


def correct(probabilities: NDArray[np.float32], labels: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Say of each answer whether it is correct, in the shape of the arguments."""
    is_correct: NDArray[np.bool_] = (probabilities >= THRESHOLD) == (labels == 1)
    return is_correct


def measure(probabilities: NDArray[np.float32], labels: NDArray[np.float32]) -> Metrics:
    """Measure one replicate on its test data, [n] each.

    Accuracy, log loss, Brier score, area under the ROC curve and the confusion matrix are scikit-learn's, whose
    documentation gives their formulas and sources.
    """
    y = labels.astype(int)
    predicted = (probabilities >= THRESHOLD).astype(int)
    p = probabilities.astype(np.float64)
    return Metrics(
        accuracy=float(metrics.accuracy_score(y, predicted)),
        log_loss=float(metrics.log_loss(y, p, labels=[0, 1])),
        brier=float(metrics.brier_score_loss(y, p)),
        roc_auc=float(metrics.roc_auc_score(y, p)),
        ece=expected_calibration_error(y, p),
        confusion_matrix=metrics.confusion_matrix(y, predicted, labels=[0, 1]).tolist(),
    )
