"""The C library's heap: what a request took stays for the next one, and is given back within a second (glibc).

A page that the system maps costs a microsecond, and a long request takes thousands. docs/decisions/0048-the-heap.md
has the measurements.
"""

import ctypes
import mmap
from contextlib import suppress
from pathlib import Path

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # malloc.h

KEPT_BYTES = 2**25
"""Smaller blocks come from the heap, of which so much stays free at its end; glibc takes no more
(DEFAULT_MMAP_THRESHOLD_MAX).
"""

SLACK_BYTES = 2**22
"""By how much a worker may grow before it looks for what it can give back."""

_glibc = ctypes.CDLL(None)
_resident = Path("/proc/self/statm")


def give_back() -> None:
    """Give back the pages that nothing is on, now (glibc; elsewhere nothing is done)."""
    if hasattr(_glibc, "malloc_trim"):
        _glibc.malloc_trim(0)


def use_one_heap() -> None:
    """Have all threads share a heap, which keeps what they free: one for each keeps as much for each."""
    if hasattr(_glibc, "mallopt"):
        _glibc.mallopt(_M_ARENA_MAX, 1)
        _glibc.mallopt(_M_MMAP_THRESHOLD, KEPT_BYTES)
        _glibc.mallopt(_M_TRIM_THRESHOLD, KEPT_BYTES)


class Heap:
    """A worker's heap."""

    def __init__(self) -> None:
        self._n_bytes = 0

    def give_back(self) -> None:
        """Give back the pages that nothing is on, where a worker has grown since the last time."""
        with suppress(MemoryError, OSError):  # another system, or nothing left to look with
            n_bytes = _n_resident_bytes()
            if n_bytes > self._n_bytes + SLACK_BYTES:
                give_back()
                self._n_bytes = _n_resident_bytes()
            else:
                self._n_bytes = min(self._n_bytes, n_bytes)


def _n_resident_bytes() -> int:
    return int(_resident.read_text().split()[1]) * mmap.PAGESIZE
