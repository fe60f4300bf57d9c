"""API keys: who may ask. A file names them, one `name:sha256` a line; the keys themselves are nowhere.

A key is 32 random bytes, so a plain SHA-256 cannot be guessed backwards, which a slow hash is for. `python -m
service.keys NAME` makes a key and its line.
"""

import hashlib
import hmac
import re
import secrets
import sys
import threading
import time
from pathlib import Path

import structlog
from structlog.typing import FilteringBoundLogger

from service.file_stamp import FileStamp, stamp_of

log: FilteringBoundLogger = structlog.get_logger()

SETTLE_SECONDS = 1.0

NamedDigest = tuple[str, str]
"""A name, and the SHA-256 of a key of its owner's."""

_LINE = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}):(?P<digest>[0-9a-f]{64})")


class KeysError(Exception):
    """The file cannot be read, or holds something else than keys; the message says where."""


class Keys:
    """The keys in a file, read again when it changes: a key is added or withdrawn without a restart.

    One name may have several, so that a new key can be handed out before the old one is withdrawn. While the file is
    missing or wrong, the keys last read hold; none, where it never was right.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: FileStamp | None = None
        self._known: list[NamedDigest] = []
        self._reading = threading.Lock()
        self._follow()

    def owner(self, key: str) -> str | None:
        """Return the name of a key's owner, or None for no key of these; takes as long for the one as for the other."""
        self._follow()
        digest = _digest(key)
        owners = [name for name, known in self._known if hmac.compare_digest(known, digest)]
        return owners[0] if owners else None

    def _follow(self) -> None:
        """Read the file again if it is another than before.

        One that is being written in place may be empty or cut off at a line: it is read once it has been left alone for
        SETTLE_SECONDS, and what it held before is kept while it holds no key. One that was renamed into place is whole.
        """
        if not self._must_read() or not self._reading.acquire(blocking=False):
            return  # another thread reads it just now; what is known holds until then
        try:
            self._stamp = _stamp(self._path)
            named = read(self._path)
        except KeysError as error:
            log.warning("cannot read keys", reason=str(error))
        else:
            if named or not self._known:
                self._known = named
            else:
                log.warning("cannot read keys", reason=f"{self._path} holds no key; those known before are kept")
        finally:
            self._reading.release()

    def _must_read(self) -> bool:
        stamp = _stamp(self._path)
        settles = bool(self._known) and _is_being_written(stamp, self._stamp)  # where nobody is let in, nothing is lost
        return stamp != self._stamp and not settles


def _is_being_written(stamp: FileStamp | None, before: FileStamp | None) -> bool:
    if stamp is None or before is None:
        return False
    return stamp[0] == before[0] and 0 <= time.time() - stamp[2] / 1e9 < SETTLE_SECONDS


def read(path: Path) -> list[NamedDigest]:
    """Return the names and digests in a file, line by line; a name may stand in several.

    Raises:
        KeysError: it cannot be read, or a line is not a key.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise KeysError(f"cannot read {path}: {error}") from error
    found = []
    for number, line in enumerate(map(str.strip, lines), start=1):
        if line and not line.startswith("#"):
            match = _LINE.fullmatch(line)
            if match is None:
                raise KeysError(
                    f"line {number} of {path} is not name:sha256; make one with: python -m service.keys NAME"
                )
            found.append((match["name"], match["digest"]))
    return found


def make(name: str) -> tuple[str, str]:
    """Return a new key and its line for the file."""
    key = secrets.token_urlsafe(32)
    return key, f"{name}:{_digest(key)}"


def _stamp(path: Path) -> FileStamp | None:
    try:
        return stamp_of(path.stat())
    except OSError:
        return None


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


if __name__ == "__main__":
    if len(sys.argv) != 2 or not _LINE.fullmatch(f"{sys.argv[1]}:{'0' * 64}"):
        sys.exit("usage: python -m service.keys NAME, of letters, digits, and _ . @ -")
    made, line = make(sys.argv[1])
    print(f"the key, shown this once: {made}\nthe line for the file:     {line}")
