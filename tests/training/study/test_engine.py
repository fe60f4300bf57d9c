"""Studies run in a plain loop, on a local cluster and by a scheduler with workers, whatever dies.

That their rows are the same to the bit is tested where a study has been trained: `test_command.py`.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dask
import numpy as np
import pytest

from bundle.study_store import Store
from harness.ports import free_port
from tests.conftest import ROOT, wait_for
from tests.training.study import stubs
from tests.training.study.stubs import LONG
from training.dataset_spec import TableSpec
from training.study import cluster, engine, worker
from training.study.cells import Cell
from training.study.cluster import EngineError
from training.study.engine import EngineResult
from training.study.units import Unit
from training.study.worker import MissingTableError

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


def run(cells: list[Cell], store: Store, replicates: int = 2, **options: Any) -> EngineResult:
    return engine.run(iter(cells), replicates, store, train=stubs.train, **options)


def rows(store: Store) -> dict[str, list[Any]]:
    return {name: np.asarray(values).tolist() for name, values in store.read().items()}


@contextmanager
def program(*arguments: str, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Run a Python program in a group of its own, and end what is left of it."""
    started = subprocess.Popen(
        [sys.executable, *arguments], env=ENVIRONMENT, start_new_session=True, stderr=subprocess.PIPE, **options
    )
    try:
        yield started
    finally:
        with ExitStack() as stack:
            stack.callback(started.communicate)
            if started.poll() is None:
                os.killpg(started.pid, signal.SIGKILL)


@contextmanager
def scheduler(directory: Path, workers: int) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A scheduler and its workers, as Dask's own commands start them, somewhere else than the study is."""
    port = free_port()
    address = f"tcp://127.0.0.1:{port}"
    dask_program = ("-m", "dask", "scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard")
    own = ("--nworkers", str(workers), "--nthreads", "1", "--host", "127.0.0.1", "--no-dashboard")
    with ExitStack() as stack:
        started = stack.enter_context(program(*dask_program, cwd=directory))
        if workers:
            stack.enter_context(program("-m", "dask", "worker", address, *own, cwd=directory))
        yield address, started


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with scheduler(tmp_path_factory.mktemp("remote"), 2) as (address, _):
        yield address


def test_in_a_plain_loop_whatever_a_cell_fails_of_is_its_failure_and_the_others_go_on(tmp_path: Path) -> None:
    store, told = Store(tmp_path), list[int]()
    cells = stubs.cells(tmp_path / "log", "a", "fails", "b", "lacks-memory", "c")
    outcome = run(cells, store, workers=0, progress=told.append)
    reasons = {failure.cell: failure.reason for failure in outcome.failed}
    assert reasons == {cells[1].digest: "there are no test data", cells[3].digest: "out of memory: 2 TB"}
    assert store.failures() == sorted(outcome.failed, key=lambda failure: failure.cell)
    assert (outcome.done, sum(told)) == (6, 10)
    assert sorted(store.present()) == sorted(cell.digest for cell in cells if cell.digest not in reasons)


def test_what_is_finished_is_never_run_again_and_what_failed_when_it_is_forgotten(tmp_path: Path) -> None:
    store, told, log = Store(tmp_path), list[int](), tmp_path / "log"
    cells = stubs.cells(log, "a", "fails")
    for replicates in (2, 2, 3):
        outcome = run(cells, store, replicates, workers=0, progress=told.append)
    assert (outcome.done, [(failure.first, failure.last) for failure in outcome.failed]) == (1, [(2, 2)])
    assert sum(told) == 2 * (2 + 2 + 3)
    assert stubs.trainings(log) == {"a": 2, "fails": 2}
    store.clear_failures()
    outcome = run(cells, store, 3, workers=0)
    assert (outcome.done, [(failure.first, failure.last) for failure in outcome.failed]) == (0, [(0, 2)])


def test_a_cell_that_ends_its_worker_is_found_out_and_costs_the_others_one_more_start_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "WORKER_BYTES", 500_000_000)
    monkeypatch.setattr(engine, "MAX_DEATHS", 2)
    store, told, log = Store(tmp_path), list[str](), tmp_path / "log"
    beside = [f"waits{number}" for number in range(4)]
    cells = [*stubs.cells(log, *beside, epochs=LONG),
             *stubs.cells(log, "a", "dies", "fails", "dies-once", "grows", "b")]  # fmt: skip
    before = dict(os.environ)
    with dask.config.set({"distributed.deploy.lost-worker-timeout": "1ms"}):  # as if each started for 15 s again
        outcome = run(cells, store, 1, workers=1, tell=told.append)
    names = {cell.digest: cell.name for cell in cells}
    reasons = {names[failure.cell]: failure.reason for failure in outcome.failed}
    assert reasons["dies"] == "each of 2 workers that ran it alone died: out of memory, or a crash"
    assert reasons["grows"].startswith("out of memory: each of 2 workers was ended when it had taken 0.")
    assert reasons["fails"] == "there are no test data"
    assert len(reasons) == 3
    assert sorted(store.present()) == sorted(digest for digest, name in names.items() if name not in reasons)
    begun = stubs.trainings(log)
    assert [begun[name] for name in beside] == [1, 1, 1, 1]
    assert (begun["a"], begun["b"]) == (2, 1)
    assert told[1] == "a worker ended; the 6 units that it was running start again, one by one"
    assert told[0].startswith("dashboard: http://127.0.0.1:")
    assert dict(os.environ) == before


def test_a_worker_that_has_grown_is_replaced_between_batches_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "WORKER_BYTES", 500_000_000)
    store, told, log = Store(tmp_path), list[str](), tmp_path / "log"
    names = [f"leaks{number}" for number in range(8)]
    assert run(stubs.cells(log, *names, epochs=LONG), store, 1, workers=1, tell=told.append) == EngineResult(8, [])
    assert stubs.trainings(log) == dict.fromkeys(names, 1)
    assert len({unit.libraries["process"] for unit in store.units()}) > 1
    assert told[1:] in ([], ["waiting for workers"])


def test_no_more_cells_are_taken_than_are_being_worked_on(tmp_path: Path, remote: str) -> None:
    store, log, waiting = Store(tmp_path), tmp_path / "log", list[int]()
    taken = 0

    def cells() -> Iterator[Cell]:
        nonlocal taken
        for cell in stubs.cells(log, *(f"a{number}" for number in range(60)), epochs=LONG):
            taken += 1
            waiting.append(taken - len(store.present()))
            yield cell

    assert engine.run(cells(), 1, store, scheduler=remote, train=stubs.train).done == 60
    assert max(waiting) <= 2 * 2 + 1


def test_a_table_comes_to_the_workers_that_lack_it(
    tmp_path: Path, remote: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for content in ("x,label\n", "x,label\n1,a\n"):  # the workers of the first study are those of the second
        Path("table.csv").write_text(content)
        assert run([_of_table(tmp_path)], Store(tmp_path), 4, scheduler=remote) == EngineResult(4, [])


def test_another_file_at_a_tables_path_is_not_taken_for_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = SimpleNamespace(local_directory=tmp_path, nanny=None, memory_manager=SimpleNamespace(memory_limit=0))
    monkeypatch.setattr(worker, "get_worker", lambda: here)
    monkeypatch.chdir(tmp_path)
    Path("table.csv").write_text("x,label\n")
    unit = Unit(_of_table(tmp_path), 0, 0)
    Path("table.csv").write_text("another,file\n")
    with pytest.raises(MissingTableError, match=r"^table\.csv$"):
        worker.run([unit], {}, stubs.train)
    (result,) = worker.run([unit], {"table.csv": b"x,label\n"}, stubs.train)
    assert result.reason == ""


def test_a_table_that_vanishes_ends_a_plain_loop_as_it_ends_other_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("table.csv").write_text("x,label\n")
    cell, store = _of_table(tmp_path), Store(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"table\.csv"):  # it is told once it is known what is to be trained
        run([cell], store, workers=0, progress=lambda _: Path("table.csv").unlink(missing_ok=True))
    assert store.failures() == []


def _of_table(directory: Path) -> Cell:
    return stubs.cell("reads-table", directory / "log", epochs=LONG, dataset=TableSpec(path=Path("table.csv")))


def test_a_scheduler_that_is_not_there_or_ends_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = f"tcp://127.0.0.1:{free_port()}"
    with monkeypatch.context() as patched:
        patched.setattr(cluster, "CONNECT_SECONDS", 1)
        with pytest.raises(EngineError, match=f"no scheduler can be reached at {nowhere}"):
            run([], Store(tmp_path), scheduler=nowhere)
    with scheduler(tmp_path, 0) as (address, started):

        def end(said: str) -> None:
            if said == "waiting for workers":
                os.killpg(started.pid, signal.SIGKILL)

        with pytest.raises(EngineError, match="the connection to the scheduler is lost"):
            run(stubs.cells(tmp_path / "log", "a"), Store(tmp_path), scheduler=address, tell=end)


def test_interrupted_three_times_and_resumed_a_study_is_the_same_as_uninterrupted(tmp_path: Path) -> None:
    store, whole, cells = Store(tmp_path / "study"), Store(tmp_path / "whole"), stubs.waiting(tmp_path / "log")
    for finished in (2, 4):
        with pytest.raises(KeyboardInterrupt):
            run(cells, store, 1, workers=0, progress=lambda _: _interrupt_at(store, finished))  # noqa: B023
    with program("-m", "tests.training.study.stubs", str(tmp_path), cwd=ROOT) as started:
        wait_for(lambda: len(store.present()) > 4)
        os.killpg(started.pid, signal.SIGINT)  # as the terminal does, to all of its processes
        _, said = started.communicate(timeout=30)
    assert said.count(b"KeyboardInterrupt") == 1, said.decode()
    assert 4 < len(store.present()) < 12
    (tmp_path / "go").touch()
    run(cells, store, 1, workers=0)
    run(cells, whole, 1, workers=0)
    assert rows(store) == rows(whole)


def _interrupt_at(store: Store, finished: int) -> None:
    if len(store.present()) >= finished:
        raise KeyboardInterrupt
