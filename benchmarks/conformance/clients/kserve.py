"""KServe's own client, over HTTP and over gRPC. It has no call for metadata, nor for a version."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

import grpc
import httpx
import kserve
import numpy as np
from kserve.protocol.infer_type import RequestedOutput

from benchmarks.conformance import operations as op
from benchmarks.conformance.asking import NO, NO_SUCH, NOT_OFFERED, Column, Result, Seen, Target, require, run

logging.disable()  # it logs every error before it raises it

Ask = Callable[..., Coroutine[Any, Any, Any]]


def status_of(error: Exception) -> str | None:
    if isinstance(error, httpx.HTTPStatusError):
        return str(error.response.status_code)
    return str(error.code().name) if isinstance(error, grpc.RpcError) else None


class Transport:
    """What both transports have alike: their calls, given a client."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.is_http = target.grpc is None

    def call(self, ask: Ask) -> Callable[[], object]:
        """Return what asks, on an event loop of its own."""
        return lambda: asyncio.run(self._with_client(ask))

    async def _with_client(self, ask: Ask) -> object:
        if self.is_http:
            client = kserve.InferenceRESTClient(kserve.inference_client.RESTConfig(protocol="v2", timeout=20))
        else:
            client = kserve.InferenceGRPCClient(self.target.grpc, timeout=20, retries=0)
        try:
            return await ask(client)
        finally:
            await client.close()

    def place(self) -> tuple[str, ...]:
        return (self.target.url,) if self.is_http else ()

    def headers(self) -> dict[str, Any]:
        given = self.target.headers
        return {"headers": given if self.is_http else tuple(given.items())}

    def model_ready(self, model: str) -> Callable[[], object]:
        return self.call(lambda client: client.is_model_ready(*self.place(), model, **self.headers()))

    def infer(
        self,
        array: Any = None,
        model: str = "",
        name: str = "",
        datatype: str = "FP32",
        output: str = "",
        *,
        binary: bool,
        is_id: bool = False,
    ) -> Callable[[], object]:
        """Return what infers, and checks the numbers."""

        async def ask(client: Any) -> None:
            points = self.target.array if array is None else array
            given = kserve.InferInput(name or self.target.input, list(points.shape), datatype)
            if binary or self.is_http or points.dtype == object:
                given.set_data_from_numpy(points, binary_data=binary)
            else:
                given.data = points.ravel().tolist()
            wanted = [RequestedOutput(output, {"binary_data": binary} if self.is_http else {})] if output else []
            called = model or self.target.model
            request = kserve.InferRequest(called, [given], request_id="mine", request_outputs=wanted)
            named = {"model_name": called} if self.is_http else {}
            answer = await client.infer(*self.place(), request, **named, **self.headers())
            numbers = answer.get_output_by_name(self.target.output)
            self.target.check(None if numbers is None else numbers.as_numpy())
            require(not is_id or answer.id == "mine", f"the id is {answer.id!r}")

        return self.call(ask)


def http(target: Target) -> Seen:
    return _seen(Transport(Target(**{**vars(target), "grpc": None})))


def over_grpc(target: Target) -> Seen:
    return _seen(Transport(target))


def _seen(transport: Transport) -> Seen:
    column, target = Column(status_of), transport.target
    place, headers = transport.place(), transport.headers()
    yield op.LIVE, column.answers(transport.call(lambda client: client.is_server_live(*place, **headers)))
    yield op.READY, column.answers(transport.call(lambda client: client.is_server_ready(*place, **headers)))
    yield op.MODEL_READY, column.answers(transport.model_ready(target.model))
    yield op.JSON, column.answers(transport.infer(binary=False))
    yield op.BINARY, _extension(transport, column.answers(transport.infer(binary=True)))
    yield op.ID, column.answers(transport.infer(binary=False, is_id=True))
    yield op.OUTPUTS, column.answers(transport.infer(binary=False, output=target.output))
    yield op.NO_MODEL, column.refuses(transport.infer(binary=False, model=NO_SUCH))
    yield op.NO_READY, column.refuses(transport.model_ready(NO_SUCH))
    yield op.WRONG_SHAPE, column.refuses(transport.infer(target.too_wide, binary=False))
    text = np.full(target.array.shape, "text", object)
    yield op.WRONG_TYPE, column.refuses(transport.infer(text, datatype="BYTES", binary=False))
    yield op.NO_INPUT, column.refuses(transport.infer(binary=False, name=NO_SUCH))
    yield op.NO_OUTPUT, column.refuses(transport.infer(binary=False, output=NO_SUCH))


def _extension(transport: Transport, result: Result) -> Result:
    """Excuse a server that does not say that it has numbers as bytes over HTTP."""
    if transport.is_http and result.answer == NO:
        found = httpx.get(f"{transport.target.url}/v2", headers=transport.target.headers, trust_env=False)
        if "binary_tensor_data" not in found.text:
            return Result(NOT_OFFERED, "not among the server's extensions")
    return result


if __name__ == "__main__":
    run({"kserve, HTTP": http, "kserve, gRPC": over_grpc})
