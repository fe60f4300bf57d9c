"""Which version answers: the models on disk, loaded, with the state of each version.

The newest two versions of a model that load are served; the newest answers where no version is asked for. A version
that does not load is shown as FAILED with its reason, and the one before it goes on answering.

The disk is looked at again by `refresh`. What it finds is loaded and probed beside what is served, and takes its place
in one assignment; a request that has its version in hand finishes with it. Nothing here is changed in place, so readers
need no lock.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
import structlog
from structlog.typing import FilteringBoundLogger

from service.bundle import layout
from service.bundle.card import Card, CardSchema, Feature
from service.engines import Engine, LoadError, open_engine
from service.errors import NotFoundError, UnavailableError
from service.observability import FAILED, LOADED, VERSIONS
from service.settings import EngineChoice

log: FilteringBoundLogger = structlog.get_logger()

VERSIONS_SERVED = 2
FOREIGN_DOMAIN = (-1.5, 1.5)
"""Where a model without a card is drawn."""


class State(StrEnum):
    """As in TensorFlow Serving; there is no UNLOADING, since a version is dropped at once."""

    LOADING = "LOADING"
    AVAILABLE = "AVAILABLE"
    FAILED = "FAILED"


Stamp = tuple[tuple[str, int, int, int], ...]
"""Path, inode, size and modification time of a bundle's files: what changes when it is replaced or still copied."""


@dataclass(frozen=True)
class ModelVersion:
    """A version that answers. `card` is None for a SavedModel from elsewhere."""

    name: str
    number: int
    fingerprint: str
    engine: Engine
    card: Card | None

    @property
    def features(self) -> list[Feature]:
        if self.card is not None:
            return self.card.features
        return [Feature(f"x{i + 1}", *FOREIGN_DOMAIN) for i in range(self.engine.n_features)]


@dataclass(frozen=True)
class Status:
    """What became of one version on disk; `version` is there where it is AVAILABLE."""

    number: int
    state: State
    stamp: Stamp
    reason: str | None = None
    version: ModelVersion | None = None


@dataclass(frozen=True)
class Model:
    """What is known of one model: its versions, newest first."""

    name: str
    statuses: tuple[Status, ...] = ()

    @property
    def served(self) -> dict[int, ModelVersion]:
        return {status.number: status.version for status in self.statuses if status.version is not None}

    @property
    def latest(self) -> ModelVersion | None:
        return next((status.version for status in self.statuses if status.version is not None), None)


class Repository:
    """The models below one directory."""

    def __init__(self, models_dir: Path, default_model: str, engine: EngineChoice) -> None:
        self.models_dir = models_dir
        self.default_model = default_model
        self._engine = engine
        self._models: dict[str, Model] = {}

    def refresh(self) -> None:
        """Follow the disk: load what is new or another than before, forget what has gone.

        A bundle that cannot be loaded hurts no other. Only one thread may call this.
        """
        names = layout.model_names(self.models_dir)
        for name in names:
            before = self._models.get(name, Model(name))
            for after in self._follow(before):
                self._models = {**self._models, name: after}
        if names != list(self._models):
            gone = sorted(set(self._models) - set(names))
            if gone:
                log.info("removed", models=gone)
            self._models = {name: self._models[name] for name in names}
        VERSIONS.set(sum(len(model.served) for model in self._models.values()))

    def models(self) -> list[Model]:
        """Return all models, by name."""
        return list(self._models.values())

    def model(self, name: str) -> Model:
        """Return a model.

        Raises:
            NotFoundError: there is none of that name.
        """
        models = self._models  # the watcher may put others in its place meanwhile
        if name not in models:
            raise NotFoundError(f"there is no model {name!r}; there is {_enumerate(models)}")
        return models[name]

    def get(self, name: str | None = None, number: int | None = None) -> ModelVersion:
        """Return the version that answers: by default the default model's, and a model's newest.

        Raises:
            NotFoundError: there is no such model, or none of its versions has that number.
            UnavailableError: the model has no version that could be loaded, or there are no models at all.
        """
        if not self._models:
            raise UnavailableError("no model is loaded; train some with: python -m training train")
        model = self.model(self.default_model if name is None else name)
        if number is None:
            if model.latest is None:
                raise UnavailableError(f"no version of model {model.name!r} could be loaded; GET /models says why")
            return model.latest
        if number not in model.served:
            raise NotFoundError(
                f"model {model.name!r} has no version {number} here; "
                f"it has {_enumerate(map(str, sorted(model.served)))}"
            )
        return model.served[number]

    @property
    def n_features(self) -> int:
        """The most features that any model served takes; 1 where there are none."""
        return max((model.latest.engine.n_features for model in self.models() if model.latest), default=1)

    def ready(self) -> bool:
        """Say whether any model answers."""
        return any(model.served for model in self._models.values())

    def _follow(self, before: Model) -> Iterator[Model]:
        """Yield what becomes of a model as its versions on disk are gone through, newest first.

        A version that was loaded, or that failed, is not tried again while its files are the same.
        """
        known = {status.number: status for status in before.statuses}
        statuses: list[Status] = []
        numbers = list(reversed(layout.versions(self.models_dir, before.name)))
        for number in numbers:
            if sum(status.version is not None for status in statuses) == VERSIONS_SERVED:
                break
            stamp = self._stamp(before.name, number)
            status = known.get(number)
            if status is None or status.stamp != stamp:
                rest = [s for s in before.statuses if s.number != number and s not in statuses and s.number in numbers]
                loading = Status(number, State.LOADING, stamp)
                yield Model(before.name, tuple(sorted([*statuses, loading, *rest], key=_newest_first)))
                status = self._load(before.name, number, stamp)
            statuses.append(status)
        after = Model(before.name, tuple(statuses))
        if after != before:
            yield after

    def _stamp(self, name: str, number: int) -> Stamp:
        bundle = self.models_dir / name / str(number)
        try:
            files = [(path, path.stat()) for path in sorted(bundle.rglob("*")) if path.is_file()]
        except OSError:  # it is being written or removed right now
            return ()
        return tuple((str(path), found.st_ino, found.st_size, found.st_mtime_ns) for path, found in files)

    def _load(self, name: str, number: int, stamp: Stamp) -> Status:
        try:
            version = self._load_version(name, number)
        except LoadError as error:
            FAILED.inc()
            log.warning("failed to load", model=name, version=number, reason=str(error))
            return Status(number, State.FAILED, stamp, reason=str(error))
        LOADED.inc()
        log.info("available", model=name, version=number)
        return Status(number, State.AVAILABLE, stamp, version=version)

    def _load_version(self, name: str, number: int) -> ModelVersion:
        bundle = self.models_dir / name / str(number)
        try:
            if not (bundle / layout.SAVED_MODEL).is_file():
                raise LoadError(f"there is no {layout.SAVED_MODEL}")
            card = CardSchema().read(bundle / layout.CARD) if (bundle / layout.CARD).is_file() else None
            fingerprint = layout.fingerprint(bundle)
        except ValueError as error:
            raise LoadError(f"the card cannot be read: {error}") from error
        except OSError as error:
            raise LoadError(f"a file cannot be read: {error.strerror}") from error
        engine = open_engine(bundle, card, fingerprint, self._engine)
        version = ModelVersion(name, number, fingerprint, engine, card)
        _probe(version)
        return version


def _newest_first(status: Status) -> int:
    return -status.number


def _probe(version: ModelVersion) -> None:
    """Ask one point, so that a model that answers nonsense is never served and the first request finds it warm."""
    n_features = version.engine.n_features
    if len(version.features) != n_features:
        raise LoadError(f"the card lists {len(version.features)} features, the model takes {n_features}")
    origin = np.zeros((1, n_features), np.float32)
    answers = [version.engine.run("serving_default", origin)["probabilities"]]
    if version.card is not None and "at" in version.engine.signatures:
        last = {"replicate": version.card.replicates - 1, "snapshot": len(version.card.epochs) - 1}
        if version.card.replicates - 1 not in version.card.diverged:
            answers.append(version.engine.run("at", origin, **last)["probabilities"])
    if not np.isfinite(answers).all():
        raise LoadError("the model answers the point at the origin with a number that is not finite")


def _enumerate(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"
