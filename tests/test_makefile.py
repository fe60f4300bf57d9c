"""`make`, as somebody meets it who has just cloned the project: what it installs into, what it says, what it lists."""

import os
import re
import shutil
import socket
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import ROOT

PARTS_OF_OTHERS = {"help", "address", "chromium", "wrk"}
DEBIAN_WITHOUT_VENV = f"""#!/bin/sh
case "$2" in
venv) {sys.executable} -m venv --without-pip "$3"; echo "ensurepip is not available"; exit 1 ;;
*) exec {sys.executable} "$@" ;;
esac
"""
"""What `python3` does on a Debian that has no python3-venv: it makes half of an environment and fails."""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    return cloned(tmp_path)


def cloned(directory: Path) -> Path:
    """Give what `make serve` reads, with lock files that name no package, not even uv."""
    shutil.copy(ROOT / "Makefile", directory)
    (directory / "service").mkdir()
    for name in ("__init__.py", "address.py"):
        shutil.copy(ROOT / "service" / name, directory / "service")
    (directory / "requirements").mkdir()
    for name in ("run.txt", "dev.txt", "stubs.txt", "uv.txt"):
        (directory / "requirements" / name).touch()
    return directory


@dataclass(frozen=True)
class Made:
    """An environment that was made in the place of one without pip, once `make` had failed for a Python without venv.

    And what was said both times.
    """

    clone: Path
    failed: "subprocess.CompletedProcess[str]"
    was_left: bool
    made: "subprocess.CompletedProcess[str]"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    clone = cloned(tmp_path_factory.mktemp("made"))
    python = clone / "python3"
    python.write_text(DEBIAN_WITHOUT_VENV)
    python.chmod(0o755)
    failed = make(clone, ".venv/run", str(python))
    was_left = (clone / ".venv").exists()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", clone / ".venv"], check=True)
    (clone / ".venv/run").touch()
    return Made(clone, failed, was_left, make(clone, ".venv/run"))


def make(
    clone: Path, target: str, python: str = sys.executable, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", target, f"PYTHON={python}"],
        cwd=clone,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )


def has_pip(clone: Path) -> bool:
    return subprocess.run([clone / ".venv/bin/python", "-m", "pip", "--version"], check=False).returncode == 0


def test_a_python_without_venv_leaves_no_half_made_environment(made: Made) -> None:
    assert made.failed.returncode != 0
    assert "apt install python3-venv" in made.failed.stdout
    assert not made.was_left


def test_an_environment_without_a_working_pip_is_made_anew(made: Made) -> None:
    assert made.made.returncode == 0, made.made.stdout
    assert re.search(r"installing .* into \.venv: [0-9.]+ GB, a minute or more", made.made.stdout)
    assert has_pip(made.clone)
    assert "is up to date" in make(made.clone, ".venv/run").stdout


def test_where_uv_cannot_install_pip_does(made: Made) -> None:
    assert "uv could not install; pip tries" in made.made.stdout
    assert not (made.clone / ".venv/bin/uv").exists()
    assert (made.clone / ".venv/run").exists()


def test_an_installation_that_fails_is_not_taken_for_one_that_succeeded(made: Made, tmp_path: Path) -> None:
    clone = shutil.copytree(made.clone, tmp_path / "clone", symlinks=True)
    (clone / "requirements/run.txt").write_text(f"./missing-1.0-py3-none-any.whl --hash=sha256:{'0' * 64}\n")
    for _ in range(2):
        failed = make(clone, ".venv/run")
        assert failed.returncode != 0
        assert "missing-1.0-py3-none-any.whl" in failed.stdout
    assert not (clone / ".venv/run").exists()


def test_a_taken_port_is_found_before_anything_is_installed(clone: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = make(clone, "serve", PORT=port, HOST="127.0.0.1")
    assert ended.returncode != 0
    assert f"port {port} of 127.0.0.1 is taken; choose another: PORT=" in ended.stdout
    assert not (clone / ".venv").exists()


def test_help_lists_every_target_that_is_not_only_a_part_of_another() -> None:
    makefile = (ROOT / "Makefile").read_text().replace("\\\n", " ")
    phony = " ".join(re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE))
    targets = {name for name in phony.split() if re.fullmatch(r"[a-z0-9-]+", name)}
    listed = set(re.findall(r"^make ([a-z0-9-]+)", make(ROOT, "help").stdout, re.MULTILINE))
    assert listed == targets - PARTS_OF_OTHERS


def test_make_serve_installs_what_every_command_of_the_readme_needs() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    locked = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements/run.txt").read_text(), re.MULTILINE))
    needed = {re.split(r"[<>=;\[]", line)[0] for name in ("service", "training", "client") for line in extras[name]}
    assert needed <= locked
