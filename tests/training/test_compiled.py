"""What Numba has compiled is kept for later processes, in a folder for each state of the trainer."""

from collections.abc import Callable
from pathlib import Path

import numba
import numpy as np
import pytest

from training.fit import compiled, kernels

Folder = Callable[[], Path | None]


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Folder:
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    return compiled.compiled_folder.__wrapped__


def test_it_lies_in_the_users_cache(folder: Folder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    found = folder()
    assert found is not None
    assert found.parent == tmp_path / "boundary-service"
    assert str(found) == vars(numba.config)["CACHE_DIR"]


@pytest.mark.parametrize("wrong", ["", "a/relative/path"])
def test_without_xdg_it_lies_below_the_home(
    wrong: str, folder: Folder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", wrong)
    monkeypatch.setenv("HOME", str(tmp_path))
    found = folder()
    assert found is not None
    assert found.parent == tmp_path / ".cache/boundary-service"


def test_numbas_own_variable_says_where(folder: Folder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "mine"))
    found = folder()
    assert found is not None
    assert found.parent == tmp_path / "mine"


@pytest.mark.parametrize("variable", ["XDG_CACHE_HOME", "NUMBA_CACHE_DIR"])
def test_another_state_of_the_trainer_has_another_folder(
    variable: str, folder: Folder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(variable, str(tmp_path))
    before = folder()
    monkeypatch.setattr(compiled, "__file__", str(tmp_path / "compiled.py"))
    (tmp_path / "kernels.py").write_text("changed")
    assert folder() != before


def test_where_nothing_can_be_written_nothing_is_kept(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert folder() is None
    assert vars(numba.config)["CACHE_DIR"] == ""


def test_a_function_is_there_for_the_next_process(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(kernels, "compiled_folder", folder)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    kernels.callable_from_python(_twice)(np.ones(2, np.float32))
    assert [path.name for path in tmp_path.rglob("*.nbi") if "_twice" in path.name]


def _twice(values: np.ndarray) -> None:
    for i in range(len(values)):
        values[i] *= 2
