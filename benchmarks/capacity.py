"""What one core can serve: `.venv/bin/python -m benchmarks.capacity`, for the plans in docs/operations.md.

Gunicorn runs with one worker on one processor, wrk on another. Prints the requests per second of each kind, the median
of a few rounds, and the memory of arbiter and worker. Needs Linux, wrk and two processors.
"""

import json
import os
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import numpy as np

from benchmarks.machine import machine
from benchmarks.serving.processes import pss, tree
from benchmarks.serving.wrk import Load, run
from harness.server import Server, serving

GRID = "/boundary?resolution=300"
LARGE_GRID = "/boundary?resolution=1000"
MIB = 2**20


@contextmanager
def one_worker(models: Path, directory: Path) -> Iterator[Server]:
    """Serve with one worker on the first processor; this process, and wrk, move to the others."""
    processors = sorted(os.sched_getaffinity(0))
    if len(processors) < 2:
        raise click.ClickException("two processors are needed: one for the service, one for wrk")
    os.sched_setaffinity(0, processors[:1])  # a process inherits it
    try:
        with serving(directory, WEB_CONCURRENCY="1", SERVICE_MODELS_DIR=str(models.absolute())) as server:
            os.sched_setaffinity(0, processors[1:])
            server.wait_until_ready()
            yield server
    finally:
        os.sched_setaffinity(0, processors)


def loads(server: Server, directory: Path) -> dict[str, Load]:
    """Return the loads to measure, by their row in the table."""
    random = np.random.default_rng(1)
    rows = {}
    for n in (1, 1000):
        body = directory / f"{n}.json"
        body.write_text(json.dumps({"points": random.uniform(-1.5, 1.5, (n, 2)).round(6).tolist()}))
        rows[f"POST /predict, {n:,} point{'s' * (n > 1)}"] = Load.post(
            "/predict", body, {"Content-Type": "application/json"}
        )
    etag = server.get(f"{GRID}&format=npy").headers["ETag"]
    for form in ("npy", "json"):
        rows[f"300 × 300 as {form}, cached"] = Load(f"{GRID}&format={form}")
        rows[f"300 × 300 as {form}, new each time"] = Load.fresh(f"{GRID}&format={form}", connections=2)
    rows["304: the client's copy is current"] = Load(f"{GRID}&format=npy", ("get", "If-None-Match", etag))
    rows["1000 × 1000 as npy, new each time"] = Load.fresh(f"{LARGE_GRID}&format=npy", connections=2)
    return rows


@click.command()
@click.option("--models-dir", type=click.Path(exists=True, path_type=Path), default=Path("models"), show_default=True)
@click.option("--rounds", type=click.IntRange(min=1), default=3, show_default=True)
def main(models_dir: Path, rounds: int) -> None:
    """Print the requests per second that one core serves, and the memory this takes."""
    rates: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="capacity-") as name, one_worker(models_dir, Path(name)) as server:
        rows, pid = loads(server, Path(name)), server.process.pid
        memory_before = sum(map(pss, tree(pid))) / MIB
        for _ in range(rounds):
            for row, load in rows.items():
                result = run(server.port, load, seconds=3)
                if result.faults:
                    raise click.ClickException(f"{row}: {result.faults}")
                rates[row].append(result.rate)
        memory_after = sum(map(pss, tree(pid))) / MIB
    click.echo(machine(("gunicorn", "ai-edge-litert")))
    click.echo("| request | requests/s of one core | range |\n|---|---:|---:|")
    for row, measured in rates.items():
        click.echo(f"| {row} | {statistics.median(measured):,.0f} | {min(measured):,.0f} – {max(measured):,.0f} |")
    click.echo(f"memory (PSS) of arbiter and worker: {memory_before:.0f} MiB before, {memory_after:.0f} MiB after")


if __name__ == "__main__":
    main()
