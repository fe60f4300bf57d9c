"""What a file says of itself: whether it is a table at all, and how a CSV file is written."""

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bundle import table_files
from client.score import ScoreError

MAX_HEADER_BYTES = 1 << 20

MAX_LISTED_NAMES, MAX_NAME_CHARS = 20, 40
"""In a message."""

QUOTE, BOM = b'"', b"\xef\xbb\xbf"

UTF_16 = (b"\xff\xfe", b"\xfe\xff")
"""How such files begin; those of UTF-32 begin so, too, or with zeros."""


@dataclass(frozen=True)
class Header:
    """The line of names of a CSV file, and how its rows are written; the first of them begins at `end`."""

    names: list[str]
    separator: str
    newline: bytes
    end: int
    beginning: bytes
    """Of the file, from the names on."""


def is_parquet(path: Path) -> bool:
    """Say whether a file is Parquet, or else may be CSV.

    Raises:
        ScoreError: it is neither.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        start = file.read(table_files.MARK_BYTES)
    if reason := table_files.foreign_reason(start):
        raise ScoreError(f"{path} {reason}")
    if start.startswith(UTF_16):
        raise ScoreError(f"{path} is UTF-16 or UTF-32: save it as UTF-8")
    return table_files.is_parquet(start)


def read_header(path: Path) -> Header:
    """Return the first line that is not empty, which names the columns.

    Raises:
        ScoreError: there is none, or it is no text.
    """
    with path.open("rb") as file:
        content = file.read(MAX_HEADER_BYTES)
    start = len(BOM) if content.startswith(BOM) else 0
    start = len(content) - len(content[start:].lstrip(b"\r\n"))
    if not content[start:].strip():
        raise ScoreError(f"{path} is empty; it needs a line of names and a line for each point")
    newline = b"\r" if b"\n" not in content and b"\r" in content else b"\n"
    end = content.find(newline, start)
    while end >= 0 and content.count(QUOTE, start, end) % 2:
        end = content.find(newline, end + 1)
    if end < 0:
        end = len(content)
    if b"\0" in content[start:end]:
        raise ScoreError(f"{path} is no text, or UTF-16; save it as CSV in UTF-8, or as Parquet")
    if end == MAX_HEADER_BYTES:
        raise ScoreError(f"{path} has no line of names")
    try:
        line = content[start:end].decode()
    except UnicodeDecodeError as error:
        raise ScoreError(f"{path} is not UTF-8; save it as UTF-8") from error
    beginning = content[start:]
    separator = table_files.separator_of(beginning) or table_files.SEPARATORS[0]
    names = _names_in(path, line, separator)
    return Header(names, separator, newline, min(end + len(newline), len(content)), beginning)


def _names_in(path: Path, line: str, separator: str) -> list[str]:
    try:
        (cells,) = csv.reader([line.strip("\r\n")], delimiter=separator, strict=True)
    except (csv.Error, ValueError) as error:
        raise ScoreError(
            f"the first line of {path} is no line of names; look for a quotation mark without its match"
        ) from error
    return [cell.strip() for cell in cells]


def check_names(path: Path, names: Sequence[str]) -> None:
    if twice := [name for name, times in Counter(names).items() if times > 1]:
        raise ScoreError(f"{path} has two columns {twice[0]!r}; rename one of them")


def names_in_words(names: Sequence[str]) -> str:
    """Return names for a message: not all of many, none at length, and in quotation marks what does not show."""
    short = [name[:MAX_NAME_CHARS] for name in names]
    shown = [name if name.isprintable() and name.strip() else repr(name) for name in short]
    more = f" and {len(names) - MAX_LISTED_NAMES:,} more" if len(names) > MAX_LISTED_NAMES else ""
    return ", ".join(shown[:MAX_LISTED_NAMES]) + more
