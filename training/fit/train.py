"""Train a model, record its weights along the way, and choose the trainer that does it."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

import keras
import numpy as np
from numpy.typing import NDArray

from bundle.card import History
from training.architectures import Weights
from training.datasets import Split
from training.experiment import ProtocolSpec
from training.fit import EPOCHS_PER_CHUNK, MakeTrainer, xla_trainer

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Trajectory:
    """How training went: weights at the recorded epochs, a list of [R, S, …], and R histories of E values each.

    A card shows the first history; all are compared where one trainer is held against another.
    """

    weights: Weights
    histories: list[History]
    seconds: float


def recorded_epochs(epochs: int, limit: int = 60) -> list[int]:
    """Return the epochs to keep: before training, the last, and about `limit` between, denser at the start.

    The spacing is geometric, since weights move most at first; where that falls below one epoch, each is kept.
    """
    if epochs < limit:
        return list(range(epochs + 1))
    spaced = np.geomspace(1, epochs, 2 * limit).round().astype(int)
    unique = np.unique(spaced)
    while len(unique) > limit:
        spaced = np.geomspace(1, epochs, len(spaced) - 1).round().astype(int)
        unique = np.unique(spaced)
    return [0, *unique.tolist()]


def train(
    model: keras.Sequential,
    initial: Weights,
    training: Split,
    validation: Split,
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
        progress: called after each chunk with its number of epochs.

    Raises:
        ValueError: Keras knows no optimizer of that name.
    """
    start = time.perf_counter()
    train_chunk = _choose_trainer(model, protocol)(model, initial, training, validation, protocol)
    epochs = len(orders)
    keep = recorded_epochs(epochs)
    kept = [[stack] for stack in initial]
    measured = []
    for first in range(0, epochs, EPOCHS_PER_CHUNK):
        chunk = orders[first : first + EPOCHS_PER_CHUNK]
        metrics, stacks = train_chunk(chunk)
        measured.append(metrics)
        rows = [epoch - first - 1 for epoch in keep if first < epoch <= first + len(chunk)]
        for snapshots, stack in zip(kept, stacks, strict=True):
            snapshots.extend(stack[rows])
        progress(len(chunk))

    by_replicate = np.concatenate(measured).transpose(2, 1, 0)
    return Trajectory(
        weights=[np.stack(snapshots, axis=1) for snapshots in kept],
        histories=[History(*values.tolist()) for values in by_replicate],
        seconds=time.perf_counter() - start,
    )


def _choose_trainer(model: keras.Sequential, protocol: ProtocolSpec) -> MakeTrainer:
    """Choose Numba's trainer where it is installed and supports the model, else XLA's, and say so."""
    if find_spec("numba") is None:
        logger.warning("Numba is not installed: training with XLA, which takes about three times as long")
        return xla_trainer.make_trainer
    from training.fit import numba_trainer  # noqa: PLC0415 (where there is Numba)

    if numba_trainer.supports(model, protocol):
        return numba_trainer.make_trainer
    logger.warning("the Numba trainer does not support this activation or optimizer: training with XLA")
    return xla_trainer.make_trainer
