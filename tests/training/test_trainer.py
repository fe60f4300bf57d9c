"""The compiled trainer does what Keras `fit` does, for every replicate, and the same each time."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from training.architectures import Weights, build, forward, initial_weights
from training.datasets import Split
from training.experiment import ProtocolSpec
from training.fit import numba_trainer
from training.fit.train import Trajectory, recorded_epochs, train

ADAM = ProtocolSpec("adam", 0.001, 32)
N, EPOCHS = 1124, 2  # 35 full batches an epoch, as in the notebook, and one of 4 points


def _split(replicates: int, n: int, seed: int = 0) -> Split:
    points = np.random.default_rng(seed).normal(size=(replicates, n, 2)).astype(np.float32)
    return Split(points, (np.linalg.norm(points, axis=-1) > 1).astype(np.float32))


def _orders(replicates: int, epochs: int = EPOCHS) -> NDArray[np.int32]:
    rows = np.tile(np.arange(N, dtype=np.int32), (epochs, replicates, 1))
    return np.random.default_rng(1).permuted(rows, axis=2)


def _train(
    model: keras.Sequential, initial: Weights, data: Split, orders: NDArray[np.int32], protocol: ProtocolSpec = ADAM
) -> Trajectory:
    return train(model, initial, data, _split(data.labels.shape[0], 40, seed=9), orders, protocol)


@pytest.mark.parametrize("activation", ["tanh", "relu", "gelu"])
@pytest.mark.parametrize("hidden_layers", [(), (3,), (10, 10)])
def test_it_follows_keras_fit_from_the_same_weights_over_the_same_batches(
    hidden_layers: tuple[int, ...], activation: str
) -> None:
    model = build(2, hidden_layers, activation if hidden_layers else None)
    initial = initial_weights(model, [5])
    data, orders = _split(1, N), _orders(1)
    ours = _train(model, initial, data, orders)

    model.set_weights([stack[0] for stack in initial])
    model.compile(keras.optimizers.Adam(0.001), "binary_crossentropy", metrics=["accuracy"])
    validation = _split(1, 40, seed=9)
    for epoch in range(EPOCHS):
        order = orders[epoch, 0]
        history = model.fit(
            data.points[0][order],
            data.labels[0][order],
            validation_data=(validation.points[0], validation.labels[0]),
            batch_size=32,
            shuffle=False,
            verbose=0,
        ).history
        for mine, theirs in zip(ours.weights, model.get_weights(), strict=True):
            np.testing.assert_allclose(mine[0, epoch + 1], theirs, rtol=0, atol=1e-5)
        for name, theirs in (("loss", "loss"), ("validation_loss", "val_loss"), ("accuracy", "accuracy")):
            assert getattr(ours.histories[0], name)[epoch] == pytest.approx(history[theirs][0], abs=1e-5)


def test_each_replicate_trains_as_if_alone() -> None:
    model = build(2, (3,), "tanh")
    data, orders = _split(3, N), _orders(3)
    initial = initial_weights(model, [1, 2, 3])
    together = _train(model, initial, data, orders)
    for r in range(3):
        own = slice(r, r + 1)
        alone = _train(
            model, [stack[own] for stack in initial], Split(data.points[own], data.labels[own]), orders[:, own]
        )
        for one, all_three in zip(alone.weights, together.weights, strict=True):
            np.testing.assert_allclose(one[0], all_three[r], rtol=0, atol=1e-6)


def test_a_replicate_that_diverges_hurts_no_other() -> None:
    model = build(2, (3,), "tanh")
    data, orders = _split(2, N), _orders(2)
    initial = initial_weights(model, [1, 2])
    healthy = _train(model, initial, data, orders)
    spoiled = [stack.copy() for stack in initial]
    spoiled[0][0, 0, 0] = np.nan
    beside = _train(model, spoiled, data, orders)
    assert np.isnan(beside.weights[0][0, -1]).any()
    for one, other in zip(healthy.weights, beside.weights, strict=True):
        np.testing.assert_array_equal(one[1], other[1])


def test_training_again_gives_the_same_bits() -> None:
    model = build(2, (10, 10), "tanh")
    first, second = (_train(model, initial_weights(model, [7, 8]), _split(2, N), _orders(2)) for _ in range(2))
    for one, other in zip(first.weights, second.weights, strict=True):
        assert one.tobytes() == other.tobytes()


def test_epochs_are_recorded_from_before_training_to_the_end() -> None:
    model = build(2, (), None)
    initial = initial_weights(model, [1])
    epochs = 45  # more than two compiled calls, the last of them shorter
    trajectory = _train(model, initial, _split(1, N), _orders(1, epochs))
    assert recorded_epochs(epochs) == list(range(epochs + 1))
    assert [stack.shape[:2] for stack in trajectory.weights] == [(1, epochs + 1)] * 2
    np.testing.assert_array_equal(trajectory.weights[0][:, 0], initial[0])
    one_by_one = _train(model, initial, _split(1, N), _orders(1, epochs)[:30])
    np.testing.assert_array_equal(trajectory.weights[0][:, 30], one_by_one.weights[0][:, -1])
    assert len(trajectory.histories[0].loss) == epochs


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
    model = build(2, (200,), "tanh")
    kernel, bias, *_ = (stack[0] for stack in initial_weights(model, [1]))
    limit = np.sqrt(6 / (2 + 200))  # Glorot uniform
    assert kernel.shape == (2, 200)
    assert 0.97 * limit < np.abs(kernel).max() <= limit
    assert not bias.any()
    again, other = initial_weights(model, [1]), initial_weights(model, [2])
    np.testing.assert_array_equal(again[0][0], kernel)
    assert not np.array_equal(other[0][0], kernel)


def test_the_forward_pass_is_the_keras_models_own() -> None:
    model = build(3, (4, 5), "relu")
    points = np.random.default_rng(0).normal(size=(7, 3)).astype(np.float32)
    *hidden, logits = forward(model, model.get_weights(), points)
    assert [layer.shape for layer in hidden] == [(7, 4), (7, 5)]
    np.testing.assert_allclose(tf.sigmoid(logits), model(points)[:, 0], rtol=0, atol=1e-6)


def test_an_unknown_activation_or_optimizer_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="tanhh"):
        build(2, (3,), "tanhh")
    model = build(2, (), None)
    with pytest.raises(ValueError, match="adamm"):
        _train(model, initial_weights(model, [1]), _split(1, N), _orders(1), ProtocolSpec("adamm", 0.001, 32))


def test_after_twenty_epochs_it_still_answers_as_keras_fit_does() -> None:
    """Rounding grows over 720 steps; what the network has learned must not depend on it."""
    model = build(2, (10,), "tanh")
    initial, data, orders = initial_weights(model, [5]), _split(1, N), _orders(1, 20)
    ours = _train(model, initial, data, orders)
    model.set_weights([stack[0] for stack in initial])
    model.compile(keras.optimizers.Adam(0.001), "binary_crossentropy")
    for order in orders[:, 0]:
        model.fit(data.points[0][order], data.labels[0][order], batch_size=32, shuffle=False, verbose=0)
    points = np.random.default_rng(2).normal(size=(2000, 2)).astype(np.float32)
    theirs = model(points).numpy()[:, 0]
    mine = tf.sigmoid(forward(model, [stack[0, -1] for stack in ours.weights], points)[-1]).numpy()
    assert np.abs(mine - theirs).max() < 1e-3
    assert np.mean((mine >= 0.5) == (theirs >= 0.5)) > 0.999


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_the_numba_trainer_and_xlas_do_the_same(activation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = build(2, (10, 10), activation)
    initial, data, orders = initial_weights(model, [5, 6]), _split(2, N), _orders(2, 3)
    fast = _train(model, initial, data, orders)
    monkeypatch.setattr(numba_trainer, "supports", lambda *_: False)
    general = _train(model, initial, data, orders)
    for one, other in zip(fast.weights, general.weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-5)
    for mine, theirs in zip(fast.histories, general.histories, strict=True):
        np.testing.assert_allclose(mine.loss, theirs.loss, rtol=0, atol=1e-5)
        np.testing.assert_allclose(mine.validation_accuracy, theirs.validation_accuracy, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("activation", "optimizer", "supported"),
    [("tanh", "adam", True), ("relu", "adam", True), ("gelu", "adam", False), ("tanh", "sgd", False)],
)
def test_what_the_numba_trainer_does_not_support_falls_back_and_says_so(
    activation: str, optimizer: str, supported: bool, caplog: pytest.LogCaptureFixture
) -> None:
    model = build(2, (3,), activation)
    protocol = ProtocolSpec(optimizer, 0.001, 32)
    trajectory = _train(model, initial_weights(model, [1]), _split(1, N), _orders(1, 1), protocol)
    assert np.isfinite(trajectory.weights[0]).all()
    assert ("training with XLA" in caplog.text) is not supported
