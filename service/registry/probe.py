"""Probing a model before it is served: whether it answers with numbers, and what kind of numbers they are."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from bundle.card import Card, Feature, Output
from service.engines import Engine, EvaluationError, LoadError, Points

SCALES = (1, 10, 1000)
"""How far beyond its domain a model is probed."""

POINTS_PER_SCALE = 512


def check_middle(engine: Engine, features: Sequence[Feature], card: Card | None) -> int | None:
    """Evaluate the point in the middle of the domain, and two of it, so that a model that answers nonsense is never
    served and the first request is fast.

    Returns:
        the numbers that it gives for a point where they are an array, [n, width]; else None.

    Raises:
        LoadError: the model cannot answer it, or not with finite numbers.
        MemoryError: there is too little memory now.
    """
    try:
        outputs = _outputs_in_the_middle(engine, features, card)
    except MemoryError:
        raise
    except EvaluationError as error:
        raise LoadError(f"the model cannot answer {_MIDDLE}: {error}; {_DOMAIN}") from error
    except Exception as error:  # TensorFlow raises many kinds where a graph and its signature do not fit
        raise LoadError(f"the model cannot answer {_MIDDLE}: {type(error).__name__}") from error
    if not all(np.isfinite(values).all() for values in outputs):
        raise LoadError(f"the model answers {_MIDDLE} with a number that is not finite; {_DOMAIN}")
    widths = {values.shape[1] if values.ndim > 1 else None for values in outputs}
    if len(widths) > 1:
        raise LoadError("its signatures serving_default and at give arrays of different shapes")
    try:
        engine.run("serving_default", _middle(features).repeat(2, axis=0))
    except EvaluationError as error:
        raise LoadError(f"the model does not answer each point by itself: {error}") from error
    return widths.pop()


_MIDDLE = "the point in the middle of its domain"
_DOMAIN = "a card by hand says by its features' low and high where it answers (models/README.md)"


def _outputs_in_the_middle(engine: Engine, features: Sequence[Feature], card: Card | None) -> list[NDArray[np.float32]]:
    middle = _middle(features)
    outputs = [*engine.run("serving_default", middle).values()]
    if card is not None and "at" in engine.signatures and card.replicates - 1 not in card.diverged:
        outputs += engine.run("at", middle, replicate=card.replicates - 1, snapshot=len(card.epochs) - 1).values()
    return outputs


def _middle(features: Sequence[Feature]) -> Points:
    return np.array([[(feature.low + feature.high) / 2 for feature in features]], np.float32)


SUM_TOLERANCE = 1e-3
"""How far from 1 the probabilities of a point's classes may add up to: float16 has three digits."""


def output_of(engine: Engine, features: Sequence[Feature]) -> Output:
    """Say what a model from elsewhere gives, of which nobody says it: probabilities, if all its numbers over its domain
    and far beyond lie within [0, 1], and those of several classes add up to 1; else values. That a value is a logit
    cannot be known.
    """
    middle = _middle(features)
    numbers = np.concatenate([_answers(engine, points, middle) for points in _points(features)])
    fits = (numbers >= 0) & (numbers <= 1)
    if numbers.ndim > 1:
        fits &= np.abs(numbers.sum(axis=1, keepdims=True) - 1) <= SUM_TOLERANCE
    return "probability" if fits.all() else "value"


def _points(features: Sequence[Feature]) -> Iterator[Points]:
    """Yield points, float32 [n, d], spread evenly over the domain and over the boxes so many times as wide."""
    low, high = (np.array([getattr(feature, end) for feature in features]) for end in ("low", "high"))
    places = np.random.default_rng(0).uniform(-0.5, 0.5, (POINTS_PER_SCALE, len(features)))
    for scale in SCALES:
        yield ((low + high) / 2 + scale * (high - low) * places).astype(np.float32)


def _answers(engine: Engine, points: Points, middle: Points) -> NDArray[np.float32]:
    """Return the finite numbers that a model gives at points; where its graph fails, as one that checks them, what it
    gives in the middle of its domain, which it has answered.
    """
    try:
        (numbers,) = engine.run("serving_default", points).values()
    except EvaluationError:
        (numbers,) = engine.run("serving_default", middle).values()
    return numbers[np.isfinite(numbers.reshape(len(numbers), -1)).all(axis=1)]
