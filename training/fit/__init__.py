"""Training all replicates of a model: the loop over epochs and batches compiled as one.

For each replicate this is what Keras `fit` does with the same starting weights and the same batches (tests hold them
together): mini-batches, the task's loss, the recipe as Keras has it. Looping `fit` instead costs 65 to 85 s for each
500-epoch run of a small network on two cores, nearly all of it Python between steps. `train` picks one of two trainers:

`numba_trainer` trains the usual networks with Adam, of any size, one replicate after the other.
`xla_trainer` trains whatever else the recipe can say, with Keras' own activations, losses and optimizers.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

import keras
import numpy as np
from numpy.typing import NDArray

from training.architectures import Weights
from training.datasets import Replicates
from training.protocol_spec import ProtocolSpec


class Trainer(Protocol):
    """Trains `group` replicates at a time. It is compiled when made, so that `start` and `train` only compute."""

    group: int

    def start(self, members: Sequence[int], seeds: Sequence[int]) -> None:
        """Take up `group` replicates at their starting weights; dropout's masks come from a seed of each."""

    def train(self, orders: NDArray[np.int32]) -> NDArray[np.float32]:
        """Train on over the next epochs' orders of the members [E, G, n].

        Returns:
            the metrics of each epoch [E, 4, G]: loss, accuracy (in a regression mean absolute error), and both on
            validation data.
        """

    def weights(self) -> Weights:
        """Return a copy of the members' weights as they are now, a list of [G, …]."""


MakeTrainer: TypeAlias = Callable[[keras.Sequential, Weights, Replicates, Replicates, ProtocolSpec], Trainer]
"""Takes a model, all replicates' starting weights, training and validation data, and the protocol."""
