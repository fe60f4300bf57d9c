"""What gunicorn and its workers log to a file: each line is read once, however often the log is asked."""

from collections import defaultdict
from pathlib import Path
from typing import Any

import orjson

MARK = "/mark-in-the-log"
"""A path that is asked for the line in the log alone. Its requests are events of this name."""

_TRACEBACK = b"Traceback (most recent call last)"


class ServiceLog:
    """The events and the tracebacks in a log that grows."""

    def __init__(self, file: Path) -> None:
        self._new_lines, self._new_tracebacks = _Tail(file), _Tail(file)
        self._events: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._tracebacks = 0

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the events of this name so far."""
        for line in self._new_lines.read().split(b"\n"):  # paths may hold other ends of lines
            if line.startswith(b"{"):  # gunicorn's own are no JSON
                entry = orjson.loads(line)
                self._events[MARK if entry.get("path") == MARK else entry["event"]].append(entry)
        return list(self._events[name])

    def tracebacks(self) -> int:
        """Return how many tracebacks there are so far."""
        self._tracebacks += self._new_tracebacks.read().count(_TRACEBACK)
        return self._tracebacks


class _Tail:
    """What has come to a file since the last reading, in whole lines."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._offset = 0

    def read(self) -> bytes:
        with self._file.open("rb") as file:
            file.seek(self._offset)
            content = file.read()
        whole = content[: content.rfind(b"\n") + 1]
        self._offset += len(whole)
        return whole
