"""Answers that are kept: grids, by the tag of all that determines them, as many as fit."""

import threading
from collections.abc import Sequence

from cachetools import LRUCache

from service.observability import HITS, MISSES

Chunks = Sequence[bytes]

LARGEST_SHARE = 1 / 8
"""An answer larger than this share of the whole is not kept: it would drive out all that others ask for."""


class AnswerCache:
    """The bodies last asked for, up to so many bytes; 0 keeps none. Safe for several threads.

    A tag names the bundle's content, so what is kept here never goes stale: after a reload it is merely not asked for.
    """

    def __init__(self, max_bytes: int) -> None:
        self._kept: LRUCache[str, Chunks] = LRUCache(max_bytes, getsizeof=_size)
        self._lock = threading.Lock()

    def get(self, tag: str) -> Chunks | None:
        """Return an answer that is kept, and count whether it was."""
        with self._lock:
            found = self._kept.get(tag)
        (MISSES if found is None else HITS).inc()
        return found

    def __contains__(self, tag: str) -> bool:
        return tag in self._kept

    def keep(self, tag: str, answer: Chunks) -> None:
        """Keep an answer, in one piece: small ones that live long are what leaves holes in the heap."""
        if _size(answer) <= self._kept.maxsize * LARGEST_SHARE:
            with self._lock:
                self._kept[tag] = [b"".join(answer)]


def _size(answer: Chunks) -> int:
    return sum(map(len, answer))
