"""Health as gRPC has it (grpc.health.v1): asked once, or watched. Both need no key.

https://github.com/grpc/grpc/blob/master/doc/health-checking.md. The package grpcio-health-checking has a servicer for
it, which answers a damaged message as a fault of its own, and whose watchers keep a worker that stops from stopping.
"""

from collections.abc import Sequence

from google.protobuf.message import DecodeError

from service.errors import MalformedError, NotFoundError
from service.http.context import Call, Context
from service.rpc.calls import LOOK, RECEIVE, StreamHandler
from service.rpc.messages import Message, declare, message_class
from service.rpc.procedure import Procedures

SERVICE = "grpc.health.v1.Health"
WATCH = f"/{SERVICE}/Watch"
UNKNOWN, SERVING, NOT_SERVING, SERVICE_UNKNOWN = range(4)

declare(
    "grpc.health.v1",
    {
        "HealthCheckRequest": ("string service = 1",),
        "HealthCheckResponse": ("enum HealthCheckResponse.ServingStatus status = 1",),
        "HealthListRequest": (),
        "HealthListResponse": ("map<string, HealthCheckResponse> statuses = 1",),
    },
    enums={
        "HealthCheckResponse.ServingStatus": {
            "UNKNOWN": UNKNOWN,
            "SERVING": SERVING,
            "NOT_SERVING": NOT_SERVING,
            "SERVICE_UNKNOWN": SERVICE_UNKNOWN,
        }
    },
    services={
        "Health": {
            "Check": ("HealthCheckRequest", "HealthCheckResponse"),
            "List": ("HealthListRequest", "HealthListResponse"),
            "Watch": ("HealthCheckRequest", "stream HealthCheckResponse"),
        }
    },
)
Request, Response = (
    message_class("grpc.health.v1.HealthCheckRequest"),
    message_class("grpc.health.v1.HealthCheckResponse"),
)
ListResponse = message_class("grpc.health.v1.HealthListResponse")


class Health:
    """The health of a worker and of each of its services, which is one."""

    def __init__(self, services: Sequence[str], context: Context) -> None:
        self._services = ("", *services)
        self._context = context
        self.procedures = Procedures("grpc_health", SERVICE)
        self.procedures.method("Check", public=True)(self.check)
        self.procedures.method("List", public=True)(self.list)

    def check(self, _: Call, request: Message) -> Message:
        status = self._status(request.service)
        if status == SERVICE_UNKNOWN:
            raise NotFoundError(f"there is no service {request.service!r}; services: {', '.join(self._services[1:])}")
        return Response(status=status)

    def list(self, _: Call, __: Message) -> Message:
        return ListResponse(statuses={name: Response(status=self._status(name)) for name in self._services})

    def watch(self) -> StreamHandler:
        """Send the status, and again when it has changed."""
        content = yield RECEIVE
        try:
            name = Request.FromString(content or b"").service
        except DecodeError as error:
            raise MalformedError("the message is no HealthCheckRequest") from error
        last = None
        while True:
            status = self._status(name)
            if status != last:
                yield Response(status=status).SerializeToString()
            last = status
            yield LOOK

    def _status(self, service: str) -> int:
        if service not in self._services:
            return SERVICE_UNKNOWN
        return SERVING if self._context.is_ready() else NOT_SERVING
