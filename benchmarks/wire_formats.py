"""The same 90,000 points in every format that the service speaks: `make benchmark-wire-formats`.

One client on one kept connection asks in each format in turn, round after round, so that other work on the machine
slows all of them alike. Bodies are built beforehand; responses are read to the last byte and not parsed.
"""

import http.client
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.machine import machine
from benchmarks.request_formats import (
    MODEL,
    PREDICT,
    V1_COLUMNS,
    V1_ROWS,
    V2_BINARY,
    V2_JSON,
    Message,
    Points,
    RequestFormat,
    json_message,
    points_tensor,
)
from benchmarks.service import serving

SIDE = 300
LIBRARIES = ("flask", "gunicorn", "ai-edge-litert", "orjson", "numpy")


@dataclass(frozen=True)
class WireFormat:
    """A request for 90,000 points; `path` takes the round's number, so that no round repeats a grid."""

    name: str
    path: Callable[[int], str]
    body: Message | None = None


def _wire_formats() -> list[WireFormat]:
    # Each number was a float32, written with the digits of a float64, as clients that know no other type write it.
    points: Points = np.random.default_rng(1).uniform(-1.5, 1.5, (SIDE**2, 2)).astype(np.float32).astype(np.float64)
    grid = f"/boundary?model={MODEL}&resolution={SIDE}&format=npy"

    def fixed(name: str, request_format: RequestFormat, body: Message | None = None) -> WireFormat:
        return WireFormat(name, lambda _: request_format.path, body or request_format.encode(points))

    return [
        WireFormat("GET /boundary, npy", lambda i: f"{grid}&x_min={-1.5 - i / 1e4}"),
        fixed(V2_BINARY.title, V2_BINARY),
        fixed("v2 JSON, flat", V2_JSON),
        fixed("v2 JSON, a list per point", V2_JSON, json_message({"inputs": [points_tensor(points, data=points)]})),
        fixed(V1_ROWS.title, V1_ROWS),
        fixed(V1_COLUMNS.title, V1_COLUMNS),
        fixed(PREDICT.title, PREDICT),
    ]


def _seconds(connection: http.client.HTTPConnection, wire_format: WireFormat, number: int) -> float:
    path, body = wire_format.path(number), wire_format.body
    start = time.perf_counter()
    if body is None:
        connection.request("GET", path)
    else:
        connection.request("POST", path, body.content, dict(body.headers))
    response = connection.getresponse()
    content = response.read()
    if response.status != 200:
        raise click.ClickException(f"{wire_format.name}: {response.status} {content[:200]!r}")
    return time.perf_counter() - start


@click.command()
@click.option("--rounds", type=click.IntRange(min=2), default=40, show_default=True)
def main(rounds: int) -> None:
    """Print the time of a request in each format, and how many times the binary one's it is."""
    with serving() as url:
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
        wire_formats = _wire_formats()
        seconds: dict[str, list[float]] = {wire_format.name: [] for wire_format in wire_formats}
        for number in range(rounds):
            for wire_format in wire_formats:
                seconds[wire_format.name].append(_seconds(connection, wire_format, number))
    binary = seconds[V2_BINARY.title]
    table = Table(
        "format", "ms, median", "fastest", f"× {V2_BINARY.title}", title=f"{SIDE**2:,} points, {rounds} rounds"
    )
    for name, times in seconds.items():
        ratio = statistics.median(this / that for this, that in zip(times, binary, strict=True))
        table.add_row(name, f"{statistics.median(times) * 1e3:.1f}", f"{min(times) * 1e3:.1f}", f"{ratio:.2f}")
    console = Console()
    console.print(machine(LIBRARIES))
    console.print(table)


if __name__ == "__main__":
    main()
