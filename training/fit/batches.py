"""The order in which a replicate visits its training points, drawn as training goes on.

All orders of 1,000,000 points over 500 epochs would take 2 GB for each replicate.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from training.datasets import Stream, seed_for

DrawOrders: TypeAlias = Callable[[int], NDArray[np.int32]]
"""Gives a replicate's orders of so many further epochs, [epochs, n]."""


@dataclass(frozen=True)
class BatchOrders:
    """For every replicate its own stream of permutations of n training points, one an epoch.

    A batch is the next `batch_size` of them; the last of an epoch may be shorter. How many epochs are drawn at a time
    changes nothing. The replicates are counted from the number `first` of their experiment on.
    """

    seed: int
    epochs: int
    n: int
    first: int = 0

    def replicate(self, r: int) -> DrawOrders:
        """Return the function that draws replicate r's orders, from the first epoch on."""
        generator = np.random.default_rng(seed_for(self.seed, self.first + r, Stream.BATCHES))
        unshuffled = np.arange(self.n, dtype=np.int32)
        return lambda epochs: generator.permuted(np.broadcast_to(unshuffled, (epochs, self.n)), axis=1)

    def mask_seed(self, r: int) -> int:
        """Return the seed of what dropout leaves out of replicate r's batches."""
        return int(np.random.SeedSequence(self.seed, spawn_key=(self.first + r,)).generate_state(1)[0] >> 1)
