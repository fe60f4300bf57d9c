"""What the views need of the running app, with types."""

from flask import current_app

from service.repository import Repository
from service.settings import Settings

EXTENSION = "boundary-service"


def repository() -> Repository:
    found: Repository = current_app.extensions[EXTENSION][0]
    return found


def settings() -> Settings:
    found: Settings = current_app.extensions[EXTENSION][1]
    return found
