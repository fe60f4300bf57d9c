"""Comparisons whose pairs are computed anew: for a rope and a score that are asked for, and of older releases."""

from threading import Lock

from cachetools import LRUCache

from bundle.comparison import Comparison
from service.errors import InvalidError
from service.registry.experiments import HashedFile
from verdicts.comparison import default_score, recomputed, scores

MAX_CACHED_COMPARISONS = 8
"""Comparisons that are kept. One of 20 models takes half a megabyte, and 2 ms to compute."""

Key = tuple[str, float, str | None]


class Comparisons:
    """The comparisons that were asked for last."""

    def __init__(self) -> None:
        self._kept: LRUCache[Key, Comparison] = LRUCache(MAX_CACHED_COMPARISONS)
        self._lock = Lock()

    def get(self, stored: HashedFile[Comparison], rope: float, score: str | None) -> Comparison | None:
        """Return a comparison, None if it has to be made."""
        with self._lock:
            return self._kept.get((stored.digest, rope, score))

    def make(self, stored: HashedFile[Comparison], rope: float, score: str | None) -> Comparison:
        """Compute a comparison, and keep it.

        Raises:
            InvalidError: not all models have this score.
        """
        known = scores(stored.content)
        if score is not None and score not in known:
            raise InvalidError.of("score", f"must be one of: {', '.join(known)}, which all models have.")
        compared = score is not None or default_score(stored.content) in known
        made = recomputed(stored.content, rope, score) if compared else stored.content
        with self._lock:
            self._kept[stored.digest, rope, score] = made
        return made
