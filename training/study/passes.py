"""The forward and the backward pass of dense networks over many points, for the weights of several epochs at once.

Products are NumPy's, activations Keras', with a tape for the slope of each alone: a tape over the whole network takes
several times as long at these sizes, nearly all of it between the operations
(`docs/decisions/0032-what-a-study-measures.md`). Arrays are [S, units, n]: S epochs, n points.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training.architectures import Weights

F: TypeAlias = NDArray[np.float32]

Activation: TypeAlias = Callable[[tf.Tensor], tf.Tensor]

NUMBERS_AT_ONCE = 2**20
"""Of a layer's values, 4 MB."""

BY_VALUE: dict[str, tuple[Callable[[F], F], Callable[[F], F]]] = {
    "linear": (lambda z: z, np.ones_like),
    "relu": (lambda z: np.maximum(z, 0), lambda x: (x > 0).astype(np.float32)),
    "tanh": (lambda z: np.asarray(tf.raw_ops.Tanh(x=z)), lambda x: 1 - x * x),
    "sigmoid": (lambda z: np.asarray(tf.raw_ops.Sigmoid(x=z)), lambda x: x * (1 - x)),
}
"""The usual activations without Keras' checks and a tape, which take longer than they do, and their slopes by their
values: TensorFlow's."""

OF_ALL_UNITS = ("softmax", "log_softmax", "sparsemax")
"""Activations of all units of a layer together, the last axis of what they are given."""

STEEPEST = {"exponential": 1.0, "softmax": 0.25, "log_softmax": 1.0, "sparsemax": 1.0}
"""Where it is not found by looking: the exponential function has none, and is held against its slope at 0."""


@dataclass(frozen=True)
class HiddenLayer:
    """After a forward pass: its values and slopes, and what takes a gradient by the values to one by the arguments."""

    values: F
    slopes: F
    back: Callable[[F], F]


def points_at_once(weights: Weights) -> int:
    """Return how many points' values are held at a time; of a network always so many."""
    return max(1, NUMBERS_AT_ONCE // max(bias.size for bias in weights[1::2]))


def outputs(activations: Sequence[Activation], weights: Weights, points: F) -> F:
    """Return what the last layer gives before its activation.

    Args:
        activations: of the hidden layers.
        weights: kernels [S, d, units] and biases [S, units], in turn.
        points: [n, d].

    Returns:
        float32 [S, n, k].
    """
    size = points_at_once(weights)
    parts = [_outputs(activations, weights, points[i : i + size].T) for i in range(0, len(points), size)]
    return np.concatenate(parts, axis=2).swapaxes(1, 2)


def _outputs(activations: Sequence[Activation], weights: Weights, x: F) -> F:
    for activation, kernel, bias in zip(activations, weights[:-2:2], weights[1:-2:2], strict=True):
        z = _affine(kernel, bias, x)
        if activation.__name__ in BY_VALUE:
            x = BY_VALUE[activation.__name__][0](z)
        elif activation.__name__ in OF_ALL_UNITS:
            x = np.asarray(activation(tf.constant(z.swapaxes(1, 2)))).swapaxes(1, 2)
        else:
            x = np.asarray(activation(tf.constant(z)))
    return _affine(weights[-2], weights[-1], x)


def forward(activations: Sequence[Activation], weights: Weights, x: F) -> tuple[list[HiddenLayer], F]:
    """Return the hidden layers and the outputs [S, k, n] for points [d, n]."""
    hidden = []
    for activation, kernel, bias in zip(activations, weights[:-2:2], weights[1:-2:2], strict=True):
        hidden.append(_activate(activation, _affine(kernel, bias, x)))
        x = hidden[-1].values
    return hidden, _affine(weights[-2], weights[-1], x)


def backward(hidden: Sequence[HiddenLayer], weights: Weights, x: F, gradient: F) -> list[F]:
    """Return the gradient by each kernel [S, d, units] from that by the outputs [S, k, n], for points [d, n]."""
    found = []
    for layer in range(len(hidden), -1, -1):
        below = hidden[layer - 1].values if layer else x
        found.append(np.matmul(below, gradient.swapaxes(1, 2)))
        if layer:
            gradient = hidden[layer - 1].back(np.matmul(weights[2 * layer], gradient))
    return found[::-1]


def _affine(kernel: F, bias: F, x: F) -> F:
    z: F = np.matmul(kernel.swapaxes(1, 2), x)
    z += bias[:, :, np.newaxis]
    return z


def _activate(activation: Activation, z: F) -> HiddenLayer:
    if activation.__name__ in BY_VALUE:
        of_argument, slope_of = BY_VALUE[activation.__name__]
        x = of_argument(z)
        return _one_by_one(x, slope_of(x))
    if activation.__name__ in OF_ALL_UNITS:
        return _activate_all(activation, z)
    argument = tf.constant(z)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(argument)
        values = activation(argument)
    return _one_by_one(np.asarray(values), np.asarray(tape.gradient(values, argument)))


def _one_by_one(values: F, slopes: F) -> HiddenLayer:
    return HiddenLayer(values, slopes, lambda gradient: gradient * slopes)


def _activate_all(activation: Activation, z: F) -> HiddenLayer:
    argument = tf.constant(z.swapaxes(1, 2))
    with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
        tape.watch(argument)
        values = activation(argument)
        units = tf.unstack(values, axis=2)
    slopes = [tape.gradient(unit, argument)[..., i] for i, unit in enumerate(units)]

    def back(gradient: F) -> F:
        return np.asarray(tape.gradient(values, argument, tf.constant(gradient.swapaxes(1, 2)))).swapaxes(1, 2)

    return HiddenLayer(np.asarray(values).swapaxes(1, 2), np.stack(slopes, axis=1), back)


@cache
def steepest(activation: Activation) -> float:
    """Return an activation's steepest slope, to a hundredth of it."""
    if activation.__name__ in STEEPEST:
        return STEEPEST[activation.__name__]
    z = np.linspace(-10, 10, 4001, dtype=np.float32).reshape(1, 1, -1)
    return float(np.abs(_activate(activation, z).slopes).max())
