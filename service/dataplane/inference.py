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


@dataclass(frozen=True)
class Prediction:
    """Probabilities P(y = 1), float32 [n], and labels, int [n]: 1 where the probability reaches the threshold."""

    model: str
    version: int
    probabilities: NDArray[np.float32]
    labels: NDArray[np.int64]


def predict(version: ModelVersion, points: Points, threshold: float = 0.5) -> Prediction:
    """Predict points, float32 [n, d].

    Raises:
        InvalidError: the points have another number of features than the model, or lie too far out for float32.
    """
    probabilities = evaluate(version, "serving_default", points)["probabilities"]
    labels = (probabilities >= threshold).astype(np.int64)
    return Prediction(version.name, version.number, probabilities, labels)


def evaluate(version: ModelVersion, signature: str, points: Points, **scalars: int) -> Outputs:
    """Evaluate a signature at points, float32 [n, d]; `scalars` are its scalar inputs.

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
    return outputs
