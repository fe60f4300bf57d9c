"""Rows of a study as Parquet, by arro3, in training and service alike: what other tools read too.

The boundary's map and what the unit cost stand in the file's own metadata, as JSON below the key `unit`, which other
tools pass over. Nothing is compressed: numbers of a training hardly shrink, and reading would take six times as long
(docs/decisions/0034-what-a-study-keeps.md).
"""

import contextlib
import io
import sys
from base64 import b64decode, b64encode
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import orjson
from arro3.core import Array, DataType, RecordBatch, Table
from arro3.io import read_parquet, write_parquet

from bundle.study_rows import BoundaryMap, Column, UnitRows, column_of, concatenated

KEYS = ("cell", "replicate", "epoch")
"""The columns that all rows have."""

_UNIT = "unit"
_MAGIC = b"PAR1"

Epochs = Literal["all", "last"]


def table_of(columns: Mapping[str, Column]) -> Table:
    """Return rows as a table of Arrow's, which `arro3.io` writes in any format; NaN is null there.

    Raises:
        ValueError: a column is of a kind that is not kept.
    """
    arrays = [_to_arrow(name, column) for name, column in columns.items()]
    return Table.from_arrays(arrays, names=list(columns))


def to_parquet(columns: Mapping[str, Column], metadata: Mapping[str, str] | None = None) -> bytes:
    """Return rows as a Parquet file."""
    buffer = io.BytesIO()
    write_parquet(
        table_of(columns),
        buffer,
        compression="uncompressed",
        dictionary_enabled=False,
        column_dictionary_enabled={name: True for name, column in columns.items() if _repeats(column)},
        key_value_metadata=dict(metadata or {}),
    )
    return buffer.getvalue()


def encode(unit: UnitRows) -> bytes:
    """Return a Parquet file of what came of some replicates.

    Raises:
        ValueError: a column is missing, is of another length, or of a kind that is not kept.
    """
    columns = unit.columns
    if missing := [name for name in ("replicate", "epoch") if name not in columns]:
        raise ValueError(f"rows without {' and '.join(missing)}")
    n = len(columns["replicate"])
    columns = dict[str, Column]({"cell": [unit.cell] * n}) | columns
    if wrong := [name for name, column in columns.items() if len(column) != n]:
        raise ValueError(f"columns of other lengths than {n}: {', '.join(wrong)}")
    return to_parquet(columns, {_UNIT: orjson.dumps(_metadata(unit)).decode()})


def decode(content: bytes, columns: Collection[str] | None = None, epochs: Epochs = "all") -> UnitRows:
    """Return what a Parquet file of `encode` holds: these columns, all if it is not said; all epochs, or the last.

    Raises:
        ValueError: it is damaged, or no such file.
    """
    check_ends(content)
    with _panics_as_errors():
        reader = read_parquet(content, batch_size=65536)
        unit = _unit_of(reader.schema.metadata_str)
        names = reader.schema.names
        if missing := set(KEYS) - set(names):
            raise ValueError(f"it has no {', '.join(sorted(missing))}")
        wanted = [name for name in names if columns is None or name in columns or name in KEYS]
        batches = [_from_arrow(batch, wanted, epochs) for batch in reader]
    return replace(unit, columns=concatenated(batches))


def _repeats(column: Column) -> bool:
    """Say whether a column takes less as a dictionary of its values."""
    return len(set(column if isinstance(column, list) else column.tolist())) * 2 < len(column)


def _to_arrow(name: str, column: Column) -> Array:
    if not isinstance(column, list) and column.dtype.kind == "b":
        column = column_of(column.tolist())
    if isinstance(column, list):
        return Array([None if value is None else str(value) for value in column], DataType.string())
    if column.dtype.kind == "i":
        return Array.from_numpy(np.ascontiguousarray(column, dtype=np.int64))
    if column.dtype.kind != "f":
        raise ValueError(f"column {name} is {column.dtype}, neither float64, int64 nor text")
    numbers = np.ascontiguousarray(column, dtype=np.float64)
    missing = np.isnan(numbers)
    if not missing.any():
        return Array.from_numpy(numbers)
    return Array([None if x != x else x for x in numbers.tolist()], DataType.float64())


def _from_arrow(batch: RecordBatch, names: list[str], epochs: Epochs) -> dict[str, Column]:
    if epochs == "last":
        epoch = batch["epoch"].to_numpy()
        batch = batch if names == batch.column_names else batch.select(names)
        batch = batch.take(Array.from_numpy(np.flatnonzero(epoch == epoch.max(initial=0))))
    return {name: _column(batch[name]) for name in names}


def _column(array: Array) -> Column:
    kind = str(array.type)
    if "Utf8" in kind:
        return [None if text is None else sys.intern(text) for text in array.to_pylist()]
    if array.null_count == 0:
        numbers = array.to_numpy()
    else:
        numbers = np.array([np.nan if x is None else x for x in array.to_pylist()])
    if numbers.dtype.kind not in "iuf":
        raise ValueError(f"a column of {kind}")
    return numbers.astype(np.int64 if numbers.dtype.kind in "iu" else np.float64, copy=False)


def check_ends(content: bytes) -> None:
    """Look at what a Parquet file begins and ends with, so that hardly any damage gets as far as the parser."""
    if len(content) < 12 or content[:4] != _MAGIC or content[-4:] != _MAGIC:
        raise ValueError("it is not a Parquet file, or was cut short")
    if int.from_bytes(content[-8:-4], "little") > len(content) - 12:
        raise ValueError("its footer is damaged")


@contextlib.contextmanager
def _panics_as_errors() -> Iterator[None]:
    """Make ValueError of what arro3 raises of a damaged file: a panic of Rust's is no Exception, and has no name here.

    Raises:
        ValueError: the file is damaged.
    """
    try:
        yield
    except ValueError:
        raise
    except Exception as error:
        raise ValueError(f"it is damaged: {error}") from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise ValueError(f"it is damaged: {error}") from error


def _metadata(unit: UnitRows) -> dict[str, Any]:
    boundary = unit.boundary
    return {
        "cell": unit.cell,
        "first": unit.first,
        "last": unit.last,
        "seconds": unit.seconds,
        "libraries": unit.libraries,
        "epochs": np.unique(np.asarray(unit.columns["epoch"])).tolist(),
        "boundary": boundary
        and {
            "features": boundary.features,
            "domain": boundary.domain,
            "scale": boundary.scale,
            "shape": boundary.values.shape,
            "values": _text(boundary.values),
            "labels": None if boundary.labels is None else _text(boundary.labels),
        },
    }


def _text(values: Any) -> str:
    return b64encode(np.ascontiguousarray(values, dtype=np.uint8).tobytes()).decode()


def _unit_of(metadata: Mapping[str, str]) -> UnitRows:
    """Return what the metadata of a file say, without rows."""
    try:
        unit = orjson.loads(metadata[_UNIT])
        boundary = unit["boundary"]
        return UnitRows(
            cell=str(unit["cell"]),
            first=int(unit["first"]),
            last=int(unit["last"]),
            columns={},
            boundary=None if boundary is None else _map_of(boundary),
            seconds=float(unit["seconds"]),
            libraries=dict(unit["libraries"]),
            epochs=tuple(unit["epochs"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"its metadata are not those of a study's rows: {error!r}") from error


def _map_of(boundary: Mapping[str, Any]) -> BoundaryMap:
    k, rows, columns = boundary["shape"]

    def array(text: str) -> Any:
        return np.frombuffer(b64decode(text), dtype=np.uint8).reshape(k, rows, columns)

    (x_low, x_high), (y_low, y_high) = boundary["domain"]
    x, y = boundary["features"]
    low, high = boundary["scale"]
    labels = boundary["labels"]
    return BoundaryMap(
        features=(x, y),
        domain=((x_low, x_high), (y_low, y_high)),
        scale=(low, high),
        values=array(boundary["values"]),
        labels=None if labels is None else array(labels),
    )
