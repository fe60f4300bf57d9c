"""From a model's numbers to columns, and the file that they are written to, which is there whole or not at all."""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray

from bundle.conventions import DEFAULT_CLASSES, DEFAULT_THRESHOLD
from client.score import ScoreError
from client.score.target import Numbers, Target

GROUP_ROWS, GROUP_BYTES = 1 << 19, 1 << 25
"""Of a Parquet file's row group: as much of the output as is in memory."""

CSV_REMEDY = "write .parquet, or leave the column out by --keep"

TEXT_CODEC = "zstd"
"""Floats of measured values and scores hardly shrink; texts do."""


def output_schema(target: Target, prefix: str = "") -> pa.Schema:
    """Return the columns that scoring adds."""
    if not target.gives_probabilities:
        several = [f"value_{i + 1}" for i in range(target.width or 0)]
        return pa.schema([(prefix + name, pa.float32()) for name in several or ["value"]])
    if target.task == "multiclass":
        fields = [(f"{prefix}probability_{name}", pa.float32()) for name in target.classes]
    else:
        fields = [(f"{prefix}probability", pa.float32())]
    return pa.schema([*fields, (f"{prefix}label", _label_type(target))])


def output_columns(target: Target, numbers: Numbers, threshold: float | None = None) -> list[pa.Array]:
    """Return the columns of `output_schema`; null where a number is NaN."""
    wide = numbers.reshape(len(numbers), -1)
    missing: NDArray[np.bool_] = np.logical_or.reduce(np.isnan(wide), axis=1)
    mask = missing if missing.any() else None
    columns = [_array(np.ascontiguousarray(column), mask) for column in wide.T]
    if not target.gives_probabilities:
        return columns
    if target.task == "multiclass":
        labels = wide.argmax(axis=1)
    else:
        labels = wide[:, 0] >= (DEFAULT_THRESHOLD if threshold is None else threshold)
    return [*columns, _label_column(labels, mask, target)]


def _label_column(labels: NDArray[np.generic], mask: NDArray[np.bool_] | None, target: Target) -> pa.Array:
    kind = _label_type(target)
    is_named = pa.types.is_dictionary(kind)
    column = _array(labels.astype((kind.index_type if is_named else kind).to_pandas_dtype()), mask)
    return pa.DictionaryArray.from_arrays(column, pa.array(target.classes)) if is_named else column


def _array(values: NDArray[np.generic], mask: NDArray[np.bool_] | None) -> pa.Array:
    """Return values as they are, null where the mask is set; `pa.array` imports pandas first, where it is installed."""
    valid = None if mask is None else pa.py_buffer(np.packbits(~mask, bitorder="little"))
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [valid, pa.py_buffer(values)])


def _label_type(target: Target) -> pa.DataType:
    if target.classes == DEFAULT_CLASSES and target.task != "multiclass":
        return pa.int8()
    return pa.dictionary(pa.int8() if len(target.classes) < 128 else pa.int32(), pa.string())


class _Writer(Protocol):
    def write_table(self, table: pa.Table) -> None: ...
    def close(self) -> None: ...


class Output:
    """A CSV or Parquet file, written beside its place, and put there by `publish`."""

    def __init__(self, path: Path, schema: pa.Schema, metadata: Mapping[str, str]) -> None:
        self.path = path
        self._partial = path.with_name(f".{path.name}.partial")
        self._is_csv = path.suffix.lower() == ".csv"
        self._schema = schema.with_metadata(dict(metadata))
        self._written = _csv_schema(self._schema) if self._is_csv else self._schema
        self._writer: _Writer = self._csv() if self._is_csv else self._parquet()
        self._file = self._partial.open("r+b")
        self._disk = ThreadPoolExecutor(1)
        self._on_disk: Future[None] | None = None
        self._batches: list[pa.RecordBatch] = []
        self._rows = self._bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._disk.shutdown()
        self._file.close()
        try:
            self._writer.close()
        finally:
            self._partial.unlink(missing_ok=True)

    def write(self, columns: Sequence[pa.Array]) -> None:
        batch = pa.RecordBatch.from_arrays(columns, schema=self._schema)
        self._batches.append(batch)
        self._rows += batch.num_rows
        self._bytes += batch.nbytes
        if self._rows >= GROUP_ROWS or self._bytes >= GROUP_BYTES:
            self._flush()

    def publish(self) -> None:
        """End the file, and put it into its place once it is on the disk."""
        self._flush()
        self._writer.close()
        if self._on_disk is not None:
            self._on_disk.result()
        os.fsync(self._file.fileno())
        self._file.close()
        self._partial.replace(self.path)

    def _flush(self) -> None:
        if self._batches:
            table = pa.Table.from_batches(self._batches, self._schema)
            try:
                self._writer.write_table(_for_csv(table) if self._is_csv else table)
            except pa.ArrowInvalid as error:  # bytes, say, that are no text
                raise ScoreError(f"{self.path} cannot hold a column's values: {error}; {CSV_REMEDY}") from error
            self._batches, self._rows, self._bytes = [], 0, 0
            self._take_to_disk()

    def _take_to_disk(self) -> None:
        """Have the disk take what is written while the rest is computed, so that little is left at the end."""
        if self._on_disk is None or self._on_disk.done():
            if self._on_disk is not None:
                self._on_disk.result()
            self._on_disk = self._disk.submit(os.fsync, self._file.fileno())

    def _csv(self) -> _Writer:
        options = pyarrow.csv.WriteOptions(quoting_style="needed")
        writer: _Writer = pyarrow.csv.CSVWriter(self._partial, self._written, write_options=options)
        return writer

    def _parquet(self) -> _Writer:
        texts = [field.name for field in self._schema if not _is_number(field.type)]
        codecs = {field.name: TEXT_CODEC if field.name in texts else "none" for field in self._schema}
        writer: _Writer = pyarrow.parquet.ParquetWriter(
            self._partial,
            self._schema,
            use_dictionary=texts or False,
            compression=codecs,
            write_statistics=texts or False,
        )
        return writer


def _csv_schema(schema: pa.Schema) -> pa.Schema:
    """Return what CSV has of these columns.

    Raises:
        ScoreError: one of them has a type that the writer does not know.
    """
    table = _for_csv(schema.empty_table())
    for field in table.schema:
        try:
            pyarrow.csv.write_csv(table.select([field.name]), pa.BufferOutputStream())
        except pa.ArrowException as error:
            raise ScoreError(
                f"column {field.name} has the type {field.type}, which CSV cannot hold; {CSV_REMEDY}"
            ) from error
    return table.schema


def _for_csv(table: pa.Table) -> pa.Table:
    """Return a table without dictionaries, which the writer of CSV does not know."""
    for i, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            table = table.set_column(i, field.name, table.column(i).cast(field.type.value_type))
    return table


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))
