"""How large a block LiteRT does soonest: `.venv/bin/python -m benchmarks.blocks`, for docs/decisions/0003-engine.md.

Of each size the fastest of many calls, on one core: what else the machine does only ever adds.
"""

import time
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.machine import machine
from bundle import layout
from service.engines.litert import Block

SIZES = (1, 64, 512, 1_024, 4_096, 16_384, 90_000)
GRID = 90_000
"""Points of a boundary of 300 × 300."""

SECONDS = 2.0
"""Spent on each figure."""


def fastest(call: Callable[[], object]) -> float:
    """Return the milliseconds that the fastest of a few seconds' calls took."""
    best, until = float("inf"), time.perf_counter() + SECONDS
    while time.perf_counter() < until:
        began = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - began)
    return 1000 * best


def measure(compiled: bytes, size: int) -> tuple[float, float, float]:
    """Return milliseconds for one block, for as many as a grid needs, and for the first call, which resizes."""
    points = np.random.default_rng(0).uniform(-1.5, 1.5, (size, 2)).astype(np.float32)

    def new() -> None:
        Block(compiled).runner("serving_default")(points=points)

    run = Block(compiled).runner("serving_default")
    blocks = range(-(-GRID // size))
    return (
        fastest(lambda: run(points=points)),
        fastest(lambda: [run(points=points) for _ in blocks]),
        fastest(new),
    )


@click.command()
@click.option("--model", default="tanh-10-10", show_default=True)
@click.option("--models-dir", type=click.Path(path_type=Path), default=Path("models"), show_default=True)
def main(model: str, models_dir: Path) -> None:
    """Print the table."""
    newest = layout.versions(models_dir, model)[-1]
    compiled = (models_dir / model / str(newest) / layout.COMPILED).read_bytes()
    table = Table(title=f"{model} in LiteRT, milliseconds; {machine(['ai-edge-litert'])}")
    for heading in ("block", "one block", f"{GRID:,} points", "new, with its first call"):
        table.add_column(heading, justify="right")
    for size in SIZES:
        one, grid, first = measure(compiled, size)
        table.add_row(f"{size:,}", f"{one:.3f}", f"{grid:.1f}", f"{first:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
