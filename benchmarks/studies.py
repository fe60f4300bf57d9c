"""Studies: what the engine costs, how it scales and what it takes: `make benchmark-studies`.

The same cells are trained in a plain loop, by one worker and by two, in turn and each in processes of its own, and
their rows are compared to the bit. Memory is that of all processes together (PSS: what several share counts once),
looked at twice a second. Linux only.
"""

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import click
import numpy as np
from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from benchmarks.machine import machine
from bundle.study_store import Store
from training.dataset_spec import GaussianQuantilesSpec, MoonsSpec
from training.experiment import ModelSpec
from training.recorded import recorded_epochs
from training.study.cells import Cell, Keep, make_cell

RESULTS = Path(__file__).with_name("STUDIES.md")
LIBRARIES = ("tensorflow", "tensorflow-cpu", "numba", "distributed", "arro3-core", "numpy")
EPOCHS = 500
LAYERS = [(), *((width,) * depth for width in (2, 3, 5, 10, 20, 30) for depth in (1, 2))]
DATA = [
    *(GaussianQuantilesSpec(n_samples=n) for n in (250, 500, 1000, 2000)),
    *(MoonsSpec(noise=noise) for noise in (0.1, 0.3, 0.5, 0.7)),
]
ACTIVATIONS = ("tanh", "relu")
CELLS, REPLICATES = 200, 30
LIMITS = "whole study: at most 10 minutes; overhead: below 10%; two workers: at least 1.8 times one; memory: below 3 GB"


def study() -> Iterator[Cell]:
    """Yield the study's cells: networks without a hidden layer up to 30-30, on eight data sets."""
    keep = Keep(tuple(recorded_epochs(EPOCHS, 12)))
    for layers, activation, data in product(LAYERS, ACTIVATIONS, DATA):
        if layers or activation == ACTIVATIONS[0]:
            factors = {"width": layers[0] if layers else None, "depth": len(layers)}
            model = ModelSpec("cell", layers, activation if layers else None, EPOCHS, None)
            yield make_cell("cell", {**factors, "activation": activation}, 0, data, model, keep)


@dataclass(frozen=True)
class EngineRun:
    """One way to run some cells: its seconds, the processor's of their units, and the most memory of all at once."""

    workers: int
    cells: int
    seconds: float
    training: float
    megabytes: float

    @property
    def overhead(self) -> float:
        """What part of the workers' time was not spent on units."""
        return 1 - self.training / (self.seconds * max(1, self.workers))


def measure(directory: Path, workers: int, step: int, replicates: int) -> EngineRun:
    """Train every `step`-th cell of the study in processes of their own."""
    own = ("--run", str(directory), "--workers", str(workers), "--step", str(step), "--replicates", str(replicates))
    start, most = time.perf_counter(), 0.0
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.studies", *own])  # noqa: S603
    while process.poll() is None:
        most = max(most, sum(map(_megabytes, _tree(process.pid))))
        time.sleep(0.5)
    if process.returncode:
        raise SystemExit(process.returncode)
    units = list(Store(directory).units(columns=()))
    seconds = time.perf_counter() - start
    return EngineRun(workers, len({unit.cell for unit in units}), seconds, sum(unit.seconds for unit in units), most)


def _tree(pid: int) -> list[int]:
    """Return a process and all that come from it, whichever of its threads started them."""
    files = Path(f"/proc/{pid}/task").glob("*/children")
    return [pid, *(found for file in files for child in _read(file).split() for found in _tree(int(child)))]


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:  # it has ended
        return ""


def _megabytes(pid: int) -> float:
    found = re.search(r"^Pss: +(\d+)", _read(Path(f"/proc/{pid}/smaps_rollup")), re.MULTILINE)
    return int(found[1]) / 1024 if found else 0


def _run(directory: Path, workers: int, step: int, replicates: int) -> None:
    from training.study import engine  # noqa: PLC0415 (only in the process that runs)

    cells = [cell for number, cell in enumerate(study()) if number < CELLS and number % step == 0]
    outcome = engine.run(cells, replicates, Store(directory), workers=workers)
    if outcome.failed:
        raise SystemExit(str(outcome.failed))


def _same(one: Path, other: Path) -> bool:
    rows = [Store(path).read() for path in (one, other)]
    return list(rows[0]) == list(rows[1]) and all(
        np.asarray(rows[0][name]).tobytes() == np.asarray(rows[1][name]).tobytes() for name in rows[0]
    )


def _report(runs: list[EngineRun], is_same: bool, replicates: int) -> str:
    table = Table(box=MARKDOWN)
    for heading in ("processes that train", "cells", "seconds", "of them units'", "overhead", "MB of all processes"):
        table.add_column(heading, justify="right")
    for run in runs:
        ways = "a plain loop" if run.workers == 0 else f"{run.workers} of a local cluster"
        table.add_row(ways, str(run.cells), f"{run.seconds:.1f}", f"{run.training:.1f}", f"{run.overhead:.1%}",
                      f"{run.megabytes:.0f}")  # fmt: skip
    console = Console(width=160)
    with console.capture() as captured:
        console.print(table)
    plain, single, double = runs
    return f"""# What the engine of studies costs

`make benchmark-studies`, {datetime.now(UTC):%Y-%m-%d}, {machine(LIBRARIES)}.

{CELLS} cells (no hidden layer to 30-30, tanh and relu, 140 to 1120 points of eight data sets, {EPOCHS} epochs, of which
13 are recorded), {replicates} replicates each. The seconds are of the whole command: each process loads TensorFlow.
What Numba compiles had been compiled before.

{captured.get().strip()}

- the same rows in a plain loop and by two workers, to the bit: {"yes" if is_same else "NO"}
- one worker against the plain loop: {single.seconds / plain.seconds - 1:+.1%} of its time
- two workers are {single.seconds / double.seconds:.2f} times as fast as one
- wanted: {LIMITS}
"""


@click.command()
@click.option("--replicates", default=REPLICATES, show_default=True)
@click.option("--share", metavar="N", default=1, show_default=True, help="Train every N-th cell.")
@click.option("--output", type=click.Path(path_type=Path), default=RESULTS, show_default=True)
@click.option("--run", "directory", type=click.Path(path_type=Path), hidden=True)
@click.option("--workers", type=int, default=0, hidden=True)
@click.option("--step", type=int, default=1, hidden=True)
def main(replicates: int, share: int, output: Path, directory: Path | None, workers: int, step: int) -> None:
    """Measure, and write STUDIES.md."""
    if directory is not None:
        _run(directory, workers, step, replicates)
        return
    with tempfile.TemporaryDirectory() as made:
        measure(Path(made, "compiles"), 0, CELLS, 1)
        ways = (0, 1, 2)
        folders = [Path(made, str(workers)) for workers in ways]
        runs = [measure(folder, way, share, replicates) for folder, way in zip(folders, ways, strict=True)]
        report = _report(runs, _same(folders[0], folders[2]), replicates)
    output.write_text(report)
    click.echo(report)


if __name__ == "__main__":
    main()
