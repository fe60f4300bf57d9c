"""Where a study's rows lie, and how they are written and read: Parquet, by arro3, in training and service alike.

    models/_studies/<study>/rows/<cell>-<first>-<last>.parquet      a `UnitRows`
    models/_studies/<study>/failed/<cell>-<first>-<last>.json       a `Failure`

A file is there whole or not at all, so its name says what is finished. Two stores merge by copying files. What is
damaged or foreign is passed over with a note. The boundary's map and what the unit cost stand in the Parquet file's
own metadata, below the key `unit`, which other tools pass over.

Nothing is compressed: numbers of a training hardly shrink (6% by zstd), and reading would take six times as long.
"""

import contextlib
import logging
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import orjson

from bundle import layout
from bundle.study import Failure, FailureSchema, Study, StudySchema
from bundle.study_parquet import KEYS, Epochs, check_ends, decode, encode
from bundle.study_rows import BoundaryMap, Column, UnitRows, concatenated, taken, united

__all__ = ["Block", "RowsFile", "Store", "decode", "encode"]

MAX_ROWS_BYTES = 64 * 2**20
"""Of one file; 30 replicates of 13 epochs with 30 columns take 70 kB."""

MAX_STUDY_BYTES = 64 * 2**20
"""Of study.json; a cell takes 150 to 250 bytes."""

_FILE = re.compile(r"([0-9a-f]{16})-([0-9]{1,9})-([0-9]{1,9})")


class Block(NamedTuple):
    """Replicates of a cell, first to last, both counted."""

    first: int
    last: int


class RowsFile(NamedTuple):
    """A file whose name says that it has rows of these replicates."""

    cell: str
    block: Block
    path: Path


def _warn(path: Path, reason: str) -> None:
    logging.getLogger(__name__).warning("%s is passed over: %s", path, reason)


class Store:
    """The folder of one study. `note` is told which files are passed over, and why."""

    def __init__(self, directory: Path, note: Callable[[Path, str], None] = _warn) -> None:
        self.directory = directory
        self._note = note

    @property
    def rows(self) -> Path:
        return self.directory / layout.STUDY_ROWS

    @property
    def failed(self) -> Path:
        return self.directory / layout.STUDY_FAILED

    def study(self) -> Study:
        """Return what the study asks.

        Raises:
            FileNotFoundError: it has not begun.
            ValueError: its file is damaged.
        """
        content = layout.read_regular(self.directory / layout.STUDY, MAX_STUDY_BYTES)
        return StudySchema().parse(content, layout.STUDY)

    def save(self, study: Study) -> None:
        """Write what the study asks."""
        content = orjson.dumps(StudySchema().dump(study)) + b"\n"
        self._publish(content, self.directory / layout.STUDY)

    def writing(self) -> contextlib.AbstractContextManager[None]:
        """Hold the study for one writer, and clear away what a killed one left half-written.

        Raises:
            BlockingIOError: another process writes to this study.
        """
        return layout.writing(self.directory)

    def write(self, unit: UnitRows) -> None:
        self.write_encoded(encode(unit), unit.cell, unit.first, unit.last)

    def write_encoded(self, content: bytes, cell: str, first: int, last: int) -> None:
        """Write what `encode` made of the replicates `first` to `last` of a cell."""
        self._publish(content, self.rows / f"{_stem(cell, first, last)}.parquet")

    def present(self) -> dict[str, list[Block]]:
        """Return which replicates of which cells are finished, by the files' names alone."""
        return _by_cell(self.rows, ".parquet")

    def settled(self) -> dict[str, list[Block]]:
        """Return which replicates of which cells are finished or failed, so that they are not run again."""
        found = self.present()
        for failure in self.failures():
            found.setdefault(failure.cell, []).append(Block(failure.first, failure.last))
        return found

    def failures(self, most: int | None = None) -> list[Failure]:
        """Return what came to nothing, sorted by cell and replicates; `most` of it."""
        found = [self._failure(path) for _, _, path in _files(self.failed, ".json")[:most]]
        return [failure for failure in found if failure is not None]

    def fail(self, failure: Failure) -> None:
        """Write down that replicates came to nothing."""
        content = orjson.dumps(FailureSchema().dump(failure)) + b"\n"
        self._publish(content, self.failed / f"{_stem(failure.cell, failure.first, failure.last)}.json")

    def clear_failures(self) -> None:
        """Forget what came to nothing, so that it is tried again."""
        for _, _, path in _files(self.failed, ".json"):
            path.unlink(missing_ok=True)

    def merge(self, other: "Store") -> int:
        """Copy the rows of another store that this one has not; return how many files.

        What is damaged there is passed over. What failed there is left there.
        """
        copied = 0
        for cell, block, path in other.files():
            if not (self.rows / path.name).exists() and other.unit(path, columns=()) is not None:
                self.write_encoded(path.read_bytes(), cell, *block)
                copied += 1
        return copied

    def read(
        self,
        cells: Collection[str] | None = None,
        columns: Collection[str] | None = None,
        epochs: Epochs = "all",
    ) -> dict[str, Column]:
        """Return the rows of these cells, of all if it is not said, sorted by cell, epoch and replicate.

        A column is there if one of the cells has it, and null where a cell has none. `cell`, `replicate` and `epoch`
        are always there. A replicate that stands in two files counts once.
        """
        units = [unit.columns for unit in self.units(cells, columns, epochs)]
        return sorted_rows(concatenated(units)) if units else dict[str, Column]({key: [] for key in KEYS})

    def files(self) -> list[RowsFile]:
        """Return the files of rows, by their names: sorted by cell and replicates."""
        return _files(self.rows, ".parquet")

    def units(
        self,
        cells: Collection[str] | None = None,
        columns: Collection[str] | None = None,
        epochs: Epochs = "all",
        files: Iterable[RowsFile] | None = None,
    ) -> Iterator[UnitRows]:
        """Yield what each file adds, sorted by cell and replicates: `read`, a file at a time, of all or of these."""
        seen: tuple[str, set[int]] = ("", set())
        for cell, _, path in self.files() if files is None else files:
            if cells is not None and cell not in cells:
                continue
            unit = self.unit(path, columns, epochs)
            if unit is None:
                continue
            seen = seen if seen[0] == cell else (cell, set())
            replicates = np.asarray(unit.columns["replicate"])
            fresh = ~np.isin(replicates, list(seen[1]))
            seen[1].update(replicates.tolist())
            if fresh.any():
                yield unit if fresh.all() else replace(unit, columns=taken(unit.columns, fresh))

    def unit(self, path: Path, columns: Collection[str] | None = None, epochs: Epochs = "all") -> UnitRows | None:
        """Return what a file of rows holds, None of one that is damaged or foreign, or has gone."""
        content = self._content(path)
        try:
            return None if content is None else _named(decode(content, columns, epochs), path)
        except ValueError as error:
            self._note(path, str(error))
            return None

    def maps(
        self, cells: Collection[str] | None = None, files: Iterable[RowsFile] | None = None
    ) -> dict[str, BoundaryMap]:
        """Return each cell's map, of all of its files, of the cells that have one."""
        found: dict[str, list[tuple[int, BoundaryMap]]] = {}
        for unit in self.units(cells, columns=(), epochs="last", files=files):
            if unit.boundary is not None:
                found.setdefault(unit.cell, []).append((unit.last - unit.first + 1, unit.boundary))
        return {cell: united(maps) for cell, maps in found.items()}

    def _failure(self, path: Path) -> Failure | None:
        try:
            return FailureSchema().read(path)
        except (OSError, ValueError) as error:
            self._note(path, str(error))
            return None

    def _content(self, path: Path) -> bytes | None:
        """Return the bytes of a file of rows, None if it cannot be one."""
        try:
            content = layout.read_regular(path, MAX_ROWS_BYTES)
            check_ends(content)
        except (OSError, ValueError) as error:
            self._note(path, str(error))
            return None
        return content

    def _publish(self, content: bytes, target: Path) -> None:
        with layout.staging(self.directory) as directory:
            staged = directory / target.name
            staged.write_bytes(content)
            layout.publish(staged, target)


def sorted_rows(columns: dict[str, Column]) -> dict[str, Column]:
    """Return rows by cell, epoch and replicate."""
    keys = [np.asarray(columns[name]) for name in ("replicate", "epoch", "cell") if name in columns]
    return taken(columns, np.lexsort(keys)) if keys and len(keys[0]) else columns


def _named(unit: UnitRows, path: Path) -> UnitRows:
    if _stem(unit.cell, unit.first, unit.last) != path.stem:
        raise ValueError("it has rows of other replicates than its name says")
    return unit


def _stem(cell: str, first: int, last: int) -> str:
    stem = f"{cell}-{first}-{last}"
    if not _FILE.fullmatch(stem) or first > last:
        raise ValueError(f"{stem} names no replicates of a cell")
    return stem


def _files(directory: Path, suffix: str) -> list[RowsFile]:
    """Return the files of a folder whose names say a cell and its replicates, sorted by them, longer ones first."""
    try:
        names = [path for path in directory.iterdir() if path.suffix == suffix]
    except FileNotFoundError:
        return []
    parsed = [(match, path) for path in names if (match := _FILE.fullmatch(path.stem))]
    found = [RowsFile(match[1], Block(int(match[2]), int(match[3])), path) for match, path in parsed]
    return sorted(
        (file for file in found if file.block.first <= file.block.last),
        key=lambda file: (file.cell, file.block.first, -file.block.last),
    )


def _by_cell(directory: Path, suffix: str) -> dict[str, list[Block]]:
    cells: dict[str, list[Block]] = {}
    for cell, block, _ in _files(directory, suffix):
        cells.setdefault(cell, []).append(block)
    return cells
