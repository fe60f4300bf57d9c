"""The app: settings, the models behind them, and the HTTP interface in front."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import structlog
from flask import Flask, Request
from structlog.typing import FilteringBoundLogger
from werkzeug.routing import MapAdapter

from service import BRIEF, SHARED
from service.dataplane.admission import Admission
from service.dataplane.cache import AnswerCache
from service.edges import open_inference, tensorflow_serving
from service.edges.own import boundary, documents, experiments, health, metrics, models, pages, predict, weights
from service.edges.tensorflow_serving.servable import ServableConverter
from service.http import access, errors, inline, record, telemetry
from service.http.context import EXTENSION, Context
from service.http.record import Measurement
from service.keys import Keys
from service.observability import log_as_json
from service.registry.registry import Repository
from service.registry.unloaded import Switches
from service.registry.watcher import Watcher
from service.server.request_log import RequestLog
from service.settings import Settings

log: FilteringBoundLogger = structlog.get_logger()

INTERFACES = (
    *(predict, boundary, experiments, models, weights, health, documents, pages, metrics),
    *(tensorflow_serving.models, tensorflow_serving.predict),
    *(open_inference.models, open_inference.infer, open_inference.repository, open_inference.statistics),
)


class App(Flask):
    """Flask, for a service that answers alike under every host name."""

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Match the path alone; Flask takes the host apart for each request first, for a tenth of the whole time."""
        if request is None:
            return super().create_url_adapter(request)
        return MapAdapter(self.url_map, "localhost", "/", "", "http", request.path, request.method)


def _shared_directory() -> Path:
    """Return the directory that all workers share; where nobody made one, as in a shell, one of this process alone."""
    if SHARED in os.environ:
        return Path(os.environ[SHARED])
    directory = tempfile.mkdtemp(prefix="boundary-")
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    return Path(directory)


def create_app(settings: Settings | None = None) -> Flask:
    """Return the app with its models loaded and followed; by default configured from the environment.

    Raises:
        service.settings.SettingsError: the environment is wrong.
    """
    settings = Settings.from_environment() if settings is None else settings
    log_as_json(settings.log_level)
    app = App(__name__, static_folder=None)
    app.url_map.merge_slashes = False  # a redirect to the path without the second one would need the host's name
    repository = Repository(settings.models_dir, settings.default_model, settings.engine, Switches(_shared_directory()))
    keys = None if settings.api_keys_file is None else Keys(settings.api_keys_file)
    here = Context(settings, repository, Admission(settings.max_concurrency), AnswerCache(settings.cache_bytes), keys)
    app.extensions[EXTENSION] = here
    app.url_map.converters["servable"] = ServableConverter
    for module in INTERFACES:
        app.register_blueprint(module.blueprint)
    access.register(app, keys, settings.cors_origins)
    telemetry.register(app)
    measurement = Measurement(RequestLog() if settings.log_level in {"DEBUG", "INFO"} else None)
    record.register(app, measurement)
    app.extensions[BRIEF] = inline.Shortcut(app.wsgi_app, here, measurement)
    errors.register(app)
    repository.refresh()
    if not repository.models():
        log.warning("no models", directory=str(settings.models_dir.absolute()))
    Watcher(repository, settings.poll_seconds).start()
    return app
