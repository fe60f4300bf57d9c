"""Errors as gRPC says them: a code, a message, and where the same may be sent again, after how long."""

import math
from dataclasses import dataclass

from google.protobuf import duration_pb2
from grpc import StatusCode

from service.dataplane.admission import OverloadedError
from service.errors import (
    InvalidError,
    MalformedError,
    ServiceError,
    ShortageError,
    TooLargeError,
    UnavailableError,
    log_unexpected,
)
from service.rpc.messages import ANY, add_file, declare, message_class

CODES = {
    400: StatusCode.INVALID_ARGUMENT,
    401: StatusCode.UNAUTHENTICATED,
    403: StatusCode.PERMISSION_DENIED,
    404: StatusCode.NOT_FOUND,
    500: StatusCode.INTERNAL,
    501: StatusCode.UNIMPLEMENTED,
    503: StatusCode.UNAVAILABLE,
}
"""By the status that the same error has over HTTP."""

AS_MALFORMED = (InvalidError.status, TooLargeError.status)
"""As in the standards over HTTP, what a client sent wrong is one code. RESOURCE_EXHAUSTED for what is too large would
say that it may be sent again.
"""

SHORT_OF_SOMETHING = (OverloadedError, ShortageError)
"""RESOURCE_EXHAUSTED; UNAVAILABLE is for what is not loaded yet."""

MAX_MESSAGE_BYTES = 1500
"""A byte takes up to three on the wire, and clients take 8 kB of a response's metadata."""

DETAILS = "grpc-status-details-bin"

add_file(duration_pb2)
declare(
    "google.rpc",
    {
        "Status": ("int32 code = 1", "string message = 2", "repeated .google.protobuf.Any details = 3"),
        "RetryInfo": (".google.protobuf.Duration retry_delay = 1",),
    },
    imports=(ANY, duration_pb2.DESCRIPTOR.name),
)
Status, RetryInfo = message_class("google.rpc.Status"), message_class("google.rpc.RetryInfo")


class UnimplementedError(ServiceError):
    status = 501
    title = "Not Implemented"


@dataclass(frozen=True)
class Refusal:
    """A call that is not answered. `status` is what metrics and logs call it, as over HTTP."""

    code: StatusCode
    status: int
    message: str
    retry_seconds: float | None = None

    def details(self) -> list[tuple[str, bytes]]:
        """Return the trailing metadata that says when to come back: a google.rpc.RetryInfo in a google.rpc.Status."""
        if self.retry_seconds is None:
            return []
        retry, status = RetryInfo(), Status(code=self.code.value[0], message=self.message)
        retry.retry_delay.nanos, retry.retry_delay.seconds = _split(self.retry_seconds)
        status.details.add().Pack(retry)
        return [(DETAILS, status.SerializeToString())]


def refusal_of(error: Exception, request_id: str) -> Refusal:
    """Return how an error is told to a client; one that nobody expected is logged."""
    if not isinstance(error, ServiceError):
        error = log_unexpected(error, request_id)
    status = MalformedError.status if error.status in AS_MALFORMED else error.status
    retry = error.retry_after_seconds if isinstance(error, UnavailableError) else None
    code = StatusCode.RESOURCE_EXHAUSTED if isinstance(error, SHORT_OF_SOMETHING) else CODES[status]
    return Refusal(code, status, _shortened(error.detail), retry)


def _split(seconds: float) -> tuple[int, int]:
    """Return nanoseconds and whole seconds."""
    fraction, whole = math.modf(seconds)
    return int(fraction * 1e9), int(whole)


def _shortened(message: str) -> str:
    encoded = message.encode()
    return message if len(encoded) <= MAX_MESSAGE_BYTES else encoded[:MAX_MESSAGE_BYTES].decode(errors="ignore") + "…"
