"""The loss of single points, with its gradient by a network's outputs."""

from typing import TypeAlias

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from bundle.card import Task
from training.fit import recipe
from training.protocol_spec import ProtocolSpec

F: TypeAlias = NDArray[np.float32]


def point_losses(protocol: ProtocolSpec, task: Task, labels: F, outputs: F) -> tuple[F, F]:
    """Return losses [S, n] for labels [n] and outputs [S, n, k] before the last activation, and the gradient [S, n, k].

    The usual loss of two classes is written out: ten operations on so few numbers, each by itself, take longer than the
    network.
    """
    if protocol.loss_for(task) == "binary_crossentropy":
        return _binary_crossentropy(labels, outputs)
    loss, z = recipe.loss(protocol, task), tf.constant(outputs)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(z)
        losses = loss(tf.constant(np.broadcast_to(labels[:, np.newaxis], (*outputs.shape[:2], 1))), z)
    return np.asarray(losses), np.asarray(tape.gradient(losses, z))


def _binary_crossentropy(labels: F, outputs: F) -> tuple[F, F]:
    z = outputs[..., 0]
    u = np.exp(-np.abs(z))
    losses = np.maximum(z, 0) - z * labels + np.log1p(u)
    probabilities = np.where(z >= 0, 1, u) / (1 + u)
    return losses, (probabilities - labels)[..., np.newaxis]
