"""Rows of a study, and its boundaries, in formats that other tools read."""

import io

import numpy as np
from arro3.io import write_csv, write_ipc
from numpy.typing import NDArray

from bundle import study_parquet
from bundle.study_rows import Column


def to_csv(columns: dict[str, Column]) -> list[bytes]:
    """Return rows as CSV; null is empty."""
    buffer = io.BytesIO()
    write_csv(study_parquet.table_of(columns), buffer)
    return [buffer.getvalue()]


def to_parquet(columns: dict[str, Column]) -> list[bytes]:
    return [study_parquet.to_parquet(columns)]


def to_arrow(columns: dict[str, Column]) -> list[bytes]:
    """Return rows in Arrow's file format."""
    buffer = io.BytesIO()
    write_ipc(study_parquet.table_of(columns), buffer)
    return [buffer.getvalue()]


def to_npy(values: NDArray[np.uint8]) -> list[bytes]:
    """Return bytes as a NumPy file."""
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, values, allow_pickle=False)
    return [buffer.getvalue()]
