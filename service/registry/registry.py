"""Which version answers: the models on disk, loaded, with the state of each version.

The newest two versions of a model that load are served; the newest answers where no version is asked for. A version
that does not load is shown as FAILED with its reason, and the one before it goes on answering.

A model can be switched off: then its versions are dropped, and it is as if it were not there until it is loaded again.

The disk is looked at again by `refresh`. What it finds is loaded and probed beside what is served, and takes its place
in one assignment; a request that has its version in hand finishes with it. Nothing here is changed in place, so readers
need no lock.
"""

import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import numpy as np
import structlog
from numpy.typing import NDArray
from structlog.typing import FilteringBoundLogger

from bundle import layout
from bundle.card import Card, CardSchema, Feature
from service.engines import Engine, LoadError, open_engine
from service.errors import InvalidError, NotFoundError, UnavailableError
from service.observability import FAILED, LOADED, VERSIONS
from service.registry.unloaded import Switches
from service.settings import EngineChoice

log: FilteringBoundLogger = structlog.get_logger()

VERSIONS_SERVED = 2
FOREIGN_DOMAIN = (-1.5, 1.5)
"""Where a model without a card is drawn."""


class State(StrEnum):
    """As in TensorFlow Serving. UNLOADING is a version of a model that is switched off."""

    LOADING = "LOADING"
    AVAILABLE = "AVAILABLE"
    UNLOADING = "UNLOADING"
    FAILED = "FAILED"


Stamp = tuple[tuple[str, int, int, int], ...]
"""Path, inode, size and modification time of a bundle's files: what changes when it is replaced or still copied."""


@dataclass(frozen=True, eq=False)
class ModelVersion:
    """A version that answers, equal to itself alone. `card` is None for a SavedModel from elsewhere."""

    name: str
    number: int
    fingerprint: str
    engine: Engine
    card: Card | None

    @property
    def identity(self) -> str:
        """What tells this version from every other, of other content or in another place."""
        return f"{self.name} {self.number} {self.fingerprint}"

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

    def switched_off(self) -> "Model":
        reason = "it was unloaded over HTTP, and can be loaded again the same way"
        off = {"state": State.UNLOADING, "reason": reason, "version": None}
        return Model(self.name, tuple(replace(status, **off) for status in self.statuses))  # type: ignore[arg-type]

    def without_failures(self) -> "Model":
        return Model(self.name, tuple(status for status in self.statuses if status.state is not State.FAILED))

    @property
    def served(self) -> dict[int, ModelVersion]:
        return {status.number: status.version for status in self.statuses if status.version is not None}

    @property
    def latest(self) -> ModelVersion | None:
        return next((status.version for status in self.statuses if status.version is not None), None)


class Repository:
    """The models below one directory."""

    def __init__(self, models_dir: Path, default_model: str, engine: EngineChoice, switches: Switches) -> None:
        self.models_dir = models_dir
        self.default_model = default_model
        self._engine = engine
        self._switches = switches
        self._refreshing = threading.Lock()
        self._followed = switches.changes
        self._on_disk: dict[str, Model] = {}
        self._has_served = False

    @property
    def is_behind(self) -> bool:
        """Whether a switch was turned that no refresh has followed to its end."""
        return self._followed != self._switches.changes

    def refresh(self) -> None:
        """Follow the disk and the switches: load what is new or another than before, forget what has gone. Where a
        switch was turned, by whichever worker, what failed is tried again too.

        A bundle that cannot be loaded hurts no other.
        """
        with self._refreshing:
            changes = self._switches.changes
            try:
                self._follow_all(again=changes != self._followed)
            finally:
                self._followed = changes

    def catch_up(self) -> None:
        """Follow the switches now, where the watcher has not yet; waits for it where it is about to."""
        if self.is_behind:
            self.refresh()

    def load(self, name: str) -> None:
        """Switch a model on, and load its newest versions now, those too that failed before.

        Raises:
            NotFoundError: there is none of that name on disk.
            InvalidError: none of its versions can be loaded; says why.
        """
        self._check_on_disk(name)
        self._switches.turn_on(name)
        self.refresh()
        model = self.model(name)
        if not model.served:
            reasons = "; ".join(f"version {status.number}: {status.reason}" for status in model.statuses)
            raise InvalidError(f"no version of model {name!r} can be loaded: {reasons or 'there is none'}")

    def unload(self, name: str) -> None:
        """Switch a model off: it is not served any more, by any worker, until it is loaded again.

        Raises:
            NotFoundError: there is none of that name on disk.
        """
        self._check_on_disk(name)
        self._switches.turn_off(name)
        self.refresh()

    def models(self) -> list[Model]:
        """Return all models, by name."""
        return list(self._models.values())

    def model(self, name: str) -> Model:
        """Return a model; loaded first, where it was switched on a moment ago.

        Raises:
            NotFoundError: there is none of that name.
        """
        is_off = name in self._switches.off()
        found = self._on_disk.get(name)
        if not is_off and (found is None or not found.served):
            self.catch_up()
            found = self._on_disk.get(name)
        if found is None:
            raise NotFoundError(f"there is no model {name!r}; there is {_enumerate(self._on_disk)}")
        return found.switched_off() if is_off else found

    def get(self, name: str | None = None, number: int | None = None) -> ModelVersion:
        """Return the version that answers: by default the default model's, and a model's newest.

        Raises:
            NotFoundError: there is no such model, it was unloaded, or none of its versions has that number.
            UnavailableError: the model has no version that could be loaded, or there are no models at all.
        """
        if not self._on_disk:
            raise UnavailableError("no model is loaded; train some with: python -m training train")
        model = self.model(self.default_model if name is None else name)
        latest = model.latest
        if latest is None:
            if any(status.state is State.UNLOADING for status in model.statuses):
                raise NotFoundError(
                    f"model {model.name!r} was unloaded; POST /v2/repository/models/{model.name}/load loads it again"
                )
            raise UnavailableError(f"no version of model {model.name!r} could be loaded; GET /models says why")
        if number is None:
            return latest
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
        """Say whether any model answers; where none did before, not until all that are on disk were tried."""
        return self._has_served and any(model.served for model in self._models.values())

    @property
    def _models(self) -> Mapping[str, Model]:
        off = self._switches.off()
        if not off:
            return self._on_disk
        return {name: model.switched_off() if name in off else model for name, model in self._on_disk.items()}

    def _check_on_disk(self, name: str) -> None:
        names = layout.model_names(self.models_dir)
        if name not in names:
            raise NotFoundError(f"there is no model {name!r} on disk; there is {_enumerate(names)}")

    def _follow_all(self, *, again: bool) -> None:
        names = layout.model_names(self.models_dir)
        for name in names:
            before = self._on_disk.get(name, Model(name))
            self._refresh_model(before.without_failures() if again else before)
        if names != list(self._on_disk):
            gone = sorted(set(self._on_disk) - set(names))
            if gone:
                log.info("removed", models=gone)
            self._on_disk = {name: self._on_disk[name] for name in names}
        served = sum(len(model.served) for model in self._on_disk.values())
        VERSIONS.set(served)
        self._has_served = served > 0

    def _refresh_model(self, before: Model) -> None:
        if before.name in self._switches.off():
            numbers = reversed(layout.versions(self.models_dir, before.name))
            after = Model(before.name, tuple(Status(number, State.UNLOADING, ()) for number in numbers)).switched_off()
            if before != after:
                log.info("unloaded", model=before.name)
                self._on_disk = {**self._on_disk, before.name: after}
            return
        for after in self._follow(before):
            self._on_disk = {**self._on_disk, before.name: after}

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
            card = _read_card(bundle)
            fingerprint = layout.fingerprint(bundle)
            engine = open_engine(bundle, card, fingerprint, self._engine)
        except OSError as error:
            raise LoadError(f"a file cannot be read: {error.strerror}") from error
        version = ModelVersion(name, number, fingerprint, engine, card)
        _probe(version)
        return version


def _read_card(bundle: Path) -> Card | None:
    """Return the card of a SavedModel, None where it has none.

    Raises:
        LoadError: there is no SavedModel, or its card is none.
        OSError: its card cannot be read.
    """
    if not (bundle / layout.SAVED_MODEL).is_file():
        raise LoadError(f"there is no {layout.SAVED_MODEL}")
    try:
        return CardSchema().read(bundle / layout.CARD)
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise LoadError(f"the card cannot be read: {error}") from error


def _newest_first(status: Status) -> int:
    return -status.number


def _probe(version: ModelVersion) -> None:
    """Ask one point, so that a model that answers nonsense is never served and the first request finds it warm."""
    n_features = version.engine.n_features
    if len(version.features) != n_features:
        raise LoadError(f"the card lists {len(version.features)} features, the model takes {n_features}")
    try:
        answers = _answers_at_origin(version)
    except Exception as error:  # TensorFlow raises many kinds where a graph and its signature do not fit
        raise LoadError(f"the model cannot answer the point at the origin: {type(error).__name__}") from error
    if not np.isfinite(answers).all():
        raise LoadError("the model answers the point at the origin with a number that is not finite")


def _answers_at_origin(version: ModelVersion) -> list[NDArray[np.float32]]:
    origin = np.zeros((1, version.engine.n_features), np.float32)
    answers = [version.engine.run("serving_default", origin)["probabilities"]]
    if version.card is not None and "at" in version.engine.signatures:
        last = {"replicate": version.card.replicates - 1, "snapshot": len(version.card.epochs) - 1}
        if version.card.replicates - 1 not in version.card.diverged:
            answers.append(version.engine.run("at", origin, **last)["probabilities"])
    return answers


def _enumerate(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"
