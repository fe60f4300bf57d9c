"""The wheel is the same, byte for byte, wherever and whenever it is built from the same commit, and serves models."""

import ast
import hashlib
import os
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from harness.server import serving
from tests.conftest import ROOT

PACKAGES = {"bundle", "client", "service", "training", "verdicts"}
FILES = ("setup.py", "pyproject.toml", "README.md", "LICENSE", "gunicorn.conf.py")
COMMITTED = 1_767_323_045


def build(directory: Path, touched: int, epoch: int) -> Path:
    """Build the wheel in a checkout of its own, whose files were written at a time of their own."""
    checkout = directory / "checkout"
    for name in ("boundary_service", *PACKAGES):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, checkout / name, symlinks=True, ignore=ignored)
    for name in FILES:
        shutil.copyfile(ROOT / name, checkout / name)
    for path in checkout.rglob("*"):
        os.utime(path, (touched, touched))
    command = [sys.executable, "-m", "uv", "build", "--quiet", "--wheel", "--out-dir", str(directory), str(checkout)]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(epoch), "UV_SYSTEM_CERTS": "1"}
    subprocess.run(command, env=environment, check=True, timeout=120)
    (wheel,) = directory.glob("*.whl")
    return wheel


def digest(wheel: Path) -> str:
    return hashlib.sha256(wheel.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("first"), 1_700_000_000, COMMITTED)


def test_two_checkouts_make_the_same_wheel(first: Path, tmp_path: Path) -> None:
    assert digest(first) == digest(build(tmp_path, 1_750_000_000, COMMITTED))


def test_the_only_time_in_it_is_the_commits(first: Path) -> None:
    times = {entry.date_time for entry in zipfile.ZipFile(first).infolist()}
    committed = time.gmtime(COMMITTED)[:6]
    assert times == {(*committed[:5], committed[5] // 2 * 2)}  # a ZIP file counts by two seconds


@pytest.fixture(scope="module")
def unpacked(first: Path) -> Path:
    """Where the wheel is installed, but for the packages that it needs, which this environment has."""
    directory = first.parent / "site-packages"
    zipfile.ZipFile(first).extractall(directory)
    return directory


def test_the_wheel_holds_every_package_below_one_name(unpacked: Path) -> None:
    assert {path.name for path in unpacked.iterdir() if path.suffix != ".dist-info"} == {"boundary_service"}
    installed = unpacked / "boundary_service"
    assert {path.name for path in installed.iterdir() if path.is_dir()} - {"__pycache__"} == PACKAGES  # of what ran
    for name in PACKAGES:
        modules = {path.relative_to(ROOT) for path in (ROOT / name).rglob("*.py")}
        assert {path.relative_to(installed) for path in (installed / name).rglob("*.py")} == modules
    for name in ("py.typed", "training/experiments/gaussian-quantiles.toml", "service/web/explorer/index.html"):
        assert (installed / name).is_file()


def test_no_module_of_the_wheel_imports_another_by_the_name_that_it_has_in_a_checkout(unpacked: Path) -> None:
    trees = [ast.parse(path.read_text()) for path in unpacked.rglob("*.py")]
    imports = [node for tree in trees for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
    modules = [node.module or "" for node in imports if isinstance(node, ast.ImportFrom)]
    modules += [alias.name for node in imports if isinstance(node, ast.Import) for alias in node.names]
    assert "boundary_service.bundle" in modules
    assert {module.partition(".")[0] for module in modules} & PACKAGES == set()


def test_the_wheel_serves_models(unpacked: Path, models_dir: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "boundary_service", "serve"]
    models, path = str(models_dir), str(unpacked)
    with serving(tmp_path, command=command, cwd=tmp_path, PYTHONPATH=path, SERVICE_MODELS_DIR=models) as server:
        server.wait_until_ready()
        assert server.predict(points=[[0.1, 0.2]]).json()["labels"] == [0]
        assert server.tracebacks() == 0
