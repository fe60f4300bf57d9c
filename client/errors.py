"""The client's errors: the connection failed, or the service responded with a problem document (RFC 9457)."""

from collections.abc import Mapping, Sequence


class ClientError(Exception):
    """The base class of this package's errors. The message is a single line."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


class ConnectionFailedError(ClientError):
    """No boundary service answers at the address: nothing listens, the response is late, or it is another server."""


class ProblemError(ClientError):
    """The service responded with an error.

    Attributes
    ----------
    status : int
        The HTTP status, 400 to 599.
    title : str
        A short summary of the problem's type.
    detail : str
        What was wrong, and what to send instead.
    errors : mapping of str to sequence of str
        The messages for each invalid field. Empty if no field is invalid.
    request_id : str or None
        The request's id in the service's log. None if a server in front of the service responded.
    retry_after : float or None
        Seconds to wait before the next attempt, 0 or more. None if the response names no time.
    """

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        errors: Mapping[str, Sequence[str]] | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"{title}: {detail}")
        self.status = status
        self.title = title
        self.detail = detail
        self.errors = errors or {}
        self.request_id = request_id
        self.retry_after = retry_after


class UnauthorizedError(ProblemError):
    """401: the service requires an API key, and the request has none or an unknown one."""


class ForbiddenError(ProblemError):
    """403: this API key does not allow the request."""


class NotFoundError(ProblemError):
    """404: no such model, version or experiment. `detail` lists those that exist."""


class TooLargeError(ProblemError):
    """413: too many points, too large a body or too fine a grid. `detail` gives the limit."""


class InvalidError(ProblemError):
    """422: invalid values. `errors` names each field."""


class UnavailableError(ProblemError):
    """503 even after the retries: the service is overloaded or not ready."""
