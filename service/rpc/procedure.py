"""A procedure, written once: what answers it, what it takes, and who may call it.

It is to gRPC what `service.http.endpoint` is to HTTP.
"""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from google.protobuf import empty_pb2
from google.protobuf.message import DecodeError

from service.dataplane.admission import WouldBlockError
from service.dataplane.dataplane import DataPlane
from service.errors import MalformedError
from service.http.access import authenticate
from service.http.context import Call, Context
from service.request_record import RequestRecord
from service.rpc.messages import POOL, Message, MessageClass, add_file, message_class
from service.rpc.status import Refusal, UnimplementedError, refusal_of

Handler = Callable[[Call, Message], Message]
"""Answers a call with its request."""


@dataclass(frozen=True)
class Procedure:
    """One method of a service; `name` is what metrics and logs call it. A `public` one never needs a key."""

    name: str
    path: str
    request: MessageClass
    handler: Handler
    public: bool


class Procedures(list[Procedure]):
    """The methods of one service, declared by decorators."""

    def __init__(self, module: str, service: str) -> None:
        super().__init__()
        self._module = module
        self.service = service

    def method(self, name: str, *, public: bool = False) -> Callable[[Handler], Handler]:
        """Declare what answers a method."""

        def declare(handler: Handler) -> Handler:
            method = POOL.FindServiceByName(self.service).methods_by_name[name]
            request = message_class(method.input_type.full_name)
            path = f"/{self.service}/{name}"
            self.append(Procedure(f"{self._module}.{handler.__name__}", path, request, handler, public))
            return handler

        return declare

    def refuse(self, name: str, message: str) -> None:
        """Declare a method that is not offered, with what to tell who calls it."""

        def handler(_: Call, __: Message) -> Message:
            raise UnimplementedError(message)

        path = f"/{self.service}/{name}"
        self.append(Procedure(f"{self._module}.refused", path, message_class(UNREAD), handler, public=True))


add_file(empty_pb2)
UNREAD = "google.protobuf.Empty"
"""Stands for requests of which nothing is read: it takes whatever fields there are."""


def call_of(metadata: Mapping[str, str], record: RequestRecord, context: Context, plane: DataPlane) -> Call:
    """Return a call with this metadata, which is what headers are over HTTP."""
    return Call("", metadata, io.BytesIO(), record, context, plane)


def admit(procedure: Procedure, call: Call) -> Refusal | None:
    """Note who makes a call, or say why it may not be made."""
    try:
        authenticate(procedure.public, call)
    except Exception as error:  # noqa: BLE001 (whatever it is, it is logged, and the client is told)
        return refusal_of(error, call.record.request_id)
    return None


def respond(procedure: Procedure, call: Call, content: bytes) -> bytes | Refusal:
    """Answer a call that was admitted, or say why not.

    Raises:
        WouldBlockError: it has to wait, and the call may not.
    """
    try:
        try:
            request = procedure.request.FromString(content)
        except DecodeError as error:
            name = procedure.request.DESCRIPTOR.full_name
            raise MalformedError(f"the message is no {name}") from error
        answer: bytes = procedure.handler(call, request).SerializeToString()
    except WouldBlockError:
        raise
    except Exception as error:  # noqa: BLE001 (as above)
        return refusal_of(error, call.record.request_id)
    return answer
