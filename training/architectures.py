"""What the networks are: Keras models, and the one forward pass that follows their layers.

The forward pass takes the weights as arguments instead of from the model (Keras 3 on TensorFlow has no
`stateless_apply`), so the same few lines train a stack of replicates, export any snapshot and give the activations.
"""

from collections.abc import Sequence
from typing import TypeAlias

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

Weights: TypeAlias = list[NDArray[np.float32]]
"""Kernel, bias, kernel, bias, … in the order of Keras' `get_weights`, with leading axes in front when stacked."""


def build(n_features: int, hidden_layers: Sequence[int], activation: str | None) -> keras.Sequential:
    """Return the classifier: dense hidden layers, then one sigmoid unit, P(y = 1).

    Raises:
        ValueError: Keras knows no activation of that name; the message is Keras' own.
    """
    return keras.Sequential(
        [
            keras.Input((n_features,)),
            *(keras.layers.Dense(units, activation=activation) for units in hidden_layers),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )


def initial_weights(model: keras.Sequential, seeds: Sequence[int]) -> Weights:
    """Draw starting weights with the layers' own initializers, one replicate a seed: a list of [R, …] arrays."""
    return [np.stack(replicates) for replicates in zip(*(_draw(model, seed) for seed in seeds), strict=True)]


def _draw(model: keras.Sequential, seed: int) -> Weights:
    drawn = []
    for seeds, layer in zip(np.random.SeedSequence(seed).spawn(len(model.layers)), model.layers, strict=True):
        kernel = layer.kernel_initializer
        seeded = type(kernel).from_config({**kernel.get_config(), "seed": int(seeds.generate_state(1)[0])})
        drawn += [seeded(layer.kernel.shape).numpy(), layer.bias_initializer(layer.bias.shape).numpy()]
    return drawn


def forward(model: keras.Sequential, weights: Sequence[tf.Tensor], points: tf.Tensor) -> list[tf.Tensor]:
    """Follow the model's layers with the given weights.

    Args:
        model: supplies the activations; its own weights are not used.
        weights: kernels [..., d, units] and biases [..., units], in turn.
        points: [..., n, d].

    Returns:
        the hidden layers' activations [..., n, units], and last the output unit's logit [..., n].
    """
    outputs, x = [], points
    for layer, kernel, bias in zip(model.layers, weights[::2], weights[1::2], strict=True):
        z = tf.matmul(x, kernel) + bias[..., tf.newaxis, :]
        x = layer.activation(z)
        outputs.append(x)
    return [*outputs[:-1], z[..., 0]]
