"""Seconds per training run, ours and others: `make benchmark-training`, or `python -m benchmarks.training [--quick]`.

A run is 500 epochs of 35 batches, 17,500 steps of Adam, on the default experiment's data. Rounds visit every trainer in
turn, so that other work on the machine slows all of them alike; the median over the rounds counts. Slow trainers run
fewer epochs, and their time is scaled to 500. Each trainer is warmed up first: compilation has a column of its own,
except where a row says otherwise.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median

import click
import numpy as np
from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from benchmarks.machine import machine
from benchmarks.trainers import (
    ACTIVATIONS,
    EPOCHS,
    EXPERIMENT,
    REPLICATES,
    both_activations,
    compiled_trainer,
    jax_vmap_scan,
    keras_fit,
    ours,
    scikit_learn,
    whole_experiment,
)
from training.fit import EPOCHS_PER_CHUNK, xla_trainer

RESULTS = Path(__file__).with_name("TRAINING.md")
LIBRARIES = ("tensorflow", "tensorflow-cpu", "keras", "numba", "jax", "optax", "scikit-learn", "numpy")


@dataclass
class Contender:
    """A trainer and its measured seconds. A call of `run` trains `runs` runs for `epochs` epochs."""

    name: str
    network: str
    run: Callable[[], object]
    runs: int = 1
    epochs: int = EPOCHS
    has_warm_up: bool = True
    compile_seconds: float | None = None
    seconds: list[float] = field(default_factory=list)

    def measure(self) -> None:
        self.seconds.append(_seconds(self.run) * EPOCHS / self.epochs / self.runs)

    def warm_up(self) -> None:
        """Run twice; the first call takes longer by what is compiled."""
        if self.has_warm_up:
            first, second = _seconds(self.run), _seconds(self.run)
            self.compile_seconds = max(first - second, 0)


def _seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def mean_weight_difference(activation: str) -> float:
    """Return the mean difference of JAX's weights from ours after one epoch, 35 steps; fail if it is not small.

    The maximum would say less: optax adds epsilon after bias correction, Keras before, which changes the few weights
    whose gradients are near epsilon by up to 2e-3.
    """
    theirs = jax_vmap_scan(activation, REPLICATES, 1)()
    differences = [np.abs(a - b).ravel() for a, b in zip(ours(activation, REPLICATES, 1), theirs, strict=True)]
    mean = float(np.concatenate(differences).mean())
    if not mean < 1e-4:
        raise click.ClickException(f"JAX and ours differ: the {activation} weights by {mean:.1e} on average")
    return mean


def _fresh_process(*arguments: str) -> str:
    return subprocess.run([sys.executable, *arguments], check=True, capture_output=True, text=True).stdout  # noqa: S603


def _train_command() -> None:
    with tempfile.TemporaryDirectory() as directory:
        _fresh_process("-m", "training", "train", "--models-dir", directory)


class _WholeExperiment(Contender):
    """The experiment in a fresh process, which prints how long training took, compilation included."""

    def measure(self) -> None:
        code = "from benchmarks.training import _seconds, whole_experiment; print(_seconds(whole_experiment))"
        self.seconds.append(float(_fresh_process("-c", code).split()[-1]) / self.runs)


def contenders(quick: bool) -> list[Contender]:
    trainers = []
    for name in ACTIVATIONS:
        network, fewer = f"{name} 10-10", 50
        trainers += [
            Contender("ours (Numba), 1 replicate", network, partial(ours, name, 1)),
            Contender("ours (Numba), 30 replicates", network, partial(ours, name, REPLICATES), REPLICATES),
            Contender(
                "ours, XLA program, 1 replicate",
                network,
                compiled_trainer(xla_trainer.make_trainer, name, 1),
                epochs=EPOCHS_PER_CHUNK,
            ),
            Contender(
                "ours, XLA program, 30 replicates",
                network,
                compiled_trainer(xla_trainer.make_trainer, name, REPLICATES),
                REPLICATES,
                EPOCHS_PER_CHUNK,
            ),
            Contender("JAX vmap + scan, 1 replicate", network, jax_vmap_scan(name, 1, fewer), epochs=fewer),
            Contender(
                "JAX vmap + scan, 30 replicates", network, jax_vmap_scan(name, REPLICATES, fewer), REPLICATES, fewer
            ),
            Contender("scikit-learn MLPClassifier", network, partial(scikit_learn, name, fewer), epochs=fewer),
            Contender("Keras fit", network, keras_fit(name, 3), epochs=3),
        ]
    trainers.append(Contender("ours, both at once, 30 replicates", "both", both_activations, 2 * REPLICATES))
    if not quick:
        runs = REPLICATES * len(EXPERIMENT.models)
        whole = f"all {len(EXPERIMENT.models)} models"
        trainers += [
            _WholeExperiment(
                "ours, training alone, with compilation", whole, whole_experiment, runs, has_warm_up=False
            ),
            Contender("ours, `python -m training train`, everything", whole, _train_command, runs, has_warm_up=False),
        ]
    return trainers


def _table(measured: list[Contender]) -> Table:
    reference = {c.network: median(c.seconds) for c in measured if c.name.startswith("ours (Numba), 30")}
    table = Table(box=MARKDOWN)
    for heading in (
        "",
        "network",
        "epochs timed",
        "compilation, s",
        "s per run (median)",
        "best – worst",
        "× ours, 30",
    ):
        table.add_column(heading, justify="left" if heading in {"", "network"} else "right", no_wrap=True)
    for c in measured:
        seconds = median(c.seconds)
        table.add_row(
            c.name,
            c.network,
            str(c.epochs),
            "" if c.compile_seconds is None else f"{c.compile_seconds:.1f}",
            f"{seconds:.3f}",
            f"{min(c.seconds):.3f} – {max(c.seconds):.3f}",
            f"{seconds / reference[c.network]:.1f}" if c.network in reference else "",
        )
    return table


def _report(table: str, differences: dict[str, float], rounds: int, load: float) -> str:
    mean_differences = " and ".join(f"{value:.0e} ({name})" for name, value in differences.items())
    return f"""# Seconds per training run

{datetime.now(UTC):%Y-%m-%d}, `make benchmark-training`, {rounds} rounds, load average {load:.1f} before the start;
{machine(LIBRARIES)}.

A run is 500 epochs of 35 batches of 32 points, 17,500 steps of Adam, on the default experiment's data. Rows with
fewer epochs are scaled to 500. Compilation is the time by which the first call exceeds the second. Numba compiles once
for all networks, so that only the first row shows it. The rows for all models start a fresh process and include it.

{table.strip()}

After one epoch JAX's weights differ from ours by {mean_differences} on average. JAX's rows record no metrics
and no snapshots, as ours do; scikit-learn's use no validation data.
"""


@click.command()
@click.option("--rounds", type=click.IntRange(min=1), default=3, show_default=True)
@click.option("--quick", is_flag=True, help="One round without the whole experiment; writes no file.")
def main(rounds: int, quick: bool) -> None:
    """Print the table and write it to benchmarks/TRAINING.md."""
    console, load = Console(width=200), os.getloadavg()[0]
    measured = contenders(quick)
    rounds = 1 if quick else rounds
    with Console(stderr=True).status("warming up") as status:
        for contender in measured:
            status.update(f"warming up: {contender.name}, {contender.network}")
            contender.warm_up()
        differences = {name: mean_weight_difference(name) for name in ACTIVATIONS}
        for number in range(1, rounds + 1):
            for contender in measured:
                status.update(f"round {number} of {rounds}: {contender.name}, {contender.network}")
                contender.measure()
    with console.capture() as captured:
        console.print(_table(measured))
    report = _report(captured.get(), differences, rounds, load)
    click.echo(report)
    if not quick:
        RESULTS.write_text(report)


if __name__ == "__main__":
    main()
