"""The wheel is the same, byte for byte, wherever and whenever it is built from the same commit, and serves models."""

import ast
import hashlib
import sys
import time
import zipfile
from pathlib import Path

import pytest

from harness.server import serving
from harness.wheels import COMMITTED, PACKAGES, build
from tests.conftest import ROOT


def digest(wheel: Path) -> str:
    return hashlib.sha256(wheel.read_bytes()).hexdigest()


def test_two_checkouts_make_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    assert digest(wheel) == digest(build(tmp_path / "other", touched=1_750_000_000))


def test_its_files_have_the_commits_time(wheel: Path) -> None:
    year, month, day, hour, minute, second, *_ = time.gmtime(COMMITTED)
    times = {info.date_time for info in zipfile.ZipFile(wheel).infolist()}
    assert times == {(year, month, day, hour, minute, second // 2 * 2)}  # as exact as a ZIP's are


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the wheel is installed, but for the packages that it needs, which this environment has."""
    directory = tmp_path_factory.mktemp("site-packages")
    zipfile.ZipFile(wheel).extractall(directory)
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
