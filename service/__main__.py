"""`python -m service`, or `boundary-service serve`: gunicorn, configured by the file beside this package."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import gunicorn

CONFIGURATION = Path(__file__).parent.parent / "gunicorn.conf.py"


def main(arguments: Sequence[str]) -> NoReturn:
    """Become a gunicorn, which may have more arguments of its own."""
    command = [sys.executable, "-m", gunicorn.__name__, "--config", str(CONFIGURATION), *arguments]
    os.execv(command[0], command)  # noqa: S606 (no shell is wanted)


if __name__ == "__main__":
    main(sys.argv[1:])
