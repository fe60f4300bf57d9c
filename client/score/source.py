"""The file that is scored, CSV or Parquet, in pieces: cut in one thread, parsed in several."""

import csv
import io
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from bundle.table_files import MISSING, first_rows, has_decimal_commas
from client.score import RowError, ScoreError
from client.score.columns import Block, Faults, numbers_of_texts
from client.score.header import QUOTE, check_names, is_parquet, read_header

PIECE_BYTES = 1 << 20
"""Of CSV. Pieces of a quarter of this cost a quarter more, of double the same."""

MAX_ROW_BYTES = 1 << 26

BATCH_ROWS = 1 << 16
"""Of Parquet."""

csv.field_size_limit(MAX_ROW_BYTES)  # 131,072 characters else; Arrow, which reads what is in order, has no limit

NULL_VALUES = [
    blank + "".join(letters)
    for word in MISSING
    for letters in {*product(*zip(word, word.upper(), strict=True))}
    for blank in ("", " ")
]
"""`MISSING` for Arrow, which tells small letters from capital ones; among more blanks strict parsing finds it."""

Piece = Any


class Source(Protocol):
    """A table in a file. `total` is its size in units of `size_of` a piece."""

    names: list[str]
    total: int

    def choose(self, columns: Collection[str], numbers: Collection[str]) -> None:
        """Say which columns are wanted, and which of them hold numbers."""
        ...

    def schema(self) -> pa.Schema:
        """Return what the chosen columns of blocks are."""
        ...

    def pieces(self) -> Iterator[Piece]: ...
    def size_of(self, piece: Piece) -> int: ...

    def parse(self, piece: Piece) -> Block:
        """Return the rows of a piece; in any thread.

        Raises:
            RowError: a row is none of this table's.
        """
        ...


def open_source(path: Path) -> Source:
    """Open a CSV or Parquet file.

    Raises:
        ScoreError: it is neither.
        OSError: it cannot be read.
    """
    return ParquetSource(path) if is_parquet(path) else CsvSource(path)


class ParquetSource:
    """Reads one batch after the other, decoded page by page."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = pyarrow.parquet.ParquetFile(path, pre_buffer=False, buffer_size=1 << 20)
        except (pa.ArrowException, OSError) as error:
            raise ScoreError(f"{path} is a broken Parquet file; write it again") from error
        self._fields = {field.name.strip(): field for field in self._file.schema_arrow}
        self.names = [field.name.strip() for field in self._file.schema_arrow]
        self.total = self._file.metadata.num_rows
        check_names(path, self.names)
        self._columns: list[str] = []

    def choose(self, columns: Collection[str], numbers: Collection[str]) -> None:
        self._columns = [name for name in self.names if name in columns]

    def schema(self) -> pa.Schema:
        return pa.schema([self._fields[name].with_name(name) for name in self._columns])

    def pieces(self) -> Iterator[Piece]:
        written = [self._fields[name].name for name in self._columns]
        try:
            yield from self._file.iter_batches(BATCH_ROWS, columns=written, use_threads=False)
        except (pa.ArrowException, OSError) as error:
            raise ScoreError(f"{self.path} is a broken Parquet file; write it again") from error

    def size_of(self, piece: Piece) -> int:
        return int(piece.num_rows)

    def parse(self, piece: Piece) -> Block:
        return Block(piece.num_rows, {name: piece.column(self._fields[name].name) for name in self._columns})


@dataclass(frozen=True)
class _Text:
    """Whole rows of a CSV file: what of the content lies before the end."""

    content: bytes
    end: int

    @property
    def quotes(self) -> int:
        return _quotes(self.content, self.end)

    @property
    def is_empty(self) -> bool:
        """Whether all of its lines are; most pieces say by their first character that not all are."""
        return self.content[0] in b"\r\n" and not self.content[: self.end].strip(b"\r\n")


class CsvSource:
    """Cuts a file at ends of rows, and parses what lies between, strictly where Arrow finds anything wrong."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.total = path.stat().st_size
        self._header = read_header(path)
        self.names = self._header.names
        check_names(path, self.names)
        self._columns: list[str] = []
        self._numbers: frozenset[str] = frozenset()
        self._decimal_point = "."

    def choose(self, columns: Collection[str], numbers: Collection[str]) -> None:
        self._columns = [name for name in self.names if name in columns]
        self._numbers = frozenset(numbers)
        self._decimal_point = "," if self._has_decimal_commas() else "."

    def _has_decimal_commas(self) -> bool:
        """Say whether the numbers in the first rows have them; the rest of the file is held to it."""
        beginning, separator = self._header.beginning, self._header.separator
        if separator == "," and QUOTE not in beginning:
            return False
        at = [i for i, name in enumerate(self.names) if name in self._numbers]
        rows = [row for row in first_rows(beginning, separator) if len(row) == len(self.names)]
        return has_decimal_commas([row[i].strip() for row in rows[1:] for i in at])

    def schema(self) -> pa.Schema:
        return pa.schema([(name, self._type(name)) for name in self._columns])

    def pieces(self) -> Iterator[_Text]:
        """Read from the end of the last whole row again: copying what is left behind it would copy all there is.

        What has no row in it, as there may be empty lines for longer than a piece, is left out.
        """
        at, size = self._header.end, PIECE_BYTES
        with self.path.open("rb", buffering=0) as file:
            while file.seek(at) == at and (content := file.read(size)):
                end = len(content) if at + len(content) >= self.total else _last_end(content, self._header.newline)
                if end:
                    piece = _Text(content, end)
                    if not (self._skips_empty and piece.is_empty):
                        yield piece
                    at, size = at + end, PIECE_BYTES
                elif size > MAX_ROW_BYTES:
                    raise ScoreError(
                        f"{self.path} has a row without an end; look for a quotation mark without its match"
                    )
                else:
                    size *= 2

    def size_of(self, piece: _Text) -> int:
        return piece.end

    def parse(self, piece: _Text) -> Block:
        quotes = piece.quotes
        if quotes % 2:  # at the end of the file alone; Arrow takes what follows the last one for its cell
            return self._parse_strictly(piece)
        parsing = pyarrow.csv.ParseOptions(
            delimiter=self._header.separator,
            quote_char='"' if quotes else False,
            newlines_in_values=bool(quotes),
            ignore_empty_lines=self._skips_empty,
        )
        types = {name: self._type(name) for name in self._columns}
        converting = pyarrow.csv.ConvertOptions(
            column_types=types,
            include_columns=self._columns,
            null_values=NULL_VALUES,
            decimal_point=self._decimal_point,
            check_utf8=any(kind == pa.string() for kind in types.values()),
        )
        reading = pyarrow.csv.ReadOptions(use_threads=False, block_size=piece.end + 1, column_names=self.names)
        try:
            text = pa.py_buffer(piece.content).slice(0, piece.end)
            table = pyarrow.csv.read_csv(pa.BufferReader(text), reading, parsing, converting)
        except pa.ArrowInvalid:
            return self._parse_strictly(piece)
        return Block(table.num_rows, {name: _whole(table.column(name)) for name in self._columns})

    @property
    def _skips_empty(self) -> bool:
        return len(self.names) > 1  # of one column, an empty line is a row whose value is missing

    def _type(self, name: str) -> pa.DataType:
        return pa.float64() if name in self._numbers else pa.string()

    def _parse_strictly(self, piece: _Text) -> Block:
        """Parse row by row, and say which one is wrong."""
        rows = list(self._rows(piece))
        faults: Faults = {}
        columns = {}
        for name in self._columns:
            at = self.names.index(name)
            texts = [row[at] for row in rows]
            if name in self._numbers:
                values = numbers_of_texts(texts, name, faults, self._decimal_point)
                columns[name] = pa.array(values, mask=np.isnan(values))
            else:
                columns[name] = pa.array(texts, pa.string())
        return Block(len(rows), columns, faults)

    def _rows(self, piece: _Text) -> Iterator[list[str]]:
        row = 0
        lines = io.TextIOWrapper(io.BytesIO(piece.content[: piece.end]), "utf-8", newline="")
        try:
            for cells in csv.reader(lines, delimiter=self._header.separator, strict=True):
                if not cells and self._skips_empty:
                    continue
                cells = cells or [""]
                if len(cells) != len(self.names):
                    raise RowError(row, f"has {_count(len(cells), 'cell')}, the first line {len(self.names)}")
                yield cells
                row += 1
        except UnicodeDecodeError:
            raise RowError(row, "or one soon after it is not UTF-8; save the file as UTF-8") from None
        except csv.Error as error:
            raise RowError(row, f"is no CSV: {error}") from None


def _last_end(content: bytes, newline: bytes) -> int:
    """Return where the last whole row ends: behind a newline with an even number of quotation marks before it."""
    end = content.rfind(newline)
    quotes = _quotes(content, max(end, 0))
    while end >= 0 and quotes % 2:
        before = content.rfind(newline, 0, end)
        quotes -= content.count(QUOTE, max(before, 0), end)
        end = before
    return end + len(newline) if end >= 0 else 0


def _quotes(content: bytes, end: int) -> int:
    """Count quotation marks; that there are none is found 30 times sooner than counted."""
    return content.count(QUOTE, 0, end) if QUOTE in content else 0


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return (
        column.chunk(0)
        if column.num_chunks == 1
        else pa.concat_arrays(column.chunks)
        if column.num_chunks
        else pa.array([], column.type)
    )


def _count(number: int, of: str) -> str:
    return f"{number} {of}{'' if number == 1 else 's'}"
