"""The answers given on a worker's loop: points predicted, grids kept here or by the client, and health.

A thread and Flask take several times as long for a request as the model for a thousand points. What is here is what the
views do, with the same functions; whatever is out of the ordinary, has to wait or fails is left to the app. Where each
request has to pass through more than its view (other origins' pages, traces) the app answers all. Health is answered by
the app too, but asked for here, so that it is known when every thread is held.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import orjson
from werkzeug.test import create_environ, run_wsgi_app

from service.dataplane.cache import Chunks
from service.edges.own.boundary import known_marks
from service.edges.own.boundary_query import MAX_RESOLUTION, MEDIA_TYPES, BoundaryQuery, BoundaryQuerySchema
from service.edges.own.predict import PredictRequestSchema, answered
from service.http import access, telemetry
from service.http.body import JSON
from service.http.context import Context
from service.http.endpoint import load_json, read_query
from service.http.record import Exchange, Measurement
from service.server.request_parser import Answer, Request

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

PREDICT = PredictRequestSchema()
BOUNDARY = BoundaryQuerySchema()

HEALTH = frozenset({"/health/live", "/health/ready", "/v2/health/live", "/v2/health/ready"})

PAGE, PAGES_FILES = "/", "/explorer/"
"""The explorer and its two dozen files, which are kept in memory: a browser asks for all of them at once."""

Way = tuple[str, Callable[[Request, str, Exchange], Answer | None]]
"""An endpoint, and what answers it: from a request and its query."""


class Shortcut:
    """Answers a request at once, or leaves it to the app."""

    def __init__(self, app: "WSGIApplication", here: Context, measurement: Measurement) -> None:
        self._app = app
        self._here = here
        self._measurement = measurement
        ways: dict[tuple[str, str], Way] = {
            ("POST", "/predict"): ("predict.post_predict", self._predict),
            ("GET", "/boundary"): ("boundary.get_boundary", self._boundary),
        }
        self._ways = {} if here.settings.cors_origins or telemetry.is_asked_for() else ways

    def __call__(self, request: Request) -> Answer | None:
        path, _, query = request.target.partition("?")
        if path in HEALTH or path == PAGE or path.startswith(PAGES_FILES):
            return self._by_the_app(request, path)
        way = self._ways.get((request.method, path))
        if way is None or self._here.repository.is_behind:  # to follow switches may mean to load a model
            return None
        endpoint, answer_of = way
        exchange = self._measurement.begin(request.headers.get("x-request-id", ""))
        if not self._may_ask(request, exchange):
            return None
        answer = answer_of(request, query, exchange)
        if answer is None:
            return None
        status, headers, body = answer
        added = self._measurement.end(exchange, endpoint, request.method, path, status[:3])
        return status, [*headers, *added], body

    def _by_the_app(self, request: Request, path: str) -> Answer:
        environ = create_environ(path, method=request.method, headers=request.headers, data=request.body)
        body, status, headers = run_wsgi_app(self._app, environ, buffered=True)
        return status, headers.to_wsgi_list(), list(body)

    def _may_ask(self, request: Request, exchange: Exchange) -> bool:
        keys = self._here.keys
        if keys is None:
            return True
        key = access.presented(request.headers.get("authorization"), request.headers.get("x-api-key"))
        owner = None if key is None else keys.owner(key)
        exchange.client = owner or ""
        return owner is not None

    def _predict(self, request: Request, _: str, exchange: Exchange) -> Answer | None:
        slots = self._here.admission.predictions
        if request.headers.get("content-type") != JSON or "content-encoding" in request.headers:
            return None
        if len(request.body) > self._here.settings.max_body_bytes or not slots.take():
            return None
        try:
            document = answered(load_json(PREDICT, request.body), self._here, exchange)
            body = orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
        finally:
            slots.give_back()
        return "200 OK", [("Content-Type", JSON), ("Content-Length", str(len(body)))], [body]

    def _boundary(self, request: Request, asked: str, exchange: Exchange) -> Answer | None:
        query: BoundaryQuery = read_query(BOUNDARY, asked)
        anything = query.format is not None or request.headers.get("accept", "*/*") == "*/*"
        if not anything or query.minus is not None or query.resolution > MAX_RESOLUTION:
            return None
        representation = query.format or next(iter(MEDIA_TYPES))
        if representation == "png":  # its tag is of the data too, which are read first
            return None
        version = self._here.repository.get(query.model, query.version)
        exchange.answered_by(version)
        marks = known_marks(query, version, representation)
        known = request.headers.get("if-none-match")
        if known == f'"{marks.etag}"':
            return "304 NOT MODIFIED", marks.headers, []
        kept: Chunks | None = None
        if known is None and marks.etag in self._here.cache:
            kept = self._here.cache.get(marks.etag)
        if kept is None:
            return None
        length = str(sum(map(len, kept)))
        headers = [("Content-Type", MEDIA_TYPES[representation]), *marks.headers, ("Content-Length", length)]
        return "200 OK", headers, kept
