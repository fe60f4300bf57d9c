"""Seconds a training run, ours beside others: `make benchmark-training`, or `python -m benchmarks.training [--quick]`.

A run is 500 epochs of 35 batches, 17,500 steps of Adam, on the default experiment's data. Everything is measured in one
sitting, in rounds that visit every contender in turn, so that what else the machine does falls on all alike; the median
round counts. What takes long is measured over fewer epochs and scaled, as the table says. Each contender is warmed up
first, so compilation is not in its number but in a column of its own, except where a row says otherwise.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import platform
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import distributions, version
from pathlib import Path
from statistics import median
from typing import TypeAlias

import click
import jax
import jax.numpy as jnp
import keras
import numpy as np
import optax
from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from training import experiment as experiments
from training.architectures import Weights, build, initial_weights
from training.datasets import Part, Stream, batch_orders, draw, open_source, seed_for
from training.trainer import EPOCHS_A_CALL, Program, train, xla_program

EXPERIMENT = experiments.read(experiments.DEFAULT)
EPOCHS, REPLICATES = 500, EXPERIMENT.replicates
ACTIVATIONS = ("tanh", "relu")
RESULTS = Path(__file__).with_name("TRAINING.md")
LIBRARIES = ("tensorflow", "tensorflow-cpu", "keras", "numba", "jax", "optax", "scikit-learn", "numpy")

SOURCE = open_source(EXPERIMENT.dataset, EXPERIMENT.seed)
DRAWS = draw(EXPERIMENT.dataset, SOURCE, EXPERIMENT.seed, REPLICATES)
ORDERS = batch_orders(EXPERIMENT.seed, REPLICATES, EPOCHS, DRAWS.train.labels.shape[1])
SEEDS = [seed_for(EXPERIMENT.seed, r, Stream.WEIGHTS) for r in range(REPLICATES)]


State: TypeAlias = tuple[list[jax.Array], optax.OptState]


@dataclass
class Contender:
    """`run` trains over `epochs` epochs what makes `runs` runs once it is scaled to 500."""

    name: str
    network: str
    run: Callable[[], object]
    runs: int = 1
    epochs: int = EPOCHS
    warm_up: bool = True
    compilation: float | None = None
    seconds: list[float] = field(default_factory=list)

    def measure(self) -> None:
        self.seconds.append(_seconds(self.run) * EPOCHS / self.epochs / self.runs)

    def warm(self) -> None:
        """Run once; what that took longer than the second time is compilation."""
        if self.warm_up:
            first, second = _seconds(self.run), _seconds(self.run)
            self.compilation = max(first - second, 0)


def _seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def _network(activation: str) -> keras.Sequential:
    return build(2, (10, 10), activation)


def _first(part: Part, count: int) -> Part:
    return Part(part.points[:count], part.labels[:count])


def ours(activation: str, replicates: int, epochs: int = EPOCHS) -> Weights:
    """Train and record as `python -m training train` does; returns the weights at the end."""
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


def side_by_side(epochs: int = EPOCHS) -> None:
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda activation: ours(activation, REPLICATES, epochs), ACTIVATIONS))


def one_program(program: Program, activation: str, replicates: int) -> Callable[[], object]:
    """Return a function that trains on for EPOCHS_A_CALL epochs, compiled once."""
    model = _network(activation)
    data = _first(DRAWS.train, replicates), _first(DRAWS.validation, replicates)
    advance = program(model, initial_weights(model, SEEDS[:replicates]), *data, EXPERIMENT.protocol)
    return lambda: advance(ORDERS[:EPOCHS_A_CALL, :replicates])


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
    """The same steps over the same batches in JAX and optax, without the metrics and snapshots that ours records."""
    function = getattr(jax.nn, activation)
    adam = optax.adam(EXPERIMENT.protocol.learning_rate, eps=1e-7)  # Keras' epsilon

    def loss(weights: list[jax.Array], points: jax.Array, labels: jax.Array) -> jax.Array:
        for kernel_, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
            points = function(points @ kernel_ + bias)
        logits = (points @ weights[-2] + weights[-1])[:, 0]
        return jnp.mean(optax.sigmoid_binary_cross_entropy(logits, labels))

    def one(weights: list[jax.Array], points: jax.Array, labels: jax.Array, batches: jax.Array) -> list[jax.Array]:
        def step(state: State, rows: jax.Array) -> tuple[State, None]:
            weights, moments = state
            updates, moments = adam.update(jax.grad(loss)(weights, points[rows], labels[rows]), moments)
            return (optax.apply_updates(weights, updates), moments), None

        (weights, _), _ = jax.lax.scan(step, (weights, adam.init(weights)), batches)
        return weights

    data = _first(DRAWS.train, replicates)
    batches = ORDERS[:epochs, :replicates].swapaxes(0, 1).reshape(replicates, -1, EXPERIMENT.protocol.batch_size)
    initial = initial_weights(_network(activation), SEEDS[:replicates])
    arguments = [[jnp.asarray(stack) for stack in initial], *map(jnp.asarray, (data.points, data.labels, batches))]
    compiled = jax.jit(jax.vmap(one))
    return lambda: [np.asarray(stack) for stack in compiled(*arguments)]


def agreement(activation: str) -> float:
    """Return how far JAX's weights are from ours after one epoch, 35 steps, and refuse to compare if it is far.

    The mean difference counts: optax adds epsilon to the corrected second moment, Keras to the one before correction,
    which matters (up to 2e-3) for the few weights whose gradients are near epsilon.
    """
    theirs = jax_vmap_scan(activation, REPLICATES, 1)()
    differences = [np.abs(a - b).ravel() for a, b in zip(ours(activation, REPLICATES, 1), theirs, strict=True)]
    apart = float(np.concatenate(differences).mean())
    if not apart < 1e-4:
        raise click.ClickException(f"JAX and ours do not do the same: {activation} weights are {apart:.1e} apart")
    return apart


def whole_experiment() -> None:
    """Train every model of the default experiment, two at once as the pipeline does."""

    def one(spec: experiments.ModelSpec) -> None:
        model = build(2, spec.hidden_layers, spec.activation)
        initial = initial_weights(model, SEEDS)
        train(model, initial, DRAWS.train, DRAWS.validation, ORDERS[: spec.epochs], EXPERIMENT.protocol)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(one, EXPERIMENT.models))


def _fresh_process(*arguments: str) -> str:
    return subprocess.run([sys.executable, *arguments], check=True, capture_output=True, text=True).stdout  # noqa: S603


def _command() -> None:
    with tempfile.TemporaryDirectory() as directory:
        _fresh_process("-m", "training", "train", "--models-dir", directory)


class _Whole(Contender):
    """The experiment in a process of its own, which says itself how long training took, compilation included."""

    def measure(self) -> None:
        code = "from benchmarks.training import _seconds, whole_experiment; print(_seconds(whole_experiment))"
        self.seconds.append(float(_fresh_process("-c", code).split()[-1]) / self.runs)


def contenders(quick: bool) -> list[Contender]:
    found = []
    for name in ACTIVATIONS:
        network, some = f"{name} 10-10", 50
        found += [
            Contender("ours (Numba), 1 replicate", network, partial(ours, name, 1)),
            Contender("ours (Numba), 30 replicates", network, partial(ours, name, REPLICATES), REPLICATES),
            Contender(
                "ours, XLA program, 1 replicate", network, one_program(xla_program, name, 1), epochs=EPOCHS_A_CALL
            ),
            Contender(
                "ours, XLA program, 30 replicates",
                network,
                one_program(xla_program, name, REPLICATES),
                REPLICATES,
                EPOCHS_A_CALL,
            ),
            Contender("JAX vmap + scan, 1 replicate", network, jax_vmap_scan(name, 1, some), epochs=some),
            Contender(
                "JAX vmap + scan, 30 replicates", network, jax_vmap_scan(name, REPLICATES, some), REPLICATES, some
            ),
            Contender("scikit-learn MLPClassifier", network, partial(scikit_learn, name, some), epochs=some),
            Contender("Keras fit", network, keras_fit(name, 3), epochs=3),
        ]
    found.append(Contender("ours, both side by side, 30 replicates", "both", side_by_side, 2 * REPLICATES))
    if not quick:
        runs = REPLICATES * len(EXPERIMENT.models)
        whole = f"all {len(EXPERIMENT.models)} models"
        found += [
            _Whole("ours, training alone, with compilation", whole, whole_experiment, runs, warm_up=False),
            Contender("ours, `python -m training train`, everything", whole, _command, runs, warm_up=False),
        ]
    return found


def _machine() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    cpu = next((line.split(": ")[1] for line in lines if line.startswith("model name")), platform.processor())
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES if _installed(name))
    return f"{os.cpu_count()} cores, {cpu}, {platform.system()}; Python {platform.python_version()}, {libraries}"


def _installed(name: str) -> bool:
    return any(True for _ in distributions(name=name))


def _table(measured: list[Contender]) -> Table:
    reference = {c.network: median(c.seconds) for c in measured if c.name.startswith("ours (Numba), 30")}
    table = Table(box=MARKDOWN)
    for heading in ("", "network", "epochs timed", "compilation, s", "s a run (median)", "best – worst", "× ours, 30"):
        table.add_column(heading, justify="left" if heading in {"", "network"} else "right", no_wrap=True)
    for c in measured:
        middle = median(c.seconds)
        table.add_row(
            c.name,
            c.network,
            str(c.epochs),
            "" if c.compilation is None else f"{c.compilation:.1f}",
            f"{middle:.3f}",
            f"{min(c.seconds):.3f} – {max(c.seconds):.3f}",
            f"{middle / reference[c.network]:.1f}" if c.network in reference else "",
        )
    return table


def _report(table: str, apart: dict[str, float], rounds: int, load: float) -> str:
    differences = " and ".join(f"{value:.0e} ({name})" for name, value in apart.items())
    return f"""# Seconds a training run

{datetime.now(UTC):%Y-%m-%d}, `make benchmark-training`, {rounds} rounds, load average {load:.1f} before it began;
{_machine()}.

A run is 500 epochs of 35 batches of 32 points, 17,500 steps of Adam, over the default experiment's data. Rows with
fewer epochs are scaled to 500. Compilation is what the first call took longer than the second; Numba's is paid once for
all networks and so stands in the first row that needs it. The rows for all models start a fresh process and include it.

{table.strip()}

After one epoch JAX's weights and ours are on average {differences} apart. JAX's rows leave out the
metrics and snapshots that ours records; scikit-learn's leave out the validation data.
"""


@click.command()
@click.option("--rounds", type=click.IntRange(min=1), default=3, show_default=True)
@click.option("--quick", is_flag=True, help="One round, without the whole experiment; writes nothing.")
def main(rounds: int, quick: bool) -> None:
    """Measure, print the table and write benchmarks/TRAINING.md."""
    console, load = Console(width=200), os.getloadavg()[0]
    measured = contenders(quick)
    rounds = 1 if quick else rounds
    with Console(stderr=True).status("warming up") as status:
        for contender in measured:
            status.update(f"warming up: {contender.name}, {contender.network}")
            contender.warm()
        apart = {name: agreement(name) for name in ACTIVATIONS}
        for number in range(1, rounds + 1):
            for contender in measured:
                status.update(f"round {number} of {rounds}: {contender.name}, {contender.network}")
                contender.measure()
    with console.capture() as captured:
        console.print(_table(measured))
    report = _report(captured.get(), apart, rounds, load)
    click.echo(report)
    if not quick:
        RESULTS.write_text(report)


if __name__ == "__main__":
    main()
