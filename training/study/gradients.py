"""What training has at hand at the recorded epochs: its loss, the gradients, and the units that no longer learn."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from training.architectures import Weights
from training.study.passes import Activation, backward, forward, points_at_once, steepest

F: TypeAlias = NDArray[np.float32]

Floats: TypeAlias = NDArray[np.float64]

PointLosses: TypeAlias = Callable[[F, F], tuple[F, F]]

FLAT_SHARE = 0.01
"""Of an activation's steepest slope: below it a unit is saturated at a point. Of tanh that is where |tanh| > 0.995."""

SATURATED_AT = 0.95
"""The share of the training points at which a unit must be so, to be called saturated."""


@dataclass(frozen=True)
class Learning:
    """Of S epochs: the outputs [S, n, k] before the last activation, and the mean loss [S]; the norms of the loss'
    gradients by each kernel [L, S]; and of the hidden layers the shares of units that are dead and saturated [L-1, S].
    """

    outputs: F
    loss: Floats
    gradient_norms: Sequence[Floats]
    dead: Sequence[Floats]
    saturated: Sequence[Floats]


def measure_learning(
    activations: Sequence[Activation],
    weights: Weights,
    points: F,
    labels: F,
    point_weights: F,
    losses_of: PointLosses,
) -> Learning:
    """Measure one replicate on its training data.

    Args:
        activations: of the hidden layers.
        weights: of S epochs, a list of [S, …].
        points: [n, d].
        labels: [n].
        point_weights: what each point counts in the loss, [n].
        losses_of: labels [n] and outputs [S, n, k]; returns losses [S, n] with their gradient [S, n, k].

    Returns:
        what weights that diverged make is not told apart.
    """
    n, size = len(points), points_at_once(weights)
    total = np.zeros(len(weights[0]))
    answers, gradients = [], [np.zeros(kernel.shape) for kernel in weights[::2]]
    steepest_here, flat = ([np.zeros(bias.shape) for bias in weights[1:-2:2]] for _ in range(2))
    for first in range(0, n, size):
        part = slice(first, first + size)
        x: F = points[part].T
        hidden, z = forward(activations, weights, x)
        answers.append(z)
        losses, gradient = losses_of(labels[part], z.swapaxes(1, 2))
        total += losses @ point_weights[part].astype(np.float64)
        gradient = gradient.swapaxes(1, 2) * point_weights[part]
        for so_far, found in zip(gradients, backward(hidden, weights, x, gradient), strict=True):
            so_far += found
        for i, (activation, layer) in enumerate(zip(activations, hidden, strict=True)):
            slopes = np.abs(layer.slopes)
            np.maximum(steepest_here[i], slopes.max(axis=2), out=steepest_here[i])
            flat[i] += np.count_nonzero(slopes < FLAT_SHARE * steepest(activation), axis=2)
    return Learning(
        outputs=np.concatenate(answers, axis=2).swapaxes(1, 2),
        loss=total / n,
        gradient_norms=[norms(gradient) / n for gradient in gradients],
        dead=[(slopes == 0).mean(axis=1) for slopes in steepest_here],
        saturated=[(counts >= SATURATED_AT * n).mean(axis=1) for counts in flat],
    )


def norms(stack: NDArray[np.floating]) -> Floats:
    """Return the L2 norm of each of S kernels [S, d, units], by numbers whose squares do not overflow: [S]."""
    wide = stack.reshape(len(stack), -1).astype(np.float64)
    found: Floats = np.sqrt((wide * wide).sum(axis=1))
    return found
