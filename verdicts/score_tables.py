"""Tables as text: CSV with whatever separates its cells, as rows of equal length."""

import csv
import io
import re
from dataclasses import dataclass

SEPARATORS = ",;\t|"

MAX_COLUMNS = 2000
"""More columns than a table of scores has."""


DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+(?:[eE][+-]?\d+)?")
DECIMAL_POINT = re.compile(r"[+-]?\d*\.\d+(?:[eE][+-]?\d+)?")
THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")


@dataclass(frozen=True)
class Table:
    """A header without empty names, and rows of as many cells."""

    header: list[str]
    rows: list[list[str]]

    def column(self, i: int) -> list[str]:
        return [row[i] for row in self.rows]


def read_table(text: str) -> Table | None:
    """Return the table that a text is; None where it has no header, no rows, or rows of other lengths.

    Where commas do not separate cells, they may be the decimal marks of all numbers; these are given points.
    """
    lines = text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}").strip("\r\n")
    first = lines.partition("\n")[0]
    separator = max(SEPARATORS, key=first.count)
    try:
        header, *rows = csv.reader(io.StringIO(lines, newline=""), delimiter=separator)
    except (csv.Error, ValueError):  # what it says of no row, and of a cell that is too long
        return None
    rows = [[_unescaped(cell.strip()) for cell in row] for row in rows if any(map(str.strip, row))]
    if not rows or len(header) > MAX_COLUMNS or any(len(row) != len(header) for row in rows):
        return None
    if separator != "," and _has_decimal_commas(rows):
        rows = [[cell.replace(",", ".") if DECIMAL_COMMA.fullmatch(cell) else cell for cell in row] for row in rows]
    return Table([cell.strip() or f"column {i}" for i, cell in enumerate(header, 1)], rows)


def _has_decimal_commas(rows: list[list[str]]) -> bool:
    """Say whether numbers have commas that separate no thousands, and none has a point."""
    cells = [cell for row in rows for cell in row]
    with_comma = [cell for cell in cells if DECIMAL_COMMA.fullmatch(cell)]
    return not all(map(THOUSANDS.fullmatch, with_comma)) and not any(map(DECIMAL_POINT.fullmatch, cells))


def _unescaped(cell: str) -> str:
    """Return a cell without the apostrophe that MLflow puts before what a spreadsheet would take for a formula."""
    return cell[1:] if len(cell) > 1 and cell[0] == "'" and cell[1] in "=+-@" else cell
