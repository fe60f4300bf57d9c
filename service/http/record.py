"""Every request is given an id, measured and logged.

Done around Flask, as WSGI middleware, where it costs a third of what before and after functions of Flask do.
"""

import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Flask, request

from service.observability import queued_of, requests_of
from service.registry.registry import ModelVersion
from service.server.request_log import RequestLog

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

QUIET = frozenset({"health.get_live", "health.get_ready", "metrics.get_metrics"})
"""Endpoints that machines ask every few seconds: measured, but only logged where they fail."""

EXCHANGE = "boundary.exchange"


@dataclass(slots=True)
class Exchange:
    """A request that is being answered: for whom, where keys are asked for, by which model's version, and the seconds
    that it waited for a turn.
    """

    request_id: str
    began: float
    client: str = ""
    model: str = ""
    version: str = ""
    waited: float = 0

    def answered_by(self, version: ModelVersion) -> None:
        """Note which model's version answers."""
        self.model, self.version = version.name, str(version.number)


class Measurement:
    """Gives requests their ids, measures them, and logs them where there is a log."""

    def __init__(self, log: RequestLog | None) -> None:
        self._log = log

    def begin(self, given_id: str) -> Exchange:
        """Return the exchange for a request with this `X-Request-ID`: a plain short token, or it gets a new one."""
        if not (0 < len(given_id) <= 128 and given_id.isascii() and given_id.isprintable()):
            # Not uuid4: that asks the kernel, for which Python lets go of its lock and then waits for its turn again.
            given_id = f"{random.getrandbits(128):032x}"
        return Exchange(given_id, time.perf_counter())

    def end(self, exchange: Exchange, endpoint: str, method: str, path: str, code: str) -> list[tuple[str, str]]:
        """Measure and log a request that has its answer; return the headers that every answer has."""
        seconds = time.perf_counter() - exchange.began
        requests_of(endpoint, exchange.model, exchange.version, code).observe(seconds)
        if exchange.waited:
            queued_of(exchange.model, exchange.version).inc(exchange.waited)
        if self._log is not None and (endpoint not in QUIET or code >= "400"):
            self._log.write(
                request_id=exchange.request_id,
                method=method,
                path=path,
                status=int(code),
                milliseconds=round(seconds * 1000, 3),
                client=exchange.client,
                model=exchange.model,
                version=exchange.version,
            )
        return [("X-Request-ID", exchange.request_id), ("X-Content-Type-Options", "nosniff")]


class Measured:
    """The app, with its requests measured."""

    def __init__(self, app: "WSGIApplication", measurement: Measurement) -> None:
        self._app = app
        self._measurement = measurement

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        exchange = environ[EXCHANGE] = self._measurement.begin(environ.get("HTTP_X_REQUEST_ID", ""))

        def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Callable[[bytes], object]:
            asked = environ["werkzeug.request"]
            method, endpoint = environ["REQUEST_METHOD"], asked.endpoint or "none"
            headers += self._measurement.end(exchange, endpoint, method, asked.path, status[:3])
            return start_response(status, headers, *exc_info)

        return self._app(environ, start)


def register(app: Flask, measurement: Measurement) -> None:
    app.wsgi_app = Measured(app.wsgi_app, measurement)  # type: ignore[method-assign]


def current() -> Exchange:
    """Return the exchange of Flask's current request."""
    exchange: Exchange = request.environ[EXCHANGE]
    return exchange


def request_id() -> str:
    """Return this request's id."""
    return current().request_id


def asked_by(client: str) -> None:
    """Note whose key came with this request."""
    current().client = client


def waited(seconds: float) -> None:
    """Note how long this request waited for its turn."""
    if seconds:
        current().waited = seconds


def answered_by(version: ModelVersion) -> None:
    """Note which model's version answers this request."""
    current().answered_by(version)
