"""A study's rows on disk: written whole, read back bit by bit, and whatever else lies there passed over."""

import io
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bundle.study import Failure
from bundle.study_rows import UnitRows
from bundle.study_store import Store, decode, encode
from harness import study_rows as studies

CELL = studies.cells()[1]


@pytest.fixture
def notes() -> list[str]:
    return []


@pytest.fixture
def store(tmp_path: Path, notes: list[str]) -> Store:
    return Store(tmp_path / "study", lambda path, reason: notes.append(f"{path.name}: {reason}"))


def same(a: UnitRows, b: UnitRows) -> None:
    assert a.columns.keys() == b.columns.keys()
    for name, column in a.columns.items():
        assert np.array_equal(np.asarray(column), np.asarray(b.columns[name]), equal_nan=not isinstance(column, list))
    assert a.boundary is not None
    assert b.boundary is not None
    assert np.array_equal(a.boundary.values, b.boundary.values)
    assert (a.boundary.domain, a.boundary.scale) == (b.boundary.domain, b.boundary.scale)
    assert (a.seconds, a.libraries) == (b.seconds, b.libraries)


def test_rows_come_back_as_they_were_with_text_nothing_and_the_boundary() -> None:
    unit = studies.unit(studies.cells()[3], 2, 3)
    decoded = decode(encode(unit))
    same(unit, decoded)
    assert decoded.columns["activation"] == [studies.ODD] * 6
    assert decoded.epochs == studies.EPOCHS


def test_other_tools_read_the_file() -> None:
    frame = pd.read_parquet(io.BytesIO(encode(studies.unit(CELL, 0, 3))))
    assert frame["test_accuracy"].iloc[-1] == 0.533
    assert frame["exact_accuracy"].isna().all()


def test_truth_values_are_text() -> None:
    unit = studies.unit(CELL, 0, 0)
    scaled = replace(unit, columns={**unit.columns, "scale": np.full(3, fill_value=True)})
    assert decode(encode(scaled)).columns["scale"] == ["true"] * 3


def test_what_is_finished_is_known_by_names_alone(store: Store) -> None:
    store.write(studies.unit(CELL, 0, 1))
    store.write(studies.unit(CELL, 2, 4))
    (store.rows / "foreign.parquet").write_bytes(b"")
    assert store.present() == {CELL.digest: [(0, 1), (2, 4)]}


def test_a_replicate_in_two_files_counts_once_and_columns_are_those_of_all_cells(store: Store) -> None:
    linear = studies.cells()[0]
    for unit in (studies.unit(CELL, 0, 2), studies.unit(CELL, 1, 4), studies.unit(linear, 0, 0)):
        store.write(unit)
    rows = store.read(epochs="last")
    assert np.asarray(rows["replicate"]).tolist() == [0, 0, 1, 2, 3, 4]
    assert np.isnan(np.asarray(rows["width"])[0])
    assert np.isnan(np.asarray(rows["gradient_norm_2"])[0])
    assert rows["activation"][0] is None
    assert len(store.read()["epoch"]) == 18
    assert set(store.read([CELL.digest], ["loss"])) == {"cell", "replicate", "epoch", "loss"}


@pytest.mark.filterwarnings("ignore")
def test_what_is_damaged_or_no_file_is_passed_over_with_a_note(store: Store, notes: list[str]) -> None:
    content = encode(studies.unit(CELL, 0, 1))
    store.write(studies.unit(CELL, 0, 1))
    broken = {"1": content[:500], "2": content, "6": content[:300] + content[400:], "3": b"PAR1" * 4, "4": b""}
    for digit, bad in broken.items():
        (store.rows / f"{digit * 16}-0-1.parquet").write_bytes(bad)
    os.mkfifo(store.rows / f"{'5' * 16}-0-1.parquet")
    assert set(store.read()["cell"]) == {CELL.digest}
    assert sorted(note[0] for note in notes) == ["1", "2", "3", "4", "5", "6"]
    assert list(store.maps()) == [CELL.digest]


def test_stores_of_two_machines_merge(store: Store, tmp_path: Path) -> None:
    other = Store(tmp_path / "other")
    other.write(studies.unit(CELL, 0, 1))
    other.write(studies.unit(CELL, 2, 3))
    store.write(studies.unit(CELL, 0, 1))
    (other.rows / f"{'1' * 16}-0-1.parquet").write_bytes(b"PAR1 damaged PAR1")
    assert store.merge(other) == 1
    assert np.unique(np.asarray(store.read()["replicate"])).tolist() == [0, 1, 2, 3]


def test_failures_are_told_and_forgotten(store: Store) -> None:
    failure = Failure(CELL.digest, 0, 3, "out of memory")
    store.fail(failure)
    assert store.failures() == [failure]
    store.clear_failures()
    assert store.failures() == []


def test_nothing_half_written_is_left(store: Store) -> None:
    store.write(studies.unit(CELL, 0, 1))
    (store.directory / ".partial-x").mkdir()
    with store.writing(), pytest.raises(BlockingIOError), store.writing():
        pass
    assert sorted(path.name for path in store.directory.iterdir()) == [".lock", "rows"]


def test_a_study_without_rows_has_no_rows(store: Store) -> None:
    assert {name: len(column) for name, column in store.read().items()} == {"cell": 0, "replicate": 0, "epoch": 0}
    assert store.maps() == {}
