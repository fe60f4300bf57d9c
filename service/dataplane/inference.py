"""Evaluating a version: from points to outputs, counted and checked."""

import math
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bundle.conventions import DEFAULT_CLASSES, DEFAULT_THRESHOLD
from bundle.wording import listed
from service.engines import EvaluationError, Outputs, Points
from service.errors import InvalidError
from service.observability import engine_metrics
from service.registry.models import ModelVersion

MAX_NAMED = 20
"""Features that a message names; a model may take thousands."""


@dataclass(frozen=True)
class ValuePrediction:
    """Values that are no probabilities, float32 [n]: a regression's. A model of which nothing is known may give
    [n, width].
    """

    model: str
    version: int
    values: NDArray[np.float32]


@dataclass(frozen=True)
class Prediction:
    """Probabilities P(y = 1), float32 [n], and labels, uint8 [n]: 1 where the probability reaches the threshold."""

    model: str
    version: int
    probabilities: NDArray[np.float32]
    labels: NDArray[np.uint8]


@dataclass(frozen=True)
class NamedPrediction:
    """Labels by the names of the classes, n of them. Of two classes the probabilities, float32 [n], are the second's;
    of more they are each one's, [n, k], and the label is the most probable one.
    """

    model: str
    version: int
    probabilities: NDArray[np.float32]
    labels: list[str]
    classes: tuple[str, ...]


AnyPrediction = Prediction | NamedPrediction | ValuePrediction


def predict(version: ModelVersion, points: Points, threshold: float | None = None) -> AnyPrediction:
    """Predict points, float32 [n, d]; the threshold, 0.5 by default, is for the labels of two classes.

    Raises:
        InvalidError: the points have another number of features than the model, or lie too far out for float32; or
            a threshold is given for a model that has not two classes.
    """
    if threshold is not None and version.task != "binary":
        raise InvalidError.of("threshold", f"is for two classes; model {version.name} {_what(version)}; leave it out.")
    numbers = evaluate_one(version, "serving_default", points)
    if version.output == "value":
        return ValuePrediction(version.name, version.number, numbers)
    if version.task == "multiclass":
        return _named(version, numbers, numbers.argmax(axis=1))
    labels = (numbers >= (DEFAULT_THRESHOLD if threshold is None else threshold)).view(np.uint8)
    if version.classes == DEFAULT_CLASSES:
        return Prediction(version.name, version.number, numbers, labels)
    return _named(version, numbers, labels)


def _named(version: ModelVersion, numbers: NDArray[np.float32], labels: NDArray[np.integer]) -> NamedPrediction:
    names = [version.classes[label] for label in labels.tolist()]
    return NamedPrediction(version.name, version.number, numbers, names, version.classes)


def _what(version: ModelVersion) -> str:
    """Say what a model gives that has not two classes."""
    if version.output == "value":
        return "gives values, which have no labels"
    return f"has {len(version.classes)}: {', '.join(version.classes)}"


def evaluate_one(version: ModelVersion, signature: str, points: Points, **scalars: int) -> NDArray[np.float32]:
    """Return the only output of `serving_default` or `at`, float32 [n] or [n, k]; see `evaluate`."""
    (numbers,) = evaluate(version, signature, points, **scalars).values()
    return numbers


def evaluate(version: ModelVersion, signature: str, points: Points, **scalars: int) -> Outputs:
    """Evaluate a signature at points, float32 [n, d]; `scalars` are its scalar inputs. What a model gives as logits
    comes as probabilities.

    Raises:
        InvalidError: the points have another number of features than the model, or it gives no finite number there.
    """
    if points.shape[1] != version.engine.n_features:
        named = listed([feature.name for feature in version.features], MAX_NAMED)
        raise InvalidError.of(
            "points",
            f"model {version.name} takes {len(version.features)} numbers a point ({named}), not {points.shape[1]}",
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
        squash = _sigmoid if version.width is None else _softmax
        return {name: squash(logits) for name, logits in outputs.items()}
    return outputs


def _sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return 1 / (1 + exp(-z)), which overflows nowhere written so."""
    probabilities: NDArray[np.float32] = 0.5 * (1 + np.tanh(0.5 * logits))
    return probabilities


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return exp(z) / Σ exp(z) along the last axis; less the largest, nothing overflows."""
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    probabilities: NDArray[np.float32] = exponentials / exponentials.sum(axis=-1, keepdims=True)
    return probabilities
