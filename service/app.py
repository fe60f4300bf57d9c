"""The app: settings, the models behind them, and the HTTP interface in front."""

import logging

from flask import Flask

from service.api import boundary, documents, health, models, predict, problems, results
from service.api.context import EXTENSION
from service.repository import Repository
from service.settings import Settings


def create_app(settings: Settings | None = None) -> Flask:
    """Return the app with its models loaded; by default configured from the environment.

    Raises:
        service.settings.SettingsError: the environment is wrong.
    """
    settings = Settings.from_environment() if settings is None else settings
    logging.getLogger("service").setLevel(settings.log_level)
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    repository = Repository(settings.models_dir, settings.default_model, settings.engine)
    app.extensions[EXTENSION] = (repository, settings)
    for module in (predict, boundary, results, models, health, documents):
        app.register_blueprint(module.blueprint)
    problems.register(app)
    repository.load()
    return app
