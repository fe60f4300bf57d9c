"""The page trains as training/fit does: from the same start over the same batches it comes to the same weights."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from playwright.sync_api import Browser, Page

from tests.conftest import Server
from training.architectures import Weights, build, initial_weights
from training.datasets import Split
from training.fit.batches import BatchOrders
from training.fit.train import train
from training.protocol_spec import ACTIVATIONS, ProtocolSpec

N, EPOCHS, SEED = 150, 20, 1  # four batches of 32 an epoch, and one of 22

OF_WHOLE_LAYERS = {"softmax", "log_softmax", "sparsemax"}

CORNERS = {-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0, 6.0}
"""Where an activation has no derivative, or one from each side."""


@pytest.fixture(scope="module")
def page(browser: Browser, server: Server) -> Iterator[Page]:
    with closing(browser.new_page(base_url=server.url)) as opened:
        opened.goto("/health/live")
        yield opened


def called(page: Page, script: str, *given: object) -> Any:
    return page.evaluate(f"async (given) => {{ {script} }}", list(given))


CASES = [
    ((), "tanh", 2, ProtocolSpec()),
    ((3,), "tanh", 2, ProtocolSpec(learning_rate=0.01)),
    ((10,), "relu", 2, ProtocolSpec(learning_rate=0.01, l2=0.001)),
    ((10, 10), "tanh", 2, ProtocolSpec(l2=0.001)),
    ((10,), "relu", 4, ProtocolSpec(learning_rate=0.003, l1=0.001)),
    ((7, 5, 6, 3), "gelu", 3, ProtocolSpec(learning_rate=0.01, batch_size=20, l2=0.002)),
    ((6, 9), "sigmoid", 4, ProtocolSpec(batch_size=1000)),
]


@pytest.mark.parametrize(("layers", "activation", "classes", "protocol"), CASES)
def test_the_weights_after_20_epochs_are_the_python_trainers(
    page: Page, layers: tuple[int, ...], activation: str, classes: int, protocol: ProtocolSpec
) -> None:
    outputs = 1 if classes == 2 else classes
    model = build(2, layers, [activation] * len(layers), "binary" if classes == 2 else "multiclass", outputs)
    points = np.random.default_rng(2).uniform(-1, 1, (1, N, 2)).astype(np.float32)
    labels = np.digitize(np.linalg.norm(points, axis=-1), np.linspace(0.5, 1, classes - 1)).astype(np.float32)
    data = Split(points, labels)
    initial = initial_weights(model, [5], protocol)
    orders = BatchOrders(SEED, EPOCHS, N)
    python = train(model, initial, data, data, orders, protocol, recorded=[0, EPOCHS])
    weights = called(
        page,
        """
        const { Dense } = await import("/trainer/dense.js");
        const [sizes, activation, weights, points, labels, orders, recipe] = given;
        const network = new Dense(sizes, activation, weights);
        const columns = [0, 1].map((d) => Float32Array.from(points, (point) => point[d]));
        const samples = { columns, labels: Float32Array.from(labels) };
        for (const order of orders) network.train(samples, Uint32Array.from(order), recipe);
        return Array.from(network.weights);
        """,
        [2, *layers, outputs],
        activation,
        flat(initial, 0),
        points[0].tolist(),
        labels[0].tolist(),
        orders.replicate(0)(EPOCHS).tolist(),
        {"rate": protocol.learning_rate, "batch": protocol.batch_size, "l1": protocol.l1, "l2": protocol.l2},
    )
    right = flat([stack[:, -1] for stack in python.weights], 0)
    assert np.abs(np.subtract(right, flat(initial, 0))).max() > 0.01  # it has learned something
    np.testing.assert_allclose(weights, right, rtol=0, atol=1e-4)


def flat(weights: Weights, replicate: int) -> list[float]:
    """Return a replicate's weights as the page keeps them: kernel, biases, kernel, … in one list."""
    return [float(value) for stack in weights for value in stack[replicate].ravel()]


def test_every_activation_that_training_accepts_and_the_page_has_can_be_trained(page: Page) -> None:
    script = 'return (await import("/trainer/slopes.js")).ACTIVATIONS;'
    assert set(called(page, script)) == set(ACTIVATIONS) - OF_WHOLE_LAYERS


def test_slopes_are_keras_gradients(page: Page) -> None:
    sums = np.array([z for z in np.linspace(-8, 8, 641) if z not in CORNERS])
    names = [name for name in ACTIVATIONS if name not in OF_WHOLE_LAYERS]
    found = called(
        page,
        """
        const { slopeOf } = await import("/trainer/slopes.js");
        return given[0].map((name) => given[1].map(slopeOf(name)));
        """,
        names,
        sums.tolist(),
    )
    for name, slopes in zip(names, found, strict=True):
        z = tf.constant(sums)
        with tf.GradientTape() as tape:
            tape.watch(z)
            values = keras.activations.get(name)(z)
        right = tape.gradient(values, z)
        right = np.zeros_like(sums) if right is None else right.numpy()
        np.testing.assert_allclose(slopes, right, rtol=3e-6, atol=3e-6, err_msg=name)
