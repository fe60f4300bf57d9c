"""What can go wrong between this client and the service: nobody answers, or the answer is a problem (RFC 9457)."""

from collections.abc import Mapping, Sequence


class ClientError(Exception):
    """What every error of this package is. The message is one line."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


class ConnectionFailedError(ClientError):
    """No service answers at the address: nothing listens there, it takes too long, or it is something else."""


class ProblemError(ClientError):
    """The service answered with an error.

    Attributes
    ----------
    status : int
        The HTTP status, 400 to 599.
    title : str
        The kind of problem.
    detail : str
        What was wrong, and what to send instead.
    errors : mapping of str to sequence of str
        Messages by field; empty where no field was at fault.
    request_id : str or None
        What the service's log calls the request; None if something in front of the service answered.
    retry_after : float or None
        The seconds after which to ask again, 0 or more; None where the answer names no time.
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
    """401: the service asks for an API key, and was sent none, or one that it does not know."""


class ForbiddenError(ProblemError):
    """403: not with this API key."""


class NotFoundError(ProblemError):
    """404: no such model, version or experiment; the detail lists what there is."""


class TooLargeError(ProblemError):
    """413: too many points, too large a body or too fine a grid; the detail says how much is taken."""


class InvalidError(ProblemError):
    """422: values that are not allowed; `errors` names each field."""


class UnavailableError(ProblemError):
    """503, still after the retries: the service is overloaded or not ready."""
