"""Training all replicates of a model: the loop over epochs and batches compiled as one.

For each replicate this is what Keras `fit` does with the same starting weights and the same batches (tests hold them
together): mini-batches, binary cross-entropy, the optimizer as Keras has it. Looping `fit` instead costs 65 to 85 s for
each 500-epoch run on two cores, nearly all of it Python between steps. `train` picks one of two trainers:

`numba_trainer` trains tanh and relu networks with Adam, one replicate after the other.
`xla_trainer` trains whatever Keras names, with Keras' own activations and optimizer.
"""

from collections.abc import Callable
from typing import TypeAlias

import keras
import numpy as np
from numpy.typing import NDArray

from training.architectures import Weights
from training.datasets import Split
from training.experiment import ProtocolSpec

TrainChunk: TypeAlias = Callable[[NDArray[np.int32]], tuple[NDArray[np.float32], Weights]]
"""Trains on over the next epochs' orders [E, R, n]. It returns the metrics of each of them [E, 4, R] (loss, accuracy,
and both on validation data) and the weights after each, a list of [E, R, …]."""

MakeTrainer: TypeAlias = Callable[[keras.Sequential, Weights, Split, Split, ProtocolSpec], TrainChunk]
"""Takes a model, its starting weights, training and validation data, and the protocol."""

EPOCHS_PER_CHUNK = 20
"""The most epochs of a chunk: enough that a call costs nothing, few enough to show progress."""
