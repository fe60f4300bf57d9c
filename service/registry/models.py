"""A model as the service knows it: its versions on disk, the state of each, and what answers for it."""

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

from bundle.card import Card, Feature, Output, Task
from bundle.conventions import DEFAULT_CLASSES
from service.engines import WEIGHTS, Engine, Tensor
from service.file_stamp import FileStamp

FILL = "feature_fill"
"""What the signature `weights` calls the values that are filled in."""

VERSIONS_SERVED = 2
"""Of each model: the newest, which answers, and the one before it."""


class State(StrEnum):
    """As in TensorFlow Serving. UNLOADING is a version of a model that a client unloaded."""

    LOADING = "LOADING"
    AVAILABLE = "AVAILABLE"
    UNLOADING = "UNLOADING"
    FAILED = "FAILED"


BundleStamp = tuple[tuple[str, FileStamp], ...]
"""Path and stamp of each of a bundle's files: what changes when it is replaced or still copied."""


@dataclass(frozen=True, eq=False)
class ModelVersion:
    """A version that answers, equal to itself alone. `card` is None for a SavedModel from elsewhere.

    `output` is what its signatures `serving_default` and `at` give for a point: one number or, where there are
    `classes` and its `task` is multiclass, one for each. `classes` are the labels' names, none in a regression.
    """

    name: str
    number: int
    fingerprint: str
    engine: Engine
    features: list[Feature]
    output: Output
    card: Card | None
    card_digest: str
    task: Task = "binary"
    classes: tuple[str, ...] = DEFAULT_CLASSES
    width: int | None = None
    """The numbers that it gives for a point where they are an array, [n, width]; else None."""

    @property
    def identity(self) -> str:
        """What tells this version from every other, of other content or in another place."""
        return f"{self.name} {self.number} {self.fingerprint} {self.card_digest}"

    @property
    def output_name(self) -> str:
        """What responses call its numbers: `probabilities`, where they are such, else `values`."""
        return "values" if self.output == "value" else "probabilities"

    @cached_property
    def own_tensors(self) -> tuple[Tensor, Tensor]:
        """The points and the numbers for them as its SavedModel names and lays them out."""
        described = self.engine.describe("serving_default")
        return described.inputs[0], described.outputs[0]

    @property
    def output_shape(self) -> list[int]:
        """What its output is for one point."""
        return [] if self.width is None else [self.width]

    @cached_property
    def imputes(self) -> bool:
        """Whether a point may lack values: the model was trained to fill them in."""
        engine = self.engine
        return engine.has_weights and any(output.name == FILL for output in engine.describe(WEIGHTS).outputs)

    @cached_property
    def categories(self) -> dict[int, list[str]]:
        """The categories of the features that have some, by their position."""
        return {i: feature.categories for i, feature in enumerate(self.features) if feature.categories is not None}


@dataclass(frozen=True)
class Status:
    """What became of one version on disk; `version` is there where it is AVAILABLE."""

    number: int
    state: State
    stamp: BundleStamp
    reason: str | None = None
    version: ModelVersion | None = None


@dataclass(frozen=True)
class Model:
    """What is known of one model: its versions, newest first."""

    name: str
    statuses: tuple[Status, ...] = ()
    reason: str | None = None
    """Why it has no version at all."""

    def unloaded(self) -> "Model":
        """Return the model without anything that answers."""
        load = f"RepositoryModelLoad, or POST /v2/repository/models/{self.name}/load, loads it again"
        reason = f"a client unloaded it; {load}"
        return Model(
            self.name,
            tuple(replace(s, state=State.UNLOADING, reason=reason, version=None) for s in self.statuses),
        )

    @property
    def why_none(self) -> str:
        """Why no version of it answers."""
        reasons = "; ".join(f"version {status.number}: {status.reason}" for status in self.statuses)
        return self.reason or reasons or "there is none"

    def without_failures(self) -> "Model":
        return Model(self.name, tuple(status for status in self.statuses if status.state is not State.FAILED))

    @cached_property
    def served(self) -> dict[int, ModelVersion]:
        """The versions that answer, by number."""
        return {status.number: status.version for status in self.statuses if status.version is not None}

    @cached_property
    def latest(self) -> ModelVersion | None:
        """The version that answers where none is named."""
        return next((status.version for status in self.statuses if status.version is not None), None)
