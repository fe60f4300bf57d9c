"""The app: settings, the models behind them, and the HTTP interface in front."""

from flask import Flask

from service.admission import Admission
from service.api import (
    access,
    boundary,
    documents,
    exchange,
    health,
    metrics,
    models,
    predict,
    problems,
    results,
    telemetry,
)
from service.api.context import EXTENSION, Context
from service.cache import AnswerCache
from service.observability import log_as_json
from service.repository import Repository
from service.settings import Settings
from service.watcher import Watcher


def create_app(settings: Settings | None = None) -> Flask:
    """Return the app with its models loaded and followed; by default configured from the environment.

    Raises:
        service.settings.SettingsError: the environment is wrong.
    """
    settings = Settings.from_environment() if settings is None else settings
    log_as_json(settings.log_level)
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    repository = Repository(settings.models_dir, settings.default_model, settings.engine)
    app.extensions[EXTENSION] = Context(
        settings, repository, Admission(settings.max_concurrency), AnswerCache(settings.cache_bytes)
    )
    for module in (predict, boundary, results, models, health, documents, metrics):
        app.register_blueprint(module.blueprint)
    access.register(app, settings)
    telemetry.register(app)
    exchange.register(app, log=settings.log_level in {"DEBUG", "INFO"})
    problems.register(app)
    repository.refresh()
    Watcher(repository, settings.poll_seconds).start()
    return app
