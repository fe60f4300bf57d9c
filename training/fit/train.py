"""Train a model, record its weights along the way, and choose the trainer that does it."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import pairwise
from typing import TypeAlias

import keras
import numpy as np
from numpy.typing import NDArray

from bundle.card import History, RegressionHistory, Task
from training.architectures import Weights, task_of
from training.datasets import Replicates
from training.fit import MakeTrainer, Trainer, xla_trainer
from training.fit.batches import BatchOrders
from training.fit.early_stopping import StoppingEarly
from training.protocol_spec import ProtocolSpec
from training.recorded import recorded_epochs

logger = logging.getLogger(__name__)

EPOCHS_PER_CHUNK = 20
"""The most epochs between two reports of progress."""

ORDERS_PER_CHUNK = 2**23
"""The most entries of batch orders that are drawn at a time, 32 MB, unless one epoch has more."""


MAX_RECORDED_BYTES = 48 * 2**20
"""Of all recorded weights, since to convert them for LiteRT takes seven times as much memory. Of 30 runs of 300-300
four epochs are kept, and 1.34 GB do for everything; of 30 runs of 80-80 all that `recorded_epochs` chooses."""


AnyHistory: TypeAlias = History | RegressionHistory


@dataclass(frozen=True)
class Trajectory:
    """How training went: weights at the recorded epochs, a list of [R, S, …], and R histories of E values each.

    A replicate that stopped early after epoch `stopped[r]` stands still from there on at its best epoch: later
    snapshots have the weights of the best epoch, and the history repeats that epoch's values. One that did not stop
    ends at its best epoch too, in its last snapshot. Without early stopping `stopped` is None. `seconds` leaves out
    compilation. `epochs` are the recorded ones.
    """

    weights: Weights
    histories: list[AnyHistory]
    seconds: float
    stopped: list[int] | None = None
    epochs: list[int] = field(default_factory=list)


def most_recorded(initial: Weights) -> int:
    """Return how many epochs of these starting weights, a list of [R, …], fit into `MAX_RECORDED_BYTES`; at least 2."""
    return max(2, min(60, MAX_RECORDED_BYTES // sum(stack.nbytes for stack in initial) - 1))


def train(
    model: keras.Sequential,
    initial: Weights,
    training: Replicates,
    validation: Replicates,
    orders: BatchOrders,
    protocol: ProtocolSpec,
    progress: Callable[[int], object] = lambda _: None,
    recorded: Sequence[int] | None = None,
) -> Trajectory:
    """Train R replicates of a model for the epochs of `orders`, a group of replicates after the other.

    Args:
        model: the architecture; its own weights are neither read nor changed.
        initial: starting weights, a list of [R, …] arrays.
        training: data of the R replicates.
        validation: data that are only looked at, after each epoch.
        orders: in which order each epoch visits the training points.
        protocol: the recipe.
        progress: called now and then with the number of epochs done since; they add up to all epochs.
        recorded: the epochs to keep, ascending from 0 to the last; by default those that `recorded_epochs` chooses.

    Raises:
        ValueError: Keras does not know a name in the protocol, or the loss does not fit the model's task.
    """
    trainer = _choose_trainer(model, protocol)(model, initial, training, validation, protocol)
    start, replicates, epochs = time.perf_counter(), training.count, orders.epochs
    stopper = StoppingEarly(trainer, protocol.early_stopping, epochs) if protocol.early_stopping else None
    runs: Trainer = stopper or trainer
    keep = list(recorded or recorded_epochs(epochs, most_recorded(initial)))
    snapshots = [np.empty((replicates, len(keep), *stack.shape[1:]), np.float32) for stack in initial]
    metrics = np.empty((replicates, 4, epochs), np.float32)
    stopped: list[int] = []
    done = 0
    for places, members in _groups(orders.first, replicates, runs.group):
        runs.start(members, [orders.mask_seed(r) for r in members])
        draws = [orders.replicate(r) for r in members]
        kept = members[places]
        begun = done
        for epoch, count in _chunks(keep, max(1, ORDERS_PER_CHUNK // (runs.group * training.size))):
            if count:
                order = np.stack([draw(count) for draw in draws], axis=1)
                metrics[kept, :, epoch - count : epoch] = runs.train(order).transpose(2, 1, 0)[places]
            if epoch in keep:
                for snapshot, stack in zip(snapshots, runs.weights(), strict=True):
                    snapshot[kept, keep.index(epoch)] = stack[places]
            before, done = done, begun + epoch * len(kept)
            progress(done // replicates - before // replicates)
        stopped += stopper.stopped[places].tolist() if stopper else []
    return Trajectory(
        weights=snapshots,
        histories=_histories(task_of(model), metrics),
        seconds=time.perf_counter() - start,
        stopped=stopped if stopper else None,
        epochs=keep,
    )


def _groups(first: int, count: int, size: int) -> Iterator[tuple[slice, list[int]]]:
    """Yield the replicates to train at a time, and at which places of a group they are; others are there to fill it.

    A replicate's place follows from its number in the experiment, `first` for the first, so whichever others are
    trained, it is the same computation.
    """
    for start in range(first // size * size, first + count, size):
        members = [min(max(number - first, 0), count - 1) for number in range(start, start + size)]
        yield slice(max(first - start, 0), first + count - start), members


def _histories(task: Task, metrics: NDArray[np.float32]) -> list[AnyHistory]:
    if task == "regression":
        return [RegressionHistory(*values) for values in metrics.tolist()]
    return [History(*values) for values in metrics.tolist()]


def _chunks(keep: list[int], most: int) -> Iterator[tuple[int, int]]:
    """Yield the epochs to stop at, each with the number of epochs since the last: 0 first, then all that are kept."""
    yield 0, 0
    for before, epoch in pairwise(keep):
        ends = [*range(before, epoch, min(most, EPOCHS_PER_CHUNK))[1:], epoch]
        yield from ((end, end - begin) for begin, end in pairwise([before, *ends]))


def _choose_trainer(model: keras.Sequential, protocol: ProtocolSpec) -> MakeTrainer:
    """Choose Numba's trainer where it is installed and supports the model, else XLA's, and say so."""
    if find_spec("numba") is None:
        logger.warning("Numba is not installed: training with XLA, which takes about three times as long")
        return xla_trainer.make_trainer
    from training.fit import numba_trainer  # noqa: PLC0415 (where there is Numba)

    if numba_trainer.supports(model, protocol):
        return numba_trainer.make_trainer
    logger.warning("the Numba trainer does not support this recipe: training with XLA")
    return xla_trainer.make_trainer
