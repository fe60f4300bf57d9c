"""300 odd tables of a seeded generator: each is read as it was written, or refused with its name and a reason."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from training.dataset_spec import TableSpec
from training.datasets import data_source, draw
from training.new import of_table
from training.table_data import TableData, load

TABLES, PARTS = 300, 10

WORDS = (
    "red",
    "blue",
    "Grün",
    "New York",
    "a;b",
    "x, y",
    'say "hi"',
    "tab\there",
    "naïve",
    "O'Hara",
    "1st",
    "10-20",
    "π",
)
LATIN = [word for word in WORDS if word != "π"]


@dataclass(frozen=True)
class Written:
    """A table's cells as they were meant, and how the file was written."""

    names: list[str]
    columns: list[list[str]]
    content: bytes
    how: str


def cell_of_number(value: float, style: str, mark: str) -> str:
    text = {"plain": repr(value), "short": f"{value:.2f}", "scientific": f"{value:.3e}", "whole": str(round(value))}[
        style
    ]
    return text.replace(".", mark)


def table(generator: np.random.Generator) -> Written:
    """Write a table of up to six columns with whatever tables have: marks, quotes, encodings, damage."""
    rows = int(generator.choice([0, 1, 5, 10, 20, 60]))
    separator = str(generator.choice([",", ";", "\t", "|"]))
    encoding = str(generator.choice(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"]))
    mark = "," if separator != "," and generator.random() < 0.4 else "."
    names, columns = [], []
    for i in range(int(generator.integers(1, 6))):
        names.append(str(generator.choice([f"x{i}", f"größe {i}", f'"q" {i}', f"a,b;{i}"])))
        columns.append(column(generator, rows, mark, encoding))
    labels = [["no", "yes"], ["0", "1"], ["-1", "1"], ["a", "b", "c"], ["1", "2", "3"]][int(generator.integers(5))]
    names.append("label")
    columns.append([labels[i % len(labels)] for i in range(rows)])
    if generator.random() < 0.2:
        names, columns = ["", *names], [[str(i) for i in range(rows)], *columns]
    quoting: Literal[0, 1] = csv.QUOTE_ALL if generator.random() < 0.3 else csv.QUOTE_MINIMAL
    ending = str(generator.choice(["\n", "\r\n"]))
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, quoting=quoting, lineterminator=ending)
    writer.writerow(names)
    writer.writerows(zip(*columns, strict=True))
    content, damage = damaged(generator, text.getvalue().encode(encoding))
    return Written(names, columns, content, f"{separator!r} {encoding} {mark} {quoting} {damage}")


def column(generator: np.random.Generator, rows: int, mark: str, encoding: str) -> list[str]:
    kind = generator.random()
    if kind < 0.6:
        style = str(generator.choice(["plain", "short", "scientific", "whole"]))
        scale = 10.0 ** int(generator.integers(-3, 6))
        cells = [cell_of_number(value, style, mark) for value in (generator.normal(size=rows) * scale).tolist()]
    elif kind < 0.9:
        known = WORDS if encoding != "cp1252" else LATIN
        chosen = [str(word) for word in generator.choice(known, size=int(generator.integers(1, 5)))]
        cells = [chosen[i % len(chosen)] for i in range(rows)]
    else:
        odd = ["2024-01-31", "1,234", "1.234.567", "inf", "1e99", "12%", "", "7"]
        cells = [str(generator.choice(odd)) for _ in range(rows)]
    if generator.random() < 0.2:
        cells = [str(generator.choice(["", "NA", "?"])) if generator.random() < 0.1 else cell for cell in cells]
    return [f" {cell}" if cell and cell[0].isdigit() and generator.random() < 0.02 else cell for cell in cells]


def damaged(generator: np.random.Generator, content: bytes) -> tuple[bytes, str]:
    if generator.random() < 0.8 or not content:
        return content, "whole"
    at = int(generator.integers(len(content)))
    kind = str(generator.choice(["cut", "byte", "quote", "line"]))
    insert = {"cut": b"", "byte": bytes([int(generator.integers(256))]), "quote": b'"', "line": b"\n"}[kind]
    return (content[:at] if kind == "cut" else content[:at] + insert + content[at:]), kind


def number(cell: str) -> float:
    return float(cell.strip().replace(",", "."))


def check_as_written(written: Written, loaded: TableData) -> None:
    """Hold what was read against what was written, cell by cell."""
    for name, categories, values in zip(loaded.names, loaded.categories, loaded.points.T, strict=True):
        cells = [cell.strip() for cell in written.columns[written.names.index(name)]]
        for cell, value in zip(cells, values.tolist(), strict=True):
            if cell in {"", "NA", "?"}:
                assert np.isnan(value), (written.how, name, cell)
            elif categories is None:
                assert value == np.float32(number(cell)), (written.how, name, cell)
            else:
                assert categories[int(value)] == cell, (written.how, name, cell)
    labels = written.columns[written.names.index("label")]
    if loaded.target.task == "regression":  # of few rows with three whole numbers
        assert loaded.target.labels.tolist() == [float(label) for label in labels]
    else:
        assert [loaded.target.classes[int(i)] for i in loaded.target.labels] == labels


def refusal(act: Callable[[], object]) -> str | None:
    """Return why something is refused; None if it is done."""
    try:
        act()
    except ValueError as error:
        return str(error)
    return None


@pytest.mark.parametrize("part", range(PARTS))
def test_an_odd_table_is_read_as_written_or_refused(tmp_path: Path, part: int) -> None:
    generator = np.random.default_rng(part)
    read = 0
    for i in range(TABLES // PARTS):
        written = table(generator)
        path = tmp_path / f"table-{i}.csv"
        path.write_bytes(written.content)
        for missing in ("refuse", "median"):
            spec = TableSpec(path=path, missing=missing)
            reason = refusal(partial(load, spec))
            if reason is not None:
                assert path.name in reason, written.how
            else:
                draw(spec, data_source(spec, 0), 0, 2)
                if written.how.endswith("whole"):
                    check_as_written(written, load(spec))
                    read += 1
        reason = refusal(partial(of_table, path, None, tmp_path))
        assert reason is None or path.name in reason, written.how
    assert read > 5
