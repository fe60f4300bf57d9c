"""What can go wrong with a request, in terms that every edge can turn into its own form: one class, one status."""

import errno
from collections.abc import Mapping, Sequence

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


SHORTAGES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.ENOSPC, errno.EDQUOT})
"""What the kernel says where descriptors, buffers, memory or room run out."""


def is_shortage(error: BaseException) -> bool:
    """Say whether something has run out that may be there again in a moment: a reason to refuse, never to end."""
    if isinstance(error, OSError):
        return error.errno in SHORTAGES
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and "new thread" in str(error))
