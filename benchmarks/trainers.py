"""The trainers that are compared: ours, Keras' `fit`, scikit-learn's, and JAX's, on the default experiment's data."""

import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

import jax
import jax.numpy as jnp
import keras
import numpy as np
import optax
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from training import experiment as experiments
from training.architectures import Weights, build, initial_weights
from training.datasets import Split, Stream, batch_orders, data_source, draw, seed_for
from training.fit import EPOCHS_PER_CHUNK, MakeTrainer
from training.fit.train import train

EXPERIMENT = experiments.read(experiments.DEFAULT)
EPOCHS, REPLICATES = 500, EXPERIMENT.replicates
ACTIVATIONS = ("tanh", "relu")

SOURCE = data_source(EXPERIMENT.dataset, EXPERIMENT.seed)
DRAWS = draw(EXPERIMENT.dataset, SOURCE, EXPERIMENT.seed, REPLICATES)
ORDERS = batch_orders(EXPERIMENT.seed, REPLICATES, EPOCHS, DRAWS.train.labels.shape[1])
SEEDS = [seed_for(EXPERIMENT.seed, r, Stream.WEIGHTS) for r in range(REPLICATES)]

TrainState: TypeAlias = tuple[list[jax.Array], optax.OptState]


def _network(activation: str) -> keras.Sequential:
    return build(2, (10, 10), activation)


def _first(split: Split, count: int) -> Split:
    return Split(split.points[:count], split.labels[:count])


def ours(activation: str, replicates: int, epochs: int = EPOCHS) -> Weights:
    """Train and record as `python -m training train` does; return the final weights."""
    model = _network(activation)
    trajectory = train(
        model,
        initial_weights(model, SEEDS[:replicates]),
        _first(DRAWS.train, replicates),
        _first(DRAWS.validation, replicates),
        ORDERS[:epochs, :replicates],
        EXPERIMENT.protocol,
    )
    return [stack[:, -1] for stack in trajectory.weights]


def both_activations(epochs: int = EPOCHS) -> None:
    """Train the tanh and the relu network at the same time."""
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda activation: ours(activation, REPLICATES, epochs), ACTIVATIONS))


def compiled_trainer(make_trainer: MakeTrainer, activation: str, replicates: int) -> Callable[[], object]:
    """Return a function, compiled once, that trains for EPOCHS_PER_CHUNK more epochs."""
    model = _network(activation)
    data = _first(DRAWS.train, replicates), _first(DRAWS.validation, replicates)
    train_chunk = make_trainer(model, initial_weights(model, SEEDS[:replicates]), *data, EXPERIMENT.protocol)
    return lambda: train_chunk(ORDERS[:EPOCHS_PER_CHUNK, :replicates])


def keras_fit(activation: str, epochs: int) -> Callable[[], object]:
    model = _network(activation)
    model.compile(keras.optimizers.Adam(EXPERIMENT.protocol.learning_rate), "binary_crossentropy", metrics=["accuracy"])
    data, held_out = DRAWS.train, DRAWS.validation
    return lambda: model.fit(
        data.points[0],
        data.labels[0],
        validation_data=(held_out.points[0], held_out.labels[0]),
        batch_size=EXPERIMENT.protocol.batch_size,
        epochs=epochs,
        verbose=0,
    )


def scikit_learn(activation: str, epochs: int) -> None:
    classifier = MLPClassifier(
        (10, 10),
        activation=activation,
        alpha=0,
        batch_size=EXPERIMENT.protocol.batch_size,
        learning_rate_init=EXPERIMENT.protocol.learning_rate,
        max_iter=epochs,
        tol=0,
        n_iter_no_change=10 * EPOCHS,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        classifier.fit(DRAWS.train.points[0], DRAWS.train.labels[0])


def jax_vmap_scan(activation: str, replicates: int, epochs: int) -> Callable[[], Weights]:
    """Return a function that takes our steps over our batches in JAX and optax, recording no metrics or snapshots."""
    function = getattr(jax.nn, activation)
    adam = optax.adam(EXPERIMENT.protocol.learning_rate, eps=1e-7)  # Keras' epsilon

    def loss(weights: list[jax.Array], points: jax.Array, labels: jax.Array) -> jax.Array:
        for kernel, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
            points = function(points @ kernel + bias)
        logits = (points @ weights[-2] + weights[-1])[:, 0]
        return jnp.mean(optax.sigmoid_binary_cross_entropy(logits, labels))

    def train_one(
        weights: list[jax.Array], points: jax.Array, labels: jax.Array, batches: jax.Array
    ) -> list[jax.Array]:
        def step(state: TrainState, rows: jax.Array) -> tuple[TrainState, None]:
            weights, moments = state
            updates, moments = adam.update(jax.grad(loss)(weights, points[rows], labels[rows]), moments)
            return (optax.apply_updates(weights, updates), moments), None

        (weights, _), _ = jax.lax.scan(step, (weights, adam.init(weights)), batches)
        return weights

    data = _first(DRAWS.train, replicates)
    batches = ORDERS[:epochs, :replicates].swapaxes(0, 1).reshape(replicates, -1, EXPERIMENT.protocol.batch_size)
    initial = initial_weights(_network(activation), SEEDS[:replicates])
    arguments = [[jnp.asarray(stack) for stack in initial], *map(jnp.asarray, (data.points, data.labels, batches))]
    compiled = jax.jit(jax.vmap(train_one))
    return lambda: [np.asarray(stack) for stack in compiled(*arguments)]


def whole_experiment() -> None:
    """Train every model of the default experiment, two at a time as the pipeline does."""

    def train_one(spec: experiments.ModelSpec) -> None:
        model = build(2, spec.hidden_layers, spec.activation)
        initial = initial_weights(model, SEEDS)
        train(model, initial, DRAWS.train, DRAWS.validation, ORDERS[: spec.epochs], EXPERIMENT.protocol)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(train_one, EXPERIMENT.models))
