"""Serving measured, this service beside others: `make benchmark`, or `python -m benchmarks.serving [--quick]`.

One run measures all: rounds visit every contestant in turn, start it, hold its answers against the engine's, put each
load on it with wrk, and stop it before the next, so that what else the machine does falls on all alike.
"""

import os
import shutil
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import distributions
from pathlib import Path

import click
from rich.console import Console

from benchmarks.machine import machine
from benchmarks.serving.contestants import CONTESTANTS, ECHO, PEERS, Contestant
from benchmarks.serving.measurement import Bench
from benchmarks.serving.processes import adopt_orphans
from benchmarks.serving.report import ENGINE, Report, Round
from benchmarks.serving.servers import MODELS

RESULTS = Path(__file__).parents[1] / "RESULTS.md"
LIBRARIES = ("flask", "gunicorn", "ai-edge-litert", "orjson", "numpy", "keras", "tensorflow", "tensorflow-cpu")

PROTOCOL = """\
Every contestant serves the same network, tanh-10-10, on loopback, and is measured with wrk, one thread. A round visits
them in turn: starts one, waits for its first right answer, holds its answers for 1, 1,000 and 90,000 points against
the engine's, warms each load up for {warm_up} s, measures it for {seconds} s, and stops it. One point and 1,000 points
are asked for over 16 connections, 90,000 points over one. Numbers are medians of the rounds, with the range; a ratio is
taken within its round first. The echo, which answers a request with its own body, is what Flask and gunicorn cost
without any work, under the settings and the worker class of this service. This service gives short answers on that
worker's loop, before gunicorn's parser, its threads and Flask, which is how it can be faster than the echo. The peers
call the same LiteRT engine as this service from their own stack, set up as each one's documentation recommends for
throughput; their access logs are off, this service's request log is on. Memory is the proportional set size (PSS) after
the first answers."""


def _check_tools() -> None:
    if shutil.which("wrk") is None:
        raise click.ClickException("wrk is needed: apt install wrk, dnf install wrk, or see github.com/wg/wrk")
    if not Path("/proc/self/smaps_rollup").exists():
        raise click.ClickException("memory is read from /proc, so this needs Linux")
    if not (MODELS / "tanh-10-10").is_dir():
        raise click.ClickException("there are no models: make train")


def _peers() -> str:
    """Return the peers' versions, each from its own environment."""
    names = sorted({c.peer for c in CONTESTANTS if c.peer is not None})
    places = {name: [str(path) for path in PEERS.glob(f"{name}/lib/*/site-packages")] for name in names}
    found = [peer for name in names for peer in distributions(name=name, path=places[name])]
    return ", ".join(f"{peer.name} {peer.version}" for peer in found) or "none installed"


def _measure(contestants: Sequence[Contestant], bench: Bench, rounds: int) -> list[Round]:
    measured: list[Round] = []
    with Console(stderr=True).status("") as status:
        for number in range(1, rounds + 1):
            measured.append({ENGINE: bench.engine_alone()})
            for contestant in contestants:
                status.update(f"round {number} of {rounds}: {contestant.name}")
                measured[-1][contestant.name] = bench.visit(contestant)
    return measured


@click.command()
@click.option("--rounds", type=click.IntRange(min=1), default=3, show_default=True)
@click.option("--seconds", type=click.IntRange(min=1), default=5, show_default=True, help="Of each load.")
@click.option("--warm-up", type=click.IntRange(min=1), default=1, show_default=True, help="Seconds before each load.")
@click.option("--quick", is_flag=True, help="One round of one second a load; writes nothing.")
@click.option("--only", multiple=True, type=click.Choice([c.name for c in CONTESTANTS]), help="Beside the echo.")
def main(rounds: int, seconds: int, warm_up: int, quick: bool, only: tuple[str, ...]) -> None:
    """Measure, print the tables and write benchmarks/RESULTS.md (not with --quick or --only)."""
    _check_tools()
    adopt_orphans()
    load = os.getloadavg()[0]
    rounds, seconds = (1, 1) if quick else (rounds, seconds)
    contestants = [c for c in CONTESTANTS if not only or c is ECHO or c.name in only]
    with tempfile.TemporaryDirectory(prefix="serving-", ignore_cleanup_errors=True) as directory:
        measured = _measure(contestants, Bench(Path(directory), seconds, warm_up), rounds)
    tables = "\n\n".join(f"## {title}\n\n{table}" for title, table in Report(contestants, measured).tables().items())
    report = f"""# Serving

{datetime.now(UTC):%Y-%m-%d}, `make benchmark`, {rounds} rounds, load average {load:.1f} before it began;
{machine(LIBRARIES)}. Peers: {_peers()}.

{PROTOCOL.format(seconds=seconds, warm_up=warm_up)}

{tables}
"""
    click.echo(report)
    if not quick and not only:
        RESULTS.write_text(report)


if __name__ == "__main__":
    main()
