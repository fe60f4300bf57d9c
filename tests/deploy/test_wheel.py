"""The wheel is the same, byte for byte, wherever and whenever it is built from the same commit."""

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT

MADE_OF = ("service", "training", "client", "pyproject.toml", "README.md", "LICENSE")
COMMITTED = 1_767_323_045


def build(directory: Path, touched: int, epoch: int) -> Path:
    """Build the wheel in a checkout of its own, whose files were written at a time of their own."""
    checkout = directory / "checkout"
    for name in MADE_OF:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, checkout / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(ROOT / name, checkout / name)
    for path in checkout.rglob("*"):
        os.utime(path, (touched, touched))
    command = [sys.executable, "-m", "uv", "build", "--quiet", "--wheel", "--out-dir", str(directory), str(checkout)]
    subprocess.run(command, env={**os.environ, "SOURCE_DATE_EPOCH": str(epoch)}, check=True, timeout=120)
    (wheel,) = directory.glob("*.whl")
    return wheel


def digest(wheel: Path) -> str:
    return hashlib.sha256(wheel.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("first"), 1_700_000_000, COMMITTED)


def test_two_checkouts_make_the_same_wheel(first: Path, tmp_path: Path) -> None:
    assert digest(first) == digest(build(tmp_path, 1_750_000_000, COMMITTED))


def test_only_the_commits_time_makes_them_the_same(first: Path, tmp_path: Path) -> None:
    assert digest(first) != digest(build(tmp_path, 1_700_000_000, COMMITTED + 3600))


def test_the_wheel_holds_every_package_and_nothing_else(first: Path) -> None:
    names = zipfile.ZipFile(first).namelist()
    tops = {name.partition("/")[0] for name in names}
    assert {name for name in tops if not name.endswith(".dist-info")} == {"service", "training", "client"}
    assert "training/experiments/gaussian-quantiles.toml" in names
    assert [name for name in names if name.startswith("service/web/")]
