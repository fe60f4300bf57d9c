"""Errors as responses, in the format of the interface that was called."""

from http import HTTPStatus

import orjson
import structlog
from structlog.typing import FilteringBoundLogger

from service.errors import (
    FieldErrors,
    InvalidError,
    ServiceError,
    UnauthorizedError,
    UnavailableError,
    is_shortage,
)
from service.http.error_formats import ERROR_JSON, ErrorFormat
from service.http.responses import Header, RawResponse

log: FilteringBoundLogger = structlog.get_logger()

MAX_ERROR_CHARS = 1000
"""Who sent a name of ten megabytes need not be told it."""


def error_response(error: ServiceError, error_format: ErrorFormat, request_id: str) -> RawResponse:
    """Return the response to a request that cannot be answered."""
    headers: list[Header] = []
    if isinstance(error, UnavailableError):
        headers.append(("Retry-After", str(error.retry_after_seconds)))
    if isinstance(error, UnauthorizedError):
        headers.append(("WWW-Authenticate", 'Bearer realm="boundary-service"'))
    response = status_response(error.status, error.title, error.detail, error_format, request_id, error.errors)
    response.headers.extend(headers)
    return response


def unexpected_response(error: Exception, error_format: ErrorFormat, request_id: str) -> RawResponse:
    """Log an error that nobody expected, and return the response that says so without a word of it. Where something has
    run out, that is a 503: the same request may succeed in a moment, or where it asks for less.
    """
    if is_shortage(error):
        log.warning("request refused", reason=repr(error), request_id=request_id)
        shortage = UnavailableError("too little memory or room for this request now; ask for less, or again in 5 s")
        return error_response(shortage, error_format, request_id)
    log.error("request failed", exc_info=error, request_id=request_id)
    detail = "the service failed; its log says more under this request_id"
    return status_response(500, HTTPStatus(500).phrase, detail, error_format, request_id)


def status_response(
    status: int,
    title: str,
    detail: str,
    error_format: ErrorFormat,
    request_id: str,
    errors: FieldErrors | None = None,
) -> RawResponse:
    """Return an error as a response. `type` of a problem is about:blank: its status says all that its kind means."""
    if status == InvalidError.status:
        status = error_format.invalid_status
    detail = _shortened(detail)
    if error_format is ERROR_JSON:
        return RawResponse([orjson.dumps({"error": detail})], error_format.media_type, status)
    document: dict[str, object] = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "request_id": request_id,
    }
    if errors is not None:
        document["errors"] = {_shortened(name): list(map(_shortened, messages)) for name, messages in errors.items()}
    return RawResponse([orjson.dumps(document)], error_format.media_type, status)


def _shortened(text: str) -> str:
    """Return a text that may quote what a client sent, however long that was."""
    return text if len(text) <= MAX_ERROR_CHARS else f"{text[:MAX_ERROR_CHARS]}…"
