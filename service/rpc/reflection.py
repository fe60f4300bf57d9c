"""Server reflection: tools such as grpcurl ask here what the services and their messages are. It needs no key."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

from google.protobuf.message import DecodeError
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha.reflection import aio

from service.rpc.calls import Receive, Stream
from service.rpc.messages import POOL, Message

PATHS = tuple(f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo" for version in ("v1", "v1alpha"))
"""The two versions differ by name alone."""

LOOK_SECONDS = 0.2


def reflection(services: Sequence[str], is_stopping: Callable[[], bool]) -> Stream:
    """Return what answers both versions, for services whose messages are in our pool."""
    servicer = aio.ReflectionServicer(services, POOL)

    async def info(receive: Receive) -> AsyncIterator[bytes]:
        async for response in servicer.ServerReflectionInfo(_requests(receive, is_stopping), None):
            yield response.SerializeToString()

    return info


async def _requests(receive: Receive, is_stopping: Callable[[], bool]) -> AsyncIterator[Message]:
    """Yield a client's requests until there are no more, or the worker stops."""
    while True:
        pending = asyncio.ensure_future(receive())
        try:
            while not pending.done():
                if is_stopping():
                    return
                await asyncio.wait({pending}, timeout=LOOK_SECONDS)
        finally:
            pending.cancel()  # where this is closed before; else nothing happens
        content = pending.result()
        if content is None:
            return
        yield _read(content)


def _read(content: bytes) -> Message:
    """Return a request; of a damaged message one that asks for nothing, which is answered as invalid."""
    try:
        return reflection_pb2.ServerReflectionRequest.FromString(content)
    except DecodeError:
        return reflection_pb2.ServerReflectionRequest()
