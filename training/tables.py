"""A table's file: its columns' names, and its cells as text, or as the types that Parquet gives them.

CSV is read strictly, every line with as many cells as the first. Separator and encoding are recognized; what cannot be
is refused, with the line and the remedy. What the cells mean is for `training.recognition` to say.
"""

import codecs
import csv
import io
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from bundle import table_files

BOMS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}

BLOCK_BYTES = 1 << 24
"""The reader's; the longest line that it takes."""


@dataclass(frozen=True)
class Table:
    """The columns of a file, all as long. Those of CSV are text (`is_text`), trimmed by nobody yet."""

    path: Path
    names: list[str]
    columns: list[pa.ChunkedArray]
    is_text: bool
    notes: tuple[str, ...] = ()
    separator: str | None = None

    def __len__(self) -> int:
        return len(self.columns[0])

    def where(self, row: int) -> str:
        """Say where a row (from 0) stands in the file, as an editor counts."""
        if not self.is_text:
            return f"row {row + 1}"
        content, _ = _as_utf8(self.path.read_bytes(), self.path)  # anew: it is not kept for what is rarely asked
        line, _ = next(islice(_records(content, self.separator or ","), row + 1, None))
        return f"line {line}"


def read(path: Path) -> Table:
    """Return the table in a CSV or Parquet file.

    Raises:
        ValueError: it is neither, or not all of one kind; the message names the file, the line and the remedy.
        OSError: it cannot be read.
    """
    if path.is_dir():
        raise ValueError(f"{path}: is a directory; give the path of the table in it")
    if path.exists() and not path.is_file():
        raise ValueError(f"{path}: is no regular file; copy the table into one")
    content = path.read_bytes()
    start = content[: table_files.MARK_BYTES]
    if reason := table_files.foreign_reason(start):
        raise ValueError(f"{path}: {reason}")
    table = _read_parquet(content, path) if table_files.is_parquet(start) else _read_csv(content, path)
    _check_names(table)
    return table


def _source(content: bytes) -> pa.BufferReader:
    """Return what Arrow reads: bytes of its own. Its threads let go of them some time after reading. For Python's they
    would need the interpreter's lock, and abort a process that is just ending.
    """
    buffer = pa.allocate_buffer(len(content))
    pa.FixedSizeBufferWriter(buffer).write(content)
    return pa.BufferReader(buffer)


def _read_parquet(content: bytes, path: Path) -> Table:
    try:
        read = pyarrow.parquet.read_table(_source(content))
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"{path}: is a broken Parquet file; write it again ({_first_line(error)})") from error
    indexes = [name for name in read.column_names if re.fullmatch(r"__index_level_\d+__", name)]
    read = read.drop_columns(indexes)
    if not read.column_names:
        raise ValueError(f"{path}: has no columns")
    notes = ("the index that pandas wrote is left out",) if indexes else ()
    return Table(path, [name.strip() for name in read.column_names], read.columns, is_text=False, notes=notes)


def _read_csv(content: bytes, path: Path) -> Table:
    content, notes = _as_utf8(content, path)
    if not content or content.isspace():
        raise ValueError(f"{path}: the file is empty; it needs a line of names and a line for each example")
    if (at := content.find(b"\0")) >= 0:
        line = content.count(b"\n", 0, at) + 1
        raise ValueError(f"{path}, line {line}: has a NUL byte, as no text has; export the table as CSV again")
    separator, width = _separator(content, path)
    types = {f"f{i}": pa.string() for i in range(width)}
    try:
        read = pyarrow.csv.read_csv(
            _source(content),
            pyarrow.csv.ReadOptions(autogenerate_column_names=True, block_size=BLOCK_BYTES),
            pyarrow.csv.ParseOptions(delimiter=separator, newlines_in_values=True),
            pyarrow.csv.ConvertOptions(column_types=types),
        )
    except pa.ArrowInvalid as error:
        _check_lines(content, separator, width, path)
        raise ValueError(f"{path}: cannot be read as CSV; export it again ({_first_line(error)})") from error
    if b'"' in content and len(read) < sum(1 for line in content.splitlines() if line.strip()):
        _check_lines(content, separator, width, path)  # cells of several lines: meant, or by a stray quotation mark
    names = [column[0].as_py().strip() for column in read.columns]
    columns = [column.slice(1) for column in read.columns]
    return Table(path, names, columns, True, notes, separator)


def _as_utf8(content: bytes, path: Path) -> tuple[bytes, tuple[str, ...]]:
    """Return the text as UTF-8 without a byte order mark, and what is to be said of its encoding."""
    for mark, encoding in BOMS.items():
        if content.startswith(mark):
            return _recoded(content[len(mark) :], encoding, path), ()
    odd, even = (content[:4096][i::2].count(0) / (len(content[:4096]) / 2 + 1) for i in (1, 0))
    if max(odd, even) > 0.3:
        encoding = "utf-16-le" if odd > even else "utf-16-be"
        return _recoded(content, encoding, path), (f"read as {encoding.upper()}, by its zeros",)
    if _is_utf8(content):
        return content, ()
    try:
        encoding, text = "Windows-1252", content.decode("cp1252")
    except UnicodeDecodeError:
        encoding, text = "Latin-1", content.decode("latin-1")
    return text.encode(), (f"is not UTF-8, so read as {encoding}: if letters are wrong, save it as UTF-8",)


def _recoded(content: bytes, encoding: str, path: Path) -> bytes:
    try:
        return content.decode(encoding).encode()
    except UnicodeDecodeError as error:
        where = f"byte {error.start}"
        raise ValueError(f"{path}: looks like {encoding.upper()}, but {where} is not; save it as UTF-8") from error


def _is_utf8(content: bytes) -> bool:
    """Say whether it is, in parts: a second copy of a large file is spared."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(content), 1 << 20):
            decoder.decode(content[start : start + (1 << 20)])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _separator(content: bytes, path: Path) -> tuple[str, int]:
    """Return what separates the cells, and how many there are in the first line."""
    separator = table_files.separator_of(content)
    if separator is None:
        raise ValueError(
            f"{path}: has one column; cells are separated by commas, semicolons, tabs or bars (|), and a table has at "
            "least two columns, a feature and the label"
        )
    return separator, len(next(table_files.first_rows(content, separator)))


def _records(content: bytes, separator: str, strict: bool = False) -> Iterator[tuple[int, list[str]]]:
    """Yield each record that is not blank, with the line on which it begins; slow, for what is to be explained."""
    reader = csv.reader(io.TextIOWrapper(io.BytesIO(content), "utf-8", newline=""), delimiter=separator, strict=strict)
    line = 1
    for cells in reader:
        if cells:
            yield line, cells
        line = reader.line_num + 1


def _check_lines(content: bytes, separator: str, width: int, path: Path) -> None:
    """Raise ValueError for the first line that has other cells than the first, or a quotation mark out of place."""
    line = 0
    try:
        for line, cells in _records(content, separator, strict=True):
            if len(cells) != width:
                raise ValueError(
                    f"{path}, line {line}: has {len(cells)} cells where the first line has {width}; a cell that holds "
                    f"the separator {separator!r} must stand in quotation marks"
                )
    except csv.Error as error:
        raise ValueError(
            f"{path}, after line {line}: a quotation mark is out of place ({error}); one that is part of a text is "
            'written twice, inside of quotation marks: "5"" pipe"'
        ) from error


def _check_names(table: Table) -> None:
    """Raise ValueError where the first line cannot be the names of columns."""
    numeric = [name for name in table.names if _number(name) is not None]
    if numeric and not _is_consecutive(numeric):
        raise ValueError(
            f"{table.path}: the first line must name the columns, and has numbers: {', '.join(table.names[:8])}; "
            "write a line of names above it"
        )
    first: dict[str, int] = {}
    for i, name in enumerate(table.names):
        if name and name in first:
            raise ValueError(
                f"{table.path}: columns {first[name] + 1} and {i + 1} are both named {name}; rename one of them"
            )
        first[name] = i


def _is_consecutive(names: list[str]) -> bool:
    """Say whether names are whole numbers one after the other, such as pixels or years."""
    first = _number(names[0])
    return first is not None and names == [str(int(first) + i) for i in range(len(names))]


def _number(name: str) -> float | None:
    try:
        return number if math.isfinite(number := float(name)) else None
    except ValueError:
        return None


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
