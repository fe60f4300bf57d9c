"""The response cache: CacheControl's storage interface over memory. It stores bytes and knows nothing of HTTP."""

import io
from datetime import datetime
from typing import IO

from cachecontrol.cache import SeparateBodyBaseCache
from cachetools import LRUCache

Entry = tuple[bytes, bytes]
"""A response's headers, as CacheControl serializes them, and its body."""


class ResponseCache(SeparateBodyBaseCache):
    """Least recently used responses, up to `max_bytes` in total. A response larger than that is not stored.

    Bodies are stored beside the headers. A revalidation (304) can then update the headers without copying the body,
    which is 16 MB for a grid of 2000 × 2000 nodes.
    """

    def __init__(self, max_bytes: int) -> None:
        self._entries: LRUCache[str, Entry] = LRUCache(max_bytes, getsizeof=_size)

    def get(self, key: str) -> bytes | None:
        entry = self._entries.get(key)
        return None if entry is None else entry[0]

    def get_body(self, key: str) -> IO[bytes] | None:
        entry = self._entries.get(key)
        return None if entry is None else io.BytesIO(entry[1])

    def set(self, key: str, value: bytes, expires: int | datetime | None = None) -> None:
        """Store headers and keep the body. For a new response, CacheControl calls `set_body` next."""
        _, body = self._entries.get(key) or (b"", b"")
        self._store(key, (value, body))

    def set_body(self, key: str, body: bytes) -> None:
        entry = self._entries.get(key)
        if entry is not None:
            self._store(key, (entry[0], bytes(body)))  # CacheControl passes a view of a temporary file

    def delete(self, key: str) -> None:
        self._entries.pop(key, None)

    def _store(self, key: str, entry: Entry) -> None:
        try:
            self._entries[key] = entry
        except ValueError:  # larger than the cache
            self.delete(key)


def _size(entry: Entry) -> int:
    return sum(map(len, entry))
