"""Answers that are kept in memory, in the form in which CacheControl asks for them. It knows bytes, nothing else."""

import io
from datetime import datetime
from typing import IO

from cachecontrol.cache import SeparateBodyBaseCache
from cachetools import LRUCache

Kept = tuple[bytes, bytes]
"""An answer's headers, as CacheControl writes them, and its body."""


class AnswerCache(SeparateBodyBaseCache):
    """The answers last asked for, up to so many bytes; one that is larger than all of that is not kept.

    Bodies lie beside the headers, not within: an answer that is still right is then found, and its headers brought up
    to date, without copying its body, which for a grid of 2000 × 2000 nodes is 16 MB.
    """

    def __init__(self, max_bytes: int) -> None:
        self._kept: LRUCache[str, Kept] = LRUCache(max_bytes, getsizeof=_size)

    def get(self, key: str) -> bytes | None:
        kept = self._kept.get(key)
        return None if kept is None else kept[0]

    def get_body(self, key: str) -> IO[bytes] | None:
        kept = self._kept.get(key)
        return None if kept is None else io.BytesIO(kept[1])

    def set(self, key: str, value: bytes, expires: int | datetime | None = None) -> None:
        """Keep headers, with the body that is there; for a new answer, `set_body` follows at once."""
        _, body = self._kept.get(key) or (b"", b"")
        self._keep(key, (value, body))

    def set_body(self, key: str, body: bytes) -> None:
        kept = self._kept.get(key)
        if kept is not None:
            self._keep(key, (kept[0], bytes(body)))  # CacheControl gives a view of a temporary file

    def delete(self, key: str) -> None:
        self._kept.pop(key, None)

    def _keep(self, key: str, kept: Kept) -> None:
        try:
            self._kept[key] = kept
        except ValueError:  # it is larger than the cache
            self.delete(key)


def _size(kept: Kept) -> int:
    return sum(map(len, kept))
