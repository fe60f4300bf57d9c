"""Which models a client has unloaded: a small file and a generation counter, shared by all workers.

A worker looks at the counter, which is in shared memory, whenever a request names a model; so an unload holds
everywhere at once, and looking costs no call of the kernel. The list lives as long as the service does: after a restart
every model on disk is served again.
"""

import fcntl
import mmap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

Names = frozenset[str]

COUNTER_BYTES = 8


class UnloadedModels:
    """The names of the unloaded models. Safe for several threads and processes."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / "unloaded.json"
        self._lock = directory / "unloaded.lock"
        with self._locked(), (directory / "unloaded.generation").open("a+b") as counter:
            if counter.tell() < COUNTER_BYTES:  # written, as a file that is only made long may find no room later
                counter.write(bytes(COUNTER_BYTES))
                counter.flush()
            if not self._file.exists():
                self._write(frozenset())
            self._counter = mmap.mmap(counter.fileno(), COUNTER_BYTES)
        self._read = (b"", frozenset[str]())

    @property
    def generation(self) -> bytes:
        """A counter, bumped by every load or unload, even of a model that was loaded or unloaded already."""
        return self._counter[:]

    def names(self) -> Names:
        """Return the names of the unloaded models."""
        generation = self.generation
        if self._read[0] != generation:
            self._read = (generation, self._read_names())
        return self._read[1]

    def load(self, name: str) -> None:
        """Take a model off the list."""
        self._change(lambda names: names - {name})

    def unload(self, name: str) -> None:
        """Put a model on the list."""
        self._change(lambda names: names | {name})

    def _change(self, change: Callable[[Names], Names]) -> None:
        with self._locked():
            self._write(change(self._read_names()))
            # Bumped last: a worker that sees the new generation reads the new names.
            self._counter[:] = (int.from_bytes(self.generation, "little") + 1).to_bytes(COUNTER_BYTES, "little")

    def _write(self, names: Names) -> None:
        written = self._file.with_suffix(".new")
        written.write_bytes(orjson.dumps(sorted(names)))
        written.replace(self._file)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._lock.open("w") as lock:  # closing it lets go
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _read_names(self) -> Names:
        return frozenset(orjson.loads(self._file.read_bytes()))
