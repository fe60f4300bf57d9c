"""The data plane: from a decoded request to numbers, alike for every interface.

An edge decodes and encodes; what lies between happens here, in this order: the version that answers is looked up, the
request is held against the limits, waits for its turn, is computed and counted.
"""

import gzip
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import TypeVar

from bundle import layout
from bundle.comparison import ROPE, Comparison
from service.dataplane.admission import Admission, Slots, WouldBlockError
from service.dataplane.cache import Chunks, ResponseCache
from service.dataplane.comparisons import Comparisons
from service.dataplane.inference import AnyPrediction, evaluate, predict
from service.dataplane.points import NamedPoints, check_categories, check_count
from service.dataplane.studies import Studies
from service.engines import Outputs, Points
from service.errors import NotFoundError
from service.observability import HITS, MISSES
from service.registry.experiments import ExperimentStore, HashedFile
from service.registry.models import Model, ModelVersion
from service.registry.registry import Registry
from service.registry.studies import StudyFolder, StudyStore
from service.request_record import RequestRecord

COMPRESS_MIN_BYTES = 1024
"""Bytes; less fits into a packet as it is. A point's answer is never compressed, however many models give it."""

GZIP_LEVEL = 6
COMPRESS_WELL_MAX_BYTES = 2**18
"""What is larger is compressed in a fifth of the time, to a tenth more."""

T = TypeVar("T")
R = TypeVar("R")
C = TypeVar("C", bound="SignatureCall")
P = TypeVar("P", bound="PredictCall | SignatureCall")


@dataclass(frozen=True)
class PredictCall:
    """Points, float32 [n, d], for one model (`models` is None), for several by name, or for all (`models` is empty)."""

    points: Points | NamedPoints
    model: str | None = None
    version: int | None = None
    models: list[str] | None = None
    threshold: float | None = None


@dataclass(frozen=True)
class SignatureCall:
    """Points, float32 [n, d], for a signature, with its scalar inputs."""

    points: Points
    signature: str = "serving_default"
    scalars: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class DataPlane:
    """What answers requests for numbers. Where it `may_wait` is false, whatever would have to wait, read a disk or
    compute for long raises WouldBlockError instead.
    """

    registry: Registry
    experiment_store: ExperimentStore
    study_store: StudyStore
    admission: Admission
    cache: ResponseCache
    max_points: int
    may_wait: bool = True
    _making: Lock = field(default_factory=Lock)
    _comparisons: Comparisons = field(default_factory=Comparisons)
    _studies: Studies = field(default_factory=Studies)

    def without_waiting(self) -> "DataPlane":
        """Return the same data plane for a caller that must not be held up."""
        return replace(self, may_wait=False)

    def version(
        self, record: RequestRecord | None, name: str | None = None, number: int | str | None = None
    ) -> ModelVersion:
        """Return the version that answers a request, and note it in the record, if any; see `Registry.version`.

        Raises:
            NotFoundError: also where `number` is a text, as it stands in a path, that is no version at all.
        """
        if isinstance(number, str):
            if not layout.VERSION.fullmatch(number):
                raise NotFoundError(f"there is no version {number!r}; versions are numbers from 1")
            number = int(number)
        self._refuse_to_sync()
        version = self.registry.version(name, number)
        if record is not None:
            record.set_model_version(version)
        return version

    def model(self, name: str) -> Model:
        """Return a model with the state of its versions; see `Registry.model`."""
        self._refuse_to_sync()
        return self.registry.model(name)

    def models(self) -> list[Model]:
        """Return all models, by name."""
        return self.registry.models()

    def synced_models(self) -> list[Model]:
        """Return all models, after what clients have just loaded and unloaded."""
        self.refuse_to_block()
        self.registry.sync_if_stale()
        return self.registry.models()

    def load(self, name: str) -> None:
        """Load a model's newest versions now, in every worker; see `Registry.load`."""
        self.refuse_to_block()
        self.registry.load(name)

    def unload(self, name: str) -> None:
        """Unload a model, in every worker; see `Registry.unload`."""
        self.refuse_to_block()
        self.registry.unload(name)

    @property
    def default_model(self) -> str:
        """The name of the model that answers where none is named."""
        return self.registry.default_model

    def limits(self) -> tuple[int, int]:
        """Return the most points that are taken at once, and the most numbers a point that any model takes."""
        return self.max_points, self.registry.max_features

    def ready(self) -> bool:
        """Say whether any model answers."""
        return self.registry.ready()

    @property
    def experiments(self) -> ExperimentStore:
        """What experiments left on disk."""
        self.refuse_to_block()
        return self.experiment_store

    @property
    def studies(self) -> Studies:
        """What is known of studies; to know more of one takes as long as a grid."""
        self.refuse_to_block()
        return self._studies

    def study(self, name: str) -> StudyFolder:
        """Return a study as it lies on disk now; see `StudyStore.folder`."""
        self.refuse_to_block()
        return self.study_store.folder(name)

    def study_folders(self) -> list[StudyFolder]:
        """Return every study that can be read."""
        self.refuse_to_block()
        return list(self.study_store.folders())

    def predict(
        self,
        record: RequestRecord,
        decode: Callable[[], PredictCall],
        encode: Callable[[PredictCall, list[AnyPrediction]], T],
    ) -> T:
        """Predict points with one model or several.

        Raises:
            service.errors.ServiceError: the request cannot be answered.
        """

        def compute(call: PredictCall) -> list[AnyPrediction]:
            versions = self._versions(record, call)
            return [predict(version, _points_of(call.points, version), call.threshold) for version in versions]

        return self._answer(record, decode, compute, encode)

    def evaluate(
        self,
        record: RequestRecord,
        version: ModelVersion,
        decode: Callable[[], C],
        encode: Callable[[C, Outputs], T],
    ) -> T:
        """Evaluate a signature of a version at points.

        Raises:
            service.errors.ServiceError: the request cannot be answered.
        """

        def compute(call: C) -> Outputs:
            return evaluate(version, call.signature, _points_of(call.points, version), **call.scalars)

        return self._answer(record, decode, compute, encode)

    def cached(self, record: RequestRecord, tag: str, compute: Callable[[], Chunks]) -> Chunks:
        """Return the body with this tag: the cached one, or one that is computed now.

        Raises:
            service.admission.OverloadedError: it would have to be computed, and too much is being computed.
        """
        body = self.cache.get(tag)
        if body is not None:
            HITS.inc()
            return body
        self.refuse_to_block()
        MISSES.inc()
        body = self._in_turn(self.admission.grids, record, compute)
        self.cache.put(tag, body)
        return body

    def constant(self, tag: str, make: Callable[[], Chunks]) -> Chunks:
        """Return the body with this tag, which never changes: the cached one, or one that is made now, one at a time.

        It takes no slot, so it is not refused however busy the worker is.
        """
        body = self.cache.get(tag)
        if body is not None:
            return body
        self.refuse_to_block()
        with self._making:
            body = self.cache.get(tag)  # who waited for the one before may have it now
            if body is None:
                body = make()
                self.cache.put(tag, body)
        return body

    def compressed(self, tag: str, make: Callable[[], Chunks]) -> Chunks:
        """Return a body compressed, kept by this tag from the first time on; one that is small, as it is.

        It takes no slot: compressing takes milliseconds, and what pages begin with is not refused.
        """
        kept = self.cache.get(tag)
        if kept is not None:
            return kept
        body = make()
        length = sum(map(len, body))
        if length < COMPRESS_MIN_BYTES:
            return body
        self.refuse_to_block()
        level = GZIP_LEVEL if length <= COMPRESS_WELL_MAX_BYTES else 1
        compressed = [gzip.compress(b"".join(body), level, mtime=0)]
        self.cache.put(tag, compressed)
        return compressed

    def compared(
        self, record: RequestRecord, stored: HashedFile[Comparison], rope: float, score: str | None
    ) -> Comparison:
        """Return an experiment's comparison with its pairs compared for a rope and by a score.

        What training's file alone decides takes no turn: it is constant, and pages begin with it.

        Raises:
            InvalidError: not all models have this score.
        """
        found = self._comparisons.get(stored, rope, score)
        if found is not None:
            return found
        if rope == ROPE and score is None:
            self.refuse_to_block()
            return self._comparisons.make(stored, rope, score)
        return self.in_turn(record, lambda: self._comparisons.make(stored, rope, score))

    def in_turn(self, record: RequestRecord, compute: Callable[[], T]) -> T:
        """Compute what takes as long as a grid, in this request's turn.

        Raises:
            service.admission.OverloadedError: too much is being computed.
        """
        self.refuse_to_block()
        return self._in_turn(self.admission.grids, record, compute)

    def refuse_to_block(self) -> None:
        """Raise WouldBlockError where the caller may not wait."""
        if not self.may_wait:
            raise WouldBlockError

    def _refuse_to_sync(self) -> None:
        if self.registry.is_stale:  # to sync may mean to load a model
            self.refuse_to_block()

    def _versions(self, record: RequestRecord, call: PredictCall) -> list[ModelVersion]:
        if call.models is None:
            return [self.version(record, call.model, call.version)]
        return [self.version(None, name) for name in call.models] or self._all(call.points.shape[1])

    def _all(self, n_features: int) -> list[ModelVersion]:
        """Return every model that takes so many numbers a point; where there is none every model, for the error."""
        served = [model.latest for model in self.registry.models() if model.latest is not None]
        return [version for version in served if version.engine.n_features == n_features] or served

    def _answer(
        self,
        record: RequestRecord,
        decode: Callable[[], P],
        compute: Callable[[P], R],
        encode: Callable[[P, R], T],
    ) -> T:
        """Decode, hold against the limits, compute and encode, in this request's turn."""

        def answer() -> T:
            call = decode()
            check_count(len(call.points), self.max_points)
            return encode(call, compute(call))

        return self._in_turn(self.admission.predictions, record, answer)

    def _in_turn(self, slots: Slots, record: RequestRecord, compute: Callable[[], T]) -> T:
        seconds = slots.take(may_wait=self.may_wait)
        try:
            if seconds:
                record.add_queue_time(seconds)
            return compute()
        finally:
            slots.give_back()


def _points_of(points: Points | NamedPoints, version: ModelVersion) -> Points:
    """Return points as a version takes them, with numbers for categories.

    Raises:
        InvalidError: one of them has what is no category of the version's.
    """
    if isinstance(points, NamedPoints):
        points = points.of(version.features, imputes=version.imputes)
    if version.categories:
        check_categories(points, version.categories, version.features)
    return points
