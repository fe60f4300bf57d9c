"""The general trainer: any activation and optimizer that Keras names, compiled by XLA through TensorFlow.

Stacking the replicates' weights as [R, …] makes R runs one run with larger arrays; the loss is summed over them, so no
gradient mixes them.
"""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training.architectures import Weights, forward
from training.datasets import Split
from training.experiment import ProtocolSpec
from training.fit import EPOCHS_PER_CHUNK, TrainChunk


def make_trainer(
    model: keras.Sequential, initial: Weights, training: Split, validation: Split, protocol: ProtocolSpec
) -> TrainChunk:
    """Return a function that trains on for up to EPOCHS_PER_CHUNK epochs, for any activation and optimizer of Keras.

    Raises:
        ValueError: Keras knows no optimizer of that name.
    """
    variables = [keras.Variable(stack) for stack in initial]
    optimizer = keras.optimizers.get({"class_name": protocol.optimizer, "config": {}})
    optimizer.learning_rate = protocol.learning_rate
    optimizer.build(variables)
    run = _compile(model, variables, optimizer)
    data = [tf.constant(a) for a in (training.points, training.labels, validation.points, validation.labels)]

    def train_chunk(orders: NDArray[np.int32]) -> tuple[NDArray[np.float32], Weights]:
        count = len(orders)
        batches, mask = _batches(orders, protocol.batch_size)
        chunk = np.zeros((EPOCHS_PER_CHUNK, *batches.shape[1:]), np.int32)
        chunk[:count] = batches
        results = run(*data, tf.constant(chunk), tf.constant(mask), tf.constant(count))
        metrics, *stacks = (result.numpy()[:count] for result in results)
        return metrics, stacks

    return train_chunk


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
    """Return the compiled function that trains `variables` in place over up to EPOCHS_PER_CHUNK epochs.

    It returns the metrics of each epoch [E, 4, R] (loss, accuracy, and both on validation data), then each variable's
    value after each epoch [E, R, …].
    """
    values = [variable.value for variable in variables]
    replicates = values[0].shape[0]

    def measure(points: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        logits = forward(model, values, points)[-1]
        correct = tf.cast(tf.equal(logits > 0, labels > 0), tf.float32)
        return tf.nn.sigmoid_cross_entropy_with_logits(labels, logits), correct

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
                losses, correct = measure(tf.gather(points, rows, batch_dims=1), tf.gather(labels, rows, batch_dims=1))
                total = tf.reduce_sum(losses * weight, axis=1)
                loss = tf.reduce_sum(total / tf.reduce_sum(weight))
            optimizer.apply(tape.gradient(loss, values), variables)
            return epoch, number + 1, totals + tf.stack([total, tf.reduce_sum(correct * weight, axis=1)])

        def train_epoch(epoch: tf.Tensor, *arrays: tf.TensorArray) -> tuple[tf.Tensor, ...]:
            steps = batches.shape[1]
            start = (epoch, tf.constant(0), tf.zeros((2, replicates)))
            *_, totals = tf.while_loop(lambda _, number, __: number < steps, step, start)
            losses, correct = measure(validation_points, validation_labels)
            held_out = tf.stack([tf.reduce_mean(losses, axis=1), tf.reduce_mean(correct, axis=1)])
            metrics = tf.concat([totals / tf.reduce_sum(mask), held_out], axis=0)
            written = [array.write(epoch, value) for array, value in zip(arrays, [metrics, *values], strict=True)]
            return (epoch + 1, *written)

        shapes = [(4, replicates), *(value.shape for value in values)]
        arrays = [tf.TensorArray(tf.float32, EPOCHS_PER_CHUNK, element_shape=shape) for shape in shapes]
        _, *arrays = tf.while_loop(lambda epoch, *_: epoch < count, train_epoch, (tf.constant(0), *arrays))
        return [array.stack() for array in arrays]

    # the loops are TensorFlow's own: AutoGraph, which would translate Python's, does not work on Python 3.13
    compiled: Callable[..., list[tf.Tensor]] = tf.function(run, jit_compile=True, autograph=False)
    return compiled
