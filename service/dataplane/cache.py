"""Responses that are cached: grids and pictures, by the tag of all that determines them, as many as fit."""

import threading
from collections.abc import Sequence

from cachetools import LRUCache

Chunks = Sequence[bytes]

MAX_BODY_SHARE = 1 / 8
"""A body larger than this share of the whole is not cached: it would drive out all others."""


class ResponseCache:
    """The bodies last asked for, up to so many bytes; 0 keeps none. Safe for several threads.

    A tag names the bundle's content, so what is cached never goes stale: after a reload nobody asks for it any more.
    """

    def __init__(self, max_bytes: int) -> None:
        self._bodies: LRUCache[str, Chunks] = LRUCache(max_bytes, getsizeof=_size)
        self._lock = threading.Lock()

    def get(self, tag: str) -> Chunks | None:
        """Return a cached body, or None."""
        with self._lock:
            return self._bodies.get(tag)

    def put(self, tag: str, body: Chunks) -> None:
        """Cache a body, in one piece: small ones that live long are what leaves holes in the heap."""
        if _size(body) <= self._bodies.maxsize * MAX_BODY_SHARE:
            with self._lock:
                self._bodies[tag] = [b"".join(body)]


def _size(body: Chunks) -> int:
    return sum(map(len, body))
