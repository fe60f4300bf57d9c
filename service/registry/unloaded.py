"""Which models a client has switched off: a small file and a count of its changes, shared by all workers.

A worker looks at the count, which is in shared memory, whenever it is asked for a model; so a switch holds everywhere
at once, and looking costs no call of the kernel. Switches live as long as the service does: after a restart every model
on disk is served again.
"""

import fcntl
import mmap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

Names = frozenset[str]

COUNT_BYTES = 8


class Switches:
    """The names that are switched off. Safe for several threads and processes."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / "switched-off.json"
        self._lock = directory / "switched-off.lock"
        with self._locked(), (directory / "switched-off.count").open("a+b") as count:
            if not self._file.exists():
                self._file.write_bytes(b"[]")
                count.truncate(COUNT_BYTES)
            self._count = mmap.mmap(count.fileno(), COUNT_BYTES)
        self._read = (b"", frozenset[str]())

    @property
    def changes(self) -> bytes:
        """A count that is another whenever a switch was turned, even to where it was."""
        return self._count[:]

    def off(self) -> Names:
        """Return the names that are switched off."""
        changes = self.changes
        if self._read[0] != changes:
            self._read = (changes, self._names())
        return self._read[1]

    def turn_on(self, name: str) -> None:
        self._turn(lambda names: names - {name})

    def turn_off(self, name: str) -> None:
        self._turn(lambda names: names | {name})

    def _turn(self, change: Callable[[Names], Names]) -> None:
        with self._locked():
            written = self._file.with_suffix(".new")
            written.write_bytes(orjson.dumps(sorted(change(self._names()))))
            written.replace(self._file)
            # Counted last: who sees the new count finds the new names.
            self._count[:] = (int.from_bytes(self.changes, "little") + 1).to_bytes(COUNT_BYTES, "little")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._lock.open("w") as lock:  # closing it lets go
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _names(self) -> Names:
        return frozenset(orjson.loads(self._file.read_bytes()))
