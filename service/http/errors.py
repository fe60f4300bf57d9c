"""Errors as answers, in the words of the interface that was asked."""

from http import HTTPStatus

import orjson
import structlog
from flask import Flask, Response, request
from structlog.typing import FilteringBoundLogger
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from service.errors import FieldErrors, InvalidError, ServiceError, UnauthorizedError, UnavailableError
from service.http.error_formats import STANDARD, dialect_of
from service.http.record import request_id

log: FilteringBoundLogger = structlog.get_logger()


LONGEST = 1000
"""Characters of an error: who sent a name of ten megabytes need not be told it."""


def register(app: Flask) -> None:
    app.register_error_handler(ServiceError, _service_error)
    app.register_error_handler(HTTPException, _http_exception)
    app.register_error_handler(Exception, _unexpected)


def _answer(status: int, title: str, detail: str, errors: FieldErrors | None = None) -> Response:
    dialect = dialect_of(request.path)
    if status == InvalidError.status:
        status = dialect.invalid
    detail = _shortened(detail)
    document = {"error": detail} if dialect is STANDARD else _problem(status, title, detail, errors)
    return Response(orjson.dumps(document), status, content_type=dialect.media_type)


def _problem(status: int, title: str, detail: str, errors: FieldErrors | None) -> dict[str, object]:
    """Return a problem document. `type` is about:blank: the status says all that the kind of problem means."""
    document: dict[str, object] = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "request_id": request_id(),
    }
    if errors is None:
        return document
    return {**document, "errors": {_shortened(name): list(map(_shortened, found)) for name, found in errors.items()}}


def _shortened(text: str) -> str:
    """Return a text that may quote what a client sent, however long that was."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _service_error(error: ServiceError) -> Response:
    response = _answer(error.status, error.title, error.detail, error.errors)
    if isinstance(error, UnavailableError):
        response.headers["Retry-After"] = str(error.retry_after_seconds)
    if isinstance(error, UnauthorizedError):
        response.headers["WWW-Authenticate"] = 'Bearer realm="boundary-service"'
    return response


def _http_exception(error: HTTPException) -> Response:
    status = HTTPStatus(error.code or 500)
    detail = {
        HTTPStatus.NOT_FOUND: f"there is nothing at {request.path}; GET /openapi.json lists what there is",
        HTTPStatus.METHOD_NOT_ALLOWED: f"{request.path} does not take {request.method}",
    }.get(status, status.description or status.phrase)
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        detail += f"; it takes {', '.join(sorted(error.valid_methods))}"
    if request.path.startswith("/v1/"):  # in TensorFlow Serving's words
        detail = f"Malformed request: {request.method} {request.path}; {detail}"
    response = _answer(status, status.phrase, detail)
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    return response


def _unexpected(error: Exception) -> Response:
    log.error("request failed", exc_info=error, request_id=request_id())
    return _answer(500, "Internal Server Error", "the service failed; its log says more under this request_id")
