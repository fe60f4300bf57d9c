"""What a table's file is, alike for training, `score` and tables of scores: told before its cells mean anything.

The module needs Python alone, as the client has it.
"""

import csv
import io
import re
from collections.abc import Collection, Iterator
from itertools import islice

SEPARATORS = (",", ";", "\t", "|")

MISSING = ("", "?", "na", "n/a", "#n/a", "nan", "null", "none")
"""Cells that say that there is no value, in small or capital letters."""

MARK_BYTES = 16
"""How much of a file says what it is."""

_BINARY = rb"[\s\S]{0,11}?[\0-\x08\x0e-\x1f]"
"""What no text has; it follows marks that are letters: a table's first column may be PARENT, or PAR1."""

_PARQUET = re.compile(rb"PAR1" + _BINARY)

_FOREIGN = {
    rb"\x1f\x8b": "is compressed with gzip: unpack it first, by `gunzip`",
    rb"BZh[1-9]1AY&SY": "is compressed with bzip2: unpack it first, by `bunzip2`",
    rb"\xfd7zXZ": "is compressed with xz: unpack it first, by `unxz`",
    rb"\x28\xb5\x2f\xfd": "is compressed with zstd: unpack it first, by `unzstd`",
    rb"PK\x03\x04": "is a ZIP archive or a spreadsheet: unpack it, or save the sheet as CSV",
    rb"\xd0\xcf\x11\xe0": "is a spreadsheet: save the sheet as CSV",
    rb"SQLite format 3\0": "is a database: export the table as CSV",
    rb"ARROW1\0\0": "is an Arrow file (Feather): write it as Parquet",
    rb"\xff\xff\xff\xff": "is a stream of Arrow's: write it as Parquet",
    rb"PARE" + _BINARY: "is an encrypted Parquet file: write it without",
}

SNIFFED_BYTES, SNIFFED_ROWS = 1 << 18, 200
"""How much of a file says how it is written, and how many of its rows say what separates cells."""

DECIMAL_COMMA = r"[-+]?\d*,\d+([eE][-+]?\d+)?"
THOUSANDS = r"[-+]?[1-9]\d{0,2},\d{3}"
"""Numbers that may be thousands as well, by this alone."""

_COMMA, _THOUSANDS = (re.compile(pattern, re.ASCII) for pattern in (DECIMAL_COMMA, THOUSANDS))
_POINT = re.compile(r"[-+]?(\d+\.\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)


def is_parquet(start: bytes) -> bool:
    """Say by its beginning whether a file is Parquet."""
    return _PARQUET.match(start) is not None


def foreign_reason(start: bytes) -> str | None:
    """Return why a file is neither CSV nor Parquet, and what to do, by its beginning; None if it may be."""
    return next((reason for mark, reason in _FOREIGN.items() if re.match(mark, start)), None)


def separator_of(content: bytes) -> str | None:
    """Return what separates the cells of a text in UTF-8, of which the beginning is looked at; None if nothing does.

    It is the one by which all rows have as many cells as the first, which has the names. Of several such, and where
    there is none, it is the one with most names.
    """
    found = []
    for separator in SEPARATORS:
        widths = [len(row) for row in islice(first_rows(content, separator), SNIFFED_ROWS)]
        if widths and widths[0] > 1:
            found.append((len(set(widths)) == 1, widths[0], separator))
    return max(found, key=lambda each: each[:2])[2] if found else None


def first_rows(content: bytes, separator: str) -> Iterator[list[str]]:
    """Yield the rows at the beginning of a text in UTF-8, but empty ones, up to one that is no CSV."""
    head = content[:SNIFFED_BYTES]
    if len(content) > len(head):
        head = head[: max(head.rfind(b"\n"), head.rfind(b"\r")) + 1] or head
    try:
        yield from filter(None, csv.reader(io.StringIO(head.decode(errors="replace"), newline=""), delimiter=separator))
    except csv.Error:
        return


def has_decimal_commas(cells: Collection[str]) -> bool:
    """Say whether the commas in some cells' numbers are decimal: not all can be of thousands, and none has a point."""
    commas = [cell for cell in cells if _COMMA.fullmatch(cell)]
    return not all(map(_THOUSANDS.fullmatch, commas)) and not any(map(_POINT.fullmatch, cells))
