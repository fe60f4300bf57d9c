"""The fast trainer: Adam on dense networks, compiled by Numba for one core.

A step is the few calls of `_train`, over arrays that stay in the processor's cache, whether the network has ten weights
or a million; `training.fit.kernels` has their arithmetic. One compilation serves every architecture, and the
interpreter's lock is released, so models train side by side. `training.fit` says what it computes.
"""

import math
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from training.architectures import Weights, task_of
from training.datasets import Replicates
from training.fit import Trainer, recipe
from training.fit.kernels import (
    GELU,
    LINEAR,
    RELU,
    SIGMOID,
    TANH,
    F,
    Ints,
    backward,
    callable_from_python,
    compiled,
    f4,
    forward,
    load,
)
from training.fit.losses import BINARY, MULTICLASS, REGRESSION, loss_gradient, score
from training.protocol_spec import LOSSES, ProtocolSpec

ACTIVATIONS = {"linear": LINEAR, "tanh": TANH, "relu": RELU, "sigmoid": SIGMOID, "gelu": GELU}
TASKS = {"binary": BINARY, "multiclass": MULTICLASS, "regression": REGRESSION}

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7  # Keras' defaults

POINTS_AT_ONCE = 256
"""Points of a larger batch are computed in parts of at most so many: values of more do not stay in the cache."""


def supports(model: keras.Sequential, protocol: ProtocolSpec) -> bool:
    """Say whether this trainer can train the model with the protocol."""
    return (
        protocol.optimizer == "adam"
        and not protocol.optimizer_options
        and not protocol.dropout
        and not protocol.batch_normalization
        and protocol.loss in {None, LOSSES[task_of(model)][0]}
        and all(layer.activation.__name__ in ACTIVATIONS for layer in model.layers[:-1])
    )


def make_trainer(
    model: keras.Sequential, initial: Weights, training: Replicates, validation: Replicates, protocol: ProtocolSpec
) -> Trainer:
    """Return a trainer of one replicate at a time."""
    return _NumbaTrainer(model, initial, training, validation, protocol)


class _NumbaTrainer:
    group = 1

    def __init__(
        self,
        model: keras.Sequential,
        initial: Weights,
        training: Replicates,
        validation: Replicates,
        protocol: ProtocolSpec,
    ) -> None:
        threadpool_limits(
            1, "blas"
        )  # models train side by side; for one step's products threads cost more than they give
        self._initial, self._training, self._validation, self._protocol = initial, training, validation, protocol
        self._sizes = np.array([initial[0].shape[1], *(bias.shape[1] for bias in initial[1::2])])
        self._activations = np.array([*(ACTIVATIONS[layer.activation.__name__] for layer in model.layers[:-1]), LINEAR])
        self._task = TASKS[task_of(model)]
        self._batch = min(protocol.batch_size, training.size)
        parts = -(-self._batch // POINTS_AT_ONCE)
        self._workspace = np.zeros((3, len(self._sizes), self._sizes.max(), -(-self._batch // parts)), np.float32)
        self._part_labels = np.zeros(self._workspace.shape[3], np.float32)
        self._gradient = np.zeros((2, sum(stack[0].size for stack in initial)), np.float32)
        self._held_out = np.arange(validation.size, dtype=np.int32)
        self._learning_rate = recipe.learning_rate(protocol)
        self.start([0], [0])
        self.train(np.zeros((0, 1, training.size), np.int32))  # compiles

    def start(self, members: Sequence[int], seeds: Sequence[int]) -> None:
        (r,) = members
        self._data = *self._training.replicate(r), *self._validation.replicate(r)
        self._weights = np.concatenate([stack[r].ravel() for stack in self._initial])
        self._moments = np.zeros((2, len(self._weights)), np.float32)
        self._steps_done = 0
        self._class_weights = np.zeros(0, np.float32)
        if self._protocol.class_weight is not None:
            self._class_weights = recipe.class_weights(self._protocol, self._data[1], max(2, int(self._sizes[-1])))

    def train(self, orders: NDArray[np.int32]) -> F:
        epochs, _, n = orders.shape
        metrics = np.zeros((epochs, 4), np.float32)
        steps = epochs * -(-n // self._batch)
        _train(
            *self._data,
            self._class_weights,
            np.ascontiguousarray(orders[:, 0]),
            self._held_out,
            self._rates(steps),
            self._batch,
            self._sizes,
            self._activations,
            self._task,
            self._protocol.l1,
            self._protocol.l2,
            self._weights,
            self._moments,
            self._gradient,
            self._workspace,
            self._part_labels,
            metrics,
        )
        self._steps_done += steps
        return metrics[:, :, np.newaxis]

    def weights(self) -> Weights:
        shapes = [stack.shape[1:] for stack in self._initial]
        parts = np.split(self._weights.copy(), np.cumsum([math.prod(shape) for shape in shapes])[:-1])
        return [part.reshape(1, *shape) for part, shape in zip(parts, shapes, strict=True)]

    def _rates(self, steps: int) -> F:
        """Return the learning rate of each of the next steps, with Adam's corrections."""
        rate, numbers = self._learning_rate, np.arange(self._steps_done, self._steps_done + steps)
        if not isinstance(rate, float):
            rate = tf.map_fn(rate, tf.constant(numbers), fn_output_signature=tf.float32).numpy().astype(np.float64)
        rates: F = (rate * np.sqrt(1 - BETA_2 ** (numbers + 1)) / (1 - BETA_1 ** (numbers + 1))).astype(np.float32)
        return rates


@callable_from_python
def _train(
    points: F,
    labels: F,
    validation_points: F,
    validation_labels: F,
    class_weights: F,
    orders: NDArray[np.int32],
    held_out: NDArray[np.int32],
    rates: F,
    batch: int,
    sizes: Ints,
    activations: Ints,
    task: int,
    l1: float,
    l2: float,
    weights: F,
    moments: F,
    gradient: F,
    workspace: F,
    part_labels: F,
    metrics: F,
) -> None:
    """Train one replicate in place over the epochs of `orders`, by the rates of their steps."""
    n, step = orders.shape[1], 0
    for epoch in range(len(orders)):
        order, sums, validation_sums = orders[epoch], metrics[epoch, :2], metrics[epoch, 2:]
        for first in range(0, n, batch):
            rows = order[first : min(first + batch, n)]
            _visit(
                points,
                labels,
                class_weights,
                rows,
                sizes,
                activations,
                task,
                weights,
                workspace,
                part_labels,
                sums,
                gradient,
            )
            sums[0] += f4(len(rows)) * _penalize(sizes, weights, f4(l1), f4(l2), gradient[0])
            _adam(weights, gradient[0], moments[0], moments[1], rates[step])
            step += 1
        _visit(
            validation_points,
            validation_labels,
            class_weights[:0],
            held_out,
            sizes,
            activations,
            task,
            weights,
            workspace,
            part_labels,
            validation_sums,
            gradient[:0],
        )
        for i in range(2):
            sums[i] /= f4(n)
            validation_sums[i] /= f4(len(validation_labels))
        validation_sums[0] += _penalize(sizes, weights, f4(l1), f4(l2), gradient[0])


@compiled
def _visit(
    points: F,
    labels: F,
    class_weights: F,
    rows: NDArray[np.int32],
    sizes: Ints,
    activations: Ints,
    task: int,
    weights: F,
    workspace: F,
    part_labels: F,
    sums: F,
    gradient: F,
) -> None:
    """Add a batch's losses and right answers, or absolute errors, to `sums`, and write its gradient to gradient[0].

    A part of the batch is computed at a time, of which gradient[1] has the gradient. An empty `gradient` gets none.
    """
    last, units = len(sizes) - 1, sizes[-1]
    values, slopes, grads = workspace[0], workspace[1], workspace[2]  # of each layer's units, [layer, unit, point]
    outputs, output_grads = values[last, :units], grads[last, :units]
    for first in range(0, len(rows), len(part_labels)):
        count = load(points, labels, rows, first, values[0], part_labels)
        forward(sizes, activations, weights, values, slopes)
        score(task, outputs, part_labels, class_weights, count, sums)
        if len(gradient) == 0:
            continue
        loss_gradient(task, outputs, part_labels, class_weights, count, len(rows), output_grads, slopes[0])
        backward(sizes, activations, weights, values, slopes, grads, gradient[min(first, 1)])
        if first > 0:
            for i in range(len(weights)):
                gradient[0, i] += gradient[1, i]


@compiled
def _penalize(sizes: Ints, weights: F, l1: np.float32, l2: np.float32, weight_grads: F) -> np.float32:
    """Return l1 · sum |w| + l2 · sum w² over the kernels, and add its gradient."""
    start, penalty = 0, f4(0)
    if l1 == 0 and l2 == 0:
        return penalty
    for layer in range(len(sizes) - 1):
        biases = start + sizes[layer] * sizes[layer + 1]
        for i in range(start, biases):
            w = weights[i]
            penalty += l1 * abs(w) + l2 * w * w
            weight_grads[i] += l1 * np.sign(w) + f4(2) * l2 * w
        start = biases + sizes[layer + 1]
    return penalty


@compiled
def _adam(weights: F, weight_grads: F, mean: F, square: F, rate: np.float32) -> None:
    """Kingma & Ba, "Adam" (2015), algorithm 1 with the corrections in the rate, as Keras has it."""
    for i in range(len(weights)):
        mean[i] += (weight_grads[i] - mean[i]) * f4(1 - BETA_1)
        square[i] += (weight_grads[i] * weight_grads[i] - square[i]) * f4(1 - BETA_2)
        weights[i] -= rate * mean[i] / (np.sqrt(square[i]) + f4(EPSILON))
