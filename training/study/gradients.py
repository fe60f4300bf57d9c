"""What training has at hand at some of its epochs: losses, gradients, and the units that no longer learn.

All epochs of one replicate are computed at once, and each replicate by itself: so its numbers are the same bits whoever
else is measured.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training.architectures import Weights, layer_by_layer
from training.evaluation import NUMBERS_AT_ONCE
from training.fit.recipe import Loss

Floats: TypeAlias = NDArray[np.float64]

FLAT = 0.01
"""Of an activation's steepest slope: below it a unit is saturated at a point. Of tanh it is where |tanh| > 0.995."""

SATURATED_AT = 0.95
"""The share of the training points at which a unit must be so, to be called saturated."""


@dataclass(frozen=True)
class Learning:
    """Of S epochs: the outputs [S, n, k] before the last activation, and by epoch [S] the mean loss; by layer and epoch
    the gradients' norms [L, S], and of the hidden layers the shares of units that are dead and saturated [L - 1, S].
    """

    outputs: NDArray[np.float32]
    loss: Floats
    gradient_norms: Floats
    dead: Floats
    saturated: Floats


def measure_learning(
    model: keras.Sequential,
    weights: Weights,
    points: NDArray[np.float32],
    labels: NDArray[np.float32],
    point_weights: NDArray[np.float32],
    loss: Loss,
) -> Learning:
    """Measure one replicate on its training data.

    Args:
        model: supplies the activations.
        weights: of S epochs, a list of [S, …].
        points: [n, d].
        labels: [n].
        point_weights: what each point counts in the loss, [n].
        loss: of single points.

    Returns:
        numbers as they come: of weights that diverged they are none.
    """
    tensors = [tf.constant(stack) for stack in weights]
    activations = [layer.activation for layer in model.layers[:-1]]
    epochs, n = len(weights[0]), len(points)
    at_once = max(1, NUMBERS_AT_ONCE // (epochs * max(int(stack.shape[-1]) for stack in weights)))
    outputs, total = [], np.zeros(epochs)
    gradients = [np.zeros(stack.shape) for stack in weights[::2]]
    moving, flat = ([np.zeros(bias.shape, int) for bias in weights[1:-2:2]] for _ in range(2))
    for first in range(0, n, at_once):
        part = slice(first, first + at_once)
        with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
            tape.watch(tensors[::2])
            passed = layer_by_layer(model, tensors, tf.constant(points[part]))
            z = passed[-1][0]
            losses = loss(tf.broadcast_to(labels[part, np.newaxis], (*z.shape[:-1], 1)), z) * point_weights[part]
            summed = tf.reduce_sum(losses)
        outputs.append(z.numpy())
        total += losses.numpy().sum(axis=1, dtype=np.float64)
        for gradient, tensor in zip(gradients, tape.gradient(summed, tensors[::2]), strict=True):
            gradient += tensor.numpy()
        for i, (activation, (before, after)) in enumerate(zip(activations, passed[:-1], strict=True)):
            slopes = _slopes(tape, activation, before, after)
            moving[i] += np.count_nonzero(slopes, axis=1)
            flat[i] += np.count_nonzero(np.abs(slopes) < FLAT * steepest(activation), axis=1)
    return Learning(
        outputs=np.concatenate(outputs, axis=1),
        loss=total / n,
        gradient_norms=np.stack([norms(gradient) for gradient in gradients]) / n,
        dead=_shares([counts == 0 for counts in moving], epochs),
        saturated=_shares([counts >= SATURATED_AT * n for counts in flat], epochs),
    )


def norms(stack: NDArray[np.floating]) -> Floats:
    """Return the L2 norm of each of S kernels [S, inputs, units], by numbers that do not overflow: [S]."""
    wide = stack.astype(np.float64).reshape(len(stack), -1)
    found: Floats = np.sqrt((wide * wide).sum(axis=1))
    return found


def _shares(units: Sequence[NDArray[np.bool_]], epochs: int) -> Floats:
    return np.stack([each.mean(axis=1) for each in units]) if units else np.zeros((0, epochs))


Activation: TypeAlias = Callable[[tf.Tensor], tf.Tensor]

OF_ALL_UNITS: dict[str, Activation] = {
    "softmax": lambda x: x * (1 - x),
    "log_softmax": lambda x: 1 - tf.exp(x),
    "sparsemax": lambda x: tf.where(x > 0, 1 - 1 / tf.math.count_nonzero(x, -1, keepdims=True, dtype=x.dtype), 0.0),
}
"""Activations of all units of a layer together, by the slope of a unit's value, which they are given, with its own
argument (Martins & Astudillo, "From softmax to sparsemax", 2016)."""

STEEPEST = {"exponential": 1.0, "softmax": 0.25, "log_softmax": 1.0, "sparsemax": 1.0}
"""Where it is not found by looking: the exponential function has none, and is held against its slope at 0."""


def _slopes(tape: tf.GradientTape, activation: Activation, z: tf.Tensor, x: tf.Tensor) -> NDArray[np.float32]:
    """Return how each unit's value x moves with its own argument z, [S, n, units] each."""
    mixing = OF_ALL_UNITS.get(activation.__name__)
    slopes: NDArray[np.float32] = (tape.gradient(x, z) if mixing is None else mixing(x)).numpy()
    return slopes


@cache
def steepest(activation: Activation) -> float:
    """Return an activation's steepest slope, to a hundredth of it."""
    if activation.__name__ in STEEPEST:
        return STEEPEST[activation.__name__]
    z = tf.constant(np.linspace(-10, 10, 4001, dtype=np.float32)[:, np.newaxis])
    with tf.GradientTape() as tape:
        tape.watch(z)
        x = activation(z)
    return float(np.abs(tape.gradient(x, z).numpy()).max())
