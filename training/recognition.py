"""What a table's columns are: numbers, text, or neither, and why.

A cell is missing where it is one of `bundle.table_files.MISSING`. A column is of numbers where all of its other cells
are, with decimal points or, throughout the table, decimal commas; of text where none is. What might be read in two ways
is not read: numbers with separated thousands, dates, numbers among text.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from bundle.table_files import DECIMAL_COMMA, MISSING, THOUSANDS
from training.tables import Table

Kind: TypeAlias = Literal["number", "text", "mixed", "empty", "refused"]

NUMBER = r"^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$|^[-+]?[iI][nN][fF]([iI][nN][iI][tT][yY])?$"
COMMA, COMMA_THOUSANDS = f"^{DECIMAL_COMMA}$", f"^{THOUSANDS}$"
POINTED_THOUSANDS = r"^[-+]?[1-9]\d{0,2}(\.\d{3})?$"
GROUPED = r"^[-+(]?\s?[$€£¥]?\s?[-+]?\d+([.,'’_ \x{a0}\x{202f}]\d+)*\s?[%$€£¥]?\)?$"
DATE = r"^\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([T ].*)?$|^\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2})( .*)?$"

DATES = "has dates: write them as numbers, such as a year or days since one of them, or leave the column out"
THOUSANDS_OR_DECIMALS = (
    "has numbers such as {0}, which may be thousands or a decimal comma: write them without commas between thousands, "
    "and with a decimal point"
)

POINTS_OR_THOUSANDS = (
    "has numbers such as {0}, which where semicolons separate the cells may be thousands or a decimal point: write "
    "thousands without points, or separate the cells by commas"
)


@dataclass(frozen=True)
class Recognized:
    """A column: its values, float64 [n] with NaN where missing. Those of text are positions among `categories`.

    A `refused` one has no values and a `problem`: why, and the remedy. A `mixed` one is text with a problem as well.
    """

    name: str
    kind: Kind
    values: NDArray[np.float64]
    categories: tuple[str, ...] | None = None
    problem: str | None = None

    @property
    def missing(self) -> NDArray[np.bool_]:
        return np.isnan(self.values)


def recognize(table: Table, positions: Sequence[int]) -> list[Recognized]:
    """Return what the columns at these positions are. Whether commas are decimal is asked of all of them together.

    So is whether points are, where semicolons separate the cells: who writes these may write 1.234 for a thousand.
    """
    found = [_Reading(table, i) for i in positions]
    if table.separator == ";" and (pointed := [each for each in found if each.has_points()]):
        doubtful = [each.first_of_thousands() for each in pointed]
        if all(example is not None for example in doubtful):
            for each, example in zip(pointed, doubtful, strict=True):
                each.column = replace(each.column, kind="refused", problem=POINTS_OR_THOUSANDS.format(example))
    with_commas = [each for each in found if each.has_commas]
    are_decimal = any(not each.is_doubtful for each in with_commas)
    points = next((each.column.name for each in found if with_commas and each.has_points()), None)
    for each in with_commas:
        name = each.column.name
        if points == name:
            problem = "has numbers with a point and others with a comma: write decimal points, and no other separators"
        elif points is not None:
            problem = (
                f"has commas in its numbers where column {points} has decimal points: write decimal points in both"
            )
        elif not are_decimal:
            problem = THOUSANDS_OR_DECIMALS.format(each.example)
        else:
            continue
        each.column = replace(each.column, kind="refused", problem=problem)
    return [each.column for each in found]


class _Reading:
    """One column while the table is being read: `column`, and how its numbers are written."""

    def __init__(self, table: Table, position: int) -> None:
        self.has_commas = self.is_doubtful = False
        self.example = ""
        self._cells = table.columns[position]
        name, cells = table.names[position], self._cells.combine_chunks()
        self.column = self._of_text(table, name, cells) if table.is_text else of_type(name, cells)

    def has_points(self) -> bool:
        """Say whether a number of this column has a decimal point."""
        return self.column.kind == "number" and bool(pc.any(pc.match_substring(self._cells, ".")).as_py())

    def first_of_thousands(self) -> str | None:
        """Return a number with a point if all of the column could be thousands, such as 1.234 and 5."""
        texts = pc.utf8_trim_whitespace(self._cells).drop_null().unique()
        if not _matches(texts.filter(pc.match_substring_regex(texts, NUMBER)), POINTED_THOUSANDS).all():
            return None
        example: str = texts.filter(pc.match_substring(texts, "."))[0].as_py()
        return example

    def _of_text(self, table: Table, name: str, cells: pa.Array) -> Recognized:
        texts = pc.utf8_trim_whitespace(cells)
        if (values := _numbers(texts)) is not None:
            return Recognized(name, "number", values)
        absent = pc.is_in(pc.utf8_lower(texts), pa.array(MISSING))
        texts = pc.if_else(absent, None, texts)
        if texts.null_count == len(texts):
            return Recognized(name, "empty", np.full(len(texts), np.nan))
        if (values := _numbers(texts)) is not None:
            return Recognized(name, "number", values)
        return self._of_distinct(table, name, texts.dictionary_encode())

    def _of_distinct(self, table: Table, name: str, encoded: pa.DictionaryArray) -> Recognized:
        """Recognize a column that is not of plain numbers by its distinct texts."""
        texts = encoded.dictionary
        number, comma, grouped, date = (_matches(texts, pattern) for pattern in (NUMBER, COMMA, GROUPED, DATE))
        codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        if (number | comma).all():
            self.has_commas = True
            self.is_doubtful = bool(_matches(texts, COMMA_THOUSANDS)[comma].all())
            self.example = texts[int(np.argmax(comma))].as_py()
            return Recognized(name, "number", _taken(_numbers(pc.replace_substring(texts, ",", ".")), codes))
        if date.all():
            return _refused(name, codes, DATES)
        if (number | comma | grouped).all():
            example = texts[int(np.argmax(grouped & ~number & ~comma))].as_py()
            return _refused(name, codes, f"has numbers such as {example}: write digits and a decimal point alone")
        categories = sorted(texts.to_pylist())
        position = {text: i for i, text in enumerate(categories)}
        values = _taken(np.array([position[text] for text in texts.to_pylist()], np.float64), codes)
        if not (number | comma).any():
            return Recognized(name, "text", values, tuple(categories))
        problem = _mixture(table, encoded, codes, number | comma)
        return Recognized(name, "mixed", values, tuple(categories), problem)


def of_type(name: str, cells: pa.Array) -> Recognized:
    """Recognize a column by the type that Parquet gives it: text stays text, whatever it says."""
    if pa.types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    kind = cells.type
    if pa.types.is_boolean(kind):
        cells = pc.cast(cells, pa.string())
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        values = pc.cast(cells, pa.float64(), safe=False).fill_null(np.nan).to_numpy(zero_copy_only=False)
        return Recognized(name, "empty" if np.isnan(values).all() else "number", values)
    if cells.null_count == len(cells):
        return Recognized(name, "empty", np.full(len(cells), np.nan))
    if pa.types.is_temporal(kind):
        return _refused(name, np.zeros(len(cells)), DATES)
    if not (pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type)):
        return _refused(name, np.zeros(len(cells)), f"is of the type {kind}: write numbers or text, or leave it out")
    texts = pc.utf8_trim_whitespace(cells)
    encoded = pc.if_else(pc.equal(texts, ""), None, texts).dictionary_encode()
    categories = sorted(encoded.dictionary.to_pylist())
    position = {text: i for i, text in enumerate(categories)}
    values = np.array([position[text] for text in encoded.dictionary.to_pylist()], np.float64)
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    taken = _taken(values, codes)
    return Recognized(name, "text" if categories else "empty", taken, tuple(categories) or None)


def _numbers(texts: pa.Array) -> NDArray[np.float64] | None:
    """Return the numbers that texts are, NaN where null; None unless all others are."""
    try:
        numbers = pc.cast(texts, pa.float64())
    except pa.ArrowInvalid:
        return None
    values: NDArray[np.float64] = numbers.fill_null(np.nan).to_numpy(zero_copy_only=False)
    return values


def _matches(texts: pa.Array, pattern: str) -> NDArray[np.bool_]:
    matches: NDArray[np.bool_] = pc.match_substring_regex(texts, pattern).to_numpy(zero_copy_only=False)
    return matches


def _taken(values: NDArray[np.float64] | None, codes: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return each row's value by its code; -1 is missing."""
    known: NDArray[np.float64] = np.zeros(0) if values is None else values
    return np.append(known, np.nan)[codes]


def _refused(name: str, codes: NDArray[np.generic], problem: str) -> Recognized:
    return Recognized(name, "refused", np.where(np.asarray(codes) < 0, np.nan, 0.0), problem=problem)


def _mixture(table: Table, encoded: pa.DictionaryArray, codes: NDArray[np.int32], is_number: NDArray[np.bool_]) -> str:
    """Say of a column of numbers and text where the first cell of the rarer kind is."""
    present = np.flatnonzero(codes >= 0)
    numeric = is_number[codes[present]]
    most_are_numbers = numeric.mean() >= 0.5
    row = int(present[np.argmin(numeric) if most_are_numbers else np.argmax(numeric)])
    text = encoded.dictionary[int(codes[row])].as_py()
    kinds = ("numbers", "text") if most_are_numbers else ("text", "numbers")
    return (
        f"is of {kinds[0]}, but has {text!r} in {table.where(row)}: correct the cell, empty it, or leave the column out"
    )
