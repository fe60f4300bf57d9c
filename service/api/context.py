"""What the views need of the running app, with types."""

from flask import current_app

from service.api.measurement import answered_by
from service.repository import ModelVersion, Repository
from service.settings import Settings

EXTENSION = "boundary-service"


def repository() -> Repository:
    found: Repository = current_app.extensions[EXTENSION][0]
    return found


def version_of(name: str | None, number: int | None) -> ModelVersion:
    """Return the version that answers this request; see `Repository.get`."""
    version = repository().get(name, number)
    answered_by(version)
    return version


def settings() -> Settings:
    found: Settings = current_app.extensions[EXTENSION][1]
    return found
