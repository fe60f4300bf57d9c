"""The trainers that are compared, each on the same network, data, starting weights and batches: ours, Keras', JAX's.

Each function returns one that trains on for some epochs of every replicate, compiled before it is returned.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bundle.card import Task
from training.datasets import Split
from training.fit.batches import BatchOrders

BATCH, SEED = 32, 0


@dataclass(frozen=True)
class Network:
    """A shape to train, and how much of it at a time: a wide network is trained on fewer points."""

    width: int
    depth: int
    features: int
    activation: str
    task: Task = "binary"
    outputs: int = 1

    @property
    def replicates(self) -> int:
        return 30 if self.width <= 30 else 4 if self.width < 1000 else 1

    @property
    def points(self) -> int:
        return 1120 if self.width <= 100 else 320

    @property
    def epochs(self) -> int:
        """Of a call; as many as our trainer takes between two reports of progress, where that does not take long."""
        return 20 if self.width <= 30 else 2

    def __str__(self) -> str:
        ends = {"binary": "sigmoid", "multiclass": f"softmax {self.outputs}", "regression": "linear"}[self.task]
        return f"{self.features} → {self.depth} × {self.width} {self.activation} → {ends}"

    def build(self) -> Any:
        """Return the network as Keras has it."""
        from training.architectures import build  # noqa: PLC0415 (TensorFlow: only in its trainers' processes)

        widths, activations = [self.width] * self.depth, [self.activation] * self.depth
        return build(self.features, widths, activations, self.task, self.outputs)

    def orders(self) -> NDArray[np.int32]:
        """Return the order in which each replicate visits the points in each epoch, [R, epochs, n]."""
        orders = BatchOrders(SEED, self.epochs, self.points)
        return np.stack([orders.replicate(r)(self.epochs) for r in range(self.replicates)])

    def data(self, points: int) -> Split:
        x = np.random.default_rng(SEED).normal(size=(self.replicates, points, self.features)).astype(np.float32)
        radius = np.linalg.norm(x, axis=-1) / np.sqrt(self.features)
        if self.task == "regression":
            return Split(x, radius)
        edges = np.quantile(radius, np.linspace(0, 1, max(2, self.outputs) + 1)[1:-1])
        return Split(x, np.digitize(radius, edges).astype(np.float32))


NETWORKS = [
    Network(1, 1, 2, "tanh"),
    Network(1, 20, 2, "tanh"),
    Network(3, 1, 2, "tanh"),
    Network(10, 2, 2, "tanh"),
    Network(10, 2, 2, "relu"),
    Network(10, 2, 2, "sigmoid"),
    Network(10, 2, 2, "gelu"),
    Network(10, 2, 64, "tanh", "multiclass", 10),
    Network(10, 2, 10, "relu", "regression"),
    Network(10, 20, 2, "tanh"),
    Network(30, 2, 13, "relu", "multiclass", 3),
    Network(30, 5, 30, "gelu"),
    Network(30, 20, 10, "sigmoid", "regression"),
    Network(100, 2, 2, "tanh"),
    Network(100, 2, 64, "relu", "multiclass", 10),
    Network(100, 5, 10, "gelu", "regression"),
    Network(100, 20, 30, "relu"),
    Network(300, 2, 2, "tanh"),
    Network(300, 3, 64, "gelu", "multiclass", 10),
    Network(1000, 1, 2, "sigmoid"),
    Network(1000, 2, 64, "tanh"),
    Network(1000, 5, 10, "relu", "regression"),
]

Run: TypeAlias = Callable[[], object]
State: TypeAlias = tuple[Any, Any]
"""JAX's weights, and optax's moments."""
VALIDATION_POINTS, KERAS_EPOCHS = 2 * BATCH, 2


def ours(network: Network) -> Run:
    """Our trainer, which also measures loss and accuracy on training and validation data."""
    from training.architectures import initial_weights  # noqa: PLC0415
    from training.fit import numba_trainer  # noqa: PLC0415
    from training.protocol_spec import ProtocolSpec  # noqa: PLC0415

    model = network.build()
    initial, protocol = initial_weights(model, range(network.replicates)), ProtocolSpec(batch_size=BATCH)
    training, validation = network.data(network.points), network.data(VALIDATION_POINTS)
    trainer = numba_trainer.make_trainer(model, initial, training, validation, protocol)
    orders = network.orders()

    def run() -> None:
        for r in range(network.replicates):
            trainer.start([r], [SEED])
            trainer.train(orders[r][:, np.newaxis])
            trainer.weights()

    return run


def keras_fit(network: Network) -> Run:
    """Keras' `fit`, one replicate."""
    import keras  # noqa: PLC0415

    from training.protocol_spec import LOSSES  # noqa: PLC0415

    model = network.build()
    measure = "mae" if network.task == "regression" else "accuracy"
    model.compile(keras.optimizers.Adam(), LOSSES[network.task][0], metrics=[measure])
    (x, y), held_out = network.data(network.points).replicate(0), network.data(VALIDATION_POINTS).replicate(0)
    return lambda: model.fit(x, y, validation_data=held_out, batch_size=BATCH, epochs=KERAS_EPOCHS, verbose=0)


def jax_vmap_scan(network: Network) -> Run:  # noqa: C901 (its small functions are counted with it)
    """JAX and optax over stacked replicates, with the measures that ours takes."""
    import jax  # noqa: PLC0415
    import jax.numpy as jnp  # noqa: PLC0415
    import optax  # noqa: PLC0415

    adam = optax.adam(0.001, eps=1e-7)  # Keras' epsilon
    activations = {"gelu": lambda x: jax.nn.gelu(x, approximate=False)}  # Keras' default
    activation = activations.get(network.activation) or getattr(jax.nn, network.activation)

    def measure(weights: list[jax.Array], x: jax.Array, y: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Return the loss, and the accuracy or the mean absolute error."""
        for kernel, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
            x = activation(x @ kernel + bias)
        z = x @ weights[-2] + weights[-1]
        if network.task == "multiclass":
            loss = optax.softmax_cross_entropy_with_integer_labels(z, y.astype(int)).mean()
            return loss, jnp.mean(z.argmax(axis=1) == y)
        if network.task == "regression":
            return jnp.mean((z[:, 0] - y) ** 2), jnp.mean(jnp.abs(z[:, 0] - y))
        return optax.sigmoid_binary_cross_entropy(z[:, 0], y).mean(), jnp.mean((z[:, 0] > 0) == (y > 0))

    def train_one(
        weights: list[jax.Array], x: jax.Array, y: jax.Array, held_out: tuple[jax.Array, jax.Array], orders: jax.Array
    ) -> tuple[list[jax.Array], jax.Array]:
        def step(state: State, rows: jax.Array) -> tuple[State, jax.Array]:
            weights, moments = state
            (loss, right), gradient = jax.value_and_grad(measure, has_aux=True)(weights, x[rows], y[rows])
            updates, moments = adam.update(gradient, moments)
            return (optax.apply_updates(weights, updates), moments), jnp.stack([loss, right])

        def epoch(state: State, batches: jax.Array) -> tuple[State, jax.Array]:
            state, measured = jax.lax.scan(step, state, batches)
            return state, jnp.concatenate([measured.mean(axis=0), jnp.stack(measure(state[0], *held_out))])

        (weights, _), metrics = jax.lax.scan(epoch, (weights, adam.init(weights)), orders)
        return weights, metrics

    rng, sizes = np.random.default_rng(SEED), [network.features, *[network.width] * network.depth, network.outputs]
    weights = []
    for inputs, units in pairwise(sizes):
        limit = np.sqrt(6 / (inputs + units))
        weights.append(jnp.asarray(rng.uniform(-limit, limit, (network.replicates, inputs, units)), jnp.float32))
        weights.append(jnp.zeros((network.replicates, units)))
    data, held_out = network.data(network.points), network.data(VALIDATION_POINTS)
    batches = network.orders().reshape(network.replicates, network.epochs, -1, BATCH)
    shown = (jnp.asarray(held_out.points), jnp.asarray(held_out.labels))
    arguments = [weights, jnp.asarray(data.points), jnp.asarray(data.labels), shown, jnp.asarray(batches)]
    compiled = jax.jit(jax.vmap(train_one)).lower(*arguments).compile()
    return lambda: jax.block_until_ready(compiled(*arguments))


TRAINERS: dict[str, Callable[[Network], Run]] = {"ours": ours, "JAX": jax_vmap_scan, "Keras": keras_fit}


def epochs_of(trainer: str, network: Network) -> int:
    """Return how many epochs of a replicate a call trains, over all replicates."""
    return KERAS_EPOCHS if trainer == "Keras" else network.epochs * network.replicates
