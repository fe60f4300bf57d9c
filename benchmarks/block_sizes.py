"""Which block size LiteRT computes fastest, for docs/decisions/0003-engine.md: `python -m benchmarks.block_sizes`.

Runs on one core. Each figure is the fastest of many calls, because other work on the machine can only slow a call down.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.machine import machine
from bundle import layout
from service.engines.litert import Block

BLOCK_SIZES = (1, 64, 512, 1_024, 4_096, 16_384, 90_000)
GRID_POINTS = 90_000
"""Points of a 300 × 300 boundary."""

SECONDS = 2.0
"""Spent on each figure."""


@dataclass(frozen=True)
class BlockTimes:
    """Milliseconds for one block, for the blocks of a grid, and for a new interpreter with its first call."""

    block: float
    grid: float
    first_call: float


def fastest_ms(call: Callable[[], object]) -> float:
    """Call a function for SECONDS; return the milliseconds of the fastest call."""
    best, until = float("inf"), time.perf_counter() + SECONDS
    while time.perf_counter() < until:
        start = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - start)
    return 1000 * best


def measure(compiled: bytes, size: int) -> BlockTimes:
    points = np.random.default_rng(0).uniform(-1.5, 1.5, (size, 2)).astype(np.float32)

    def first_call() -> None:
        """Make an interpreter and call it, which resizes its tensors."""
        Block(compiled).runner("serving_default")(points=points)

    run = Block(compiled).runner("serving_default")
    blocks = range(-(-GRID_POINTS // size))
    return BlockTimes(
        fastest_ms(lambda: run(points=points)),
        fastest_ms(lambda: [run(points=points) for _ in blocks]),
        fastest_ms(first_call),
    )


@click.command()
@click.option("--model", default="tanh-10-10", show_default=True)
@click.option("--models-dir", type=click.Path(path_type=Path), default=Path("models"), show_default=True)
def main(model: str, models_dir: Path) -> None:
    """Print the time of each block size."""
    newest = layout.versions(models_dir, model)[-1]
    compiled = (models_dir / model / str(newest) / layout.COMPILED).read_bytes()
    table = Table(title=f"{model} in LiteRT, milliseconds; {machine(['ai-edge-litert'])}")
    for heading in ("block size", "one block", f"{GRID_POINTS:,} points", "new interpreter, first call"):
        table.add_column(heading, justify="right")
    for size in BLOCK_SIZES:
        times = measure(compiled, size)
        table.add_row(f"{size:,}", f"{times.block:.3f}", f"{times.grid:.1f}", f"{times.first_call:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
