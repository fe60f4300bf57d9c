"""The wheel, built as releases are, in a checkout of its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from harness.server import ROOT

PACKAGES = {"bundle", "client", "service", "training", "verdicts"}
FILES = ("setup.py", "pyproject.toml", "README.md", "LICENSE", "gunicorn.conf.py")
COMMITTED = 1_767_323_045


def build(directory: Path, touched: int = 1_700_000_000) -> Path:
    """Build the wheel of a commit in a checkout whose files were written at another time; return where it is."""
    checkout = directory / "checkout"
    for name in ("boundary_service", *PACKAGES):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, checkout / name, symlinks=True, ignore=ignored)
    for name in FILES:
        shutil.copyfile(ROOT / name, checkout / name)
    for path in checkout.rglob("*"):
        os.utime(path, (touched, touched))
    command = [sys.executable, "-m", "uv", "build", "--quiet", "--wheel", "--out-dir", str(directory), str(checkout)]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(COMMITTED), "UV_SYSTEM_CERTS": "1"}
    subprocess.run(command, env=environment, check=True, timeout=120)  # noqa: S603 (our own command)
    return wheel_in(directory)


def wheel_in(directory: Path) -> Path:
    (wheel,) = directory.glob("*.whl")
    return wheel
