"""The files over which workers share their metrics, in memory that is there before it is written.

prometheus-client maps a file that it has only made long. Where the file system (/dev/shm) is full, the kernel then ends
the worker that writes to it (SIGBUS). Here each page is allocated first; while there is none, or no memory to map it, a
new series is not shared. Its worker counts on, and the whole count is there once there is room.
"""

import mmap
import os
import struct
from contextlib import suppress
from io import BufferedRandom
from pathlib import Path

from prometheus_client import mmap_dict, values

INITIAL_BYTES = 2**16

NO_ROOM = (MemoryError, OSError)

_TWO_DOUBLES = struct.Struct("dd")


class AllocatedDict(mmap_dict.MmapedDict):
    """A dict of doubles in a mapped file. Not safe for several threads: the library has a lock around it."""

    _m: mmap.mmap

    def __init__(self, filename: str) -> None:
        self._f: BufferedRandom | None = None  # type: ignore[assignment]
        self._fname = filename
        self._positions: dict[str, int] = {}
        self._used = self._capacity = 0
        with suppress(*NO_ROOM):
            self._grow(INITIAL_BYTES)

    def read_value(self, key: str) -> tuple[float, float]:
        """Return a value and its time, which are 0 at first."""
        try:
            found: tuple[float, float] = super().read_value(key)  # type: ignore[no-untyped-call]
        except NO_ROOM:
            return 0.0, 0.0
        return found

    def write_value(self, key: str, value: float, timestamp: float) -> None:
        """Share a value, where there is room for it."""
        if key not in self._positions:
            try:
                self._init_value(key)
            except NO_ROOM:
                return
        position = self._positions[key]
        self._m[position : position + 16] = _TWO_DOUBLES.pack(value, timestamp)  # at once: a reader never sees half

    def _init_value(self, key: str) -> None:
        needed = len(key.encode()) + 32  # with its length, padding, value and time
        while self._used + needed > self._capacity:
            self._grow(max(INITIAL_BYTES, 2 * self._capacity))
        super()._init_value(key)  # type: ignore[no-untyped-call]

    def _grow(self, capacity: int) -> None:
        """Map so many bytes of the file, or as many as it has already.

        Raises:
            MemoryError, OSError: there is no room for them, no descriptor or no memory.
        """
        if self._f is None:
            self._f = Path(self._fname).open("a+b")  # noqa: SIM115 (mapped for as long as the worker lives)
        capacity = max(capacity, os.fstat(self._f.fileno()).st_size)
        if hasattr(os, "posix_fallocate"):  # macOS has none
            os.posix_fallocate(self._f.fileno(), 0, capacity)
        else:
            self._f.truncate(capacity)
        self._m = mmap.mmap(self._f.fileno(), capacity)
        if self._capacity == 0:
            self._used = int.from_bytes(self._m[:4], "little") or 8
            self._m[:4] = self._used.to_bytes(4, "little")
            self._positions = {key: position for key, _, _, position in self._read_all_values()}  # type: ignore[no-untyped-call]
        self._capacity = capacity


def use_allocated_files() -> None:
    """Have prometheus-client keep what its workers count in such files."""
    values.MmapedDict = AllocatedDict  # type: ignore[assignment,attr-defined]
