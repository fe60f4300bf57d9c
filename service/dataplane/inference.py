"""Evaluating a version: from points to outputs, counted and checked."""

import math
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.engines import EvaluationError, Outputs, Points
from service.errors import InvalidError
from service.observability import engine_metrics
from service.registry.models import ModelVersion

DEFAULT_THRESHOLD = 0.5


@dataclass(frozen=True)
class ValuePrediction:
    """Values that are no probabilities, float32 [n]: a regression's."""

    model: str
    version: int
    values: NDArray[np.float32]


@dataclass(frozen=True)
class Prediction:
    """Probabilities P(y = 1), float32 [n], and labels, int [n]: 1 where the probability reaches the threshold."""

    model: str
    version: int
    probabilities: NDArray[np.float32]
    labels: NDArray[np.int64]


def predict(version: ModelVersion, points: Points, threshold: float | None = None) -> Prediction | ValuePrediction:
    """Predict points, float32 [n, d]; the threshold, 0.5 by default, is for the labels of probabilities.

    Raises:
        InvalidError: the points have another number of features than the model, or lie too far out for float32; or
            a threshold is given for values that have none.
    """
    if version.output == "value":
        if threshold is not None:
            message = f"model {version.name} gives values, which have no labels; leave it out."
            raise InvalidError.of("threshold", message)
        return ValuePrediction(version.name, version.number, evaluate_one(version, "serving_default", points))
    numbers = evaluate_one(version, "serving_default", points)
    labels = (numbers >= (DEFAULT_THRESHOLD if threshold is None else threshold)).astype(np.int64)
    return Prediction(version.name, version.number, numbers, labels)


def evaluate_one(version: ModelVersion, signature: str, points: Points, **scalars: int) -> NDArray[np.float32]:
    """Return the only output of `serving_default` or `at`, float32 [n]; see `evaluate`."""
    (numbers,) = evaluate(version, signature, points, **scalars).values()
    return numbers


def evaluate(version: ModelVersion, signature: str, points: Points, **scalars: int) -> Outputs:
    """Evaluate a signature at points, float32 [n, d]; `scalars` are its scalar inputs. What a model gives as logits
    comes as probabilities.

    Raises:
        InvalidError: the points have another number of features than the model, or it gives no finite number there.
    """
    if points.shape[1] != version.engine.n_features:
        expected = [feature.name for feature in version.features]
        raise InvalidError.of(
            "points",
            f"model {version.name} takes {len(expected)} numbers a point ({', '.join(expected)}), not "
            f"{points.shape[1]}",
        )
    began = time.perf_counter()
    try:
        outputs = version.engine.run(signature, points, **scalars)
    except EvaluationError as error:
        raise InvalidError.of("points", f"model {version.name} cannot be evaluated at them: {error}.") from error
    engine_metrics(version.name, str(version.number)).count(len(points), time.perf_counter() - began)
    for values in outputs.values():
        # The sum of squares is finite where all values are; it is quicker, but may overflow where none did.
        if not math.isfinite(np.vdot(values, values)) and not np.isfinite(values).all():
            message = f"model {version.name} gives no finite number at some of them; send points nearer to its domain."
            raise InvalidError.of("points", message)
    if version.output == "logit" and signature == "serving_default":
        return {name: _sigmoid(logits) for name, logits in outputs.items()}
    return outputs


def _sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return 1 / (1 + exp(-z)), which overflows nowhere written so."""
    probabilities: NDArray[np.float32] = 0.5 * (1 + np.tanh(0.5 * logits))
    return probabilities
