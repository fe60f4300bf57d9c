"""What becomes of a model's versions on disk: each new or changed one is loaded, probed, and served or FAILED."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import structlog
from structlog.typing import FilteringBoundLogger

from bundle import layout
from bundle.card import Card, Feature, HandWrittenCard, parse_card
from service.engines import Engine, LoadError, open_engine
from service.errors import is_shortage
from service.file_stamp import stamp_of
from service.observability import FAILED, LOADED
from service.registry import probe
from service.registry.meaning import meaning_of
from service.registry.models import VERSIONS_SERVED, BundleStamp, Model, ModelVersion, State, Status
from service.settings import EngineChoice

log: FilteringBoundLogger = structlog.get_logger()


FOREIGN_DOMAIN = (-1.5, 1.5)
"""Where a model is drawn whose card does not say it."""

MAX_SHOWN, MAX_SHOWN_CHARS = 3, 40
"""Folders that are no versions, and letters of their names."""

UNREADABLE: BundleStamp = ()
"""The stamp of a bundle that is being written or removed right now, or for which something has run out."""


class Scanner:
    """Reads the folders below one models directory."""

    def __init__(self, models_dir: Path, engine: EngineChoice) -> None:
        self._models_dir = models_dir
        self._engine = engine

    def model_names(self) -> list[str]:
        """Return the names of the models on disk, sorted."""
        return layout.model_names(self._models_dir)

    def unloaded(self, name: str) -> Model:
        """Return a model that a client unloaded: its versions on disk, none of which answers."""
        try:
            numbers = list(reversed(layout.versions(self._models_dir, name)))
        except OSError as error:
            return Model(name, reason=_unlisted(error))
        return Model(name, tuple(Status(number, State.UNLOADING, ()) for number in numbers)).unloaded()

    def scan(self, before: Model) -> Iterator[Model]:
        """Yield what becomes of a model as its versions on disk are gone through, newest first.

        A version that was loaded, or that failed, is not tried again while its files are the same.
        """
        try:
            numbers = list(reversed(layout.versions(self._models_dir, before.name)))
            reason = None if numbers else _why_no_version(self._models_dir / before.name)
        except OSError as error:
            yield Model(before.name, before.statuses, _unlisted(error))  # what is served stays
            return
        if not numbers:
            yield Model(before.name, reason=reason)
            return
        known = {status.number: status for status in before.statuses}
        statuses: list[Status] = []
        for number in numbers:
            if sum(status.version is not None for status in statuses) == VERSIONS_SERVED:
                break
            stamp = self._stamp(before.name, number)
            status = known.get(number)
            if status is None or not _holds(status, stamp):
                rest = [s for s in before.statuses if s.number != number and s not in statuses and s.number in numbers]
                served = None if status is None else status.version  # answers on until the new one takes its place
                loading = Status(number, State.LOADING, stamp, version=served)
                yield Model(before.name, tuple(sorted([*statuses, loading, *rest], key=_newest_first)))
                status = self._load(before.name, number, stamp)
            statuses.append(status)
        after = Model(before.name, tuple(statuses))
        if after != before:
            yield after

    def _stamp(self, name: str, number: int) -> BundleStamp:
        bundle = layout.bundle_dir(self._models_dir, name, number)
        try:
            files = [(path, path.stat()) for _, path in layout.files(bundle)]
        except (OSError, ValueError):
            return UNREADABLE
        return tuple((str(path), stamp_of(status)) for path, status in files)

    def _load(self, name: str, number: int, stamp: BundleStamp) -> Status:
        try:
            version = self.load(name, number)
        except LoadError as error:
            FAILED.inc()
            log.warning("failed to load", model=name, version=number, reason=str(error))
            return Status(number, State.FAILED, stamp, reason=str(error))
        except Exception as error:  # whatever one version does, it must not decide for the others
            FAILED.inc()
            log.exception("failed to load", model=name, version=number)
            tried = UNREADABLE if is_shortage(error) else stamp  # tried again at the next look
            return Status(number, State.FAILED, tried, reason=f"it cannot be loaded: {type(error).__name__}")
        LOADED.inc()
        log.info("available", model=name, version=number)
        return Status(number, State.AVAILABLE, stamp, version=version)

    def load(self, name: str, number: int) -> ModelVersion:
        """Load and probe a version.

        Raises:
            LoadError: it cannot be served; says why.
            OSError: something has run out.
        """
        bundle = layout.bundle_dir(self._models_dir, name, number)
        try:
            found, card_digest = _read_card(bundle)
            card = found if isinstance(found, Card) else None
            fingerprint = layout.fingerprint(bundle)
            engine = open_engine(bundle, card, fingerprint, self._engine)
        except OSError as error:
            if is_shortage(error):
                raise
            raise LoadError(f"a file cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise LoadError(str(error)) from error
        features = _features(found, engine)
        width = probe.check_middle(engine, features, card)
        meaning = meaning_of(found, width, lambda: probe.output_of(engine, features))
        return ModelVersion(
            name,
            number,
            fingerprint,
            engine,
            features,
            meaning.output,
            card,
            card_digest,
            meaning.task,
            meaning.classes,
            width,
        )


def _holds(status: Status, stamp: BundleStamp) -> bool:
    """Say whether what is known of a version still holds: its files are the same, or it answers while they change."""
    return status.stamp == stamp or (status.version is not None and stamp == UNREADABLE)


def _why_no_version(model: Path) -> str:
    """Say why a model's folder has no version, and what to do with what lies there instead.

    Raises:
        OSError: it cannot be listed.
    """
    reason = "it has no folder that is named by a version number, such as 1"
    names = sorted(entry.name for entry in model.iterdir() if not entry.name.startswith("."))
    if layout.SAVED_MODEL in names:
        return f"{reason}; move its {layout.SAVED_MODEL} and what belongs to it into one"
    folders = [name for name in names if layout.is_dir(model / name)]
    if not folders:
        return reason
    shown = ", ".join(name[:MAX_SHOWN_CHARS] for name in folders[:MAX_SHOWN])
    return f"{reason}: a whole number from 1 to {layout.MAX_VERSION}, without leading zeros; rename {shown}"


def _unlisted(error: OSError) -> str:
    return f"its folder cannot be listed: {error.strerror}"


def _read_card(bundle: Path) -> tuple[Card | HandWrittenCard | None, str]:
    """Return the card of a SavedModel, None where it has none, and the SHA-256 of its bytes.

    Raises:
        LoadError: there is no SavedModel, or its card is none.
        OSError: its card cannot be read.
    """
    if not (bundle / layout.SAVED_MODEL).is_file():
        keras = min((path.name for path in bundle.glob("*.keras")), default=None)
        remedy = "" if keras is None else f"; `python -m training adopt` makes one of {keras[:MAX_SHOWN_CHARS]}"
        raise LoadError(f"there is no {layout.SAVED_MODEL}{remedy}")
    try:
        content = layout.read_regular(bundle / layout.CARD)
        return parse_card(content, layout.CARD.rpartition("/")[2]), hashlib.sha256(content).hexdigest()
    except FileNotFoundError:
        return None, ""
    except ValueError as error:
        raise LoadError(f"the card cannot be read: {error}") from error


def _newest_first(status: Status) -> int:
    return -status.number


def _features(card: Card | HandWrittenCard | None, engine: Engine) -> list[Feature]:
    if card is None or card.features is None:
        return [Feature(f"x{i + 1}", *FOREIGN_DOMAIN) for i in range(engine.n_features)]
    if len(card.features) != engine.n_features:
        raise LoadError(f"the card lists {len(card.features)} features, the model takes {engine.n_features}")
    return card.features
