"""The rows of a study, read from its files: those at each cell's last epoch as a whole, others as far as is needed."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bundle.study import Study
from bundle.study_parquet import KEYS, Epochs
from bundle.study_rows import BoundaryMap, Column, UnitRows, column_of, concatenated, taken, with_levels
from bundle.study_store import RowsFile, sorted_rows
from service.dataplane.study_query import Condition
from service.errors import TooLargeError
from service.file_stamp import FileStamp
from service.registry.studies import StudyFolder
from verdicts.cells import count_of, meeting

MAX_VALUES = 16_000_000
"""Numbers that are read for one response: they take 128 MB."""

CHOSEN = re.compile(r"chosen_\w+|learning_rate")
"""What a replicate chose for itself: no factor, and not measured."""

_LAYER = re.compile(r"(.+)_([0-9]+)")


class MapFacts(NamedTuple):
    """What a cell's map is of. `classes` is how many labels there are, None of two or none."""

    features: tuple[str, str]
    domain: tuple[tuple[float, float], tuple[float, float]]
    scale: tuple[float, float]
    classes: int | None
    nodes: int


@dataclass(frozen=True)
class StudySnapshot:
    """What is known of a study without the rows of other epochs than the last.

    Attributes:
        digest: of the folder as it was read.
        files: that it was read from.
        columns: the rows at each cell's last epoch, sorted by cell and replicate.
        epochs: those that cells record.
        maps: what its map is of, of each cell that has one.
    """

    digest: str
    files: Mapping[RowsFile, FileStamp]
    columns: dict[str, Column]
    epochs: Mapping[str, tuple[int, ...]]
    maps: Mapping[str, MapFacts]

    @property
    def size(self) -> int:
        return count_of(self.columns) * len(self.columns)

    def metrics(self, study: Study) -> list[str]:
        """Return the columns that are measured, neither set nor chosen."""
        return [name for name in self.columns if not is_setting(study, name)]

    def all_epochs(self) -> list[int]:
        """Return the epochs that any cell records."""
        return sorted({epoch for epochs in self.epochs.values() for epoch in epochs})


def is_setting(study: Study, name: str) -> bool:
    """Say whether a column has levels, by which rows are grouped, and no measurements."""
    return name in KEYS or name in study.factors or CHOSEN.fullmatch(name) is not None


def refresh_snapshot(folder: StudyFolder, before: StudySnapshot | None) -> StudySnapshot:
    """Return what is known of a study, given what was known a while ago: only cells with other files are read.

    Raises:
        TooLargeError: it has more rows than are read at once.
    """
    before = before or StudySnapshot("", {}, {}, {}, {})
    changed = {file.cell for file, _ in set(folder.files.items()) ^ set(before.files.items())}
    kept = _without(before.columns, changed)
    epochs = {cell: known for cell, known in before.epochs.items() if cell not in changed}
    maps = {cell: facts for cell, facts in before.maps.items() if cell not in changed}
    parts = [kept]
    for unit in _bounded(folder, changed, None, "last", count_of(kept) * len(kept)):
        parts.append(unit.columns)
        epochs[unit.cell] = tuple(sorted({*epochs.get(unit.cell, ()), *unit.epochs}))
        if unit.boundary is not None:
            maps[unit.cell] = _facts(unit.boundary, maps.get(unit.cell))
    columns = complete(folder.study, _joined(parts))
    return StudySnapshot(folder.digest, folder.files, columns, epochs, maps)


def read(folder: StudyFolder, cells: Collection[str] | None, columns: Collection[str] | None) -> dict[str, Column]:
    """Return rows of all epochs: of these cells, and these columns besides the keys; of all where it is None.

    Raises:
        TooLargeError: these are more rows than are read at once.
    """
    return _joined([unit.columns for unit in _bounded(folder, cells, columns, "all", 0)])


def complete(study: Study, columns: dict[str, Column], names: Iterable[str] = ()) -> dict[str, Column]:
    """Return rows with all factors, and columns of these names, null where no cell has any; in the order in which they
    are shown.
    """
    columns = with_levels(study, columns)
    count = count_of(columns)
    there = [*columns]
    missing = [name for name in dict.fromkeys((*KEYS, *study.factors, *names)) if name not in columns]
    nothing: dict[str, Column] = {name: np.full(count, np.nan) for name in missing}
    nothing = {name: [None] * count if name == KEYS[0] else column for name, column in nothing.items()}
    every = {**columns, **nothing}
    key, *number = KEYS
    first = [key, *study.factors, *number]
    chosen = [name for name in every if name not in first and is_setting(study, name)]
    rest = [name for name in every if name not in first and name not in chosen]
    families = {name: there.index(name) if name in there else len(there) for name in rest}

    def place(name: str) -> tuple[int, int]:
        layered = _LAYER.fullmatch(name)
        if layered is None:
            return families[name], 0
        alike = [families[other] for other in rest if (m := _LAYER.fullmatch(other)) and m[1] == layered[1]]
        return min(alike), int(layered[2])

    return {name: every[name] for name in (*first, *chosen, *sorted(rest, key=place))}


def cells_of(study: Study, where: Iterable[Condition]) -> set[str] | None:
    """Return the cells that meet the conditions on factors, None where there are none.

    Raises:
        ValueError: a factor cannot meet its condition.
    """
    columns: dict[str, Column] = {
        "cell": [cell.digest for cell in study.cells],
        **{name: column_of([cell.factors.get(name) for cell in study.cells]) for name in study.factors},
    }
    masks = [meeting(columns, {name: choices}) for name, choices in where if name in columns]
    if not masks:
        return None
    return {cell.digest for cell, is_met in zip(study.cells, np.all(masks, axis=0).tolist(), strict=True) if is_met}


def _bounded(
    folder: StudyFolder,
    cells: Collection[str] | None,
    columns: Collection[str] | None,
    epochs: Epochs,
    values: int,
) -> Iterable[UnitRows]:
    for unit in folder.store.units(cells, columns, epochs, folder.files):
        values += count_of(unit.columns) * len(unit.columns)
        if values > MAX_VALUES:
            raise TooLargeError(
                f"this takes more than {MAX_VALUES:,} numbers; choose rows by where=, such as epoch:last, and one "
                "metric by metric=, or read the study's Parquet files"
            )
        yield unit


def _joined(parts: list[dict[str, Column]]) -> dict[str, Column]:
    return sorted_rows(concatenated([part for part in parts if count_of(part)]))


def _without(columns: dict[str, Column], cells: Collection[str]) -> dict[str, Column]:
    if not count_of(columns) or not cells:
        return columns
    return taken(columns, np.fromiter((cell not in cells for cell in columns["cell"]), np.bool_))


def _facts(boundary: BoundaryMap, before: MapFacts | None) -> MapFacts:
    count = len(boundary.values)
    classes = count if count > 1 else None
    facts = MapFacts(boundary.features, boundary.domain, boundary.scale, classes, boundary.values.shape[-1])
    if before is None:
        return facts
    low, high = min(before.scale[0], facts.scale[0]), max(before.scale[1], facts.scale[1])
    return before._replace(scale=(low, high)) if before.domain == facts.domain else before
