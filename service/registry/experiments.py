"""What experiments left beside the models: comparisons and data sets, read when they are asked for."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Generic, TypeVar

import structlog
from structlog.typing import FilteringBoundLogger

from bundle import layout
from bundle.comparison import Comparison, ComparisonSchema, Dataset
from service.errors import NotFoundError, UnavailableError
from service.registry.registry import ModelVersion, Repository

log: FilteringBoundLogger = structlog.get_logger()


Content = TypeVar("Content")


@dataclass(frozen=True)
class Found(Generic[Content]):
    """What a file holds, and the SHA-256 of its bytes, which tells it from what it held before."""

    content: Content
    digest: str


def comparison(repository: Repository, experiment: str | None) -> Found[Comparison]:
    """Return an experiment's comparison; by default that of the default model.

    Raises:
        NotFoundError: there is no such experiment.
        UnavailableError: its file cannot be read.
    """
    path = _results(repository, experiment) / layout.COMPARISON
    try:
        return _read_comparison(path, path.stat().st_mtime_ns)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error


def dataset(repository: Repository, experiment: str | None) -> Found[Dataset]:
    """Return the data of an experiment's served replicate; by default that of the default model's experiment.

    Raises:
        NotFoundError: there is no such experiment.
        UnavailableError: its file cannot be read.
    """
    path = _results(repository, experiment) / layout.DATASET
    try:
        return _read_dataset(path, path.stat().st_mtime_ns)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error


def served_dataset(repository: Repository, version: ModelVersion) -> Found[Dataset] | None:
    """Return the data of a model's experiment, as last trained, or None where they are not known."""
    if version.card is None:
        return None
    try:
        return dataset(repository, version.card.experiment)
    except (NotFoundError, UnavailableError):
        return None


def experiments(repository: Repository) -> list[str]:
    """Return the names of the experiments with results."""
    directory = repository.models_dir / layout.EXPERIMENTS
    if not directory.is_dir():
        return []
    return sorted(path.name for path in directory.iterdir() if layout.NAME.fullmatch(path.name))


def default_experiment(repository: Repository) -> str:
    """Return the experiment that the default model comes from.

    Raises:
        NotFoundError, UnavailableError: there is no default model, or it does not say.
    """
    card = repository.get().card
    if card is None:
        raise NotFoundError("the default model comes from no experiment here; name one with ?experiment=")
    return card.experiment


def _results(repository: Repository, experiment: str | None) -> Path:
    name = default_experiment(repository) if experiment is None else experiment
    known = experiments(repository)
    if name not in known:
        raise NotFoundError(f"there is no experiment {name!r}; there is {', '.join(known) or 'none'}")
    return layout.experiment_dir(repository.models_dir, name)


@lru_cache(maxsize=8)
def _read_comparison(path: Path, _modified: int) -> Found[Comparison]:
    content = path.read_bytes()
    return Found(ComparisonSchema().parse(content, path.name), _digest(content))


@lru_cache(maxsize=8)
def _read_dataset(path: Path, _modified: int) -> Found[Dataset]:
    content = path.read_bytes()
    return Found(Dataset.from_csv(content.decode()), _digest(content))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _unreadable(path: Path, error: Exception) -> UnavailableError:
    log.error("cannot read results", path=str(path), reason=str(error))
    return UnavailableError(f"{path.name} of this experiment cannot be read; train it again")
