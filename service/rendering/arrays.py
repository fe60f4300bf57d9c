"""Grids as bytes, a band of rows at a time: memory and the interpreter's lock are held for a band, not for the grid."""

import io
from collections.abc import Iterable, Mapping

import numpy as np
import orjson
from numpy.typing import NDArray

from service.memory import require_memory

Bands = Iterable[NDArray[np.float32]]

MAX_CHARS = 15
"""Of a float32 or int32 in JSON, with what parts it from the next."""

SPARE_BYTES = 2**24
"""What must be left when a band has been written, for others: orjson ends the process where it finds no memory."""


def json_chunks(document: Mapping[str, object], key: str, bands: Bands) -> list[bytes]:
    """Return a JSON object in pieces: `document` with the rows of all bands, float32 [rows, nx] each, under `key`."""
    rows = [_json_rows(np.ascontiguousarray(band)) for band in bands]
    head = orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)[:-1] + b',"' + key.encode() + b'":['
    return [head, *_separated(rows), b"]}"]


def label_chunks(document: Mapping[str, object], bands: Bands) -> list[bytes]:
    """Return a JSON object in pieces: `document` with the rows of all bands, float32 [rows, nx, 2] each, under `label`,
    as integers, and under `values`.
    """
    every = list(bands)
    labels = [_json_rows(band[..., 0].astype(np.int32)) for band in every]
    head, *rest = json_chunks(document, "values", (band[..., 1] for band in every))
    before = head.removesuffix(b'"values":[')
    return [before, b'"label":[', *_separated(labels), b'],"values":[', *rest]


def npy_chunks(shape: tuple[int, ...], bands: Bands) -> list[bytes]:
    """Return a NumPy file in pieces: float32 of this shape, the bands' rows one after the other."""
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "<f4", "fortran_order": False, "shape": shape})
    return [head.getvalue(), *map(_npy_rows, bands)]


def _json_rows(band: NDArray[np.float32] | NDArray[np.int32]) -> bytes:
    """Return the rows of a band as JSON, parted by commas.

    Raises:
        MemoryError: there is too little for it and for others.
    """
    require_memory(SPARE_BYTES + 2 * MAX_CHARS * band.size)
    return orjson.dumps(band, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1]


def _npy_rows(band: NDArray[np.float32]) -> bytes:
    require_memory(SPARE_BYTES + band.nbytes)
    return band.astype("<f4", copy=False).tobytes()


def _separated(pieces: Iterable[bytes]) -> Iterable[bytes]:
    for i, piece in enumerate(pieces):
        if i:
            yield b","
        yield piece
