"""Whatever a client sends is answered, or refused as the client's fault: no message is a fault of the service's."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorflow_serving.apis import predict_pb2
from tritonclient.grpc import service_pb2

from service.edges.open_inference.messages import DATATYPES
from tests.service.edges.grpc.channels import INFER, PREDICT, Rpc, infer_request, speaking_grpc
from tests.service.edges.standards import POINTS

CLIENTS_FAULTS = {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND}

INT64 = st.integers(-(2**63), 2**63 - 1)
SIZES = st.sampled_from([-1, 0, 1, 2, 3, 2**31, 2**63 - 1, -(2**63)]) | INT64
TEXTS = st.sampled_from(["points", "FP32", "probabilities", "tanh-3", "", "点\u0000", "x" * 3000]) | st.text(max_size=9)
DATATYPE = st.just("FP32") | st.sampled_from([*DATATYPES]) | TEXTS
CONTENTS = {
    "fp32_contents": st.floats(width=32),
    "fp64_contents": st.floats(),
    "int_contents": st.integers(-(2**31), 2**31 - 1),
    "int64_contents": INT64,
    "uint_contents": st.integers(0, 2**32 - 1),
    "uint64_contents": st.integers(0, 2**64 - 1),
    "bytes_contents": st.binary(max_size=9),
}
"""Fields with numbers, and what may stand in them."""
FLOATS = st.lists(st.floats(width=32), max_size=6)


@pytest.fixture(scope="module")
def rpc(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rpc]:
    with speaking_grpc(tmp_path_factory.mktemp("any"), SERVICE_MODELS_DIR=str(models_dir)) as started:
        yield started


def assert_answered(rpc: Rpc, path: str, content: bytes) -> None:
    try:
        rpc.send(path, content)
    except grpc.RpcError as error:
        assert error.code() in CLIENTS_FAULTS, (error, content)  # noqa: PT017 (nearly all are)


@st.composite
def v2_requests(draw: st.DrawFn) -> bytes:
    request = service_pb2.ModelInferRequest(model_name=draw(st.just("tanh-3") | TEXTS), model_version=draw(TEXTS))
    for _ in range(draw(st.integers(0, 2))):
        given_input = request.inputs.add(name=draw(st.just("points") | TEXTS), datatype=draw(DATATYPE))
        given_input.shape.extend(draw(st.just([1, 2]) | st.lists(SIZES, max_size=4)))
        for field, n in draw(st.dictionaries(st.sampled_from([*CONTENTS]), st.integers(0, 3), max_size=2)).items():
            getattr(given_input.contents, field).extend(draw(st.lists(CONTENTS[field], min_size=n, max_size=n)))
    request.raw_input_contents.extend(draw(st.lists(st.binary(max_size=24), max_size=2)))
    return bytes(request.SerializeToString())


@st.composite
def v1_requests(draw: st.DrawFn) -> bytes:
    request = predict_pb2.PredictRequest(output_filter=draw(st.just([]) | st.lists(TEXTS, max_size=2)))
    request.model_spec.name = draw(st.just("tanh-3") | TEXTS)
    request.model_spec.signature_name = draw(st.sampled_from(["", "at", "replicates", "activations"]) | TEXTS)
    if draw(st.booleans()):
        request.model_spec.version.value = draw(SIZES)
    for name in draw(st.lists(st.sampled_from(["points", "replicate", "snapshot"]) | TEXTS, max_size=3)):
        tensor = request.inputs[name]
        tensor.dtype = draw(st.sampled_from([0, 1, 2, 3, 7, 19, 99]))
        for size in draw(st.just([1, 2]) | st.lists(SIZES, max_size=4)):
            tensor.tensor_shape.dim.add(size=size)
        tensor.float_val.extend(draw(FLOATS))
        tensor.int_val.extend(draw(st.lists(st.integers(-(2**31), 2**31 - 1), max_size=2)))
        tensor.tensor_content = draw(st.just(b"") | st.binary(max_size=24))
    return bytes(request.SerializeToString())


@settings(max_examples=70)
@given(content=v2_requests())
def test_any_request_of_v2(rpc: Rpc, content: bytes) -> None:
    assert_answered(rpc, INFER, content)


@settings(max_examples=70)
@given(content=v1_requests())
def test_any_request_of_v1(rpc: Rpc, content: bytes) -> None:
    assert_answered(rpc, PREDICT, content)


def whole_requests() -> list[tuple[str, bytes]]:
    predict: Any = predict_pb2.PredictRequest()
    predict.model_spec.name = "tanh-3"
    predict.inputs["points"].dtype = 1
    predict.inputs["points"].tensor_content = POINTS.tobytes()
    for size in POINTS.shape:
        predict.inputs["points"].tensor_shape.dim.add(size=size)
    return [(INFER, infer_request(POINTS).SerializeToString()), (PREDICT, predict.SerializeToString())]


@pytest.mark.parametrize(("path", "content"), whole_requests(), ids=["v2", "v1"])
def test_a_request_with_any_bytes_changed_or_cut_off(rpc: Rpc, path: str, content: bytes) -> None:
    random = np.random.default_rng(0)
    for _ in range(100):
        changed = bytearray(content[: random.integers(1, len(content) + 1)])
        for _ in range(random.integers(1, 4)):
            changed[random.integers(len(changed))] = random.integers(256)
        assert_answered(rpc, path, bytes(changed))


def test_of_two_messages_the_first_is_answered(rpc: Rpc) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        rpc.channel.stream_unary(INFER)(iter([b"", b""]))
    assert raised.value.code() in CLIENTS_FAULTS


def test_nothing_of_all_that_left_a_traceback(rpc: Rpc) -> None:
    assert rpc.server.tracebacks() == 0
