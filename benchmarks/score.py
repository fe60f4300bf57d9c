"""Scoring a file of ten million points, CSV to Parquet, and the engine alone at the same points.

`make benchmark-score`. Each is a process of its own, in turn, round after round, so that other work on the machine
slows all of them alike. The engine's process has the points in memory before it starts its clock. The command's time is
that of the whole process; the same command for a file without rows says how much of it is for starting.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from rich.console import Console
from rich.table import Table

from benchmarks.machine import machine
from benchmarks.request_formats import MODEL
from benchmarks.service import serving
from client.score.local import LocalScorer

LIBRARIES = ("pyarrow", "ai-edge-litert", "numpy")
MODELS = Path("models")
CHUNK = 1 << 16
WRITTEN = 1 << 20
"""Points that are drawn and written at once."""

ENGINE = "the engine alone"
THE_COMMAND = "the command, local"
START = "of which to start"


@dataclass(frozen=True)
class Cost:
    """What a process took: seconds by the clock and of the processors, and its memory at the peak."""

    seconds: float
    cpu: float
    megabytes: float


def write_points(path: Path, rows: int) -> None:
    """Write points as clients write float32: the shortest digits that mean the same number."""
    rng = np.random.default_rng(1)
    schema = pa.schema([("x1", pa.float32()), ("x2", pa.float32())])
    with pyarrow.csv.CSVWriter(path, schema) as writer:
        for start in range(0, rows, WRITTEN):
            points = rng.uniform(-1.5, 1.5, (2, min(WRITTEN, rows - start))).astype(np.float32)
            writer.write_batch(pa.RecordBatch.from_arrays([pa.array(column) for column in points], schema=schema))


def engine_alone(path: Path) -> tuple[float, float]:
    """Return the seconds, by the clock and of the processor, that the engine takes for a file's points in one thread.

    It is the command's and the service's, which cuts what it gets into blocks of 4,096: how many come in a call makes
    no difference.
    """
    columns = pyarrow.csv.read_csv(path)
    points = np.column_stack([column.to_numpy().astype(np.float32) for column in columns.columns])
    engine = LocalScorer(MODELS, MODEL, None).engine
    engine.run("serving_default", points[:CHUNK])
    start, used = time.perf_counter(), time.thread_time()
    for at in range(0, len(points), CHUNK):
        engine.run("serving_default", points[at : at + CHUNK])
    return time.perf_counter() - start, time.thread_time() - used


def cost_of(command: Sequence[str]) -> Cost:
    start = time.perf_counter()
    process = subprocess.Popen([*command], stderr=subprocess.PIPE, text=True)  # noqa: S603 (our own command)
    assert process.stderr  # noqa: S101
    said = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise click.ClickException(said)
    return Cost(time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def _engine(path: Path) -> Cost:
    code = (
        "from pathlib import Path; from benchmarks.score import engine_alone; "
        f"print(*engine_alone(Path({str(path)!r})))"
    )
    said = subprocess.check_output([sys.executable, "-c", code], stderr=subprocess.DEVNULL)  # noqa: S603 (our own code)
    seconds, cpu = map(float, said.split())
    return Cost(seconds, cpu, 0)


@click.command()
@click.option("--rows", type=click.IntRange(min=1), default=10_000_000, show_default=True)
@click.option("--rounds", type=click.IntRange(min=1), default=5, show_default=True)
def main(rows: int, rounds: int) -> None:
    """Print what scoring a file costs, by how many times the engine's own time."""
    with tempfile.TemporaryDirectory() as folder, serving() as url:
        points, nothing, scores = (Path(folder, name) for name in ("points.csv", "nothing.csv", "scores.parquet"))
        write_points(points, rows)
        write_points(nothing, 0)
        score = [sys.executable, "-m", "client", "--url", url, "score", "-o", str(scores), "--model", MODEL]
        local = ["--local", str(MODELS)]
        commands = {
            THE_COMMAND: [*score, *local, str(points)],
            START: [*score, *local, str(nothing)],
            "scores alone, local": [*score, *local, "--scores-only", str(points)],
            "the command, asking a service": [*score, str(points)],
        }
        costs: dict[str, list[Cost]] = {ENGINE: [], **{name: [] for name in commands}}
        for _ in range(rounds):
            costs[ENGINE].append(_engine(points))
            for name, command in commands.items():
                costs[name].append(cost_of(command))
        _check(scores, rows)
        size = points.stat().st_size
    table = _table({name: _median(found) for name, found in costs.items()})
    console = Console(width=120)
    console.print(machine(LIBRARIES))
    console.print(f"{rows:,} points of {MODEL}, {size / 1e6:.0f} MB of CSV, {rounds} rounds: medians, the most memory")
    console.print(table)


def _median(costs: Sequence[Cost]) -> Cost:
    """Return the middle of what was taken, and the most memory."""
    return Cost(
        statistics.median(cost.seconds for cost in costs),
        statistics.median(cost.cpu for cost in costs),
        max(cost.megabytes for cost in costs),
    )


def _table(costs: Mapping[str, Cost]) -> Table:
    engine, start = costs[ENGINE], costs[START]
    table = Table("", "seconds", "× engine", "after the start", "processor, s", "× engine", "after the start", "MB")
    for name, cost in costs.items():
        pairs = [(cost.seconds, start.seconds, engine.seconds), (cost.cpu, start.cpu, engine.cpu)]
        cells = [
            cell
            for took, before, least in pairs
            for cell in (
                f"{took:.2f}",
                f"{took / least:.2f}",
                "" if name in (START, ENGINE) else f"{(took - before) / least:.2f}",
            )
        ]
        table.add_row(name, *cells, f"{cost.megabytes:.0f}" if cost.megabytes else "")
    return table


def _check(scores: Path, rows: int) -> None:
    """Hold the last file against what was asked for."""
    found = pyarrow.parquet.ParquetFile(scores).metadata
    if found.num_rows != rows:
        raise click.ClickException(f"{found.num_rows} rows were written of {rows}")


if __name__ == "__main__":
    main()
