"""Endpoints as views of Flask: routes, errors of routing, and a record of every request, whatever becomes of it."""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from service.http.context import Call, Context
from service.http.endpoint import Endpoint, respond
from service.http.error_formats import error_format_of
from service.http.errors import status_response, unexpected_response
from service.http.responses import RawResponse
from service.request_record import RequestRecord, RequestRecorder

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

RECORD = "boundary.record"
"""Where a request's environment has its record."""

ENTITY_HEADERS = frozenset({"Content-Type", "Content-Length", "Content-Encoding"})


class WholeResponse(Response):
    """A response whose body is all there, as a list of bytes, and is sent as it stands.

    Werkzeug's own way looks through it again for what redirects, streams and texts need: a tenth of the time that one
    point takes.
    """

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "HEAD":
            return super().__call__(environ, start_response)
        headers = self.headers.to_wsgi_list()
        if self.status_code == HTTPStatus.NOT_MODIFIED:
            start_response(self.status, [header for header in headers if header[0] not in ENTITY_HEADERS])
            return []
        start_response(self.status, headers)
        body: list[bytes] = self.response  # type: ignore[assignment]
        return body


class RecordingMiddleware:
    """Measures and logs what goes through Flask. As WSGI middleware it costs a third of what Flask's own hooks do."""

    def __init__(self, app: "WSGIApplication", recorder: RequestRecorder) -> None:
        self._app = app
        self._recorder = recorder

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        record = environ[RECORD] = self._recorder.begin(environ.get("HTTP_X_REQUEST_ID"))

        def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Callable[[bytes], object]:
            received = environ["werkzeug.request"]
            method, endpoint = environ["REQUEST_METHOD"], received.endpoint or "none"
            headers += self._recorder.end(record, endpoint, method, received.path, status[:3])
            return start_response(status, headers, *exc_info)

        return self._app(environ, start)


class _Headers:
    """A request's headers, read from WSGI's environment."""

    def __init__(self, environ: "WSGIEnvironment") -> None:
        self._environ = environ

    def get(self, name: str) -> str | None:
        key = name.upper().replace("-", "_")
        value: str | None = self._environ.get(key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}")
        return value


def register(app: Flask, context: Context, recorder: RequestRecorder) -> None:
    """Have Flask answer the context's endpoints, and every other request with an error in our format."""
    for endpoint in context.endpoints:
        view = _view(endpoint, context)
        for rule in endpoint.rules:
            app.add_url_rule(rule, endpoint.name, view, methods=[endpoint.method])
    app.register_error_handler(HTTPException, _http_exception)
    app.register_error_handler(Exception, _unexpected)
    app.wsgi_app = RecordingMiddleware(app.wsgi_app, recorder)  # type: ignore[method-assign]


def _view(endpoint: Endpoint, context: Context) -> Callable[..., Response]:
    def view(**params: Any) -> Response:
        environ = request.environ
        stream = environ["wsgi.input"]
        call = Call(environ["QUERY_STRING"], _Headers(environ), stream, environ[RECORD], context, context.plane)
        return _to_flask(respond(endpoint, call, params))

    return view


def _to_flask(raw: RawResponse) -> Response:
    response = WholeResponse(raw.body, raw.status)
    response.headers.clear()
    response.headers.extend(raw.all_headers())
    return response


def _http_exception(error: HTTPException) -> Response:
    """Answer what no endpoint answers: an unknown path, another method."""
    status = HTTPStatus(error.code or 500)
    detail = {
        HTTPStatus.NOT_FOUND: f"there is nothing at {request.path}; GET /openapi.json lists what there is",
        HTTPStatus.METHOD_NOT_ALLOWED: f"{request.path} does not take {request.method}",
    }.get(status, status.description or status.phrase)
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        detail += f"; it takes {', '.join(sorted(error.valid_methods))}"
    if request.path.startswith("/v1/"):  # in TensorFlow Serving's words
        detail = f"Malformed request: {request.method} {request.path}; {detail}"
    raw = status_response(status, status.phrase, detail, error_format_of(request.path), _record().request_id)
    response = _to_flask(raw)
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    return response


def _unexpected(error: Exception) -> Response:
    return _to_flask(unexpected_response(error, error_format_of(request.path), _record().request_id))


def _record() -> RequestRecord:
    record: RequestRecord = request.environ[RECORD]
    return record
