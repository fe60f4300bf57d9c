"""Scoring in this process, by the service's own registry and engine: the one module of the client that imports them."""

from pathlib import Path

from bundle import layout
from client.score import ScoreError
from client.score.target import Feature, Numbers, Points, RefusedError, Target
from service.dataplane.inference import evaluate_one
from service.engines import Engine, LoadError
from service.errors import InvalidError
from service.registry.models import ModelVersion
from service.registry.scanner import Scanner
from service.settings import Settings, SettingsError

MAX_POINTS = 1 << 12
"""The engine's own block. The service's check of what comes out of it wakes OpenBLAS's threads from 10,000 numbers on,
and these wait for each other.
"""


class LocalScorer:
    """A version that is loaded here; files that are written later do not change what it answers."""

    max_points = MAX_POINTS

    def __init__(self, models_dir: Path, model: str | None, version: int | None) -> None:
        """Load a version, by default the newest that loads, as the service would.

        Raises:
            ScoreError: there is none.
        """
        try:
            settings = Settings.from_environment()
        except SettingsError as error:
            raise ScoreError(str(error)) from error
        name = settings.default_model if model is None else model
        self._version = _load(Scanner(models_dir, settings.engine), models_dir, name, version)
        self.target = _target(self._version)

    @property
    def engine(self) -> Engine:
        """What computes."""
        return self._version.engine

    def score(self, points: Points) -> Numbers:
        try:
            return evaluate_one(self._version, "serving_default", points)
        except InvalidError as error:
            raise RefusedError(error.detail) from error

    def check(self) -> None: ...

    def close(self) -> None: ...


def _load(scanner: Scanner, models_dir: Path, name: str, version: int | None) -> ModelVersion:
    try:
        names = layout.model_names(models_dir)
        numbers = layout.versions(models_dir, name) if name in names else []
    except OSError as error:
        raise ScoreError(f"{models_dir} cannot be listed: {error.strerror}") from error
    if not numbers:
        raise ScoreError(f"there is no model {name} in {models_dir}; models: {', '.join(names) or 'none'}")
    if version is not None and version not in numbers:
        raise ScoreError(f"model {name} has no version {version}; versions: {', '.join(map(str, numbers))}")
    reasons = []
    for number in [version] if version is not None else reversed(numbers):
        try:
            return scanner.load(name, number)
        except LoadError as error:
            reasons.append(f"version {number}: {error}")
    raise ScoreError(f"no version of model {name} can be loaded: {'; '.join(reasons)}")


def _target(version: ModelVersion) -> Target:
    return Target(
        version.name,
        version.number,
        version.fingerprint,
        tuple(
            Feature(feature.name, None if feature.categories is None else tuple(feature.categories))
            for feature in version.features
        ),
        version.task,
        version.classes,
        version.output_name == "probabilities",
        version.width,
        version.imputes,
    )
