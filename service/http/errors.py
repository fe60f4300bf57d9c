"""Errors as responses, in the format of the interface that was called."""

import orjson

from service.errors import (
    FieldErrors,
    InvalidError,
    ServiceError,
    UnauthorizedError,
    UnavailableError,
    log_unexpected,
)
from service.http.error_formats import ERROR_JSON, ErrorFormat
from service.http.responses import Header, RawResponse

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
    """Return the response to a request that failed by an error that nobody expected, which is logged."""
    return error_response(log_unexpected(error, request_id), error_format, request_id)


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
