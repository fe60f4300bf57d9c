"""What experiments left beside the models: comparisons and data sets, read when they are asked for."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Generic, TypeVar

import structlog
from structlog.typing import FilteringBoundLogger

from bundle import layout
from bundle.comparison import Comparison, ComparisonSchema, Dataset
from bundle.conventions import DEFAULT_CLASSES
from service.errors import NotFoundError, UnavailableError
from service.file_stamp import FileStamp, stamp_of
from service.registry.models import ModelVersion
from service.registry.registry import Registry

log: FilteringBoundLogger = structlog.get_logger()

MAX_DATASET_BYTES = 256 * 2**20

T = TypeVar("T")


@dataclass(frozen=True)
class HashedFile(Generic[T]):
    """What a file holds, and the SHA-256 of its bytes, which tells it from what it held before."""

    content: T
    digest: str


class ExperimentStore:
    """The folders below `models/_experiments/`. An experiment that is not named is the default model's."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def comparison(self, experiment: str | None) -> HashedFile[Comparison]:
        """Return an experiment's comparison.

        Raises:
            NotFoundError: there is no such experiment.
            UnavailableError: its file cannot be read.
        """
        return _read(_read_comparison, self._directory(experiment) / layout.COMPARISON)

    def dataset(self, experiment: str | None) -> HashedFile[Dataset]:
        """Return the data of an experiment's served replicate.

        Raises:
            NotFoundError: there is no such experiment.
            UnavailableError: its file cannot be read.
        """
        directory = self._directory(experiment)
        classes = _classes(directory)

        def read(path: Path, stamp: FileStamp) -> HashedFile[Dataset]:
            return _read_dataset(path, stamp, classes)

        return _read(read, directory / layout.DATASET)

    def dataset_of(self, version: ModelVersion) -> HashedFile[Dataset] | None:
        """Return the data of a model's experiment, as last trained, or None where they are not known."""
        if version.card is None:
            return None
        try:
            return self.dataset(version.card.experiment)
        except (NotFoundError, UnavailableError):
            return None

    def names(self) -> list[str]:
        """Return the names of the experiments with results.

        Raises:
            UnavailableError: they cannot be listed.
        """
        directory = self._registry.models_dir / layout.EXPERIMENTS
        try:
            if not directory.is_dir():
                return []
            return sorted(path.name for path in directory.iterdir() if layout.NAME.fullmatch(path.name))
        except OSError as error:
            log.warning("cannot list experiments", path=str(directory), reason=error.strerror)
            raise UnavailableError("the experiments' results cannot be read now") from error

    def _directory(self, experiment: str | None) -> Path:
        name = self._default() if experiment is None else experiment
        names = self.names()
        if name not in names:
            raise NotFoundError(f"there is no experiment {name!r}; available experiments: {', '.join(names) or 'none'}")
        return layout.experiment_dir(self._registry.models_dir, name)

    def _default(self) -> str:
        card = self._registry.version().card
        if card is None:
            raise NotFoundError("the default model comes from no experiment here; name one with ?experiment=")
        return card.experiment


def _read(read: Callable[[Path, FileStamp], HashedFile[T]], path: Path) -> HashedFile[T]:
    try:
        return read(path, stamp_of(path.stat()))
    except (OSError, ValueError) as error:
        log.warning("cannot read results", path=str(path), reason=str(error))
        raise UnavailableError(f"{path.name} of this experiment cannot be read; train it again") from error


@lru_cache(maxsize=8)
def _read_comparison(path: Path, _: FileStamp) -> HashedFile[Comparison]:
    content = layout.read_regular(path)
    return HashedFile(ComparisonSchema().parse(content, path.name), _digest(content))


@lru_cache(maxsize=8)
def _read_dataset(path: Path, _: FileStamp, classes: tuple[str, ...]) -> HashedFile[Dataset]:
    content = layout.read_regular(path, MAX_DATASET_BYTES)
    return HashedFile(Dataset.from_csv(content.decode(), classes), _digest(content))


def _classes(directory: Path) -> tuple[str, ...]:
    """Return the names of an experiment's classes, none of a regression; without a comparison those of the first ones,
    which had no other.
    """
    try:
        return tuple(_read(_read_comparison, directory / layout.COMPARISON).content.dataset.classes)
    except UnavailableError:
        return DEFAULT_CLASSES


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
