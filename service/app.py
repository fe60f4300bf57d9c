"""The app: settings, the models behind them, and the HTTP interface in front."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import structlog
from flask import Flask, Request
from structlog.typing import FilteringBoundLogger
from werkzeug.routing import MapAdapter

from service import CONTEXT, LOOP_ADAPTER, RECORDER, SHARED
from service.dataplane.admission import Admission
from service.dataplane.cache import ResponseCache
from service.dataplane.dataplane import DataPlane
from service.edges import ENDPOINTS
from service.edges.tensorflow_serving.servable import ServableConverter
from service.http import flask_adapter, telemetry
from service.http.access import CrossOrigin
from service.http.context import Context
from service.http.loop_adapter import LoopAdapter
from service.keys import Keys
from service.observability import log_as_json
from service.registry.experiments import ExperimentStore
from service.registry.registry import Registry
from service.registry.studies import StudyStore
from service.registry.unloaded import UnloadedModels
from service.registry.watcher import Watcher
from service.request_record import RequestRecorder
from service.server.request_log import RequestLog
from service.server.unread_bodies import EndUnreadBodies
from service.settings import Settings

log: FilteringBoundLogger = structlog.get_logger()


class App(Flask):
    """Flask, for a service that answers alike under every host name."""

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Match the path alone; Flask takes the host apart for each request first, for a tenth of the whole time."""
        if request is None:
            return super().create_url_adapter(request)
        return MapAdapter(self.url_map, "localhost", "/", "", "http", request.path, request.method)


def create_app(settings: Settings | None = None) -> Flask:
    """Return the app with its models loaded and followed; by default configured from the environment.

    Raises:
        service.settings.SettingsError: the environment is wrong.
    """
    settings = Settings.from_environment() if settings is None else settings
    log_as_json(settings.log_level)
    registry = Registry(
        settings.models_dir, settings.default_model, settings.engine, UnloadedModels(_shared_directory())
    )
    context = Context(settings, _data_plane(settings, registry), _keys(settings), ENDPOINTS)
    app = App(__name__, static_folder=None)
    app.url_map.merge_slashes = False  # a redirect to the path without the second one would need the host's name
    app.url_map.converters["servable"] = ServableConverter
    recorder = RequestRecorder(RequestLog() if settings.log_level in {"DEBUG", "INFO"} else None)
    cross_origin = CrossOrigin(app, settings.cors_origins)
    is_traced = telemetry.is_traced if telemetry.register(app) else lambda _: False
    flask_adapter.register(app, context, recorder)
    app.wsgi_app = EndUnreadBodies(app.wsgi_app)  # type: ignore[method-assign]
    app.extensions[CONTEXT] = context
    app.extensions[RECORDER] = recorder
    app.extensions[LOOP_ADAPTER] = LoopAdapter(app.url_map, context, recorder, cross_origin, is_traced)
    registry.refresh()
    _warn_of_what_is_missing(settings, [model.name for model in registry.models()])
    Watcher(registry, settings.poll_seconds).start()
    return app


def _warn_of_what_is_missing(settings: Settings, names: Sequence[str]) -> None:
    """Log what may still be trained: the service starts without it, and picks it up."""
    directory = str(settings.models_dir.absolute())
    if not names:
        log.warning("no models", directory=directory, directory_exists=settings.models_dir.is_dir())
    elif settings.default_model not in names:
        log.warning("no default model", default_model=settings.default_model, models=names, directory=directory)


def _data_plane(settings: Settings, registry: Registry) -> DataPlane:
    return DataPlane(
        registry=registry,
        experiment_store=ExperimentStore(registry),
        study_store=StudyStore(registry),
        admission=Admission(settings.max_concurrency),
        cache=ResponseCache(settings.cache_bytes),
        max_points=settings.max_points,
    )


def _keys(settings: Settings) -> Keys | None:
    return None if settings.api_keys_file is None else Keys(settings.api_keys_file)


def _shared_directory() -> Path:
    """Return the directory that all workers share; where nobody made one, as in a shell, one of this process alone."""
    if SHARED in os.environ:
        return Path(os.environ[SHARED])
    directory = tempfile.mkdtemp(prefix="boundary-")
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    return Path(directory)
