"""Server reflection: tools such as grpcurl ask here what the services and their messages are. It needs no key."""

from collections.abc import Callable, Sequence

from google.protobuf.message import DecodeError
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha.reflection import ReflectionServicer

from service.rpc.calls import RECEIVE, StreamHandler
from service.rpc.messages import POOL, Message

PATHS = tuple(f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo" for version in ("v1", "v1alpha"))
"""The two versions differ by name alone."""


def reflection(services: Sequence[str]) -> Callable[[], StreamHandler]:
    """Return what answers both versions, for services whose messages are in our pool."""
    servicer = ReflectionServicer(services, POOL)

    def info() -> StreamHandler:
        while (content := (yield RECEIVE)) is not None:
            for response in servicer.ServerReflectionInfo(iter([_read(content)]), None):
                yield response.SerializeToString()

    return info


def _read(content: bytes) -> Message:
    """Return a request; of a damaged message one that asks for nothing, which is answered as invalid."""
    try:
        return reflection_pb2.ServerReflectionRequest.FromString(content)
    except DecodeError:
        return reflection_pb2.ServerReflectionRequest()
