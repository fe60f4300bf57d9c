"""What a file says of itself: whether it is a table at all, and what a CSV file's first line is."""

import csv
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from client.score import ScoreError

SEPARATORS = (",", ";", "\t", "|")

FOREIGN = {
    b"\x1f\x8b": "is compressed with gzip; unpack it first",
    b"\x28\xb5\x2f\xfd": "is compressed with zstd; unpack it first",
    b"PK\x03\x04": "is a ZIP archive or a spreadsheet; save the sheet as CSV",
    b"BZh": "is compressed with bzip2; unpack it first",
    b"\xfd7zXZ": "is compressed with xz; unpack it first",
    b"\xd0\xcf\x11\xe0": "is a spreadsheet of an old Excel; save the sheet as CSV",
    b"ARROW1": "is an Arrow file (Feather); write it as Parquet",
    b"\xff\xff\xff\xff": "is a stream of Arrow's; write it as Parquet",
    b"PARE": "is an encrypted Parquet file; write it without",
    b"\xff\xfe": "is UTF-16 or UTF-32; save it as UTF-8",
    b"\xfe\xff": "is UTF-16; save it as UTF-8",
}
"""How files begin that are no tables yet."""

LONGEST = 1 << 20
"""Bytes of the first line."""

MOST_LISTED, MAX_SHOWN = 20, 40
"""Names in a message, and characters of one."""

QUOTE, BOM = b'"', b"\xef\xbb\xbf"


def is_parquet(path: Path) -> bool:
    """Say whether a file is Parquet, or else may be CSV.

    Raises:
        ScoreError: it is neither.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        start = file.read(8)
    for mark, reason in FOREIGN.items():
        if start.startswith(mark):
            raise ScoreError(f"{path} {reason}")
    return start.startswith(b"PAR1")


def first_line(path: Path) -> tuple[str, int, bytes]:
    """Return the first line that is not empty, where the next begins, and what ends lines.

    Raises:
        ScoreError: there is none, or it is no text.
    """
    with path.open("rb") as file:
        content = file.read(LONGEST)
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
    if end == LONGEST:
        raise ScoreError(f"{path} has no line of names")
    try:
        return content[start:end].decode(), min(end + len(newline), len(content)), newline
    except UnicodeDecodeError as error:
        raise ScoreError(f"{path} is not UTF-8; save it as UTF-8") from error


def names_in(path: Path, header: str) -> tuple[str, list[str]]:
    """Return what separates cells, which is what there is most of in the first line, and the names in it."""
    found: dict[str, list[str]] = {}
    for separator in SEPARATORS:
        try:
            (cells,) = csv.reader([header.strip("\r\n")], delimiter=separator, strict=True)
        except (csv.Error, ValueError):
            continue
        found[separator] = [cell.strip() for cell in cells]
    if not found:
        raise ScoreError(f"the first line of {path} is no line of names; look for a quotation mark without its match")
    separator = max(found, key=lambda each: len(found[each]))
    return separator, found[separator]


def check_names(path: Path, names: Sequence[str]) -> None:
    if twice := [name for name, times in Counter(names).items() if times > 1]:
        raise ScoreError(f"{path} has two columns {twice[0]!r}; rename one of them")


def listed(names: Sequence[str]) -> str:
    """Return names for a message: not all of many, none at length, and in quotation marks what does not show."""
    shown = [name[:MAX_SHOWN] if name.isprintable() and name.strip() else repr(name[:MAX_SHOWN]) for name in names]
    more = f" and {len(names) - MOST_LISTED:,} more" if len(names) > MOST_LISTED else ""
    return ", ".join(shown[:MOST_LISTED]) + more
