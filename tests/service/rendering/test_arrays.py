"""Grids as bytes: in bands, and not where they would take the last memory."""

import io
from collections.abc import Callable

import numpy as np
import orjson
import pytest

from service.memory import require_memory
from service.rendering.arrays import json_chunks, label_chunks, npy_chunks

BANDS = [np.array(rows, np.float32) for rows in ([[0.1, 0.2], [0.3, 0.4]], [[0.5, 0.6]])]
BOTH = [np.stack([band > 0.35, band], -1).astype(np.float32) for band in BANDS]
ROWS = np.concatenate(BANDS)


def test_bands_are_put_together() -> None:
    document = orjson.loads(b"".join(json_chunks({"model": "m"}, "probabilities", BANDS)))
    assert document == {"model": "m", "probabilities": [[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]}
    document = orjson.loads(b"".join(label_chunks({"model": "m"}, BOTH)))
    assert document == {"model": "m", "label": [[0, 0], [0, 1], [1, 1]], "values": [[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]}
    np.testing.assert_array_equal(np.load(io.BytesIO(b"".join(npy_chunks(ROWS.shape, BANDS)))), ROWS)


@pytest.mark.parametrize("write", [
    lambda: json_chunks({}, "probabilities", BANDS),
    lambda: label_chunks({}, BOTH),
    lambda: npy_chunks(ROWS.shape, BANDS),
], ids=["json", "labels", "npy"])  # fmt: skip
def test_a_band_is_not_written_where_others_would_find_no_memory(
    monkeypatch: pytest.MonkeyPatch, write: Callable[[], list[bytes]]
) -> None:
    def none_left(_: int) -> None:
        raise MemoryError

    monkeypatch.setattr("service.rendering.arrays.require_memory", none_left)
    with pytest.raises(MemoryError):
        write()


def test_memory_is_required_without_taking_it() -> None:
    require_memory(2**20)
    with pytest.raises(MemoryError):
        require_memory(2**62)
