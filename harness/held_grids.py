"""Grids that take exactly as long as a test needs: on a slow machine no shorter, on any machine no longer.

A worker computes a large grid over and over while a file is there, so that its slot is taken and its core at work; then
it computes it once more and answers.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import requests
from numpy.typing import NDArray

from harness.server import CONSTANTS, Server
from harness.waiting import wait_for
from service.dataplane.grid_functions import GridFunction
from service.dataplane.grids import Grid
from service.edges.own import boundary
from service.registry.models import ModelVersion

Bands = Callable[[ModelVersion, GridFunction, Grid], Iterator[NDArray[np.float32]]]

LARGE_GRID_NODES = 10_000

HELD_GRID = "/boundary?statistic=std&resolution=200&format=npy"
"""A grid that is large: 30 runs at 40,000 nodes."""

HELD, BEGUN = "held", "begun"
"""The files, beside the server's log: large grids are held, and one has begun to be."""


def holding(directory: Path) -> dict[str, str]:
    """Return the environment of a server that logs to a directory, for what is below."""
    return {"HARNESS_HELD": str(directory / HELD), "GUNICORN_CMD_ARGS": f"--config {CONSTANTS}"}


@contextmanager
def held(server: Server) -> Iterator[None]:
    """Hold large grids during the block."""
    directory = server.log.parent
    (directory / BEGUN).unlink(missing_ok=True)
    (directory / HELD).touch()
    try:
        yield
    finally:
        (directory / HELD).unlink()


@contextmanager
def held_grid(server: Server) -> Iterator[Future[requests.Response]]:
    """Have a worker compute a large grid during the block; give its answer to come."""
    with ThreadPoolExecutor(1) as pool, held(server):
        answer = pool.submit(server.get, HELD_GRID)
        wait_for((server.log.parent / BEGUN).exists)
        yield answer


def install(file: Path) -> None:
    """Have this worker hold large grids while there is such a file."""
    once: Bands = vars(boundary)["bands"]

    def bands(version: ModelVersion, function: GridFunction, grid: Grid) -> Iterator[NDArray[np.float32]]:
        while len(grid.x) * len(grid.y) >= LARGE_GRID_NODES and file.exists():
            for _ in once(version, function, grid):
                file.with_name(BEGUN).touch()
                if not file.exists():
                    break
        return once(version, function, grid)

    vars(boundary)["bands"] = bands
