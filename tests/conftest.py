"""What the tests share: models made once, and real servers that serve them."""

import fcntl
import gc
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from harness import bundles, wheels
from harness.file_server import FileServer, serving_files
from harness.ports import free_port
from harness.server import ROOT, Server, serving
from harness.waiting import wait_for
from service import keys

__all__ = ["ALICE", "ALICE_LINE", "MODELS", "ROOT", "Server", "StartServer", "free_port", "running", "wait_for"]

MODELS = ("linear", "tanh-3", "tanh-10", "tanh-10-10", "relu-3", "relu-10", "relu-10-10")

ALICE, ALICE_LINE = keys.make("alice")
"""A key, and its line in the file of keys."""

StartServer = Callable[..., Server]

settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

LONGEST_FIRST = {"soak": "test_soak.py", "training": "training", "browser": "web"}
"""Markers, and where the tests stand that have them: those that take long. What begins last is what others wait for."""

THEN = (
    *("test_lifecycle.py", "test_makefile.py", "test_pictures.py"),
    *("test_hostile.py", "test_others.py", "test_conformance.py", "test_readme.py", "test_examples.py"),
    *("test_openapi.py", "test_saved_pages.py", "test_wheel.py", "test_memory.py", "test_overload.py"),
)
"""Files of other folders that take about ten seconds or more, be it that they compute or that they wait."""


def pytest_configure() -> None:
    """Collect no garbage while everything is imported, and never look at what is imported.

    TensorFlow's 400,000 objects take 0.2 s each time.
    """
    gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def pytest_itemcollected(item: pytest.Item) -> None:
    place = item.path.relative_to(ROOT / "tests").parts[0]
    for mark in (mark for mark, folder in LONGEST_FIRST.items() if folder == place):
        item.add_marker(mark)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the long ones; otherwise the order stays what it is, random or not."""
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    marked = [rank for rank, mark in enumerate(LONGEST_FIRST) if item.get_closest_marker(mark)]
    return marked[0] if marked else len(LONGEST_FIRST) + (item.path.name not in THEN)


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    """Leave no test a figure of another's."""
    yield
    if (pyplot := sys.modules.get("matplotlib.pyplot")) is not None:
        pyplot.close("all")


@pytest.fixture(scope="session")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The default experiment, trained by the command that users run."""
    return _made_once(tmp_path_factory, "trained", bundles.train)


@pytest.fixture(scope="session")
def foreign_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SavedModels that training would not write: those of `harness.foreign`."""
    return _made_once(tmp_path_factory, "foreign", bundles.save_foreign)


@pytest.fixture(scope="session")
def kinds_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models of several classes, of classes with names, and regressions: those of `harness.kinds`."""
    return _made_once(tmp_path_factory, "kinds", bundles.save_kinds)


@pytest.fixture(scope="session")
def kinds_server(kinds_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A gunicorn with them."""
    environment = {"SERVICE_MODELS_DIR": str(kinds_models), "SERVICE_DEFAULT_MODEL": "flowers"}
    with running(tmp_path_factory.mktemp("kinds"), **environment) as started:
        yield started


def _made_once(tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return a directory that is made by whichever of the processes that run the tests asks for it first."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    directory = shared / name
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not directory.exists():
            make(shared / f"{name}.partial")
            (shared / f"{name}.partial").rename(directory)
    return directory


@pytest.fixture(scope="session")
def server(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A gunicorn with the default settings, and two workers."""
    with running(tmp_path_factory.mktemp("server"), SERVICE_MODELS_DIR=str(models_dir), WEB_CONCURRENCY="2") as started:
        started.wait_until_ready()
        yield started


@pytest.fixture
def unharmed(server: Server, _answers_afterwards: None) -> Iterator[None]:
    """Whatever a test sends, the workers live on, and log no error that the service did not expect."""
    workers = server.workers()
    yield
    assert server.workers() == workers
    assert server.tracebacks() == 0


@pytest.fixture(scope="module")
def _answers_afterwards(server: Server) -> Iterator[None]:
    yield
    assert server.predict(points=[[0.1, 0.2]]).status_code == 200


@pytest.fixture(scope="session")
def site(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FileServer]:
    """The pages, saved with the default experiment, behind a server of files."""
    folder = _made_once(tmp_path_factory, "site", lambda out: bundles.save_site(models_dir, out))
    with serving_files(folder) as started:
        yield started


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this package."""
    return wheels.wheel_in(_made_once(tmp_path_factory, "wheel", wheels.build))


@pytest.fixture(scope="session")
def guarded(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A gunicorn that asks for a key, which Alice has."""
    directory = tmp_path_factory.mktemp("guarded")
    (directory / "keys").write_text(ALICE_LINE + "\n")
    environment = {"SERVICE_MODELS_DIR": str(models_dir), "SERVICE_API_KEYS_FILE": str(directory / "keys")}
    with running(directory, **environment) as started:
        yield started


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[StartServer]:
    """Start a gunicorn with an environment of one's own; it is stopped after the test."""
    with ExitStack() as started:
        yield lambda **options: started.enter_context(running(tmp_path, **options))


def running(directory: Path, **options: Any) -> AbstractContextManager[Server]:
    """Run a gunicorn, with one worker where the environment does not say otherwise; it answers when this begins."""
    return serving(directory, **{"WEB_CONCURRENCY": "1", **options})
