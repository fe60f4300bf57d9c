"""What can go wrong with a request, in terms that every edge can turn into its own form: one class, one status."""

import errno
from collections.abc import Mapping, Sequence

import structlog
from structlog.typing import FilteringBoundLogger

log: FilteringBoundLogger = structlog.get_logger()

FieldErrors = Mapping[str, Sequence[str]]


class ServiceError(Exception):
    """A request that cannot be answered. The message says what to send instead, and is safe to show a client.

    Titles are the status codes' own phrases (RFC 9110), which `http.HTTPStatus` has only since Python 3.13.
    """

    status = 500
    title = "Internal Server Error"

    def __init__(self, detail: str, errors: FieldErrors | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = errors


class MalformedError(ServiceError):
    status = 400
    title = "Bad Request"


class UnauthorizedError(ServiceError):
    status = 401
    title = "Unauthorized"


class ForbiddenError(ServiceError):
    status = 403
    title = "Forbidden"


class NotFoundError(ServiceError):
    status = 404
    title = "Not Found"


class NotAcceptableError(ServiceError):
    status = 406
    title = "Not Acceptable"


class TooLargeError(ServiceError):
    status = 413
    title = "Content Too Large"


class UnsupportedMediaTypeError(ServiceError):
    status = 415
    title = "Unsupported Media Type"


class InvalidError(ServiceError):
    """Values that are well formed but not allowed; `errors` names each field."""

    status = 422
    title = "Unprocessable Content"

    @classmethod
    def of(cls, field: str, message: str) -> "InvalidError":
        return cls(f"{field}: {message}", {field: [message]})


class UnavailableError(ServiceError):
    status = 503
    title = "Service Unavailable"
    retry_after_seconds = 5


class ShortageError(UnavailableError):
    """Something has run out for this request; others may be answered meanwhile."""


SHORTAGES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.ENOSPC, errno.EDQUOT})
"""What the kernel says where descriptors, buffers, memory or room run out."""


def is_shortage(error: BaseException) -> bool:
    """Say whether something has run out that may be there again in a moment: a reason to refuse, never to end."""
    if isinstance(error, OSError):
        return error.errno in SHORTAGES
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and "new thread" in str(error))


def log_unexpected(error: Exception, request_id: str) -> ServiceError:
    """Log an error that nobody expected, and return what a client is told without a word of it. Where something has run
    out, the same request may succeed in a moment, or where it asks for less.
    """
    if is_shortage(error):
        log.warning("request refused", reason=repr(error), request_id=request_id)
        seconds = ShortageError.retry_after_seconds
        return ShortageError(f"too little memory or room for this request now; ask for less, or again in {seconds} s")
    log.error("request failed", exc_info=error, request_id=request_id)
    return ServiceError(f"the service failed; its log says more under the request id {request_id}")
