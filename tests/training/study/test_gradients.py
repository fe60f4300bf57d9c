"""What is measured of a training is what TensorFlow's tape, or a definition written out, says of the same weights."""

from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from bundle.card import Task
from training.architectures import Weights, build, initial_weights
from training.protocol_spec import ACTIVATIONS, ProtocolSpec
from training.study import passes
from training.study.affine import affine_share
from training.study.gradients import Learning, measure_learning
from training.study.losses import point_losses
from training.study.passes import Activation, outputs, steepest

N = 70
LOSSES: list[tuple[Task, str, keras.losses.Loss]] = [
    ("binary", "binary_crossentropy", keras.losses.BinaryCrossentropy()),
    ("binary", "mean_squared_error", keras.losses.MeanSquaredError()),
    ("multiclass", "sparse_categorical_crossentropy", keras.losses.SparseCategoricalCrossentropy()),
    ("regression", "mean_squared_error", keras.losses.MeanSquaredError()),
    ("regression", "mean_absolute_error", keras.losses.MeanAbsoluteError()),
    ("regression", "huber", keras.losses.Huber()),
    ("regression", "log_cosh", keras.losses.LogCosh()),
]
Points = NDArray[np.float32]


def _data(task: Task = "binary") -> tuple[Points, Points]:
    points = np.random.default_rng(3).normal(size=(N, 2)).astype(np.float32)
    radius = np.linalg.norm(points, axis=1)
    labels = {"binary": radius > 1, "multiclass": np.digitize(radius, [0.8, 1.5]), "regression": 2 * np.sin(radius)}
    return points, labels[task].astype(np.float32)


def _network(names: tuple[str, ...], task: Task = "binary", units: int = 5) -> tuple[keras.Sequential, Weights]:
    """Return a network, and the weights [S, …] that it has at three epochs."""
    model = build(2, [units] * len(names), names, task, 3 if task == "multiclass" else 1)
    return model, initial_weights(model, [1, 2, 3], ProtocolSpec(bias_initializer="random_normal"))


def _activations(model: keras.Sequential) -> list[Activation]:
    return [layer.activation for layer in model.layers[:-1]]


def _learning(
    model: keras.Sequential,
    weights: Weights,
    task: Task = "binary",
    loss: str | None = None,
    counts: Points | None = None,
) -> Learning:
    points, labels = _data(task)
    losses_of = partial(point_losses, ProtocolSpec(loss=loss), task)
    weighing = np.ones_like(labels) if counts is None else counts
    return measure_learning(_activations(model), weights, points, labels, weighing, losses_of)


def _tape(
    model: keras.Sequential, weights: Weights, task: Task, loss: keras.losses.Loss, counts: Points | None = None
) -> tuple[list[float], NDArray[np.float64]]:
    """Return the loss at each epoch, and its gradients' norms [L, S], by Keras' own network and a tape."""
    points, labels = _data(task)
    values, norms = [], []
    for s in range(len(weights[0])):
        model.set_weights([stack[s] for stack in weights])
        with tf.GradientTape() as tape:
            value = loss(labels[:, np.newaxis], model(points), sample_weight=counts)
        kernels = [layer.kernel.value for layer in model.layers]
        values.append(float(value))
        norms.append([float(tf.norm(gradient)) for gradient in tape.gradient(value, kernels)])
    return values, np.array(norms).T


@pytest.mark.parametrize(("task", "name", "loss"), LOSSES, ids=[f"{task} {name}" for task, name, _ in LOSSES])
def test_loss_and_gradients_are_those_of_a_tape_over_keras_own_network(
    task: Task, name: str, loss: keras.losses.Loss
) -> None:
    model, weights = _network(("tanh", "relu"), task)
    found = _learning(model, weights, task, name)
    expected, norms = _tape(model, weights, task, loss)
    np.testing.assert_allclose(found.loss, expected, rtol=1e-5)
    np.testing.assert_allclose(found.gradient_norms, norms, rtol=1e-5)


@pytest.mark.parametrize(
    "names",
    [
        (),
        ("sigmoid",),
        ("elu", "selu"),
        ("gelu", "softplus"),
        ("exponential",),
        ("softmax", "tanh"),
        ("relu", "sparsemax"),
        ("sigmoid",) * 8,
        ("tanh",) * 20,
    ],
    ids=lambda names: f"{len(names)} {' '.join(dict.fromkeys(names))}",
)
def test_gradients_are_those_of_a_tape_for_any_activation_and_depth(names: tuple[str, ...]) -> None:
    model, weights = _network(names)
    _, norms = _tape(model, weights, "binary", keras.losses.BinaryCrossentropy())
    np.testing.assert_allclose(_learning(model, weights).gradient_norms, norms, rtol=1e-5)


def test_points_that_weigh_more_count_more_in_the_loss_and_its_gradients() -> None:
    model, weights = _network(("tanh",))
    counts = np.linspace(0.5, 3, N).astype(np.float32)
    expected, norms = _tape(model, weights, "binary", keras.losses.BinaryCrossentropy(), counts)
    found = _learning(model, weights, counts=counts)
    np.testing.assert_allclose(found.loss, expected, rtol=1e-5)
    np.testing.assert_allclose(found.gradient_norms, norms, rtol=1e-5)


def test_many_points_are_measured_in_pieces_with_the_same_result(monkeypatch: pytest.MonkeyPatch) -> None:
    model, weights = _network(("tanh", "softmax"))
    whole, points = _learning(model, weights), _data()[0]
    answers = outputs(_activations(model), weights, points)
    np.testing.assert_array_equal(whole.outputs, answers)
    monkeypatch.setattr(passes, "NUMBERS_AT_ONCE", 16 * 15)
    pieces = _learning(model, weights)
    np.testing.assert_allclose(outputs(_activations(model), weights, points), answers, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(pieces.gradient_norms, whole.gradient_norms, rtol=1e-5)
    for name in ("loss", "dead", "saturated"):
        np.testing.assert_allclose(getattr(pieces, name), getattr(whole, name), rtol=1e-6)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_slope_of_every_activation_is_how_a_unit_moves_with_its_own_argument(name: str) -> None:
    activation = keras.activations.get(name)
    z = np.random.default_rng(1).normal(scale=2, size=(2, 3, 9)).astype(np.float32)  # [S, units, points]
    found = passes._activate(activation, z)
    argument = tf.constant(z.swapaxes(1, 2))
    for unit in range(3):
        with tf.GradientTape() as tape:
            tape.watch(argument)
            value = activation(argument)[..., unit]
        np.testing.assert_allclose(found.values[:, unit], value, rtol=1e-6, atol=1e-7)
        slopes = tape.gradient(value, argument).numpy()[..., unit]
        np.testing.assert_allclose(found.slopes[:, unit], slopes, rtol=1e-5, atol=1e-6)
    assert np.abs(found.slopes).max() <= 1.01 * steepest(activation) or name == "exponential"


@pytest.mark.parametrize(
    ("name", "expected"), [("tanh", 1), ("sigmoid", 0.25), ("relu", 1), ("selu", 1.7581), ("gelu", 1.129), ("elu", 1)]
)
def test_the_steepest_slope_is_known_to_a_hundredth(name: str, expected: float) -> None:
    assert steepest(keras.activations.get(name)) == pytest.approx(expected, rel=0.01)


def test_a_unit_is_dead_if_it_is_flat_at_every_point_and_saturated_if_almost_at_95_of_100() -> None:
    x = np.linspace(-1, 1, 100).astype(np.float32)[:, np.newaxis]
    labels = np.zeros(100, np.float32)
    ends = [np.full((1, 4, 1), 0.1, np.float32), np.zeros((1, 1), np.float32)]

    def shares(name: str, kernel: list[float], bias: list[float]) -> tuple[float, float]:
        weights = [np.array([[kernel]], np.float32), np.array([bias], np.float32), *ends]
        losses_of = partial(point_losses, ProtocolSpec(), "binary")
        found = measure_learning([keras.activations.get(name)], weights, x, labels, np.ones_like(labels), losses_of)
        return float(found.dead[0][0]), float(found.saturated[0][0])

    # off everywhere; on at one point; on at six; on everywhere
    assert shares("relu", [1, 1, 1, 1], [-2, -0.99, -0.89, 2]) == (0.25, 0.5)
    # steep; at 3 its slope is still 0.0099; it is 0.07 at 2; at 20 there is none that float32 can tell from 0
    assert shares("tanh", [1, 0.001, 0.001, 0.001], [0, 3, 2, 20]) == (0.25, 0.5)
    assert shares("linear", [1, 1, 1, 1], [0, 9, 9, 9]) == (0, 0)


def test_the_affine_share_is_r2_of_least_squares() -> None:
    points = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    z = np.stack([points @ [1, -2, 0.5] + 3, points[:, 0] ** 2 + points[:, 1], np.full(50, 7)]).astype(np.float32)
    design = np.column_stack([points, np.ones(50)])
    left = z[1] - design @ np.linalg.lstsq(design, z[1], rcond=None)[0]
    found = affine_share(points, z)
    np.testing.assert_allclose(found, [1, 1 - (left**2).sum() / ((z[1] - z[1].mean()) ** 2).sum(), 1], rtol=1e-6)
    twice = np.column_stack([points, points[:, 0], np.ones(50)]).astype(np.float32)  # says nothing more
    np.testing.assert_allclose(affine_share(twice, z), found, rtol=1e-6)
