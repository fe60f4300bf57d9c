"""The command `score` run on tables that are made for it, and what it leaves."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from click.testing import CliRunner, Result

from client.cli import main
from tests.conftest import Server

FEATURES = {
    "flowers": ("length", "width"),
    "prices": ("area", "rooms", "age", "a:b, c"),
    "survival": ("age", "fare", "port"),
    "round": ("x1", "x2", "x3"),
}
PORTS = ("Cherbourg", "Queenstown, IE", "Southampton")


def points_of(model: str, n: int) -> list[list[Any]]:
    """Points of every kind: numbers of 1 to 9 digits, and names of categories."""
    rng = np.random.default_rng(7)
    rows: list[list[Any]] = np.round(rng.normal(0, 3, (n, len(FEATURES[model]))), 8).tolist()
    if model == "survival":
        rows = [[*row[:2], PORTS[i % 3]] for i, row in enumerate(rows)]
    return rows


def write_csv(path: Path, names: tuple[str, ...], rows: list[list[Any]]) -> Path:
    def cell(value: Any) -> str:
        text = "" if value is None else str(value)
        return f'"{text}"' if "," in text else text

    lines = [",".join(map(cell, line)) for line in ([*names], *rows)]
    path.write_text("\n".join(lines) + "\n")
    return path


def score(path: Path, output: Path, *options: object, url: str | None = None, retries: int = 3) -> Result:
    """Run the command; a Server among the options is asked, a Path is of bundles."""
    line = ["score", str(path), "-o", str(output)]
    if url is not None:
        line = ["--url", url, "--retries", str(retries), *line]
    for option in options:
        if isinstance(option, Server):
            line = ["--url", option.url, *line]
        else:
            line += ["--local", str(option)] if isinstance(option, Path) else [str(option)]
    return CliRunner().invoke(main, line, terminal_width=200)


def scored(path: Path, output: Path, *options: object) -> pa.Table:
    result = score(path, output, *options)
    assert result.exit_code == 0, result.output
    assert leftovers(output) == []
    return pyarrow.parquet.read_table(output)


def refused(path: Path, output: Path, *options: object) -> str:
    """Return what the command says where it refuses; there is no output then."""
    result = score(path, output, *options)
    assert result.exit_code == 1, result.output
    assert not output.exists()
    return " ".join(result.stderr.removeprefix("Error: ").split())


def leftovers(output: Path) -> list[str]:
    return [path.name for path in output.parent.glob(f".{output.name}.*")]


def numbers_in(table: pa.Table, prefix: str) -> np.ndarray:
    columns = [table[name].to_numpy() for name in table.column_names if name.startswith(prefix)]
    return np.column_stack(columns) if len(columns) > 1 else columns[0]
