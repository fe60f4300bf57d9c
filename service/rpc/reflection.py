"""Server reflection: tools such as grpcurl ask here what the services and their messages are. It needs no key."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

import grpc
from google.protobuf.message import DecodeError
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha.reflection import aio

from service.rpc.messages import POOL, Message

PATHS = tuple(f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo" for version in ("v1", "v1alpha"))
"""The two versions differ by name alone."""

LOOK_SECONDS = 0.2


def reflection(services: Sequence[str], is_stopping: Callable[[], bool]) -> dict[str, grpc.RpcMethodHandler]:
    """Return what answers by path, for services whose messages are in our pool."""
    servicer = aio.ReflectionServicer(services, POOL)

    async def info(requests: AsyncIterator[Message], context: grpc.aio.ServicerContext) -> AsyncIterator[Message]:
        async for response in servicer.ServerReflectionInfo(_until(is_stopping, requests), context):
            yield response

    response = reflection_pb2.ServerReflectionResponse.SerializeToString
    return dict.fromkeys(PATHS, grpc.stream_stream_rpc_method_handler(info, _read, response))


def _read(content: bytes) -> Message:
    """Return a request; of a damaged message one that asks for nothing, which is answered as invalid."""
    try:
        return reflection_pb2.ServerReflectionRequest.FromString(content)
    except DecodeError:
        return reflection_pb2.ServerReflectionRequest()


async def _until(is_stopping: Callable[[], bool], requests: AsyncIterator[Message]) -> AsyncIterator[Message]:
    """Yield a client's requests until there are no more, or the worker stops."""
    following = aiter(requests)
    pending = asyncio.ensure_future(anext(following, None))
    while not (pending.done() and pending.result() is None):
        done, _ = await asyncio.wait({pending}, timeout=LOOK_SECONDS)
        if done:
            request = pending.result()
            if request is not None:
                yield request
                pending = asyncio.ensure_future(anext(following, None))
        elif is_stopping():
            pending.cancel()
            return
