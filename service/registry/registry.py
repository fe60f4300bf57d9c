"""Which version answers: the models on disk, loaded, with the state of each version.

The newest two versions of a model that load are served; the newest answers where no version is named. A version
that does not load is shown as FAILED with its reason, and the one before it goes on answering.

A client can unload a model: its versions are dropped, and it is as if it were not there until it is loaded again.

`refresh` looks at the disk again. What is new is loaded and probed beside what is served, and takes its place in one
assignment; a request that has its version in hand finishes with it. Nothing here is changed in place, so readers need
no lock.
"""

import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

import structlog
from structlog.typing import FilteringBoundLogger

from bundle.wording import listed
from service.errors import InvalidError, NotFoundError, UnavailableError
from service.observability import VERSIONS, last_served_of
from service.registry.models import Model, ModelVersion, State
from service.registry.scanner import Scanner
from service.registry.unloaded import UnloadedModels
from service.settings import EngineChoice

log: FilteringBoundLogger = structlog.get_logger()


class Registry:
    """The models below one directory."""

    def __init__(self, models_dir: Path, default_model: str, engine: EngineChoice, unloaded: UnloadedModels) -> None:
        self.models_dir = models_dir
        self.default_model = default_model
        self._scanner = Scanner(models_dir, engine)
        self._unloaded = unloaded
        self._refreshing = threading.Lock()
        self._synced = unloaded.generation
        self._scanned: dict[str, Model] = {}
        self._has_served = False

    @property
    def is_stale(self) -> bool:
        """Whether a model was loaded or unloaded, by whichever worker, and no refresh has ended since."""
        return self._synced != self._unloaded.generation

    def refresh(self) -> None:
        """Follow the disk and the clients: load what is new or changed, drop what was removed or unloaded. Where a
        client loaded a model, what failed before is tried again too.

        A bundle that cannot be loaded hurts no other; where the models directory cannot be listed, all stays as it is.
        """
        with self._refreshing:
            generation = self._unloaded.generation
            try:
                self._scan_all(retry_failed=generation != self._synced)
            except OSError as error:
                log.warning("cannot list the models directory", reason=error.strerror)
            finally:
                self._synced = generation

    def sync_if_stale(self) -> None:
        """Refresh now, where the watcher has not yet; waits for it where it is about to."""
        if self.is_stale:
            self.refresh()

    def load(self, name: str) -> None:
        """Load a model's newest versions now, and those that failed before, in every worker.

        Raises:
            NotFoundError: there is none of that name on disk.
            InvalidError: none of its versions can be loaded; says why.
        """
        self._check_on_disk(name)
        self._unloaded.load(name)
        self.refresh()
        model = self.model(name)
        if not model.served:
            raise InvalidError(f"no version of model {name!r} can be loaded: {model.why_none}")

    def unload(self, name: str) -> None:
        """Unload a model: no worker serves it until it is loaded again.

        Raises:
            NotFoundError: there is none of that name on disk.
        """
        self._check_on_disk(name)
        self._unloaded.unload(name)
        self.refresh()

    def models(self) -> list[Model]:
        """Return all models, by name."""
        return list(self._models.values())

    def model(self, name: str) -> Model:
        """Return a model; loaded first, where a client loaded it a moment ago.

        Raises:
            NotFoundError: there is none of that name.
        """
        is_unloaded = name in self._unloaded.names()
        model = self._scanned.get(name)
        if not is_unloaded and (model is None or not model.served):
            self.sync_if_stale()
            model = self._scanned.get(name)
        if model is None:
            raise NotFoundError(f"there is no model {name!r}; available models: {_enumerate(self._answering())}")
        return model.unloaded() if is_unloaded else model

    def version(self, name: str | None = None, number: int | None = None) -> ModelVersion:
        """Return the version that answers: by default the default model's, and a model's newest.

        Raises:
            NotFoundError: there is no such model, it was unloaded, or none of its versions has that number.
            UnavailableError: the model has no version that could be loaded, or there are no models at all.
        """
        if not self._scanned:
            raise UnavailableError("no model is loaded; train some with: python -m training train")
        model = self.model(self.default_model if name is None else name)
        latest = model.latest
        if latest is None:
            if any(status.state is State.UNLOADING for status in model.statuses):
                raise NotFoundError(
                    f"model {model.name!r} was unloaded; POST /v2/repository/models/{model.name}/load loads it again"
                )
            if any(status.state is State.LOADING for status in model.statuses):
                raise UnavailableError(f"model {model.name!r} is being loaded; send the same again in a few seconds")
            raise UnavailableError(f"no version of model {model.name!r} could be loaded: {model.why_none}")
        if number is None:
            return latest
        if number not in model.served:
            raise NotFoundError(
                f"model {model.name!r} has no version {number}; "
                f"available versions: {_enumerate(map(str, sorted(model.served)))}"
            )
        return model.served[number]

    @property
    def max_features(self) -> int:
        """The most features that any model served takes; 1 where there are none."""
        return max((model.latest.engine.n_features for model in self.models() if model.latest), default=1)

    def ready(self) -> bool:
        """Say whether any model answers; at the start, not until all that are on disk were tried."""
        return self._has_served and any(model.served for model in self._models.values())

    def _answering(self) -> list[str]:
        return [name for name, model in self._models.items() if model.served]

    @property
    def _models(self) -> Mapping[str, Model]:
        unloaded = self._unloaded.names()
        if not unloaded:
            return self._scanned
        return {name: model.unloaded() if name in unloaded else model for name, model in self._scanned.items()}

    def _check_on_disk(self, name: str) -> None:
        names = self._scanner.model_names()
        if name not in names:
            raise NotFoundError(f"there is no model {name!r} on disk; models on disk: {_enumerate(names)}")

    def _scan_all(self, *, retry_failed: bool) -> None:
        names = self._scanner.model_names()
        for name in names:
            before = self._scanned.get(name, Model(name))
            try:
                self._scan_model(before.without_failures() if retry_failed else before)
            except Exception:  # whatever one entry does, it must not decide for the others
                log.exception("cannot follow a model", model=name)
        if names != list(self._scanned):
            gone = sorted(set(self._scanned) - set(names))
            if gone:
                log.info("removed", models=gone)
            self._scanned = {name: self._scanned.get(name, Model(name)) for name in names}
        served = [(model.name, str(number)) for model in self._scanned.values() for number in model.served]
        for version in served:
            last_served_of(*version).set(time.time())
        VERSIONS.set(len(served))
        self._has_served = bool(served)

    def _scan_model(self, before: Model) -> None:
        if before.name in self._unloaded.names():
            after = self._scanner.unloaded(before.name)
            if before != after:
                log.info("unloaded", model=before.name)
                self._put(after)
            return
        for after in self._scanner.scan(before):
            self._put(after)

    def _put(self, model: Model) -> None:
        """Have a model as it is now, in its place by name."""
        self._scanned = dict(sorted({**self._scanned, model.name: model}.items()))


MAX_ENUMERATED = 50
"""Names in a message: a directory may hold thousands of models."""


def _enumerate(names: Iterable[str]) -> str:
    return listed(list(names), MAX_ENUMERATED) or "none"
