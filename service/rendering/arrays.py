"""Grids as bytes, a band of rows at a time: memory and the interpreter's lock are held for a band, not for the grid."""

import io
from collections.abc import Iterable, Mapping

import numpy as np
import orjson
from numpy.typing import NDArray

Bands = Iterable[NDArray[np.float32]]


def json_chunks(document: Mapping[str, object], key: str, bands: Bands) -> list[bytes]:
    """Return a JSON object in pieces: `document` with the rows of all bands, float32 [rows, nx] each, under `key`."""
    rows = [orjson.dumps(np.ascontiguousarray(band), option=orjson.OPT_SERIALIZE_NUMPY)[1:-1] for band in bands]
    head = orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)[:-1] + b',"' + key.encode() + b'":['
    return [head, *_separated(rows), b"]}"]


def label_chunks(document: Mapping[str, object], bands: Bands) -> list[bytes]:
    """Return a JSON object in pieces: `document` with the rows of all bands, float32 [rows, nx, 2] each, under `label`,
    as integers, and under `values`.
    """
    every = list(bands)
    labels = [orjson.dumps(band[..., 0].astype(np.int32), option=orjson.OPT_SERIALIZE_NUMPY)[1:-1] for band in every]
    head, *rest = json_chunks(document, "values", (band[..., 1] for band in every))
    before = head.removesuffix(b'"values":[')
    return [before, b'"label":[', *_separated(labels), b'],"values":[', *rest]


def npy_chunks(shape: tuple[int, ...], bands: Bands) -> list[bytes]:
    """Return a NumPy file in pieces: float32 of this shape, the bands' rows one after the other."""
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "<f4", "fortran_order": False, "shape": shape})
    return [head.getvalue(), *(band.astype("<f4", copy=False).tobytes() for band in bands)]


def _separated(pieces: Iterable[bytes]) -> Iterable[bytes]:
    for i, piece in enumerate(pieces):
        if i:
            yield b","
        yield piece
