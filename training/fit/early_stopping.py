"""Early stopping: each replicate stops by itself once its validation loss has not improved for long enough."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from training.architectures import Weights
from training.fit import Trainer
from training.protocol_spec import EarlyStopping


class StoppingEarly:
    """A trainer around another, which Keras' `EarlyStopping` watches, `restore_best_weights` included.

    A replicate that has stopped stands still: its weights and metrics are those of its best epoch. After the last
    epoch all weights are those of the best.
    """

    def __init__(self, trainer: Trainer, rule: EarlyStopping, epochs: int) -> None:
        self.group = trainer.group
        self._trainer, self._rule, self._epochs = trainer, rule, epochs

    def start(self, members: Sequence[int], seeds: Sequence[int]) -> None:
        self._trainer.start(members, seeds)
        self._done = 0
        self._loss = np.full(self.group, np.inf)  # of the best epoch, as are the metrics and weights
        self._metrics = np.zeros((4, self.group), np.float32)
        self._weights = self._trainer.weights()
        self._wait = np.zeros(self.group, int)
        self.stopped = np.full(self.group, self._epochs)
        """The epoch after which each replicate stopped; the last, where it did not."""

    def train(self, orders: NDArray[np.int32]) -> NDArray[np.float32]:
        return np.concatenate([self._epoch(orders[i : i + 1]) for i in range(len(orders))])

    def weights(self) -> Weights:
        at_best = (self._done >= self.stopped) & (self._done > self._rule.start_from_epoch)
        return mixed(at_best, self._weights, self._trainer.weights())

    def _epoch(self, order: NDArray[np.int32]) -> NDArray[np.float32]:
        running = self._done < self.stopped
        metrics = self._metrics[np.newaxis].copy()
        if running.any():
            metrics[..., running] = self._trainer.train(order)[..., running]
            self._observe(metrics[0], running)
        self._done += 1
        return metrics

    def _observe(self, metrics: NDArray[np.float32], running: NDArray[np.bool_]) -> None:
        if self._done < self._rule.start_from_epoch:
            return
        better = running & (metrics[2] + self._rule.min_delta < self._loss)
        first = running & (self._done == self._rule.start_from_epoch)  # counts even where it is not a number
        if (better | first).any():
            self._weights = mixed(better | first, self._trainer.weights(), self._weights)
            self._metrics = np.where(better | first, metrics, self._metrics)
            self._loss = np.where(better, metrics[2], self._loss)
        self._wait = np.where(better, 0, self._wait + 1)
        if self._done > 0:
            self.stopped[running & (self._wait >= self._rule.patience)] = self._done + 1


def mixed(chosen: NDArray[np.bool_], weights: Weights, others: Weights) -> Weights:
    """Return the weights of the chosen replicates, and the others' weights of the others."""
    return [
        np.where(chosen.reshape(-1, *[1] * (one.ndim - 1)), one, other)
        for one, other in zip(weights, others, strict=True)
    ]
