"""What studies left beside the models: which there are, and what lies in each one's folder now."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

import structlog
from structlog.typing import FilteringBoundLogger

from bundle import layout
from bundle.study import Failure, Level, Study
from bundle.study_store import RowsFile, Store
from service.errors import NotFoundError, ServiceError, UnavailableError
from service.file_stamp import FileStamp, stamp_of
from service.registry.registry import Registry

log: FilteringBoundLogger = structlog.get_logger()

MAX_FAILURES = 10_000
"""That are read. A study that fails so often says no more with others."""


@dataclass(frozen=True)
class StudyFolder:
    """A study, and the files that it has at one moment, of the cells that it asks for.

    Attributes:
        files: of rows, sorted by cell and replicates, each with its stamp.
        digest: of all of it: what tells this moment from another.
    """

    study: Study
    store: Store
    files: Mapping[RowsFile, FileStamp]
    failures: tuple[Failure, ...]
    digest: str

    @cached_property
    def replicates(self) -> dict[str, int]:
        """How many replicates of each cell are finished."""
        blocks: dict[str, set[int]] = {}
        for file in self.files:
            blocks.setdefault(file.cell, set()).update(range(file.block.first, file.block.last + 1))
        return {cell.digest: len(blocks.get(cell.digest, ())) for cell in self.study.cells}

    @cached_property
    def failed(self) -> dict[str, int]:
        """How many replicates of each cell came to nothing, of those that have any that did."""
        found: dict[str, int] = {}
        for failure in self.failures:
            found[failure.cell] = found.get(failure.cell, 0) + failure.last - failure.first + 1
        return found

    @property
    def progress(self) -> dict[str, int]:
        """How many cells there are, have all of their replicates, and have some that failed instead."""
        done = {cell for cell, count in self.replicates.items() if count >= self.study.replicates}
        failed = sum(cell not in done for cell in self.failed)
        return {"cells": len(self.study.cells), "finished": len(done), "failed": failed}


class StudyStore:
    """The folders below `models/_studies/`."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def names(self) -> list[str]:
        """Return the names of the studies.

        Raises:
            UnavailableError: they cannot be listed.
        """
        directory = self._registry.models_dir / layout.STUDIES
        try:
            if not directory.is_dir():
                return []
            found = [path.name for path in directory.iterdir() if layout.NAME.fullmatch(path.name)]
            return sorted(name for name in found if (directory / name / layout.STUDY).is_file())
        except OSError as error:
            log.warning("cannot list studies", path=str(directory), reason=error.strerror)
            raise UnavailableError("the studies cannot be read now") from error

    def folders(self) -> Iterator[StudyFolder]:
        """Yield every study that can be read; what cannot is logged."""
        for name in self.names():
            try:
                yield self.folder(name)
            except ServiceError as error:
                log.warning("a study is passed over", study=name, reason=error.detail)

    def folder(self, name: str) -> StudyFolder:
        """Return a study as it lies on disk now.

        Raises:
            NotFoundError: there is no such study.
            UnavailableError: it cannot be read.
        """
        directory = layout.study_dir(self._registry.models_dir, name)
        if not layout.NAME.fullmatch(name) or not (directory / layout.STUDY).is_file():
            raise NotFoundError(f"there is no study {name!r}; available studies: {', '.join(self.names()) or 'none'}")
        try:
            return _read(directory)
        except (OSError, ValueError) as error:
            log.warning("cannot read a study", path=str(directory), reason=str(error))
            raise UnavailableError(f"{layout.STUDY} of study {name!r} cannot be read; run the study again") from error


def _read(directory: Path) -> StudyFolder:
    store = Store(directory, _note)
    path = directory / layout.STUDY
    stamp = stamp_of(path.stat())
    study = _read_study(path, stamp)
    known = {cell.digest for cell in study.cells}
    stamps, failed = _stamps(store.rows), _stamps(store.failed)
    files = {file: stamps[file.path.name] for file in store.files() if file.cell in known and file.path.name in stamps}
    failures = tuple(
        failure for failure in _read_failures(directory, tuple(sorted(failed.items()))) if failure.cell in known
    )
    digest = hashlib.sha256(repr((stamp, [(file.path.name, at) for file, at in files.items()], failures)).encode())
    return StudyFolder(study, store, files, failures, digest.hexdigest())


@lru_cache(maxsize=8)
def _read_study(path: Path, _: FileStamp) -> Study:
    """Return what a study asks, by the name of its folder, which may be a copy; levels are numbers, texts or none."""
    study = Store(path.parent, _note).study()
    cells = [replace(cell, factors={name: _level(x) for name, x in cell.factors.items()}) for cell in study.cells]
    return replace(study, name=path.parent.name, cells=cells)


def _level(level: object) -> Level:
    return level if level is None or isinstance(level, str | int | float) else str(level)


@lru_cache(maxsize=8)
def _read_failures(directory: Path, stamps: tuple[tuple[str, FileStamp], ...]) -> list[Failure]:
    return Store(directory, _note).failures(MAX_FAILURES) if stamps else []


def _stamps(directory: Path) -> dict[str, FileStamp]:
    """Return the stamp of each file in a folder: one that is copied here by hand changes after its name is there."""
    try:
        with os.scandir(directory) as entries:
            return {entry.name: stamp_of(entry.stat()) for entry in entries if not entry.name.startswith(".")}
    except FileNotFoundError:
        return {}


def _note(path: Path, reason: str) -> None:
    log.warning("a file of a study is passed over", path=str(path), reason=reason)
