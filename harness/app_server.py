"""The service within this process, behind a socket: for tests of what it answers, not of who carries it there.

It starts in a tenth of gunicorn's time. Flask and werkzeug answer every request; gunicorn's workers answer alike, as
the tests of `service.http.loop_adapter` hold.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from harness.server import HOST, HttpServer
from service import CONTEXT
from service.app import create_app
from service.settings import Settings

POLL_SECONDS = 86_400.0


@dataclass(frozen=True)
class AppServer(HttpServer):
    """The port that it listens on, and its app."""

    port: int
    app: Flask

    def refresh(self) -> None:
        """Look at the models directory again, as a worker does every few seconds."""
        self.app.extensions[CONTEXT].plane.registry.refresh()


class _Handler(WSGIRequestHandler):
    def log_request(self, *_: object) -> None:
        pass


@contextmanager
def serving_app(models_dir: Path, port: int = 0, **settings: Any) -> Iterator[AppServer]:
    """Serve these models with these settings until the block ends, on a port that is free where none is given."""
    app = create_app(Settings(models_dir=models_dir, poll_seconds=POLL_SECONDS, log_level="ERROR", **settings))
    server = make_server(HOST, port, app, threaded=True, request_handler=_Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield AppServer(server.server_port, app)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
