"""What the views need of the running app, with types."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import current_app

from bundle import layout
from service.dataplane.admission import Admission
from service.dataplane.cache import AnswerCache
from service.errors import NotFoundError
from service.http.record import answered_by
from service.keys import Keys
from service.registry.registry import ModelVersion, Repository
from service.settings import Settings

EXTENSION = "boundary-service"


@dataclass(frozen=True)
class Context:
    """The parts of a worker; `keys` is None where nobody needs one."""

    settings: Settings
    repository: Repository
    admission: Admission
    cache: AnswerCache
    keys: Keys | None


def context() -> Context:
    found: Context = current_app.extensions[EXTENSION]
    return found


def settings() -> Settings:
    return context().settings


def repository() -> Repository:
    return context().repository


def admission() -> Admission:
    return context().admission


def cache() -> AnswerCache:
    return context().cache


def is_stopping() -> bool:
    """Say whether this worker was told to stop, and only finishes what it has; see gunicorn.conf.py."""
    stopping: Callable[[], bool] | None = current_app.config.get("IS_STOPPING")
    return stopping is not None and stopping()


def is_ready() -> bool:
    """Say whether this worker can answer, and was not told to stop."""
    return repository().ready() and not is_stopping()


def version_of(name: str | None, number: int | None) -> ModelVersion:
    """Return the version that answers this request; see `Repository.get`."""
    version = repository().get(name, number)
    answered_by(version)
    return version


def version_named(name: str | None, version: str | None = None) -> ModelVersion:
    """Return the version that a path names; see `Repository.get`.

    Raises:
        NotFoundError: also where that is no version at all.
    """
    if version is not None and not layout.VERSION.fullmatch(version):
        raise NotFoundError(f"there is no version {version!r}; versions are numbers from 1")
    return version_of(name, None if version is None else int(version))
