"""Which models a client has switched off: one small file that all workers of this service share.

A worker looks at the file's stamp whenever it is asked for a model, so a switch holds everywhere at once. It lives as
long as the service does: after a restart every model on disk is served again.
"""

import fcntl
import os
from pathlib import Path

import orjson

Stamp = tuple[int, int]


class Switches:
    """The names that are switched off. Safe for several threads and processes."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / "switched-off.json"
        self._lock = directory / "switched-off.lock"
        if not self._file.exists():
            self._write(frozenset())
        self._read: tuple[Stamp, frozenset[str]] = (self.stamp, self._names())

    @property
    def stamp(self) -> Stamp:
        """What changes whenever a switch is turned, even to where it was."""
        found = self._file.stat()
        return found.st_ino, found.st_mtime_ns

    def off(self) -> frozenset[str]:
        """Return the names that are switched off."""
        stamp = self.stamp
        if self._read[0] != stamp:
            self._read = (stamp, self._names())
        return self._read[1]

    def turn_on(self, name: str) -> None:
        with self._lock.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._write(self._names() - {name})

    def turn_off(self, name: str) -> None:
        with self._lock.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._write(self._names() | {name})

    def _names(self) -> frozenset[str]:
        return frozenset(orjson.loads(self._file.read_bytes()))

    def _write(self, names: frozenset[str]) -> None:
        written = self._file.with_suffix(f".{os.getpid()}")
        written.write_bytes(orjson.dumps(sorted(names)))
        written.replace(self._file)
