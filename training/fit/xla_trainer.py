"""The general trainer: whatever the recipe can say, compiled by XLA through TensorFlow, an epoch a call.

Stacking replicates' weights as [G, …] makes G runs one run with larger arrays; the loss is summed over them, so no
gradient mixes them. Activations, losses, schedules and optimizers are Keras' own.
"""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training.architectures import Weights, task_of
from training.datasets import Replicates
from training.fit import Trainer, recipe
from training.fit.layers import Layers
from training.protocol_spec import ProtocolSpec

BYTES_AT_ONCE = 2**28
"""What a group's data, weights and layer values may take."""

WEIGHTS_AT_ONCE = 50_000
"""Of larger networks one replicate is trained at a time. Ten at a time take a sixth of the time for each at 10-10, half
at 100-100, and more at 300-300, where products of stacks of matrices are slower."""

MOST_AT_ONCE = 10
"""Of any network; a group that is not full takes as long as a full one."""

VALIDATION_POINTS_AT_ONCE = 1024


def make_trainer(
    model: keras.Sequential, initial: Weights, training: Replicates, validation: Replicates, protocol: ProtocolSpec
) -> Trainer:
    """Return a trainer of as many replicates at a time as pays, for any recipe.

    Raises:
        ValueError: Keras knows no optimizer of that name, or the loss does not fit the model's task.
    """
    return _XlaTrainer(model, initial, training, validation, protocol)


class _XlaTrainer:
    def __init__(
        self,
        model: keras.Sequential,
        initial: Weights,
        training: Replicates,
        validation: Replicates,
        protocol: ProtocolSpec,
    ) -> None:
        task = task_of(model)
        self._initial, self._training, self._validation, self._protocol = initial, training, validation, protocol
        self._task, self._classes = task, max(2, model.output_shape[-1])
        self._batch = min(protocol.batch_size, training.size)
        self.group = _group(initial, training, validation, self._batch, protocol)
        self._layers = Layers(model, protocol, [stack[[0] * self.group] for stack in initial])
        self._optimizer = _optimizer(protocol)
        self._optimizer.build(self._layers.trained)
        self._optimizer_start = [variable.numpy() for variable in self._optimizer.variables]
        self._loss = recipe.loss(protocol, task)
        self._run = tf.function(self._epoch, jit_compile=True, autograph=False)  # the loops are TensorFlow's own
        self.start([0] * self.group, [0] * self.group)
        self._call(np.zeros((self.group, training.size), np.int32), part=0)  # compiles

    def start(self, members: Sequence[int], seeds: Sequence[int]) -> None:
        self._layers.start([stack[list(members)] for stack in self._initial])
        for variable, value in zip(self._optimizer.variables, self._optimizer_start, strict=True):
            variable.assign(value)
        data = [self._training.replicate(r) for r in members]
        held_out = [self._validation.replicate(r) for r in members]
        weights = [recipe.point_weights(self._protocol, labels, self._classes) for _, labels in data]
        columns = (*zip(*data, strict=True), weights, *zip(*held_out, strict=True))
        self._data = [tf.constant(np.stack(column)) for column in columns]
        self._seeds = tf.constant(seeds, tf.int32)

    def train(self, orders: NDArray[np.int32]) -> NDArray[np.float32]:
        sizes = np.repeat([self._training.size, self._validation.size], 2).astype(np.float32)
        return np.stack([self._call(order) / sizes[:, np.newaxis] for order in orders])

    def _call(self, order: NDArray[np.int32], part: int = 1) -> NDArray[np.float32]:
        """Run the compiled program over an epoch, or over none of it."""
        batches, mask = _steps(order, self._batch)
        held_out = np.arange(self._validation.size, dtype=np.int32)[np.newaxis]
        rows, rows_mask = _steps(held_out, VALIDATION_POINTS_AT_ONCE)
        counts = tf.constant([len(batches) * part, len(rows) * part])
        sums: NDArray[np.float32] = self._run(
            *self._data, self._seeds, batches, mask, rows[:, 0], rows_mask, counts
        ).numpy()
        return sums

    def weights(self) -> Weights:
        return self._layers.folded()

    def _epoch(
        self,
        points: tf.Tensor,
        labels: tf.Tensor,
        weights: tf.Tensor,
        validation_points: tf.Tensor,
        validation_labels: tf.Tensor,
        seeds: tf.Tensor,
        batches: tf.Tensor,
        mask: tf.Tensor,
        parts: tf.Tensor,
        part_mask: tf.Tensor,
        counts: tf.Tensor,
    ) -> tf.Tensor:
        """Train over an epoch's batches [steps, G, size], and return the sums of its metrics over points [4, G]."""

        def step(number: tf.Tensor, totals: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            x, y, weight = (tf.gather(a, batches[number], batch_dims=1) for a in (points, labels, weights))
            count = tf.reduce_sum(mask[number])
            with tf.GradientTape() as tape:
                outputs, moments = self._layers.answer_in_training(
                    x, mask[number], seeds, tf.cast(self._optimizer.iterations.value, tf.int32)
                )
                losses, correct = self._measure(outputs, y, mask[number])
                mean = tf.reduce_sum(losses * weight, axis=1) / count + self._layers.penalty()
                total = tf.reduce_sum(mean)
            variables = self._layers.trained
            self._optimizer.apply(tape.gradient(total, [variable.value for variable in variables]), variables)
            self._layers.keep_moments(moments)
            return number + 1, totals + tf.stack([mean * count, tf.reduce_sum(correct, axis=1)])

        def validate(number: tf.Tensor, totals: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            x, y = (tf.gather(a, parts[number], axis=1) for a in (validation_points, validation_labels))
            losses, correct = self._measure(self._layers.answer(x), y, part_mask[number])
            return number + 1, totals + tf.stack([tf.reduce_sum(losses, axis=1), tf.reduce_sum(correct, axis=1)])

        start = (tf.constant(0), tf.zeros((2, self.group)))
        _, sums = tf.while_loop(lambda number, _: number < counts[0], step, start)
        _, held_out = tf.while_loop(lambda number, _: number < counts[1], validate, start)
        penalty = self._layers.penalty() * tf.reduce_sum(part_mask)
        return tf.concat([sums, held_out + tf.stack([penalty, tf.zeros_like(penalty)])], axis=0)

    def _measure(self, outputs: tf.Tensor, labels: tf.Tensor, mask: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Return each point's loss, and whether it is right (in a regression its absolute error); 0 for padding."""
        losses = self._loss(labels[..., tf.newaxis], outputs)
        if self._task == "binary":
            right = tf.cast(tf.equal(outputs[..., 0] > 0, labels > 0), tf.float32)
        elif self._task == "multiclass":
            right = tf.cast(
                tf.equal(tf.argmax(outputs, axis=-1, output_type=tf.int32), tf.cast(labels, tf.int32)), tf.float32
            )
        else:
            right = tf.abs(outputs[..., 0] - labels)
        return losses * mask, right * mask


def _optimizer(protocol: ProtocolSpec) -> keras.optimizers.Optimizer:
    optimizer = keras.optimizers.get({"class_name": protocol.optimizer, "config": dict(protocol.optimizer_options)})
    optimizer.learning_rate = recipe.learning_rate(protocol)
    return optimizer


def _steps(orders: NDArray[np.int32], size: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Cut an epoch's orders [G, n] into steps: [steps, G, size], with a mask [steps, size] of what is not padding."""
    replicates, n = orders.shape
    size = min(size, n)
    steps = -(-n // size)
    padded = np.zeros((replicates, steps * size), np.int32)
    padded[:, :n] = orders
    mask = (np.arange(steps * size) < n).astype(np.float32).reshape(steps, size)
    return padded.reshape(replicates, steps, size).swapaxes(0, 1), mask


def _group(initial: Weights, training: Replicates, validation: Replicates, batch: int, protocol: ProtocolSpec) -> int:
    """Return how many replicates to train at a time, however many there are: XLA rounds otherwise in other groups.

    A norm that gradients are clipped to is one replicate's, so it is trained alone.
    """
    weights = sum(stack[0].size for stack in initial)
    units = sum(stack.shape[-1] for stack in initial[1::2])
    if weights > WEIGHTS_AT_ONCE or {"clipnorm", "global_clipnorm"} & protocol.optimizer_options.keys():
        return 1
    row = initial[0].shape[1] + 3
    floats = (training.size + validation.size) * row + max(batch, VALIDATION_POINTS_AT_ONCE) * units * 8 + weights * 8
    group: int = max(1, min(MOST_AT_ONCE, BYTES_AT_ONCE // (4 * floats)))
    return group
