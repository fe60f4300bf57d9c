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
from benchmarks.programs import (
    ACTIVATIONS,
    EPOCHS,
    EXPERIMENT,
    REPLICATES,
    jax_vmap_scan,
    keras_fit,
    one_program,
    ours,
    scikit_learn,
    side_by_side,
    whole_experiment,
)
from training.fit import EPOCHS_PER_CHUNK, xla_trainer

RESULTS = Path(__file__).with_name("TRAINING.md")
LIBRARIES = ("tensorflow", "tensorflow-cpu", "keras", "numba", "jax", "optax", "scikit-learn", "numpy")


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
                "ours, XLA program, 1 replicate",
                network,
                one_program(xla_trainer.make_trainer, name, 1),
                epochs=EPOCHS_PER_CHUNK,
            ),
            Contender(
                "ours, XLA program, 30 replicates",
                network,
                one_program(xla_trainer.make_trainer, name, REPLICATES),
                REPLICATES,
                EPOCHS_PER_CHUNK,
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
{machine(LIBRARIES)}.

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
