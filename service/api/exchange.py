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
from service.repository import ModelVersion
from service.request_log import RequestLog

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

QUIET = frozenset({"health.get_live", "health.get_ready", "metrics.get_metrics"})
"""Endpoints that machines ask every few seconds: measured, but only logged where they fail."""

EXCHANGE = "boundary.exchange"


@dataclass(slots=True)
class Exchange:
    """A request that is being answered: for whom, where keys are asked for, by which model's version, the seconds that
    it waited for a turn, and the endpoint where the app was not asked.
    """

    request_id: str
    began: float
    endpoint: str = ""
    client: str = ""
    model: str = ""
    version: str = ""
    waited: float = 0

    def answered_by(self, version: ModelVersion) -> None:
        """Note which model's version answers."""
        self.model, self.version = version.name, str(version.number)


class Measurement:
    """The app with its requests measured, given an id, and logged where there is a log."""

    def __init__(self, app: "WSGIApplication", log: RequestLog | None) -> None:
        self._app = app
        self._log = log

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        exchange = environ[EXCHANGE] = Exchange(_request_id(environ), time.perf_counter())

        def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Callable[[bytes], object]:
            seconds = time.perf_counter() - exchange.began
            headers += [("X-Request-ID", exchange.request_id), ("X-Content-Type-Options", "nosniff")]
            code = status[:3]
            endpoint = exchange.endpoint or environ["werkzeug.request"].endpoint or "none"
            requests_of(endpoint, exchange.model, exchange.version, code).observe(seconds)
            if exchange.waited:
                queued_of(exchange.model, exchange.version).inc(exchange.waited)
            if self._log is not None and (endpoint not in QUIET or code >= "400"):
                self._log.write(
                    request_id=exchange.request_id,
                    method=environ["REQUEST_METHOD"],
                    path=environ["werkzeug.request"].path if not exchange.endpoint else environ["PATH_INFO"],
                    status=int(code),
                    milliseconds=round(seconds * 1000, 3),
                    client=exchange.client,
                    model=exchange.model,
                    version=exchange.version,
                )
            return start_response(status, headers, *exc_info)

        return self._app(environ, start)


def register(app: Flask, log: RequestLog | None) -> None:
    app.wsgi_app = Measurement(app.wsgi_app, log)  # type: ignore[method-assign]


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


def _request_id(environ: "WSGIEnvironment") -> str:
    """Return the id in `X-Request-ID` if that is a plain short token, else a new one."""
    given: str = environ.get("HTTP_X_REQUEST_ID", "")
    if 0 < len(given) <= 128 and given.isascii() and given.isprintable():
        return given
    # Not uuid4: that asks the kernel, for which Python lets go of its lock and then waits for its turn again.
    return f"{random.getrandbits(128):032x}"
