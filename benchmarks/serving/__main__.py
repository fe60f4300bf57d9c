"""Serving measured, this service beside others: `make benchmark`, or `python -m benchmarks.serving`.

One run measures everything, with wrk, in rounds that take the contestants in turn, so that other work on the machine
slows all of them alike. For one point all servers run together; for the rest each is started, measured and stopped.
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
from benchmarks.serving.bodies import ENGINE, measure_bodies
from benchmarks.serving.contestants import CONTESTANTS, ECHO, GTHREAD_ECHO, PEERS, SERVICE, Contestant
from benchmarks.serving.measurement import Bench, Round
from benchmarks.serving.processes import adopt_orphans
from benchmarks.serving.report import BODIES, ONE_POINT, REST, sections
from benchmarks.serving.rounds import Rounds
from benchmarks.serving.servers import MODELS

RESULTS = Path(__file__).parents[1] / "RESULTS.md"
LIBRARIES = ("flask", "gunicorn", "ai-edge-litert", "orjson", "numpy", "keras", "tensorflow", "tensorflow-cpu")

PROTOCOL = """\
Every contestant serves the same network, tanh-10-10, on loopback. wrk puts each load on it with one thread, {warm_up} s
to warm up and {seconds} s to measure. For one point all servers run together, and a round asks each of them in turn,
format by format. For the rest a round starts a contestant, measures it and stops it before the next. Predictions are
first compared with the engine's. One point and 1,000 points are asked for over 16 connections, 90,000 points over one.
Numbers are medians of the rounds, with the range; a ratio is taken within its round first.

The echo answers a request with its own body: what Flask and gunicorn cost when the app does nothing. It runs under this
service's worker class, and under gunicorn's threaded worker. This service answers cheap requests on its worker's loop,
before gunicorn's parser, threads and Flask, which is how it can be faster than the echo. A peer calls the same LiteRT
engine from its own stack, set up as its documentation recommends for throughput. MLServer speaks v2 in JSON, KServe v1
and v2; LitServe, BentoML and Ray Serve speak JSON of their own and are compared with /predict. This service logs every
request, the peers log none."""
MEMORY_PROTOCOL = " Memory is the proportional set size (PSS) after the first predictions."


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
    paths = {name: [str(path) for path in PEERS.glob(f"{name}/lib/*/site-packages")] for name in names}
    installed = [peer for name in names for peer in distributions(name=name, path=paths[name])]
    return ", ".join(f"{peer.name} {peer.version}" for peer in installed) or "none installed"


def _measure(contestants: Sequence[Contestant], bench: Bench, rounds: int, parts: Sequence[str]) -> Rounds:
    measured: list[Round] = []
    with Console(stderr=True).status("starting all servers") as status:
        for number, visits in enumerate(bench.one_point(contestants, rounds) if ONE_POINT in parts else (), 1):
            measured.append(visits)
            status.update(f"one point: {number} of {rounds} rounds measured")
        peers = [contestant for contestant in contestants if contestant.peer is not None or contestant is SERVICE]
        for number, visits in enumerate(measure_bodies(bench, peers, rounds) if BODIES in parts else (), 1):
            measured.append(visits)
            status.update(f"many points: {number} of {rounds} rounds measured")
        for number in range(1, rounds + 1 if REST in parts else 1):
            measured.append({ENGINE: bench.engine_alone()})
            for contestant in contestants:
                status.update(f"round {number} of {rounds}: {contestant.name}")
                measured[-1][contestant.name] = bench.visit(contestant)
    return Rounds(contestants, measured)


def _is_wanted(contestant: Contestant, parts: Sequence[str], only: tuple[str, ...]) -> bool:
    """Leave the naive servers out of a part of the run: they start slowly, and no target is set against them."""
    if only:
        return contestant in (ECHO, GTHREAD_ECHO) or contestant.name in only
    return REST in parts or contestant.peer is not None or contestant in (ECHO, GTHREAD_ECHO, SERVICE)


@click.command()
@click.option("--rounds", type=click.IntRange(min=1), default=3, show_default=True)
@click.option("--seconds", type=click.IntRange(min=1), default=5, show_default=True, help="Length of each load.")
@click.option("--warm-up", type=click.IntRange(min=1), default=1, show_default=True, help="Seconds before each load.")
@click.option(
    "--quick",
    is_flag=True,
    help="One point alone, in two short rounds (3 minutes); writes no file.",
)
@click.option(
    "--bodies",
    is_flag=True,
    help="1,000 and 90,000 points alone, in every request format, beside the peers (9 minutes); writes no file.",
)
@click.option("--only", multiple=True, type=click.Choice([c.name for c in CONTESTANTS]), help="Besides the two echoes.")
def main(rounds: int, seconds: int, warm_up: int, quick: bool, bodies: bool, only: tuple[str, ...]) -> None:
    """Print the tables and write them to benchmarks/RESULTS.md (not with --quick, --bodies or --only)."""
    _check_tools()
    adopt_orphans()
    load = os.getloadavg()[0]
    rounds, seconds = (2, 2) if quick else (rounds, seconds)
    parts = [part for part, wanted in ((ONE_POINT, quick), (BODIES, bodies)) if wanted] or [ONE_POINT, BODIES, REST]
    contestants = [c for c in CONTESTANTS if _is_wanted(c, parts, only)]
    with tempfile.TemporaryDirectory(prefix="serving-", ignore_cleanup_errors=True) as directory:
        measured = _measure(contestants, Bench(Path(directory), seconds, warm_up), rounds, parts)
    body = "\n\n".join(f"## {title}\n\n{text}" for title, text in sections(measured, parts).items())
    report = f"""# Serving

{datetime.now(UTC):%Y-%m-%d}, `make benchmark`, {rounds} rounds, load average {load:.1f} before the start;
{machine(LIBRARIES)}. Peers: {_peers()}.

{PROTOCOL.format(seconds=seconds, warm_up=warm_up)}{MEMORY_PROTOCOL if REST in parts else ""}

{body}
"""
    click.echo(report)
    if REST in parts and not only:
        RESULTS.write_text(report)


if __name__ == "__main__":
    main()
