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

from bundle.card import Task
from training.protocol_spec import ProtocolSpec

Weights: TypeAlias = list[NDArray[np.float32]]
"""Kernel, bias, kernel, bias, … in the order of Keras' `get_weights`, with leading axes in front when stacked."""


OUTPUTS: dict[str, Task] = {"sigmoid": "binary", "softmax": "multiclass", "linear": "regression"}
"""What the output layer's activation is good for."""


def build(
    n_inputs: int, hidden_layers: Sequence[int], activations: Sequence[str], task: Task = "binary", n_outputs: int = 1
) -> keras.Sequential:
    """Return the network: dense hidden layers with an activation each, then the output layer of the task.

    That is one sigmoid unit for P(y = 1), a softmax over `n_outputs` classes, or one linear unit for a value.

    Raises:
        ValueError: Keras knows no activation of that name; the message is Keras' own.
    """
    last = next(activation for activation, fit in OUTPUTS.items() if fit == task)
    return keras.Sequential(
        [
            keras.Input((n_inputs,)),
            *(keras.layers.Dense(n, activation=name) for n, name in zip(hidden_layers, activations, strict=True)),
            keras.layers.Dense(n_outputs, activation=last),
        ]
    )


def task_of(model: keras.Sequential) -> Task:
    """Say what a network that `build` returned is for."""
    return OUTPUTS[model.layers[-1].activation.__name__]


def initial_weights(model: keras.Sequential, seeds: Sequence[int], protocol: ProtocolSpec | None = None) -> Weights:
    """Draw starting weights with the protocol's initializers, one replicate a seed: a list of [R, …] arrays."""
    protocol = protocol or ProtocolSpec()
    return [np.stack(replicates) for replicates in zip(*(_draw(model, seed, protocol) for seed in seeds), strict=True)]


def _draw(model: keras.Sequential, seed: int, protocol: ProtocolSpec) -> Weights:
    drawn = []
    for seeds, layer in zip(np.random.SeedSequence(seed).spawn(len(model.layers)), model.layers, strict=True):
        kernel, bias = (int(state) for state in seeds.generate_state(2))
        drawn.append(_seeded(protocol.kernel_initializer, kernel)(layer.kernel.shape).numpy())
        drawn.append(_seeded(protocol.bias_initializer, bias)(layer.bias.shape).numpy())
    return drawn


def _seeded(name: str, seed: int) -> keras.initializers.Initializer:
    initializer = keras.initializers.get(name)
    config = initializer.get_config()
    return type(initializer).from_config({**config, "seed": seed} if "seed" in config else config)


def forward(model: keras.Sequential, weights: Sequence[tf.Tensor], points: tf.Tensor) -> list[tf.Tensor]:
    """Follow the model's layers with the given weights.

    Args:
        model: supplies the activations; its own weights are not used.
        weights: kernels [..., d, units] and biases [..., units], in turn.
        points: [..., n, d].

    Returns:
        the hidden layers' activations [..., n, units], and last what the output layer's activation is given: the logit
        or value [..., n] of one unit, the logits [..., n, k] of several.
    """
    outputs, x = [], points
    for layer, kernel, bias in zip(model.layers, weights[::2], weights[1::2], strict=True):
        z = tf.matmul(x, kernel) + bias[..., tf.newaxis, :]
        x = layer.activation(z)
        outputs.append(x)
    return [*outputs[:-1], tf.squeeze(z, -1) if z.shape[-1] == 1 else z]
