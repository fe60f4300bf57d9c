"""The same 90,000 points asked for in every form that the service takes: `make benchmark-forms`.

One client on one kept connection visits the forms in turn, round after round, so that what else the machine does falls
on all alike. Bodies are built before; answers are read to the last byte, and not parsed.
"""

import http.client
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.machine import machine
from benchmarks.service import serving

MODEL = "tanh-10-10"
SIDE = 300
BINARY = "v2, bytes both ways"
LIBRARIES = ("flask", "gunicorn", "ai-edge-litert", "orjson", "numpy")


@dataclass(frozen=True)
class Form:
    """How to ask; `path` is given the round's number, so that no grid is asked for twice."""

    name: str
    path: Callable[[int], str]
    body: bytes | None = None
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)


def _forms() -> list[Form]:
    points = np.random.default_rng(1).uniform(-1.5, 1.5, (SIDE**2, 2)).astype(np.float32)
    rows, numbers = points.tolist(), points.ravel().tolist()

    def to(path: str) -> Callable[[int], str]:
        return lambda _: path

    def tensor(**changes: object) -> dict[str, object]:
        return {"name": "points", "shape": list(points.shape), "datatype": "FP32", **changes}

    def infer(**document: object) -> bytes:
        return json.dumps(document).encode()

    infer_path, predict_v1 = to(f"/v2/models/{MODEL}/infer"), to(f"/v1/models/{MODEL}:predict")
    head = infer(
        inputs=[tensor(parameters={"binary_data_size": points.nbytes})], parameters={"binary_data_output": True}
    )
    grid = f"/boundary?model={MODEL}&resolution={SIDE}&format=npy"
    sized = (("Inference-Header-Content-Length", str(len(head))),)
    return [
        Form("GET /boundary, npy", lambda i: f"{grid}&x_min={-1.5 - i / 1e4}"),
        Form(BINARY, infer_path, head + points.tobytes(), sized),
        Form("v2, JSON, flat", infer_path, infer(inputs=[tensor(data=numbers)])),
        Form("v2, JSON, a list a point", infer_path, infer(inputs=[tensor(data=rows)])),
        Form("v1, rows", predict_v1, json.dumps({"instances": rows}).encode()),
        Form("v1, columns", predict_v1, json.dumps({"inputs": rows}).encode()),
        Form("POST /predict", to("/predict"), json.dumps({"points": rows, "model": MODEL}).encode()),
    ]


def _ask(connection: http.client.HTTPConnection, form: Form, number: int) -> float:
    began = time.perf_counter()
    connection.request("GET" if form.body is None else "POST", form.path(number), form.body, dict(form.headers))
    answer = connection.getresponse()
    content = answer.read()
    if answer.status != 200:
        raise click.ClickException(f"{form.name}: {answer.status} {content[:200]!r}")
    return time.perf_counter() - began


@click.command()
@click.option("--rounds", type=click.IntRange(min=2), default=40, show_default=True)
def main(rounds: int) -> None:
    """Measure and print the table; the service is started and stopped for it."""
    with serving() as url:
        connection, forms = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60), _forms()
        seconds: dict[str, list[float]] = {form.name: [] for form in forms}
        for number in range(rounds):
            for form in forms:
                seconds[form.name].append(_ask(connection, form, number))
    table = Table("form", "ms, median", "fastest", f"× {BINARY}", title=f"{SIDE**2:,} points, {rounds} rounds")
    for name, times in seconds.items():
        ratio = statistics.median(mine / binary for mine, binary in zip(times, seconds[BINARY], strict=True))
        table.add_row(name, f"{statistics.median(times) * 1e3:.1f}", f"{min(times) * 1e3:.1f}", f"{ratio:.2f}")
    console = Console()
    console.print(machine(LIBRARIES))
    console.print(table)


if __name__ == "__main__":
    main()
