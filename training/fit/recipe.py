"""What a protocol means for one model and its data: the parts that both trainers share."""

import keras
import numpy as np
from numpy.typing import NDArray

from training.protocol_spec import ProtocolSpec


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
