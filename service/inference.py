"""Predictions: from points to probabilities and labels, for one model or several."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.engines import Points
from service.errors import InvalidError
from service.repository import ModelVersion


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
    expected = [feature.name for feature in version.features]
    if points.shape[1] != len(expected):
        raise InvalidError.of(
            "points",
            f"model {version.name} takes {len(expected)} numbers a point ({', '.join(expected)}), not "
            f"{points.shape[1]}",
        )
    probabilities = version.engine.run("serving_default", points)["probabilities"]
    if not np.isfinite(probabilities).all():
        raise InvalidError.of("points", "some lie so far out that the model overflows there; send smaller numbers")
    labels = (probabilities >= threshold).astype(np.int64)
    return Prediction(version.name, version.number, probabilities, labels)
