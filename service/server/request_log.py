"""The request log: a line of JSON for every request, written together with the others of the same tenth of a second.

A write lets go of the interpreter's lock and then waits for it behind every other busy thread: done for each request,
that takes a sixth of a worker's time. A worker that is killed outright loses the lines of its last tenth of a second.
What cannot be written is lost, and the requests go on: a full disk or a reader that hangs must not stop the service.
"""

import atexit
import os
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

import orjson

FLUSH_SECONDS = 0.1

ATOMIC_BYTES = 4096
"""PIPE_BUF: what is written to a pipe at once up to this length is not mixed with what other workers write."""


MAX_LINES = 10_000
"""Lines that wait to be written, 3 MB; of more, the oldest are lost. A busy worker writes some 1,000 at a time."""


class RequestLog:
    """Lines on the standard error stream. Safe for several threads."""

    def __init__(self) -> None:
        self._lines: deque[bytes] = deque(maxlen=MAX_LINES)
        atexit.register(self.flush)
        threading.Thread(target=self._flush_for_ever, name="request-log", daemon=True).start()

    def write(self, **fields: object) -> None:
        line = {**fields, "level": "info", "timestamp": datetime.now(UTC), "event": "request"}
        self._lines.append(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z))

    def flush(self) -> None:
        """Write what is there, in pieces of whole lines."""
        piece = b""
        for line in self._taken():
            if len(piece) + len(line) > ATOMIC_BYTES:
                _write(piece)
                piece = b""
            piece += line
        _write(piece)

    def _taken(self) -> Iterator[bytes]:
        with suppress(IndexError):  # not asked whether there are any: at exit two threads take them
            while True:
                yield self._lines.popleft()

    def _flush_for_ever(self) -> None:
        pause = threading.Event()
        while not pause.wait(FLUSH_SECONDS):
            self.flush()


def _write(piece: bytes) -> None:
    with suppress(OSError):
        while piece:
            piece = piece[os.write(sys.stderr.fileno(), piece) :]
