"""CPU time and memory of training, ours, Keras' and JAX's: `make benchmark-training`.

For each network every trainer has a process of its own, so that its peak memory is its own too. Rounds visit the
trainers in turn, and what counts is the least CPU time (of all threads) over the rounds: other work on the machine
hardly changes it. Compilation is not in it.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import resource
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from benchmarks.machine import machine
from benchmarks.trainers import NETWORKS, TRAINERS, Network, epochs_of

RESULTS = Path(__file__).with_name("TRAINING.md")
LIBRARIES = ("tensorflow", "tensorflow-cpu", "keras", "numba", "jax", "optax", "scipy", "numpy")
LIMIT = 1.1
"""CPU time of ours at most, in JAX's."""


@dataclass(frozen=True)
class TrainerCost:
    """One trainer on one network: CPU milliseconds an epoch of one replicate, and peak memory beyond the imports."""

    milliseconds: float
    megabytes: float


class _Process:
    """A process that trains on whenever it reads a line, and answers with the CPU seconds that it took."""

    def __init__(self, trainer: str, network: Network) -> None:
        command = [sys.executable, "-m", "benchmarks.training", "--serve", trainer, str(NETWORKS.index(network))]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603

    def ask(self) -> list[float]:
        """Return the CPU seconds of a call, and the megabytes so far."""
        questions, answers = self._process.stdin, self._process.stdout
        if questions is None or answers is None:
            raise RuntimeError("the process has no pipes")
        questions.write("\n")
        questions.flush()
        return [float(number) for number in answers.readline().split()]

    def end(self) -> None:
        self._process.communicate()


def _serve(trainer: str, network: Network) -> None:
    """Train once for each line of the standard input."""
    TRAINERS[trainer](Network(1, 1, 2, "tanh"))()  # imports, and what is compiled once for all networks
    before = _peak_megabytes()
    run = TRAINERS[trainer](network)
    run()
    for _ in sys.stdin:
        start = time.process_time()
        run()
        sys.stdout.write(f"{time.process_time() - start} {_peak_megabytes() - before}\n")
        sys.stdout.flush()


def _peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@contextmanager
def _processes(network: Network) -> Iterator[dict[str, _Process]]:
    processes = {trainer: _Process(trainer, network) for trainer in TRAINERS}
    try:
        yield processes
    finally:
        for process in processes.values():
            process.end()


def measure(network: Network, rounds: int) -> dict[str, TrainerCost]:
    with _processes(network) as processes:
        answers = [{trainer: process.ask() for trainer, process in processes.items()} for _ in range(rounds)]
    return {
        trainer: TrainerCost(
            1000 * min(answer[trainer][0] for answer in answers) / epochs_of(trainer, network),
            answers[-1][trainer][1],
        )
        for trainer in TRAINERS
    }


def _table(costs: dict[Network, dict[str, TrainerCost]]) -> Table:
    table = Table(box=MARKDOWN)
    table.add_column("network", no_wrap=True)
    for heading in (
        "runs",
        "points",
        "ours, ms",
        "JAX, ms",
        "Keras, ms",
        "ours / JAX",
        "ours / Keras",
        "MB: ours",
        "JAX",
        "Keras",
    ):
        table.add_column(heading, justify="right", no_wrap=True)
    for network, by in costs.items():
        mine, jax, keras = by["ours"], by["JAX"], by["Keras"]
        table.add_row(
            str(network),
            *(str(count) for count in (network.replicates, network.points)),
            *(f"{one.milliseconds:.3g}" for one in (mine, jax, keras)),
            f"{mine.milliseconds / jax.milliseconds:.2f}",
            f"{mine.milliseconds / keras.milliseconds:.3f}",
            *(f"{one.megabytes:.0f}" for one in (mine, jax, keras)),
        )
    return table


def _report(costs: dict[Network, dict[str, TrainerCost]], rounds: int) -> str:
    console = Console(width=200)
    with console.capture() as captured:
        console.print(_table(costs))
    ratios = [by["ours"].milliseconds / by["JAX"].milliseconds for by in costs.values()]
    return f"""# CPU time of training

{datetime.now(UTC):%Y-%m-%d}, `make benchmark-training`, the least of {rounds} rounds; {machine(LIBRARIES)}.

CPU milliseconds, of all threads, for an epoch of one run: Adam, batches of 32 points. Runs are trained together by JAX
(`vmap` + `scan`, optax), one after the other by ours; Keras' `fit` trains one. All measure loss and accuracy (or mean
absolute error) on training and validation data. Compilation is left out. Memory is the peak beyond that of a process
that has trained the smallest network.

{captured.get().strip()}

Ours takes {min(ratios):.2f} to {max(ratios):.2f} of JAX's CPU time.
"""


def _chosen(quick: bool) -> Iterable[Network]:
    return NETWORKS[3::6] if quick else NETWORKS


@click.command()
@click.option("--rounds", type=click.IntRange(min=1), default=5, show_default=True)
@click.option("--quick", is_flag=True, help="A few networks, two rounds; writes no file.")
@click.option("--serve", nargs=2, type=str, hidden=True, metavar="TRAINER NUMBER")
def main(rounds: int, quick: bool, serve: tuple[str, str] | None) -> None:
    """Print the table and write it to benchmarks/TRAINING.md; fail where ours takes more than JAX and a tenth."""
    if serve:
        _serve(serve[0], NETWORKS[int(serve[1])])
        return
    rounds = 2 if quick else rounds
    costs = {}
    with Console(stderr=True).status("measuring") as status:
        for network in _chosen(quick):
            status.update(f"measuring {network}")
            costs[network] = measure(network, rounds)
    report = _report(costs, rounds)
    click.echo(report)
    if not quick:
        RESULTS.write_text(report)
    slow = [str(n) for n, by in costs.items() if by["ours"].milliseconds > LIMIT * by["JAX"].milliseconds]
    if slow:
        raise click.ClickException(f"ours takes more than {LIMIT} of JAX's CPU time: {'; '.join(slow)}")


if __name__ == "__main__":
    main()
