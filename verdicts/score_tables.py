"""Tables as text: CSV with whatever separates its cells, as rows of equal length."""

import csv
import io
import re
from dataclasses import dataclass

from bundle import table_files

MAX_COLUMNS = 2000
"""More columns than a table of scores has."""

_DECIMAL_COMMA = re.compile(table_files.DECIMAL_COMMA, re.ASCII)


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
    separator = table_files.separator_of(lines.encode(errors="replace")) or ","
    try:
        header, *rows = csv.reader(io.StringIO(lines, newline=""), delimiter=separator)
    except (csv.Error, ValueError):  # what it says of no row, and of a cell that is too long
        return None
    rows = [[_unescaped(cell.strip()) for cell in row] for row in rows if any(map(str.strip, row))]
    if not rows or len(header) > MAX_COLUMNS or any(len(row) != len(header) for row in rows):
        return None
    if separator != "," and table_files.has_decimal_commas([cell for row in rows for cell in row]):
        rows = [[cell.replace(",", ".") if _DECIMAL_COMMA.fullmatch(cell) else cell for cell in row] for row in rows]
    return Table([cell.strip() or unnamed(i) for i, cell in enumerate(header)], rows)


def unnamed(i: int) -> str:
    """Return what a column at a position is called that has no name."""
    return f"column {i + 1}"


def _unescaped(cell: str) -> str:
    """Return a cell without the apostrophe that MLflow puts before what a spreadsheet would take for a formula."""
    return cell[1:] if len(cell) > 1 and cell[0] == "'" and cell[1] in "=+-@" else cell
