"""Training: all replicates of a model in one call, the loop over epochs and batches compiled as one program.

For each replicate this is what Keras `fit` does with the same starting weights and the same batches (tests hold them
together): mini-batches, binary cross-entropy, the optimizer as Keras has it. Looping `fit` instead costs 65 to 85 s for
each 500-epoch run on two cores, nearly all of it Python between steps. There are two programs:

Numba's (`training.kernel`) trains tanh and relu networks with Adam, one replicate after the other.
XLA's (`xla_program`) trains whatever Keras names, with Keras' own activations and optimizer. Stacking the replicates'
weights as [R, …] makes R runs one run with larger arrays; the loss is summed over them, so no gradient mixes them.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TypeAlias

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from bundle.card import History
from training.architectures import Weights, forward
from training.datasets import Part
from training.experiment import ProtocolSpec

logger = logging.getLogger(__name__)

Advance: TypeAlias = Callable[[NDArray[np.int32]], tuple[NDArray[np.float32], Weights]]
"""Trains on over the next epochs' orders [E, R, n]. It returns the metrics of each of them [E, 4, R] (loss, accuracy,
and both on validation data) and the weights after each, a list of [E, R, …]."""

Program: TypeAlias = Callable[[keras.Sequential, Weights, Part, Part, ProtocolSpec], Advance]

EPOCHS_A_CALL = 20
"""A program covers this many epochs a call: enough to cost nothing, few enough to show progress."""


@dataclass(frozen=True)
class Trajectory:
    """How training went: weights at the recorded epochs, a list of [R, S, …], and R histories of E values each.

    A card shows the first history; all are compared where one program's training is held against another's.
    """

    weights: Weights
    histories: list[History]
    seconds: float


def recorded_epochs(epochs: int, most: int = 60) -> list[int]:
    """Return the epochs to keep: before training, the last, and about `most` between, denser at the start.

    The spacing is geometric, since weights move most at first; where that falls below one epoch, each is kept.
    """
    if epochs < most:
        return list(range(epochs + 1))
    spaced = np.geomspace(1, epochs, 2 * most).round().astype(int)
    unique = np.unique(spaced)
    while len(unique) > most:
        spaced = np.geomspace(1, epochs, len(spaced) - 1).round().astype(int)
        unique = np.unique(spaced)
    return [0, *unique.tolist()]


def train(
    model: keras.Sequential,
    initial: Weights,
    training: Part,
    validation: Part,
    orders: NDArray[np.int32],
    protocol: ProtocolSpec,
    progress: Callable[[int], object] = lambda _: None,
) -> Trajectory:
    """Train R replicates of a model.

    Args:
        model: the architecture; its own weights are neither read nor changed.
        initial: starting weights, a list of [R, …] arrays.
        training: data of the R replicates.
        validation: data that are only looked at, after each epoch.
        orders: the training points' order, [epochs, R, n]. A batch is the next `batch_size` of them, the last of an
            epoch may be shorter.
        protocol: optimizer, learning rate, batch size.
        progress: called after each compiled call with the number of epochs that it covered.

    Raises:
        ValueError: Keras knows no optimizer of that name.
    """
    start = time.perf_counter()
    advance = _program(model, protocol)(model, initial, training, validation, protocol)
    epochs = len(orders)
    keep = recorded_epochs(epochs)
    kept = [[stack] for stack in initial]
    measured = []
    for first in range(0, epochs, EPOCHS_A_CALL):
        call = orders[first : first + EPOCHS_A_CALL]
        metrics, stacks = advance(call)
        measured.append(metrics)
        rows = [epoch - first - 1 for epoch in keep if first < epoch <= first + len(call)]
        for snapshots, stack in zip(kept, stacks, strict=True):
            snapshots.extend(stack[rows])
        progress(len(call))

    by_replicate = np.concatenate(measured).transpose(2, 1, 0)
    return Trajectory(
        weights=[np.stack(snapshots, axis=1) for snapshots in kept],
        histories=[History(*values.tolist()) for values in by_replicate],
        seconds=time.perf_counter() - start,
    )


def _program(model: keras.Sequential, protocol: ProtocolSpec) -> Program:
    """Choose Numba's program where it covers the model and Numba is installed, else XLA's, and say so."""
    if find_spec("numba") is None:
        logger.warning("Numba is not installed: training with XLA, which takes about three times as long")
        return xla_program
    from training import kernel  # noqa: PLC0415 (where there is Numba)

    if kernel.covers(model, protocol):
        return kernel.program
    logger.warning("the fast program is for Adam with tanh and relu only: training with XLA")
    return xla_program


def xla_program(
    model: keras.Sequential, initial: Weights, training: Part, validation: Part, protocol: ProtocolSpec
) -> Advance:
    """Return a function that trains on for up to EPOCHS_A_CALL epochs, for any activation and optimizer of Keras.

    Raises:
        ValueError: Keras knows no optimizer of that name.
    """
    variables = [keras.Variable(stack) for stack in initial]
    optimizer = keras.optimizers.get({"class_name": protocol.optimizer, "config": {}})
    optimizer.learning_rate = protocol.learning_rate
    optimizer.build(variables)
    run = _compile(model, variables, optimizer)
    data = [tf.constant(a) for a in (training.points, training.labels, validation.points, validation.labels)]

    def advance(orders: NDArray[np.int32]) -> tuple[NDArray[np.float32], Weights]:
        count = len(orders)
        batches, mask = _batches(orders, protocol.batch_size)
        call = np.zeros((EPOCHS_A_CALL, *batches.shape[1:]), np.int32)
        call[:count] = batches
        results = run(*data, tf.constant(call), tf.constant(mask), tf.constant(count))
        metrics, *stacks = (result.numpy()[:count] for result in results)
        return metrics, stacks

    return advance


def _batches(orders: NDArray[np.int32], size: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Cut each epoch's order into steps: [epochs, steps, R, size], with a mask [steps, size] of what is not padding."""
    epochs, replicates, n = orders.shape
    steps = -(-n // size)
    padded = np.zeros((epochs, replicates, steps * size), np.int32)
    padded[..., :n] = orders
    mask = (np.arange(steps * size) < n).astype(np.float32).reshape(steps, size)
    return padded.reshape(epochs, replicates, steps, size).transpose(0, 2, 1, 3), mask


def _compile(
    model: keras.Sequential, variables: list[keras.Variable], optimizer: keras.optimizers.Optimizer
) -> Callable[..., list[tf.Tensor]]:
    """Return the program that trains `variables` in place over up to EPOCHS_A_CALL epochs.

    It returns the metrics of each epoch [E, 4, R] (loss, accuracy, and both on validation data), then each variable's
    value after each epoch [E, R, …].
    """
    values = [variable.value for variable in variables]
    replicates = values[0].shape[0]

    def measure(points: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        logits = forward(model, values, points)[-1]
        right = tf.cast(tf.equal(logits > 0, labels > 0), tf.float32)
        return tf.nn.sigmoid_cross_entropy_with_logits(labels, logits), right

    def run(
        points: tf.Tensor,
        labels: tf.Tensor,
        validation_points: tf.Tensor,
        validation_labels: tf.Tensor,
        batches: tf.Tensor,
        mask: tf.Tensor,
        count: tf.Tensor,
    ) -> list[tf.Tensor]:
        def step(epoch: tf.Tensor, number: tf.Tensor, totals: tf.Tensor) -> tuple[tf.Tensor, ...]:
            rows, weight = batches[epoch, number], mask[number]
            with tf.GradientTape() as tape:
                losses, right = measure(tf.gather(points, rows, batch_dims=1), tf.gather(labels, rows, batch_dims=1))
                total = tf.reduce_sum(losses * weight, axis=1)
                loss = tf.reduce_sum(total / tf.reduce_sum(weight))
            optimizer.apply(tape.gradient(loss, values), variables)
            return epoch, number + 1, totals + tf.stack([total, tf.reduce_sum(right * weight, axis=1)])

        def train_epoch(epoch: tf.Tensor, *arrays: tf.TensorArray) -> tuple[tf.Tensor, ...]:
            steps = batches.shape[1]
            start = (epoch, tf.constant(0), tf.zeros((2, replicates)))
            *_, totals = tf.while_loop(lambda _, number, __: number < steps, step, start)
            losses, right = measure(validation_points, validation_labels)
            held_out = tf.stack([tf.reduce_mean(losses, axis=1), tf.reduce_mean(right, axis=1)])
            metrics = tf.concat([totals / tf.reduce_sum(mask), held_out], axis=0)
            written = [array.write(epoch, value) for array, value in zip(arrays, [metrics, *values], strict=True)]
            return (epoch + 1, *written)

        shapes = [(4, replicates), *(value.shape for value in values)]
        arrays = [tf.TensorArray(tf.float32, EPOCHS_A_CALL, element_shape=shape) for shape in shapes]
        _, *arrays = tf.while_loop(lambda epoch, *_: epoch < count, train_epoch, (tf.constant(0), *arrays))
        return [array.stack() for array in arrays]

    # the loops are TensorFlow's own: AutoGraph, which would translate Python's, does not work on Python 3.13
    compiled: Callable[..., list[tf.Tensor]] = tf.function(run, jit_compile=True, autograph=False)
    return compiled
