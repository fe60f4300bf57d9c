"""From a table's columns to points: numbers, categories' positions, and what is wrong with which row."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from bundle.conventions import MAX_COORDINATE
from bundle.table_files import MISSING
from client.score import ScoreError
from client.score.target import Feature, Points

MAX_QUOTED_CHARS = 40

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?inf(inity)?|[+-]?nan", re.IGNORECASE | re.ASCII)

COMMA_FOR_POINT = str.maketrans(",.", ".,")

Faults = dict[int, str]
"""What is wrong with a row, by its place in the block; of several things the first."""

Column: TypeAlias = Any
"""An array of Arrow's."""


@dataclass(frozen=True)
class Block:
    """Some rows that follow each other: columns of Arrow's by name, and what is already known to be wrong."""

    rows: int
    columns: Mapping[str, Column]
    faults: Faults = field(default_factory=dict)


def points_of(
    block: Block, features: Sequence[Feature], columns: Mapping[str, str], *, imputes: bool
) -> tuple[Points, Faults]:
    """Return the points of a block, float32 [n, d], and the rows that are none; `columns` names each feature's column.

    A value that is missing is NaN; where the model does not impute, it is a fault.
    """
    points = np.empty((block.rows, len(features)), np.float32)
    faults = dict(block.faults)
    for i, feature in enumerate(features):
        name = columns[feature.name]
        column = block.columns[name]
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        values = _numbers(column, name, faults) if feature.categories is None else _positions(column, feature, faults)
        _check(values, name, faults, imputes=imputes)
        with np.errstate(over="ignore", invalid="ignore"):  # NaN of a damaged file may signal
            points[:, i] = values
    return points, faults


def check_type(kind: pa.DataType, name: str) -> None:
    """Raise ScoreError where a column's type holds neither numbers nor texts."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    numeric = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    if not (numeric or pa.types.is_boolean(kind) or pa.types.is_null(kind) or _is_text(kind)):
        raise ScoreError(f"column {name} has the type {kind}; send numbers, or texts where the model takes categories")


def numbers_of_texts(
    texts: Sequence[str | None], name: str, faults: Faults, decimal_point: str = "."
) -> NDArray[np.float64]:
    """Return texts as numbers: NaN for what says that it is missing, and for what is no number, which is a fault."""
    values = np.full(len(texts), np.nan)
    for i, text in enumerate(texts):
        stripped = (text or "").strip()
        pointed = stripped if decimal_point == "." else stripped.translate(COMMA_FOR_POINT)
        if NUMBER.fullmatch(pointed):
            values[i] = float(pointed)
        elif not _is_missing(stripped):
            faults.setdefault(i, f"{name} is {stripped[:MAX_QUOTED_CHARS]!r}, {_why_no_number(pointed, decimal_point)}")
    return values


def _is_missing(text: str) -> bool:
    return text.lower() in MISSING


def _why_no_number(pointed: str, decimal_point: str) -> str:
    if not NUMBER.fullmatch(pointed.translate(COMMA_FOR_POINT)):
        return "which is no number"
    if decimal_point == ",":
        return "which has a decimal point, and numbers in the first rows have decimal commas; write one of the two"
    return "which has a comma, and no number in the first rows shows that commas are decimal; write a decimal point"


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _texts(column: Column, name: str) -> Column:
    """Return texts of one type, as Arrow computes little with views, whose bytes are UTF-8."""
    texts = column.cast(pa.large_string())
    try:
        texts.validate(full=True)
    except pa.ArrowInvalid as error:
        raise ScoreError(f"column {name} has texts that are not UTF-8; write the file again") from error
    return texts


def _numbers(column: Column, name: str, faults: Faults) -> NDArray[np.float64]:
    """Return a column as float64, NaN for null."""
    kind = column.type
    if _is_text(kind):
        return numbers_of_texts(_texts(column, name).to_pylist(), name, faults)
    if pa.types.is_decimal(kind):  # by its digits: Arrow's own conversion is off by a bit now and then
        column = column.cast(pa.string())
    column = column.cast(pa.float64(), safe=False)
    if not column.null_count:  # `to_numpy` imports pandas first, where it is installed: 0.2 s
        return np.asarray(np.from_dlpack(column), np.float64)
    numbers: NDArray[np.float64] = column.to_numpy(zero_copy_only=False)
    return numbers


def _positions(column: Column, feature: Feature, faults: Faults) -> NDArray[np.float64]:
    """Return the positions of categories, given by their names or, as numbers, by themselves."""
    names = feature.categories or ()
    if not _is_text(column.type):
        values = _numbers(column, feature.name, faults)
        with np.errstate(invalid="ignore"):
            fits = np.isnan(values) | ((values >= 0) & (values < len(names)) & (values == np.floor(values)))
        for i in np.flatnonzero(~fits):
            faults.setdefault(int(i), f"{feature.name} is {values[i]:g}, which is no category's position")
        return values
    column = pc.utf8_trim_whitespace(_texts(column, feature.name))
    found = pc.index_in(column, pa.array(names, column.type))
    positions: NDArray[np.float64] = found.cast(pa.float64()).to_numpy(zero_copy_only=False)
    for i in np.flatnonzero(np.isnan(positions)):
        text = column[int(i)].as_py()
        if text is not None and not _is_missing(text):
            faults.setdefault(int(i), f"{feature.name} is {text[:MAX_QUOTED_CHARS]!r}, which is none of its categories")
    return positions


def _check(values: NDArray[np.float64], name: str, faults: Faults, *, imputes: bool) -> None:
    """Note rows whose value is missing or too far out; NaN is neither more nor less than anything."""
    if not values.size or (values.min() >= -MAX_COORDINATE and values.max() <= MAX_COORDINATE):
        return
    with np.errstate(invalid="ignore"):
        wrong = np.abs(values) > MAX_COORDINATE if imputes else ~(np.abs(values) <= MAX_COORDINATE)
    for i in np.flatnonzero(wrong):
        value = values[i]
        if math.isnan(value):
            faults.setdefault(int(i), f"{name} is missing")
        elif math.isinf(value):
            faults.setdefault(int(i), f"{name} is infinite")
        else:
            faults.setdefault(int(i), f"{name} is {value:g}, beyond ±{MAX_COORDINATE:g}")
