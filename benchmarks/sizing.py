"""What one core serves: `python -m benchmarks.sizing`. A gunicorn with one worker on one processor, wrk on another one.

Prints a table of requests a second by kind, each the median of a few rounds, and what the worker holds in memory. Needs
Linux, wrk and two processors; docs/operations.md plans with its numbers.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import numpy as np
import requests

from benchmarks.machine import free_port, machine
from benchmarks.serving.processes import pss, tree
from benchmarks.serving.wrk import Load, run

ROOT = Path(__file__).parent.parent
GRID = "/boundary?resolution=300"
LARGE_GRID = "/boundary?resolution=1000"
MEBIBYTE = 2**20


@contextmanager
def one_worker(models: Path, directory: Path) -> Iterator[tuple[int, int]]:
    """Serve with one worker on the first processor this process may use; give the port and the process."""
    port, processors = free_port(), sorted(os.sched_getaffinity(0))
    if len(processors) < 2:
        raise click.ClickException("this needs two processors: one that serves, one that asks")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SERVICE_")}
    environment = {"PORT": str(port), "WEB_CONCURRENCY": "1", "SERVICE_MODELS_DIR": str(models.absolute())}
    with (directory / "gunicorn.log").open("wb") as log:
        command = ["taskset", "-c", str(processors[0]), sys.executable, "-m", "gunicorn"]
        process = subprocess.Popen(command, cwd=ROOT, env={**inherited, **environment}, stdout=log, stderr=log)  # noqa: S603
    os.sched_setaffinity(0, processors[1:])
    try:
        while True:
            try:
                requests.get(f"http://127.0.0.1:{port}/health/ready", timeout=5).raise_for_status()
                break
            except requests.ConnectionError:
                time.sleep(0.1)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(timeout=40)
        os.sched_setaffinity(0, processors)


def loads(port: int, directory: Path) -> dict[str, Load]:
    """Return what is asked, by kind."""
    random = np.random.default_rng(1)
    found = {}
    for n in (1, 1000):
        body = directory / f"{n}.json"
        body.write_text(json.dumps({"points": random.uniform(-1.5, 1.5, (n, 2)).round(6).tolist()}))
        found[f"POST /predict, {n:,} point{'s' * (n > 1)}"] = Load.post("/predict", body)
    tag = requests.get(f"http://127.0.0.1:{port}{GRID}&format=npy", timeout=30).headers["ETag"]
    for form in ("npy", "json"):
        found[f"300 × 300 as {form}, kept"] = Load(f"{GRID}&format={form}")
        found[f"300 × 300 as {form}, new each time"] = Load.fresh(f"{GRID}&format={form}", connections=2)
    found["304: the client has it"] = Load(f"{GRID}&format=npy", ("get", "If-None-Match", tag))
    found["1000 × 1000 as npy, new each time"] = Load.fresh(f"{LARGE_GRID}&format=npy", connections=2)
    return found


@click.command()
@click.option("--models-dir", type=click.Path(exists=True, path_type=Path), default=Path("models"), show_default=True)
@click.option("--rounds", type=click.IntRange(min=1), default=3, show_default=True)
def main(models_dir: Path, rounds: int) -> None:
    """Measure what one core serves of each kind, and in how much memory."""
    rates: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="sizing-") as name, one_worker(models_dir, Path(name)) as (port, pid):
        kinds = loads(port, Path(name))
        at_first = sum(map(pss, tree(pid))) / MEBIBYTE
        for _ in range(rounds):
            for kind, load in kinds.items():
                found = run(port, load, seconds=3)
                if found.faults:
                    raise click.ClickException(f"{kind}: {found.faults}")
                rates[kind].append(found.rate)
        at_last = sum(map(pss, tree(pid))) / MEBIBYTE
    click.echo(machine(("gunicorn", "ai-edge-litert")))
    click.echo("| kind | requests/s of one core | range |\n|---|---:|---:|")
    for kind, measured in rates.items():
        click.echo(f"| {kind} | {statistics.median(measured):,.0f} | {min(measured):,.0f} – {max(measured):,.0f} |")
    click.echo(f"memory (PSS) of arbiter and worker: {at_first:.0f} MiB at first, {at_last:.0f} MiB after all of this")


if __name__ == "__main__":
    main()
