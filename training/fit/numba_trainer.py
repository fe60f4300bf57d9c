"""The fast trainer: Adam on dense tanh and relu networks, compiled by Numba for one core.

These networks are so small (151 weights, batches of 32 points) that calling anything per operation costs more than the
arithmetic. Here a step is a few plain loops over arrays that stay in the first-level cache, and the innermost loop,
over the points of a batch, is one that LLVM turns into vector instructions. One compilation serves every architecture,
and the interpreter's lock is released, so models train side by side. `training.fit` says what it computes.
"""

import math
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import keras
import numpy as np
from numba import njit
from numpy.typing import NDArray

from training.architectures import Weights
from training.datasets import Split
from training.experiment import ProtocolSpec
from training.fit import TrainChunk

LINEAR, TANH, RELU = range(3)
ACTIVATIONS = {keras.activations.linear: LINEAR, keras.activations.tanh: TANH, keras.activations.relu: RELU}

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7  # Keras' defaults

F = NDArray[np.float32]
f4 = np.float32
P = ParamSpec("P")
T = TypeVar("T")


def _compiled(function: Callable[P, T]) -> Callable[P, T]:
    """Compile. Sums may be reordered, which is what lets them be vectorized; NaN and infinity stay what they are."""
    compiled: Callable[P, T] = njit(nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"})(function)
    return compiled


def supports(model: keras.Sequential, protocol: ProtocolSpec) -> bool:
    """Say whether this trainer can train the model with the protocol."""
    return protocol.optimizer == "adam" and all(layer.activation in ACTIVATIONS for layer in model.layers[:-1])


def make_trainer(
    model: keras.Sequential, initial: Weights, training: Split, validation: Split, protocol: ProtocolSpec
) -> TrainChunk:
    """Return a function that trains on for some epochs."""
    replicates = len(initial[0])
    shapes = [stack.shape[1:] for stack in initial]
    ends = np.cumsum([math.prod(shape) for shape in shapes])
    sizes = np.array([training.points.shape[-1], *(bias.shape[1] for bias in initial[1::2])])
    activations = np.array([*(ACTIVATIONS[layer.activation] for layer in model.layers[:-1]), LINEAR])
    weights = np.concatenate([stack.reshape(replicates, -1) for stack in initial], axis=1)
    moments = np.zeros((replicates, 2, weights.shape[1]), np.float32)
    workspace = np.zeros((2, len(sizes), sizes.max(), protocol.batch_size), np.float32)
    steps_done = 0

    def train_chunk(orders: NDArray[np.int32]) -> tuple[F, Weights]:
        nonlocal steps_done
        epochs = len(orders)
        metrics = np.zeros((replicates, epochs, 4), np.float32)
        recorded = np.empty((replicates, epochs, weights.shape[1]), np.float32)
        for r in range(replicates):
            _train(
                training.points[r],
                training.labels[r],
                validation.points[r],
                validation.labels[r],
                np.ascontiguousarray(orders[:, r]),
                sizes,
                activations,
                protocol.learning_rate,
                steps_done,
                weights[r],
                moments[r],
                workspace,
                metrics[r],
                recorded[r],
            )
        steps_done += epochs * -(-orders.shape[2] // protocol.batch_size)
        parts = np.split(recorded.swapaxes(0, 1), ends[:-1], axis=2)
        stacks = [part.reshape(epochs, replicates, *shape) for part, shape in zip(parts, shapes, strict=True)]
        return metrics.transpose(1, 2, 0), stacks

    return train_chunk


@_compiled
def _train(
    points: F,
    labels: F,
    validation_points: F,
    validation_labels: F,
    orders: NDArray[np.int32],
    sizes: NDArray[np.int64],
    activations: NDArray[np.int64],
    learning_rate: float,
    steps_done: int,
    weights: F,
    moments: F,
    workspace: F,
    metrics: F,
    recorded: F,
) -> None:
    """Train one replicate in place over the epochs of `orders`, the first step of which is number `steps_done` + 1."""
    batch, last = workspace.shape[3], len(sizes) - 1
    values, grads = workspace[0], workspace[1]  # of each layer's units, [layer, unit, point]
    weight_grads, batch_labels = np.zeros(len(weights), f4), np.zeros(batch, f4)
    identity = np.arange(len(validation_labels)).astype(np.int32)
    step = steps_done
    for epoch in range(len(orders)):
        for first in range(0, orders.shape[1], batch):
            count = _load(points, labels, orders[epoch], first, values[0], batch_labels)
            _forward(sizes, activations, weights, values)
            _score(values[last, 0], batch_labels, count, metrics[epoch, :2])
            _loss_gradient(values[last, 0], batch_labels, count, grads[last, 0])
            _backward(sizes, activations, weights, values, grads, weight_grads)
            step += 1
            rate = learning_rate * math.sqrt(1 - BETA_2**step) / (1 - BETA_1**step)
            _adam(weights, weight_grads, moments[0], moments[1], f4(rate))
        for first in range(0, len(identity), batch):
            count = _load(validation_points, validation_labels, identity, first, values[0], batch_labels)
            _forward(sizes, activations, weights, values)
            _score(values[last, 0], batch_labels, count, metrics[epoch, 2:])
        for i in range(4):
            metrics[epoch, i] /= f4(orders.shape[1] if i < 2 else len(identity))
        for i in range(len(weights)):
            recorded[epoch, i] = weights[i]


@_compiled
def _load(points: F, labels: F, order: NDArray[np.int32], first: int, inputs: F, batch_labels: F) -> int:
    """Copy a batch's points to `inputs` [feature, point]; the places after a short batch keep what they had."""
    count = min(len(batch_labels), len(order) - first)
    for n in range(count):
        row = order[first + n]
        batch_labels[n] = labels[row]
        for d in range(points.shape[1]):
            inputs[d, n] = points[row, d]
    return count


@_compiled
def _tanh(x: np.float32) -> np.float32:
    """Return tanh to 3e-7, by the rational function that XLA and Eigen use (Eigen, `generic_fast_tanh_float`)."""
    limit = f4(7.90531110763549805)
    if x > limit:  # not min and max: NaN must stay NaN
        x = limit
    if x < -limit:
        x = -limit
    s = x * x
    p = f4(-2.76076847742355e-16) * s + f4(2.00018790482477e-13)
    p = p * s + f4(-8.60467152213735e-11)
    p = p * s + f4(5.12229709037114e-08)
    p = p * s + f4(1.48572235717979e-05)
    p = p * s + f4(6.37261928875436e-04)
    p = p * s + f4(4.89352455891786e-03)
    q = f4(1.19825839466702e-06) * s + f4(1.18534705686654e-04)
    q = q * s + f4(2.26843463243900e-03)
    q = q * s + f4(4.89352518554385e-03)
    return f4(x * p / q)


@_compiled
def _forward(sizes: NDArray[np.int64], activations: NDArray[np.int64], weights: F, values: F) -> None:
    start = 0
    for layer in range(len(sizes) - 1):
        inputs, units = sizes[layer], sizes[layer + 1]
        biases = start + inputs * units
        for unit in range(units):
            z = values[layer + 1, unit]
            for n in range(len(z)):
                z[n] = weights[biases + unit]
            for d in range(inputs):
                x, weight = values[layer, d], weights[start + d * units + unit]
                for n in range(len(z)):
                    z[n] += weight * x[n]
            _activate(z, activations[layer])
        start = biases + units


@_compiled
def _activate(z: F, activation: int) -> None:
    if activation == TANH:
        for n in range(len(z)):
            z[n] = _tanh(z[n])
    elif activation == RELU:
        for n in range(len(z)):
            z[n] = f4(0) if z[n] <= 0 else z[n]


@_compiled
def _score(logits: F, labels: F, count: int, sums: F) -> None:
    """Add the batch's binary cross-entropy and correct answers to `sums`."""
    for n in range(count):
        z = logits[n]
        sums[0] += max(z, f4(0)) - z * labels[n] + math.log1p(math.exp(-abs(z)))
        sums[1] += f4((z > 0) == (labels[n] > 0))


@_compiled
def _loss_gradient(logits: F, labels: F, count: int, grad: F) -> None:
    """Write d loss / d logit, (P(y = 1) - y) / count, which is nothing for the places after a short batch."""
    for n in range(len(grad)):
        grad[n] = (f4(0.5) + f4(0.5) * _tanh(f4(0.5) * logits[n]) - labels[n]) / f4(count)
    for n in range(count, len(grad)):
        grad[n] = 0


@_compiled
def _backward(
    sizes: NDArray[np.int64], activations: NDArray[np.int64], weights: F, values: F, grads: F, weight_grads: F
) -> None:
    """Go back from the gradient of the last layer, d loss / d z [unit, point], to that of every weight."""
    start = len(weights)
    for layer in range(len(sizes) - 2, -1, -1):
        inputs, units = sizes[layer], sizes[layer + 1]
        biases = start - units
        start = biases - inputs * units
        for unit in range(units):
            weight_grads[biases + unit] = grads[layer + 1, unit].sum()
        for d in range(inputs):
            x, input_grad = values[layer, d], grads[layer, d]
            for n in range(len(x)):
                input_grad[n] = 0
            for unit in range(units):
                grad, total, i = grads[layer + 1, unit], f4(0), start + d * units + unit
                for n in range(len(x)):
                    total += x[n] * grad[n]
                    input_grad[n] += weights[i] * grad[n]
                weight_grads[i] = total
            if layer > 0:
                _activation_backward(input_grad, x, activations[layer - 1])


@_compiled
def _activation_backward(grad: F, value: F, activation: int) -> None:
    """Turn the gradient with respect to an activation's value into that with respect to its argument, in place."""
    if activation == TANH:
        for n in range(len(grad)):
            grad[n] *= f4(1) - value[n] * value[n]
    elif activation == RELU:
        for n in range(len(grad)):
            grad[n] = f4(0) if value[n] <= 0 else grad[n]


@_compiled
def _adam(weights: F, weight_grads: F, mean: F, square: F, rate: np.float32) -> None:
    """Kingma & Ba, "Adam" (2015), algorithm 1 with the corrections in the rate, as Keras has it."""
    for i in range(len(weights)):
        mean[i] += (weight_grads[i] - mean[i]) * f4(1 - BETA_1)
        square[i] += (weight_grads[i] * weight_grads[i] - square[i]) * f4(1 - BETA_2)
        weights[i] -= rate * mean[i] / (np.sqrt(square[i]) + f4(EPSILON))
