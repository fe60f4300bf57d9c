"""The scores of a run that has not ended, in a file beside the output: what was computed is not computed again.

Each block is a record: how many rows, a checksum, the numbers. What follows the last whole record, which a kill or a
power failure may leave, half of one or zeros, is cut off. The input is read again from its start, which is quick;
scoring is not repeated.
"""

import contextlib
import json
import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from struct import Struct
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np

from client.score import ScoreError
from client.score.target import Numbers

HEAD = Struct("<II")
FORMAT = 3
"""To be raised where files are cut into other blocks, too, or cells mean something else."""


class KeptScores:
    """Scores by block, in order: first those of before are taken, then new ones are added."""

    def __init__(self, output: Path, identity: Mapping[str, Any], width: int | None, *, fresh: bool) -> None:
        """Open the file; `identity` says what the scores hold for.

        Raises:
            ScoreError: it holds scores of something else, or another process writes them.
        """
        self.path = output.with_name(f".{output.name}.scores")
        self._width = width
        self._file = _opened_alone(self.path, output)
        self._is_needless = False
        if fresh:
            self._file.truncate(0)
        head = json.dumps({"format": FORMAT, **identity}, sort_keys=True).encode() + b"\n"
        self._file.seek(0)
        line = self._file.readline()
        self._bytes = self._file.seek(0, os.SEEK_END)
        self.is_begun = len(line) < self._bytes
        if line != head and (self.is_begun or not (head.startswith(line) or _is_head(line))):
            self._file.close()
            raise ScoreError(_what_differs(line, head, output, self.path))
        if not self.is_begun:
            self._file.truncate(0)
            self._file.write(head)
            self._file.flush()
        self._head_bytes = len(head)
        self._file.seek(len(head))
        self._reading = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._file:
            if self._is_needless or self._file.seek(0, os.SEEK_END) == self._head_bytes:  # it holds no scores
                self.path.unlink(missing_ok=True)  # while it is locked: the next one of this name is another run's

    def next(self) -> Numbers | None:
        """Return the next block's scores, or None where it has to be scored, and so have all after it."""
        if not self._reading:
            return None
        start = self._file.tell()
        head = self._file.read(HEAD.size)
        if len(head) == HEAD.size:
            rows, checksum = HEAD.unpack(head)
            size = rows * 4 * (self._width or 1)
            content = self._file.read(min(size, self._bytes))  # a damaged head may say anything
            if rows and len(content) == size and zlib.crc32(content) == checksum:
                numbers = np.frombuffer(content, "<f4").astype(np.float32, copy=False)
                return numbers if self._width is None else numbers.reshape(rows, self._width)
        self._file.truncate(start)
        self._reading = False
        return None

    def add(self, numbers: Numbers) -> None:
        content = numbers.astype("<f4", copy=False).tobytes()
        self._file.write(HEAD.pack(len(numbers), zlib.crc32(content)) + content)
        self._file.flush()

    def forget(self) -> None:
        """Have the file removed at the end: the output is there, or the scores are worth nothing."""
        self._is_needless = True


def _opened_alone(path: Path, output: Path) -> BinaryIO:
    """Return the file of scores, locked: the very one that has the name then, as a run that ends removes its own."""
    while True:
        file = path.open("ab+")
        try:
            _lock(file.fileno(), output)
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return file
        except FileNotFoundError:
            pass
        except BaseException:
            file.close()
            raise
        file.close()


def _lock(descriptor: int, output: Path) -> None:
    with contextlib.suppress(ImportError):  # Windows has none
        import fcntl  # noqa: PLC0415

        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the kernel frees it, however the process ends
        except BlockingIOError as error:
            raise ScoreError(f"another process is writing {output}; wait until it has finished") from error


def _is_head(line: bytes) -> bool:
    """Say whether a line was written by a run, be it with another input or version."""
    try:
        return "format" in dict(json.loads(line))
    except (ValueError, RecursionError, TypeError):
        return False


def _what_differs(line: bytes, head: bytes, output: Path, path: Path) -> str:
    try:
        return _difference(json.loads(line), json.loads(head), output)
    except (ValueError, RecursionError, AttributeError, KeyError, TypeError):  # it is no line of ours
        return f"{path}, which keeps what an interrupted run scored, is damaged; --fresh starts over without it"


def _difference(before: Mapping[str, Any], now: Mapping[str, Any], output: Path) -> str:
    def differs(*names: str) -> bool:
        return any(before.get(name) != now.get(name) for name in names)

    again = "--fresh starts over"
    if differs("format"):
        return f"{output} was begun by another version of this program; {again}"
    if differs("input", "columns"):
        return f"{output} was begun with another input, or the input has changed since; {again}"
    old, new = before["target"], now["target"]
    if old["model"] != new["model"]:
        return f"{output} was begun with model {old['model']}; --model {old['model']} goes on, {again}"
    if old["version"] != new["version"]:
        return (
            f"{output} was begun with version {old['version']} of {old['model']}, and now version {new['version']} "
            f"would answer; --version {old['version']} goes on, {again}"
        )
    return f"{output} was begun with another version {old['version']} of {old['model']}, which was replaced; {again}"
