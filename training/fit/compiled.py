"""Where Numba keeps what it has compiled, so that only the first training of a release waits for it, some 5 seconds.

Numba does not see that a function in another file was changed, so there is a folder for each state of this package.
"""

import contextlib
import hashlib
import os
from functools import cache
from pathlib import Path

import numba


@cache
def compiled_folder() -> Path | None:
    """Return the folder, in $NUMBA_CACHE_DIR or else in the user's cache; None where it cannot be written."""
    with contextlib.suppress(OSError, RuntimeError):  # there is not always a home
        folder = Path(os.environ.get("NUMBA_CACHE_DIR") or _users()) / f"numba-{_state()}"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.access(folder, os.W_OK | os.X_OK):
            numba.config.CACHE_DIR = str(folder)  # type: ignore[attr-defined]  # made as Numba is imported
            return folder
    return None


def _users() -> Path:
    """Return this project's folder in the user's cache, as the XDG Base Directory Specification has it."""
    home = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (home if home.is_absolute() else Path.home() / ".cache") / "boundary-service"


def _state() -> str:
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]
