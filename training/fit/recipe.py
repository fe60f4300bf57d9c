"""What a protocol means for one model and its data: the parts that trainers share, and who measures what they made."""

from collections.abc import Callable
from typing import TypeAlias

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from bundle.card import Task
from training.protocol_spec import ProtocolSpec

Loss: TypeAlias = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
"""Takes labels [..., 1] and outputs before the last activation [..., k], and returns losses [...]."""


def loss(protocol: ProtocolSpec, task: Task) -> Loss:
    """Return the protocol's loss of a task, of single points. Raises ValueError where it does not fit."""
    name = protocol.loss_for(task)
    if name == "binary_crossentropy":
        return lambda labels, outputs: keras.losses.binary_crossentropy(labels, outputs, from_logits=True)
    if name == "sparse_categorical_crossentropy":
        return lambda labels, outputs: tf.nn.sparse_softmax_cross_entropy_with_logits(
            tf.cast(labels[..., 0], tf.int32), outputs
        )
    of_outputs: Loss = keras.losses.get(name)
    return (lambda labels, outputs: of_outputs(labels, tf.sigmoid(outputs))) if task == "binary" else of_outputs


def learning_rate(protocol: ProtocolSpec) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """Return the protocol's learning rate, or its schedule: a function of the number of steps done."""
    schedule = protocol.learning_rate_schedule
    if schedule is None:
        return protocol.learning_rate
    start = {} if schedule.class_name == "PiecewiseConstantDecay" else {"initial_learning_rate": protocol.learning_rate}
    return getattr(keras.optimizers.schedules, schedule.class_name)(**{**start, **schedule.config})


def class_weights(protocol: ProtocolSpec, labels: NDArray[np.float32], n_classes: int) -> NDArray[np.float32]:
    """Return what a sample of each class weighs in one replicate's loss: float32 [n_classes].

    "balanced" is n / (classes · samples of the class), as scikit-learn's `compute_class_weight` has it. A table has
    positions of classes for keys.
    """
    wanted = protocol.class_weight
    if isinstance(wanted, str):
        counts = np.bincount(labels.astype(np.int64), minlength=n_classes)
        return (len(labels) / (n_classes * np.maximum(counts, 1))).astype(np.float32)
    weights = np.ones(n_classes, np.float32)
    for position, weight in (wanted or {}).items():
        weights[int(position)] = weight
    return weights


def point_weights(protocol: ProtocolSpec, labels: NDArray[np.float32], n_classes: int) -> NDArray[np.float32]:
    """Return what each point weighs in one replicate's loss: float32 [n]."""
    if protocol.class_weight is None:
        return np.ones_like(labels)
    weights: NDArray[np.float32] = class_weights(protocol, labels, n_classes)[labels.astype(int)]
    return weights
