"""The client is installed as its users install it: alone, into an environment of its own."""

import json
import subprocess
import sys
import venv
from collections.abc import Collection
from pathlib import Path

import pytest

from tests.conftest import ROOT, Server

ABSENT = ("flask", "tensorflow", "ai_edge_litert", "marshmallow", "matplotlib", "pandas", "scipy", "sklearn")
PLOT = "from boundary_service.client import BoundaryClient; BoundaryClient({url!r}).boundary(resolution=5).plot()"


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with `boundary-service[client]` and nothing else."""
    directory = tmp_path_factory.mktemp("installed")
    venv.create(directory / "venv", symlinks=True)
    python = directory / "venv" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run([*pip, "--no-compile", f"{wheel}[client]"], check=True, cwd=directory)
    return python


def found(python: Path, names: Collection[str]) -> list[str]:
    """Return which of these modules can be imported beside the client."""
    code = "import importlib.util as u, json, boundary_service.client.cli; "
    code += f"print(json.dumps([name for name in {sorted(names)} if u.find_spec(name)]))"
    return list(json.loads(subprocess.check_output([python, "-c", code], cwd=python.parent)))


def command(python: Path, *arguments: str) -> list[str]:
    return [str(python.with_name("boundary-service")), *arguments]


def test_it_brings_neither_flask_nor_tensorflow(python: Path) -> None:
    assert found(python, ABSENT) == []


def test_it_takes_no_name_that_another_package_may_have(python: Path) -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert {"bundle", "client", "service", "training"} < packages
    assert found(python, packages) == ["boundary_service"]


def test_its_command_asks_the_service(python: Path, server: Server) -> None:
    asked = command(python, "--url", server.url, "predict", "0.1,0.2", "0.9,-0.4", "--json")
    answered = json.loads(subprocess.check_output(asked, cwd=python.parent))
    assert answered == server.predict(points=[[0.1, 0.2], [0.9, -0.4]]).json()


@pytest.mark.parametrize(("name", "extra"), [("serve", "service"), ("site", "service"), ("train", "training")])
def test_a_command_whose_packages_are_not_there_names_the_extra(python: Path, name: str, extra: str) -> None:
    failed = subprocess.run(command(python, name), cwd=python.parent, capture_output=True, text=True, check=False)
    assert failed.returncode == 1
    assert failed.stderr.endswith(f"this command needs: pip install 'boundary-service[{extra}]'\n")


def test_scoring_names_the_extra_that_it_needs(python: Path) -> None:
    (table := python.parent / "table.csv").write_text("x1,x2\n1,2\n")
    asked = command(python, "score", str(table), "-o", str(table.with_suffix(".parquet")))
    failed = subprocess.run(asked, cwd=python.parent, capture_output=True, text=True, check=False)
    assert failed.returncode == 1
    assert failed.stderr == (
        "Error: there is no pyarrow here; this command needs: pip install 'boundary-service[client-score]'\n"
    )


def test_it_says_what_plots_need(python: Path, server: Server) -> None:
    command = [str(python), "-c", PLOT.format(url=server.url)]
    failed = subprocess.run(command, cwd=python.parent, capture_output=True, text=True, check=False)
    assert failed.stderr.splitlines()[-1] == (
        "ImportError: plots need Matplotlib: install it, or this package with the extra client-plot"
    )
