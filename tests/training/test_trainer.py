"""The compiled trainers do what Keras `fit` does, for every replicate, and the same each time."""

from dataclasses import replace
from typing import Literal

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from bundle.card import RegressionHistory, Task
from training.architectures import Weights, build, forward, initial_weights
from training.datasets import Replicates, Split, batch_orders
from training.fit import numba_trainer
from training.fit import train as fit
from training.fit.batches import BatchOrders
from training.fit.layers import dropout_mask
from training.fit.train import Trajectory, recorded_epochs, train
from training.protocol_spec import OPTIMIZERS, EarlyStopping, ProtocolSpec, Schedule

ADAM = ProtocolSpec()
N, EPOCHS = 1124, 2  # 35 full batches an epoch, as in the notebook, and one of 4 points
HELD_OUT, SEED = 40, 1

Program = Literal["numba", "xla"]


def _split(replicates: int, n: int, seed: int = 0, task: Task = "binary", features: int = 2) -> Split:
    points = np.random.default_rng(seed).normal(size=(replicates, n, features)).astype(np.float32)
    radius = np.linalg.norm(points, axis=-1)
    labels = {"binary": radius > 1, "multiclass": np.digitize(radius, [0.8, 1.5]), "regression": np.sin(radius)}[task]
    return Split(points, labels.astype(np.float32))


def _train(
    model: keras.Sequential,
    initial: Weights,
    data: Replicates,
    epochs: int = EPOCHS,
    protocol: ProtocolSpec = ADAM,
    task: Task = "binary",
) -> Trajectory:
    held_out = _split(data.count, HELD_OUT, seed=9, task=task, features=initial[0].shape[1])
    return train(model, initial, data, held_out, BatchOrders(SEED, epochs, data.size), protocol)


def _network(
    activations: tuple[str, ...] = ("tanh", "tanh"), task: Task = "binary", units: int = 10, features: int = 2
) -> keras.Sequential:
    return build(features, [units] * len(activations), activations, task, {"multiclass": 3}.get(task, 1))


def _hold_to_fit(
    model: keras.Sequential, protocol: ProtocolSpec, task: Task = "binary", *, n: int = N, atol: float = 1e-5
) -> Trajectory:
    """Train both ways from the same weights over the same batches, and hold weights and metrics to each other."""
    data = _split(1, n, task=task, features=model.input_shape[1])
    initial = initial_weights(model, [5], protocol)
    ours = _train(model, initial, data, protocol=protocol, task=task)
    theirs = _keras_of(model, protocol, task)
    plain = [variable for layer in theirs.layers if isinstance(layer, keras.layers.Dense) for variable in layer.weights]
    for variable, stack in zip(plain, initial, strict=True):
        variable.assign(stack[0])
    held_out = _split(1, HELD_OUT, seed=9, task=task, features=model.input_shape[1])
    for epoch, order in enumerate(batch_orders(SEED, 1, EPOCHS, n)[:, 0]):
        history = theirs.fit(
            data.points[0][order],
            data.labels[0][order],
            validation_data=(held_out.points[0], held_out.labels[0]),
            batch_size=protocol.batch_size,
            class_weight={int(k): v for k, v in protocol.class_weight.items()} if isinstance(protocol.class_weight, dict) else None,
            shuffle=False,
            verbose=0,
        ).history
        mine = [stack[0, epoch + 1] for stack in ours.weights]
        expected = theirs.predict(held_out.points[0], verbose=0)
        answers = forward(model, mine, held_out.points[0])[-1]
        activation = model.layers[-1].activation
        np.testing.assert_allclose(activation(tf.reshape(answers, expected.shape)), expected, rtol=0, atol=10 * atol)
        if not protocol.batch_normalization:
            for one, other in zip(mine, plain, strict=True):
                np.testing.assert_allclose(one, other, rtol=0, atol=atol)
        measure = "mae" if task == "regression" else "accuracy"
        for name, key in (("loss", "loss"), (measure, measure), ("validation_loss", "val_loss")):
            assert getattr(ours.histories[0], name)[epoch] == pytest.approx(history[key][0], abs=10 * atol), name
    return ours


def _keras_of(model: keras.Sequential, protocol: ProtocolSpec, task: Task) -> keras.Sequential:
    """Return the recipe as one would write it for Keras' `fit`, compiled."""
    regularizer = keras.regularizers.L1L2(protocol.l1, protocol.l2)
    layers: list[keras.layers.Layer] = [keras.Input(model.input_shape[1:])]
    for number, layer in enumerate(model.layers[:-1]):
        layers.append(keras.layers.Dense(layer.units, kernel_regularizer=regularizer))
        if protocol.batch_normalization:
            layers.append(keras.layers.BatchNormalization())
        layers.append(keras.layers.Activation(layer.activation))
        if protocol.dropout:
            layers.append(_SameDropout(protocol.dropout, number, len(model.layers) - 1))
    last = model.layers[-1]
    layers.append(keras.layers.Dense(last.units, activation=last.activation, kernel_regularizer=regularizer))
    network = keras.Sequential(layers)
    schedule = protocol.learning_rate_schedule
    rate = protocol.learning_rate if schedule is None else getattr(keras.optimizers.schedules, schedule.class_name)(
        **({} if "values" in schedule.config else {"initial_learning_rate": protocol.learning_rate}), **schedule.config
    )
    optimizer = keras.optimizers.get({"class_name": protocol.optimizer, "config": dict(protocol.optimizer_options)})
    optimizer.learning_rate = rate
    measure = "mae" if task == "regression" else "accuracy"
    network.compile(optimizer, protocol.loss_for(task), metrics=[measure], run_eagerly=protocol.dropout > 0)
    return network


class _SameDropout(keras.layers.Layer):
    """Dropout by the very masks that ours draws; it counts the batches that it has seen."""

    def __init__(self, rate: float, number: int, layers: int) -> None:
        super().__init__()
        self.rate, self.number, self.layers_count, self.steps = rate, number, layers, 0

    def call(self, x: tf.Tensor, training: bool = False) -> tf.Tensor:
        if not training:
            return x
        draw, self.steps = self.steps * self.layers_count + self.number, self.steps + 1
        seed = np.random.SeedSequence(SEED, spawn_key=(0,)).generate_state(1)[0] >> 1
        # a short batch of ours is padded to a whole one, and takes the first rows of its mask
        mask = dropout_mask(tf.constant([seed], tf.int32), tf.constant(draw), (32, x.shape[-1]), self.rate)
        return x * mask[0, : len(x)]


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "gelu", "silu"])
@pytest.mark.parametrize("hidden_layers", [(3,), (10, 10), (40, 12)])
def test_it_follows_keras_fit_from_the_same_weights_over_the_same_batches(
    hidden_layers: tuple[int, ...], activation: str
) -> None:
    _hold_to_fit(build(2, hidden_layers, [activation] * len(hidden_layers)), ADAM)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("hidden_layers", [(), (20, 20)])
def test_every_task_follows_keras_fit(hidden_layers: tuple[int, ...], task: Task) -> None:
    _hold_to_fit(build(5, hidden_layers, ["tanh"] * len(hidden_layers), task, 3 if task == "multiclass" else 1), ADAM, task)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_program_for_other_recipes_follows_keras_fit_in_every_task(
    task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numba_trainer, "supports", lambda *_: False)
    _hold_to_fit(_network(task=task), ADAM, task)


@pytest.mark.parametrize("program", ["numba", "xla"])
@pytest.mark.parametrize(
    "recipe",
    [
        {"l1": 0.01, "l2": 0.02},
        {"class_weight": {"0": 0.5, "1": 3.0}},
        {"learning_rate_schedule": Schedule("CosineDecay", {"decay_steps": 50, "alpha": 0.1})},
        {"learning_rate_schedule": Schedule("PiecewiseConstantDecay", {"boundaries": [20, 40], "values": [0.01, 0.003, 0.001]})},
        {"batch_size": 300},
        {"batch_size": 5000},
    ],
    ids=lambda recipe: "-".join(recipe),
)
def test_both_programs_follow_keras_fit_in_what_both_know(
    recipe: dict[str, object], program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    if program == "xla":
        monkeypatch.setattr(numba_trainer, "supports", lambda *_: False)
    _hold_to_fit(_network(("tanh", "relu")), replace(ADAM, **recipe))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "recipe",
    [
        {"optimizer": "sgd", "optimizer_options": {"momentum": 0.9, "nesterov": True}, "learning_rate": 0.05},
        {"optimizer_options": {"clipnorm": 0.05}},
        {"optimizer_options": {"global_clipnorm": 0.05}},
        {"optimizer": "adamw", "optimizer_options": {"weight_decay": 0.1}},
        {"batch_normalization": True},
        {"batch_normalization": True, "dropout": 0.3},
        {"dropout": 0.4},
        {"loss": "mean_squared_error"},
    ],
    ids=lambda recipe: "-".join(map(str, recipe.values())),
)
def test_other_recipes_follow_keras_fit(recipe: dict[str, object]) -> None:
    """Dropout by the same masks."""
    _hold_to_fit(_network(("tanh", "relu")), replace(ADAM, **recipe), n=260, atol=2e-5)  # type: ignore[arg-type]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_follows_keras_fit(optimizer: str) -> None:
    _hold_to_fit(_network(("tanh",), units=3), ProtocolSpec(optimizer, 0.001, 32), n=100)


@pytest.mark.parametrize("loss", ["mean_absolute_error", "huber", "log_cosh"])
def test_other_losses_of_a_regression_follow_keras_fit(loss: str) -> None:
    _hold_to_fit(_network(("tanh",), "regression"), replace(ADAM, loss=loss), "regression", n=260)
