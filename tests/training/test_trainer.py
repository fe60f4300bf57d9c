"""The compiled trainers do what Keras `fit` does, for every replicate, and the same each time."""

from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from bundle.card import History, Task
from training.architectures import Weights, build, forward, initial_weights, task_of
from training.datasets import Replicates, Split
from training.fit import numba_trainer, recipe, xla_trainer
from training.fit import train as fit
from training.fit.batches import BatchOrders
from training.fit.layers import dropout_mask
from training.fit.train import Trajectory, train
from training.protocol_spec import OPTIMIZERS, EarlyStopping, ProtocolSpec, Schedule
from training.recorded import recorded_epochs

ADAM = ProtocolSpec()
N, EPOCHS = 132, 2  # four full batches an epoch, and one of 4 points
HELD_OUT, SEED = 40, 1

EVERYTHING = ProtocolSpec(
    l1=0.01,
    l2=0.02,
    class_weight={"0": 0.5, "1": 3.0},
    learning_rate_schedule=Schedule("CosineDecay", {"decay_steps": 8, "alpha": 0.1}),
)
"""Of what both programs know."""


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
    weights = protocol.class_weight
    class_weight = {int(k): weight for k, weight in weights.items()} if isinstance(weights, dict) else None
    for epoch, order in enumerate(BatchOrders(SEED, EPOCHS, n).replicate(0)(EPOCHS)):
        history = theirs.fit(
            data.points[0][order],
            data.labels[0][order],
            validation_data=(held_out.points[0], held_out.labels[0]),
            batch_size=protocol.batch_size,
            class_weight=class_weight,
            shuffle=False,
            verbose=0,
        ).history
        mine = [stack[0, epoch + 1] for stack in ours.weights]
        expected = theirs(held_out.points[0]).numpy()
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
            layers.append(_SameDropout(protocol.dropout, number, len(model.layers) - 1, protocol.batch_size))
    last = model.layers[-1]
    layers.append(keras.layers.Dense(last.units, activation=last.activation, kernel_regularizer=regularizer))
    network = keras.Sequential(layers)
    schedule = protocol.learning_rate_schedule
    rate = (
        protocol.learning_rate
        if schedule is None
        else getattr(keras.optimizers.schedules, schedule.class_name)(
            **({} if "values" in schedule.config else {"initial_learning_rate": protocol.learning_rate}),
            **schedule.config,
        )
    )
    optimizer = keras.optimizers.get({"class_name": protocol.optimizer, "config": dict(protocol.optimizer_options)})
    optimizer.learning_rate = rate
    measure = "mae" if task == "regression" else "accuracy"
    network.compile(optimizer, protocol.loss_for(task), metrics=[measure], run_eagerly=True)
    return network


class _SameDropout(keras.layers.Layer):  # type: ignore[misc]
    """Dropout by the very masks that ours draws; it counts the batches that it has seen."""

    def __init__(self, rate: float, number: int, layers: int, batch_size: int) -> None:
        super().__init__()
        self.draw, self.layers_count = number, layers
        seed = np.random.SeedSequence(SEED, spawn_key=(0,)).generate_state(1)[0] >> 1

        def mask(draw: tf.Tensor) -> tf.Tensor:
            # a short batch of ours is padded to a whole one, and takes the first rows of its mask
            return dropout_mask(tf.constant([seed], tf.int32), draw, (batch_size, 10), rate)[0]

        self.mask = tf.function(mask, jit_compile=True, autograph=False)  # XLA draws other numbers than TensorFlow

    def call(self, x: tf.Tensor, training: bool = False) -> tf.Tensor:
        if not training:
            return x
        draw, self.draw = self.draw, self.draw + self.layers_count
        return x * self.mask(tf.constant(draw))[: len(x)]


@pytest.mark.parametrize(
    ("hidden_layers", "activations"),
    [
        ((), ()),
        ((3,), ("tanh",)),
        ((10, 10), ("relu", "relu")),
        ((3, 40, 12, 20), ("tanh", "relu", "sigmoid", "gelu")),  # loops and matrix products
    ],
)
def test_it_follows_keras_fit_from_the_same_weights_over_the_same_batches(
    hidden_layers: tuple[int, ...], activations: tuple[str, ...]
) -> None:
    _hold_to_fit(build(2, hidden_layers, activations), ADAM)


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_several_classes_and_a_regression_follow_keras_fit(task: Task) -> None:
    _hold_to_fit(_network(("tanh", "gelu"), task, units=20, features=5), ADAM, task)


@pytest.mark.parametrize("batch_size", [30, 300, 5000], ids=["shorter last", "in parts", "longer than the data"])
def test_regularized_weighted_and_scheduled_training_follows_keras_fit(batch_size: int) -> None:
    _hold_to_fit(_network(), replace(EVERYTHING, batch_size=batch_size), n=600)


def test_the_program_for_other_recipes_follows_keras_fit_in_what_both_know_and_says_that_it_is_at_work(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(numba_trainer, "supports", lambda *_: False)
    _hold_to_fit(_network(("tanh", "relu")), EVERYTHING)
    assert "training with XLA" in caplog.text


def test_a_piecewise_constant_rate_follows_keras_fit() -> None:
    pieces = Schedule("PiecewiseConstantDecay", {"boundaries": [3, 6], "values": [0.01, 0.003, 0.001]})
    _hold_to_fit(_network(("relu",)), replace(ADAM, learning_rate_schedule=pieces))


@pytest.mark.parametrize(
    ("task", "recipe"),
    [
        (
            "binary",
            {
                "optimizer": "sgd",
                "optimizer_options": {"momentum": 0.9, "nesterov": True, "clipnorm": 0.05},
                "loss": "mean_squared_error",
                "dropout": 0.3,
            },
        ),
        ("multiclass", {"optimizer": "adamw", "optimizer_options": {"weight_decay": 0.1, "global_clipnorm": 0.05}}),
        ("regression", {"loss": "huber", "batch_normalization": True, "dropout": 0.3, "optimizer": "sgd"}),
    ],
    ids=["clipped momentum and dropout", "clipped weight decay", "normalization and dropout"],
)
def test_other_recipes_follow_keras_fit(task: Task, recipe: dict[str, object]) -> None:
    """Keras drops out by the same masks. Normalized with SGD: the bias before has no gradient but rounding's, of which
    Adam makes whole steps."""
    protocol = replace(ADAM, learning_rate=0.01, **recipe)  # type: ignore[arg-type]
    _hold_to_fit(_network(("silu", "relu"), task), protocol, task, atol=2e-5)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_an_optimizer_treats_each_weight_of_a_stack_of_replicates_as_if_alone(optimizer: str) -> None:
    """Or stacked replicates would not be replicates."""
    stack = np.random.default_rng(0).normal(size=(2, 4, 3)).astype(np.float32)

    def updated(values: NDArray[np.float32]) -> NDArray[np.float32]:
        variable, keras_optimizer = keras.Variable(values), keras.optimizers.get(optimizer)
        for step in range(3):
            keras_optimizer.apply([variable.value * (step + 1)], [variable])
        after: NDArray[np.float32] = variable.numpy()
        return after

    np.testing.assert_array_equal(updated(stack)[1], updated(stack[1]))


def test_early_stopping_stops_where_keras_does_and_restores_the_best_epoch() -> None:
    data, held_out = _split(2, 100), _split(2, HELD_OUT, seed=9)
    model, rule = _network(units=40), EarlyStopping(patience=2, min_delta=0.001)
    protocol, epochs = replace(ADAM, learning_rate=0.1, early_stopping=rule), 30
    initial = initial_weights(model, [1, 2])
    ours = _train(model, initial, data, epochs, protocol)
    assert ours.stopped is not None
    assert max(ours.stopped) < epochs
    for r, stopped in enumerate(ours.stopped):
        orders = BatchOrders(SEED, epochs, 100).replicate(r)(epochs)
        model.set_weights([stack[r] for stack in initial])
        model.compile(keras.optimizers.Adam(0.1), "binary_crossentropy", run_eagerly=True)
        callback = keras.callbacks.EarlyStopping(min_delta=0.001, patience=2, restore_best_weights=True)
        callback.set_model(model)
        callback.on_train_begin()
        losses: list[float] = []
        points, labels = data.replicate(r)
        while not callback.stopped_epoch:
            order = orders[len(losses)]
            history = model.fit(
                points[order], labels[order], validation_data=held_out.replicate(r), shuffle=False, verbose=0
            ).history
            losses += history["val_loss"]
            callback.on_epoch_end(len(losses) - 1, {"val_loss": losses[-1]})
        callback.on_train_end()
        assert len(losses) == stopped
        for stack, theirs in zip(ours.weights, model.get_weights(), strict=True):
            np.testing.assert_allclose(stack[r, -1], theirs, rtol=0, atol=1e-3)
            np.testing.assert_array_equal(stack[r, stopped], stack[r, -1])
        mine = ours.histories[r]
        assert isinstance(mine, History)
        np.testing.assert_allclose(mine.validation_loss[:stopped], losses, rtol=1e-3)
        assert set(mine.validation_loss[stopped:]) == {min(mine.validation_loss)}


def test_balanced_classes_weigh_the_same_together() -> None:
    labels = np.repeat([0.0, 1.0, 2.0], [90, 9, 1]).astype(np.float32)
    weights = recipe.class_weights(replace(ADAM, class_weight="balanced"), labels, 3)
    np.testing.assert_allclose(np.bincount(labels.astype(int)) * weights, 100 / 3, rtol=1e-6)


@pytest.mark.parametrize("program", ["numba", "xla"])
def test_each_replicate_trains_as_if_alone(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """XLA's program trains as many at once as there is memory for: at the least one, which is alone then."""
    protocol = ADAM if program == "numba" else replace(ADAM, dropout=0.2)
    model = _network(units=3)
    data, initial = _split(3, N), initial_weights(model, [1, 2, 3])
    together = _train(model, initial, data, protocol=protocol)
    if program == "xla":
        monkeypatch.setattr(xla_trainer, "WEIGHTS_AT_ONCE", 0)
        alone = _train(model, initial, data, protocol=protocol)
    else:
        first = Split(data.points[:1], data.labels[:1])
        alone = _train(model, [stack[:1] for stack in initial], first, protocol=protocol)
    for one, all_three in zip(alone.weights, together.weights, strict=True):
        np.testing.assert_allclose(one, all_three[: len(one)], rtol=0, atol=1e-6)


def test_replicates_that_share_data_train_as_those_that_have_copies() -> None:
    model, shared = _network(), _split(1, 200)
    rows = np.stack([np.random.default_rng(r).permutation(200)[:N] for r in range(2)]).astype(np.int32)
    views = Split(shared.points[0], shared.labels[0], rows)
    copies = Split(*(np.stack(column) for column in zip(*map(views.replicate, range(2)), strict=True)))
    one, other = (_train(model, initial_weights(model, [1, 2]), data) for data in (views, copies))
    for mine, theirs in zip(one.weights, other.weights, strict=True):
        assert mine.tobytes() == theirs.tobytes()


def test_a_replicate_that_diverges_hurts_no_other() -> None:
    model = _network(units=3)
    data, initial = _split(2, N), initial_weights(model, [1, 2])
    healthy = _train(model, initial, data)
    spoiled = [stack.copy() for stack in initial]
    spoiled[0][0, 0, 0] = np.nan
    beside = _train(model, spoiled, data)
    assert np.isnan(beside.weights[0][0, -1]).any()
    for one, other in zip(healthy.weights, beside.weights, strict=True):
        np.testing.assert_array_equal(one[1], other[1])


@pytest.mark.parametrize("units", [10, 40])
def test_training_again_gives_the_same_bits(units: int) -> None:
    model = _network(units=units)
    first, second = (_train(model, initial_weights(model, [7, 8]), _split(2, N)) for _ in range(2))
    for one, other in zip(first.weights, second.weights, strict=True):
        assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("orders_at_once", [1, 2**23])
def test_epochs_are_recorded_from_before_training_to_the_end(
    orders_at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fit, "ORDERS_PER_CHUNK", orders_at_once)
    model, epochs = _network(()), 145
    done: list[int] = []
    initial = initial_weights(model, [1, 2])
    orders = BatchOrders(SEED, epochs, N)
    trajectory = train(model, initial, _split(2, N), _split(2, HELD_OUT), orders, ADAM, done.append)
    kept = recorded_epochs(epochs)
    assert [stack.shape[:2] for stack in trajectory.weights] == [(2, len(kept))] * 2
    np.testing.assert_array_equal(trajectory.weights[0][:, 0], initial[0])
    for history in trajectory.histories:
        assert len(history.loss) == epochs
    assert sum(done) == epochs
    shorter = train(model, initial, _split(2, N), _split(2, HELD_OUT), replace(orders, epochs=kept[50]), ADAM)
    np.testing.assert_array_equal(trajectory.weights[0][:, 50], shorter.weights[0][:, -1])


@pytest.mark.parametrize("epochs", [1, 20, 59, 60, 61, 500, 100_000])
def test_recorded_epochs_are_about_sixty_and_denser_at_the_start(epochs: int) -> None:
    kept = recorded_epochs(epochs)
    assert (kept[0], kept[-1]) == (0, epochs)
    assert kept == sorted(set(kept))
    assert len(kept) <= 61
    if epochs >= 60:
        assert len(kept) >= 50
        gaps = np.diff(kept)
        assert gaps[:5].tolist() == [1] * 5
        assert gaps[-1] == max(gaps)


def test_starting_weights_are_those_of_the_keras_initializers() -> None:
    model = build(2, (200,), ("tanh",))
    kernel, bias, *_ = (stack[0] for stack in initial_weights(model, [1]))
    limit = np.sqrt(6 / (2 + 200))  # Glorot uniform
    assert kernel.shape == (2, 200)
    assert 0.97 * limit < np.abs(kernel).max() <= limit
    assert not bias.any()
    again, other = initial_weights(model, [1]), initial_weights(model, [2])
    np.testing.assert_array_equal(again[0][0], kernel)
    assert not np.array_equal(other[0][0], kernel)
    protocol = ProtocolSpec(kernel_initializer="he_normal", bias_initializer="random_normal")
    kernel, bias, *_ = (stack[0] for stack in initial_weights(model, [1], protocol))
    assert kernel.std() == pytest.approx(1, rel=0.1)  # sqrt(2 / 2)
    assert bias.std() == pytest.approx(0.05, rel=0.2)


@pytest.mark.parametrize(("task", "outputs"), [("binary", 1), ("multiclass", 4), ("regression", 1)])
def test_the_forward_pass_is_the_keras_models_own(task: Task, outputs: int) -> None:
    model = build(3, (4, 5), ("relu", "tanh"), task, outputs)
    points = np.random.default_rng(0).normal(size=(7, 3)).astype(np.float32)
    *hidden, logits = forward(model, model.get_weights(), points)
    assert [layer.shape for layer in hidden] == [(7, 4), (7, 5)]
    assert task_of(model) == task
    theirs = model(points)
    mine = model.layers[-1].activation(tf.reshape(logits, theirs.shape))
    np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-6)


def test_an_unknown_activation_optimizer_or_loss_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="tanhh"):
        build(2, (3,), ("tanhh",))
    model = _network(())
    with pytest.raises(ValueError, match="adamm"):
        _train(model, initial_weights(model, [1]), _split(1, N), protocol=ProtocolSpec("adamm"))
    with pytest.raises(ValueError, match=r"protocol\.loss: must be one of binary_crossentropy, .* not huber"):
        _train(model, initial_weights(model, [1]), _split(1, N), protocol=ProtocolSpec(loss="huber"))


def test_after_twenty_epochs_it_still_answers_as_keras_fit_does() -> None:
    """Rounding grows over 720 steps; what the network has learned must not depend on it."""
    model, n = _network(("tanh",)), 1124
    initial, data = initial_weights(model, [5]), _split(1, n)
    ours = _train(model, initial, data, 20)
    model.set_weights([stack[0] for stack in initial])
    model.compile(keras.optimizers.Adam(0.001), "binary_crossentropy")
    for order in BatchOrders(SEED, 20, n).replicate(0)(20):
        model.fit(data.points[0][order], data.labels[0][order], batch_size=32, shuffle=False, verbose=0)
    points = np.random.default_rng(2).normal(size=(2000, 2)).astype(np.float32)
    theirs = model(points).numpy()[:, 0]
    mine = tf.sigmoid(forward(model, [stack[0, -1] for stack in ours.weights], points)[-1]).numpy()
    assert np.abs(mine - theirs).max() < 1e-3
    assert np.mean((mine >= 0.5) == (theirs >= 0.5)) > 0.999


@pytest.mark.parametrize(
    ("activation", "recipe", "supported"),
    [
        ("gelu", {"l2": 0.1}, True),
        ("silu", {}, False),
        ("tanh", {"optimizer": "sgd"}, False),
        ("tanh", {"optimizer_options": {"beta_1": 0.8}}, False),
        ("tanh", {"loss": "mean_squared_error"}, False),
    ],
)
def test_what_the_fast_trainer_does_not_support_is_left_to_the_general_one(
    activation: str, recipe: dict[str, object], supported: bool
) -> None:
    assert numba_trainer.supports(_network((activation,)), replace(ADAM, **recipe)) is supported  # type: ignore[arg-type]
