"""The answers asked for most often, given before Flask: points predicted, grids kept here or by the client.

Flask takes as long for a request as the model for 4,096 points. What is here is what the views do with the same
functions; whatever is out of the ordinary, and every error, is left to the app. Where each request has to pass through
more than its view (keys, other origins' pages, traces) the app answers all.
"""

from collections.abc import Callable, Iterable
from io import BytesIO
from typing import TYPE_CHECKING

import orjson
from flask import Flask

from service.api import telemetry
from service.api.body import JSON, WORTH_COUNTING
from service.api.boundary import known_marks
from service.api.boundary_question import MAX_RESOLUTION, MEDIA_TYPES, BoundaryQuery, BoundaryQuerySchema
from service.api.context import Context
from service.api.exchange import EXCHANGE, Exchange
from service.api.operations import REFUSED, load_json, read_query
from service.api.predict import PredictRequestSchema, answered
from service.cache import Chunks

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Answer = tuple[str, list[tuple[str, str]], Chunks]
"""Status line, headers and body."""

PREDICT = PredictRequestSchema()
BOUNDARY = BoundaryQuerySchema()


def register(app: Flask, here: Context) -> None:
    if here.settings.api_keys_file is None and not here.settings.cors_origins and not telemetry.is_asked_for():
        app.wsgi_app = Shortcut(app.wsgi_app, here)  # type: ignore[method-assign]


class Shortcut:
    """The app, asked only for what is not answered here."""

    def __init__(self, app: "WSGIApplication", here: Context) -> None:
        self._app = app
        self._here = here
        self._ways: dict[tuple[str, str], Callable[[WSGIEnvironment], Answer | None]] = {
            ("POST", "/predict"): self._predict,
            ("GET", "/boundary"): self._boundary,
        }

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        way = self._ways.get((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
        answer = None if way is None else way(environ)
        if answer is None:
            return self._app(environ, start_response)
        status, headers, body = answer
        start_response(status, headers)
        return body

    def _predict(self, environ: "WSGIEnvironment") -> Answer | None:
        length = environ.get("CONTENT_LENGTH", "")
        if (
            environ.get("CONTENT_TYPE") != JSON
            or "HTTP_CONTENT_ENCODING" in environ
            or not length.isdecimal()
            or int(length) > min(WORTH_COUNTING, self._here.settings.max_body_bytes)
        ):
            return None
        content = environ["wsgi.input"].read(int(length))
        if len(content) < int(length):
            environ["wsgi.input"] = BytesIO(content)
            return None
        exchange: Exchange = environ[EXCHANGE]
        try:
            with self._here.admission.predictions as exchange.waited:
                document = answered(load_json(PREDICT, content), self._here, exchange)
                body = orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
        except Exception as error:  # noqa: BLE001 (the app words it, and logs one that nobody expected)
            environ[REFUSED] = error
            return None
        exchange.endpoint = "predict.post_predict"
        return "200 OK", [("Content-Type", JSON), ("Content-Length", str(len(body)))], [body]

    def _boundary(self, environ: "WSGIEnvironment") -> Answer | None:
        try:
            query: BoundaryQuery = read_query(BOUNDARY, environ["QUERY_STRING"])
            anything = query.format is not None or environ.get("HTTP_ACCEPT", "*/*") == "*/*"
            if not anything or query.minus is not None or query.resolution > MAX_RESOLUTION:
                return None
            representation = query.format or next(iter(MEDIA_TYPES))
            version = self._here.repository.get(query.model, query.version)
            marks = known_marks(query, version, representation)
        except Exception:  # noqa: BLE001 (the app meets it too, words it, and logs one that nobody expected)
            return None
        body: Chunks = []
        exchange: Exchange = environ[EXCHANGE]
        known = environ.get("HTTP_IF_NONE_MATCH")
        if known == f'"{marks.etag}"':
            status, headers = "304 NOT MODIFIED", list(marks.headers)
        elif (
            known is None and marks.etag in self._here.cache and (kept := self._here.cache.get(marks.etag)) is not None
        ):
            length = sum(map(len, kept))
            status, body = "200 OK", kept
            headers = [("Content-Type", MEDIA_TYPES[representation]), *marks.headers, ("Content-Length", str(length))]
        else:
            return None
        exchange.answered_by(version)
        exchange.endpoint = "boundary.get_boundary"
        return status, headers, body
