"""The client is installed as its users install it: alone, into an environment of its own."""

import json
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.conftest import ROOT, Server

ABSENT = ("flask", "tensorflow", "ai_edge_litert", "marshmallow", "matplotlib", "pandas", "scipy", "sklearn")
PLOT = "from client import BoundaryClient; BoundaryClient({url!r}).boundary(resolution=5).plot()"


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with `boundary-service[client]` and nothing else."""
    directory = tmp_path_factory.mktemp("installed")
    source = directory / "source"  # building leaves files behind
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("bundle", "client", "service", "training"):
        shutil.copytree(ROOT / name, source / name)
    venv.create(directory / "venv", symlinks=True)
    python = directory / "venv" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run([*pip, "--no-compile", f"{source}[client]"], check=True, cwd=directory)
    return python


def test_it_brings_neither_flask_nor_tensorflow(python: Path) -> None:
    code = f"import importlib.util as u, json, client.cli; print(json.dumps([n for n in {ABSENT} if u.find_spec(n)]))"
    assert json.loads(subprocess.check_output([python, "-c", code], cwd=python.parent)) == []


def test_it_asks_the_service(python: Path, server: Server) -> None:
    command = [str(python), "-m", "client", "--url", server.url, "predict", "0.1,0.2", "0.9,-0.4", "--json"]
    answered = json.loads(subprocess.check_output(command, cwd=python.parent))
    assert answered == server.predict(points=[[0.1, 0.2], [0.9, -0.4]]).json()


def test_it_says_what_plots_need(python: Path, server: Server) -> None:
    command = [str(python), "-c", PLOT.format(url=server.url)]
    failed = subprocess.run(command, cwd=python.parent, capture_output=True, text=True, check=False)
    assert failed.stderr.splitlines()[-1] == (
        "ImportError: plots need Matplotlib: install it, or this package with the extra client-plot"
    )
