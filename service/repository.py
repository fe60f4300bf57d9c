"""Which version answers: the models on disk, loaded, with the state of each version.

The newest two versions of a model that load are served; the newest answers where no version is asked for. A version
that does not load is shown as FAILED with its reason, and the one before it goes on answering.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import numpy as np

from service.bundle import layout
from service.bundle.card import Card, CardSchema, Feature
from service.engines import Engine, LoadError, open_engine
from service.errors import NotFoundError, UnavailableError
from service.settings import EngineChoice

log = logging.getLogger(__name__)

VERSIONS_SERVED = 2
FOREIGN_DOMAIN = (-1.5, 1.5)
"""Where a model without a card is drawn."""


class State(StrEnum):
    AVAILABLE = "AVAILABLE"
    FAILED = "FAILED"


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
    number: int
    state: State
    reason: str | None = None


@dataclass
class Model:
    """What is known of one model: the state of its versions, newest first, and those that answer."""

    name: str
    statuses: list[Status] = field(default_factory=list)
    served: dict[int, ModelVersion] = field(default_factory=dict)

    @property
    def latest(self) -> ModelVersion | None:
        return self.served[max(self.served)] if self.served else None


class Repository:
    """The models below one directory."""

    def __init__(self, models_dir: Path, default_model: str, engine: EngineChoice) -> None:
        self.models_dir = models_dir
        self.default_model = default_model
        self._engine = engine
        self._models: dict[str, Model] = {}

    def load(self) -> None:
        """Load what is on disk now. A bundle that cannot be loaded hurts no other."""
        self._models = {name: self._load_model(name) for name in layout.model_names(self.models_dir)}

    def models(self) -> list[Model]:
        """Return all models, by name."""
        return list(self._models.values())

    def model(self, name: str) -> Model:
        """Return a model.

        Raises:
            NotFoundError: there is none of that name.
        """
        if name not in self._models:
            raise NotFoundError(f"there is no model {name!r}; there is {_enumerate(self._models)}")
        return self._models[name]

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

    def ready(self) -> bool:
        """Say whether any model answers."""
        return any(model.served for model in self._models.values())

    def _load_model(self, name: str) -> Model:
        model = Model(name)
        for number in reversed(layout.versions(self.models_dir, name)):
            if len(model.served) == VERSIONS_SERVED:
                break
            try:
                model.served[number] = self._load_version(name, number)
                model.statuses.append(Status(number, State.AVAILABLE))
            except LoadError as error:
                log.warning("model %s version %d failed to load: %s", name, number, error)
                model.statuses.append(Status(number, State.FAILED, str(error)))
        return model

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


def _probe(version: ModelVersion) -> None:
    """Ask one point, so that a model that answers nonsense is never served and the first request finds it warm."""
    n_features = version.engine.n_features
    if len(version.features) != n_features:
        raise LoadError(f"the card lists {len(version.features)} features, the model takes {n_features}")
    answer = version.engine.run("serving_default", np.zeros((1, n_features), np.float32))["probabilities"]
    if not np.isfinite(answer).all():
        raise LoadError("the model answers the point at the origin with a number that is not finite")


def _enumerate(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"
