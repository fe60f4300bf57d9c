"""What the views need of the running app, with types."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import current_app

from service.admission import Admission
from service.api.exchange import answered_by
from service.cache import AnswerCache
from service.repository import ModelVersion, Repository
from service.settings import Settings

EXTENSION = "boundary-service"


@dataclass(frozen=True)
class Context:
    """The parts of a worker."""

    settings: Settings
    repository: Repository
    admission: Admission
    cache: AnswerCache


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


def version_of(name: str | None, number: int | None) -> ModelVersion:
    """Return the version that answers this request; see `Repository.get`."""
    version = repository().get(name, number)
    answered_by(version)
    return version
