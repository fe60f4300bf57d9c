"""How good a trained model is on data that it has not seen."""

import keras
import numpy as np
from numpy.typing import NDArray
from sklearn import metrics

from service.bundle.card import Metrics
from training.architectures import Weights, forward
from training.datasets import Part
from training.statistics import expected_calibration_error

THRESHOLD = 0.5
"""A probability at or above it is answered with label 1, here as in the service."""


def predict(model: keras.Sequential, weights: Weights, part: Part) -> NDArray[np.float32]:
    """Return P(y = 1) of every replicate's final weights on its own points: float32 [R, n]."""
    logits = forward(model, [snapshots[:, -1] for snapshots in weights], part.points)[-1]
    probabilities: NDArray[np.float32] = keras.activations.sigmoid(logits).numpy()
    return probabilities


def right(probabilities: NDArray[np.float32], labels: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Say of each answer whether it is right, in the shape of the arguments."""
    is_right: NDArray[np.bool_] = (probabilities >= THRESHOLD) == (labels == 1)
    return is_right


def measure(probabilities: NDArray[np.float32], labels: NDArray[np.float32]) -> Metrics:
    """Measure one replicate on its test data, [n] each.

    Accuracy, log loss, Brier score, area under the ROC curve and the confusion matrix are scikit-learn's, whose
    documentation gives their formulas and sources.
    """
    truth = labels.astype(int)
    answers = (probabilities >= THRESHOLD).astype(int)
    p = probabilities.astype(np.float64)
    return Metrics(
        accuracy=float(metrics.accuracy_score(truth, answers)),
        log_loss=float(metrics.log_loss(truth, p, labels=[0, 1])),
        brier=float(metrics.brier_score_loss(truth, p)),
        roc_auc=float(metrics.roc_auc_score(truth, p)),
        ece=expected_calibration_error(truth, p),
        confusion_matrix=metrics.confusion_matrix(truth, answers, labels=[0, 1]).tolist(),
    )
