"""The layers of G replicates as they are trained: dense, normalized where the recipe says so, activated, dropped out.

A hidden layer is Keras' `Dense`, `BatchNormalization`, `Activation`, `Dropout` in this order. What is recorded is dense
layers alone: normalization is folded into the kernel and bias before it, dropout leaves no trace.
"""

from collections.abc import Sequence
from typing import TypeAlias

import keras
import numpy as np
import tensorflow as tf

from training.architectures import Weights
from training.protocol_spec import ProtocolSpec

MOMENTUM, EPSILON = 0.99, 1e-3  # of Keras' BatchNormalization

Normalization: TypeAlias = tuple[keras.Variable, keras.Variable, keras.Variable, keras.Variable]
"""Scale γ and offset β, then the moving mean and variance, [G, units] each."""


class Layers:
    """Variables [G, …] and the forward pass over them; points are [G, n, d], `mask` [n] is 0 for those that pad."""

    def __init__(self, model: keras.Sequential, protocol: ProtocolSpec, initial: Weights) -> None:
        self._activations = [layer.activation for layer in model.layers[:-1]]
        self._rate, self._l1, self._l2 = protocol.dropout, protocol.l1, protocol.l2
        self._dense = [keras.Variable(stack) for stack in initial]
        normalized = initial[1:-2:2] if protocol.batch_normalization else []
        self._normalizations: list[Normalization] = [
            (
                keras.Variable(np.ones_like(bias)),
                keras.Variable(np.zeros_like(bias)),
                keras.Variable(np.zeros_like(bias), trainable=False),
                keras.Variable(np.ones_like(bias), trainable=False),
            )
            for bias in normalized
        ]
        self.trained = [*self._dense, *(variable for four in self._normalizations for variable in four[:2])]

    def start(self, initial: Weights) -> None:
        for variable, value in zip(self._dense, initial, strict=True):
            variable.assign(value)
        for gamma, beta, mean, variance in self._normalizations:
            for variable, constant in ((gamma, 1), (beta, 0), (mean, 0), (variance, 1)):
                variable.assign(tf.fill(variable.shape, float(constant)))

    def folded(self) -> Weights:
        """Return the dense layers that answer as these do outside training."""
        weights = [variable.numpy() for variable in self._dense]
        for layer, four in enumerate(self._normalizations):
            gamma, beta, mean, variance = (variable.numpy() for variable in four)
            scale = gamma / np.sqrt(variance + np.float32(EPSILON))
            weights[2 * layer] = weights[2 * layer] * scale[:, np.newaxis]
            weights[2 * layer + 1] = (weights[2 * layer + 1] - mean) * scale + beta
        return weights

    def penalty(self) -> tf.Tensor:
        """Return l1 · sum |w| + l2 · sum w² over the kernels of each replicate, [G]."""
        kernels = [kernel.value for kernel in self._dense[::2]]
        return tf.add_n([tf.reduce_sum(self._l1 * tf.abs(w) + self._l2 * tf.square(w), axis=(1, 2)) for w in kernels])

    def answer(self, points: tf.Tensor) -> tf.Tensor:
        """Return the outputs [G, n, k] outside training."""
        x = points
        for layer, activation in enumerate(self._activations):
            z = self._affine(layer, x)
            if self._normalizations:
                gamma, beta, mean, variance = (variable.value for variable in self._normalizations[layer])
                z = _normalized(z, gamma, beta, mean, variance)
            x = activation(z)
        return self._affine(len(self._activations), x)

    def answer_in_training(
        self, points: tf.Tensor, mask: tf.Tensor, seeds: tf.Tensor, step: tf.Tensor
    ) -> tuple[tf.Tensor, list[tuple[tf.Tensor, tf.Tensor]]]:
        """Return the outputs [G, n, k] for a batch, and each normalized layer's mean and variance over it."""
        x, moments = points, []
        for layer, activation in enumerate(self._activations):
            z = self._affine(layer, x)
            if self._normalizations:
                gamma, beta, *_ = (variable.value for variable in self._normalizations[layer])
                mean, variance = _moments(z, mask)
                moments.append((mean, variance))
                z = _normalized(z, gamma, beta, mean, variance)
            x = activation(z)
            if self._rate:
                x = x * dropout_mask(seeds, step * len(self._activations) + layer, x.shape[1:], self._rate)
        return self._affine(len(self._activations), x), moments

    def keep_moments(self, moments: Sequence[tuple[tf.Tensor, tf.Tensor]]) -> None:
        """Move the moving mean and variance of every normalized layer towards a batch's."""
        for (*_, mean, variance), (batch_mean, batch_variance) in zip(self._normalizations, moments, strict=True):
            mean.assign(mean.value * MOMENTUM + batch_mean * (1 - MOMENTUM))
            variance.assign(variance.value * MOMENTUM + batch_variance * (1 - MOMENTUM))

    def _affine(self, layer: int, x: tf.Tensor) -> tf.Tensor:
        kernel, bias = self._dense[2 * layer].value, self._dense[2 * layer + 1].value
        return tf.matmul(x, kernel) + bias[:, tf.newaxis]


def dropout_mask(seeds: tf.Tensor, draw: tf.Tensor, shape: Sequence[int], rate: float) -> tf.Tensor:
    """Return 0 with probability `rate`, else 1 / (1 - rate): [G, *shape], of each replicate by its own seed."""

    def uniform(seed: tf.Tensor) -> tf.Tensor:
        return tf.random.stateless_uniform(shape, tf.stack([seed, draw]))

    kept = tf.map_fn(uniform, seeds, fn_output_signature=tf.TensorSpec(shape, tf.float32)) >= rate
    return tf.cast(kept, tf.float32) / (1 - rate)


def _moments(z: tf.Tensor, mask: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    weight = mask[tf.newaxis, :, tf.newaxis] / tf.reduce_sum(mask)
    mean = tf.reduce_sum(z * weight, axis=1)
    return mean, tf.reduce_sum(tf.square(z - mean[:, tf.newaxis]) * weight, axis=1)


def _normalized(z: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor) -> tf.Tensor:
    scale = gamma * tf.math.rsqrt(variance + EPSILON)
    return (z - mean[:, tf.newaxis]) * scale[:, tf.newaxis] + beta[:, tf.newaxis]
