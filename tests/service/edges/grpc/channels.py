"""What the tests of gRPC share: servers with a port for it, published stubs, and calls that send any bytes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import grpc
import numpy as np
from numpy.typing import NDArray
from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc
from tritonclient.grpc import service_pb2, service_pb2_grpc

from harness.waiting import PATIENCE_SECONDS
from tests.conftest import Server, free_port, running

INFER = "/inference.GRPCInferenceService/ModelInfer"
PREDICT = "/tensorflow.serving.PredictionService/Predict"

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Rpc:
    """A server, and a channel to its gRPC port."""

    server: Server
    address: str
    channel: grpc.Channel

    @property
    def oip(self) -> Any:
        return service_pb2_grpc.GRPCInferenceServiceStub(self.channel)

    @property
    def prediction(self) -> Any:
        return prediction_service_pb2_grpc.PredictionServiceStub(self.channel)

    @property
    def models(self) -> Any:
        return model_service_pb2_grpc.ModelServiceStub(self.channel)

    def send(self, path: str, content: bytes, metadata: tuple[tuple[str, str], ...] = ()) -> bytes:
        """Send bytes to a method as they are."""
        answer: bytes = self.channel.unary_unary(path)(content, metadata=metadata, timeout=PATIENCE_SECONDS)
        return answer


class Stalled:
    """A call whose message never comes."""

    def __init__(self, rpc: Rpc, path: str = INFER, **options: Any) -> None:
        self._end = threading.Event()
        self.call = rpc.channel.stream_unary(path).future(self._messages(), **options)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()

    def _messages(self) -> Iterator[bytes]:
        self._end.wait()
        yield from ()


@contextmanager
def speaking_grpc(directory: Path, **options: Any) -> Iterator[Rpc]:
    """Run a gunicorn with a port for gRPC."""
    port = free_port()
    with running(directory, GRPC_PORT=str(port), **options) as server:
        server.wait_until_ready()
        address = f"{server.address[0]}:{port}"
        with grpc.insecure_channel(address, [("grpc.enable_http_proxy", 0)]) as channel:
            yield Rpc(server, address, channel)


def float32(numbers: Any) -> list[float]:
    """Return numbers as float32 has them: JSON has as few digits as tell one float32 from the next."""
    exact: list[float] = np.array(numbers, np.float32).tolist()
    return exact


def refusal(call: Any, *arguments: Any, **options: Any) -> grpc.RpcError:
    """Return the error that a call ends in."""
    try:
        answer = call(*arguments, **options)
    except grpc.RpcError as error:
        return error
    raise AssertionError(f"it was answered: {answer}")


def infer_request(points: Floats, *, raw: bool = True, model: str = "tanh-10-10", **fields: object) -> Any:
    """Return a request of the Open Inference Protocol."""
    request = service_pb2.ModelInferRequest(model_name=model, **fields)
    given = request.inputs.add(name="points", datatype="FP32", shape=points.shape)
    if raw:
        request.raw_input_contents.append(points.astype("<f4").tobytes())
    else:
        given.contents.fp32_contents.extend(points.ravel().tolist())
    return request
