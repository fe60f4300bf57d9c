"""The Open Inference Protocol over gRPC, as published clients speak it: the same answers and errors as over HTTP."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
import tritonclient.grpc
from tritonclient.grpc import service_pb2
from tritonclient.utils import InferenceServerException

from harness.bundles import copy
from service import __version__
from service.edges.grpc.open_inference import CONTENTS
from tests.conftest import MODELS
from tests.service.edges.grpc.channels import Floats, Rpc, float32, infer_request, refusal, speaking_grpc
from tests.service.edges.standards import OF_DATATYPES, POINTS, predicted

Change = Callable[[Any], None]


KINDS: dict[str, tuple[Floats, str, list[int]]] = {
    "flowers": (np.array([[1, 2], [7, 0]], np.float32), "probabilities", [2, 3]),
    "prices": (np.array([[30, 4, 1, 0.5]], np.float32), "values", [1]),
    "survival": (np.array([[30, 14, 0]], np.float32), "probabilities", [1]),
}


@pytest.fixture(scope="module")
def rpc(models_dir: Path, kinds_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rpc]:
    """Two workers, of which a channel has one, with models of every kind."""
    directory = tmp_path_factory.mktemp("oip")
    copy(models_dir, directory / "models", *MODELS)
    copy(kinds_models, directory / "models", *KINDS)
    settings = {"SERVICE_MODELS_DIR": str(directory / "models"), "SERVICE_MAX_POINTS": "1000", "WEB_CONCURRENCY": "2"}
    with speaking_grpc(directory, **settings) as started:
        yield started


def test_tritons_client_finds_server_and_models(rpc: Rpc) -> None:
    with tritonclient.grpc.InferenceServerClient(rpc.address) as triton:
        assert (triton.is_server_live(), triton.is_server_ready(), triton.is_model_ready("tanh-3")) == (True,) * 3
        server, model = triton.get_server_metadata(), triton.get_model_metadata("tanh-3", as_json=True)
        names = {entry.name for entry in triton.get_model_repository_index().models}
    assert (server.name, server.version) == ("boundary-service", __version__)
    assert model == rpc.server.get("/v2/models/tanh-3").json() | {
        "inputs": [{"name": "points", "datatype": "FP32", "shape": ["-1", "2"]}],
        "outputs": [{"name": "probabilities", "datatype": "FP32", "shape": ["-1"]}],
    }
    assert names == {*MODELS, *KINDS}


@pytest.mark.parametrize("version", ["", "1"])
@pytest.mark.parametrize("n", [1, 3, 1000])
def test_tritons_client_predicts_as_predict_does(rpc: Rpc, n: int, version: str) -> None:
    points = np.random.default_rng(n).uniform(-1.5, 1.5, (n, 2)).astype(np.float32)
    given = tritonclient.grpc.InferInput("points", [n, 2], "FP32").set_data_from_numpy(points)
    with tritonclient.grpc.InferenceServerClient(rpc.address) as triton:
        result = triton.infer("tanh-3", [given], version, request_id="mine")
    assert result.as_numpy("probabilities").tolist() == float32(predicted(rpc.server, points, model="tanh-3"))
    assert (result.get_response().id, result.get_response().model_version) == ("mine", "1")


@pytest.mark.parametrize("raw", [True, False])
@pytest.mark.parametrize("datatype", OF_DATATYPES)
def test_numbers_of_every_datatype_are_those_that_predict_takes(rpc: Rpc, datatype: str, raw: bool) -> None:
    points = OF_DATATYPES[datatype]
    given = tritonclient.grpc.InferInput("points", points.shape, datatype).set_data_from_numpy(points)
    request = service_pb2.ModelInferRequest(model_name="tanh-3", inputs=[given._get_tensor()])
    if raw:
        request.raw_input_contents.append(given._get_content())
    elif datatype == "FP16":
        assert "of FP16 must come as bytes, in raw_input_contents" in refusal(rpc.oip.ModelInfer, request).details()
        return
    else:
        getattr(request.inputs[0].contents, CONTENTS[datatype]).extend(points.ravel().tolist())
    answer = rpc.oip.ModelInfer(request)
    assert answer.outputs[0].datatype == "FP32"
    numbers = np.frombuffer(answer.raw_output_contents[0], "<f4") if raw else answer.outputs[0].contents.fp32_contents
    assert list(numbers) == float32(predicted(rpc.server, points, model="tanh-3"))


@pytest.mark.parametrize("raw", [True, False])
def test_an_answer_has_its_numbers_as_the_request_had_them(rpc: Rpc, raw: bool) -> None:
    answer = rpc.oip.ModelInfer(infer_request(POINTS, raw=raw))
    (output,) = answer.outputs
    numbers = output.contents.fp32_contents
    if raw:
        assert not numbers
        numbers = np.frombuffer(answer.raw_output_contents[0], "<f4")
    assert (output.name, output.datatype, list(output.shape)) == ("probabilities", "FP32", [len(POINTS)])
    assert list(numbers) == float32(predicted(rpc.server, POINTS))


@pytest.mark.parametrize("model", KINDS)
def test_every_kind_of_model_has_the_tensors_that_it_has_over_http(rpc: Rpc, model: str) -> None:
    points, name, shape = KINDS[model]
    (output,) = rpc.oip.ModelInfer(infer_request(points, raw=False, model=model)).outputs
    body = {"inputs": [{"name": "points", "shape": points.shape, "datatype": "FP32", "data": points.ravel().tolist()}]}
    (expected,) = rpc.server.post(f"/v2/models/{model}/infer", json=body).json()["outputs"]
    assert (output.name, list(output.shape)) == (expected["name"], expected["shape"]) == (name, shape)
    assert list(output.contents.fp32_contents) == pytest.approx(expected["data"], rel=1e-6)


def with_input(**fields: Any) -> Change:
    def change(request: Any) -> None:
        for name, value in fields.items():
            if name == "shape":
                del request.inputs[0].shape[:]
                request.inputs[0].shape.extend(value)
            else:
                setattr(request.inputs[0], name, value)

    return change


def with_raw(*contents: bytes) -> Change:
    def change(request: Any) -> None:
        del request.raw_input_contents[:]
        request.raw_input_contents.extend(contents)

    return change


def with_parameter(name: str) -> Change:
    return lambda request: (
        request.outputs.add(name="probabilities").parameters[name].MergeFrom(service_pb2.InferParameter(int64_param=2))
    )


NAN, FAR = np.array([[np.nan, 0]], "<f4").tobytes(), np.array([[1e30, 0]], "<f4").tobytes()
WRONG: dict[str, tuple[Change, str]] = {
    "no input": (lambda request: request.ClearField("inputs"), "the input points is missing"),
    "another input": (with_input(name="x"), "there is no input 'x'; there is points"),
    "twice": (lambda request: request.inputs.append(request.inputs[0]), "points is given 2 times"),
    "a name of other letters": (with_input(name="点"), "there is no input '点'"),
    "another datatype": (with_input(datatype="BYTES"), "must have the datatype FP32, not 'BYTES'"),
    "bytes of another datatype": (with_input(datatype="FP64"), "has 16 bytes; raw_input_contents has 8"),
    "no shape": (with_input(shape=[]), "must have the shape [n, 2], not []"),
    "a negative shape": (with_input(shape=[-1, 2]), "must have the shape [n, 2], not [-1, 2]"),
    "none": (with_input(shape=[0, 2]), "must have the shape [n, 2], not [0, 2]"),
    "three features": (with_input(shape=[1, 3]), "must have the shape [n, 2], not [1, 3]"),
    "the largest shape": (with_input(shape=[2**63 - 1, 2]), "are more than the 1000 taken at once"),
    "many dimensions": (with_input(shape=[1] * 10_000), "must have the shape [n, 2], not [1, 1"),
    "too many points": (with_input(shape=[1001, 2]), "1001 points are more than the 1000 taken at once"),
    "too few bytes": (with_raw(b"\0" * 7), "has 8 bytes; raw_input_contents has 7"),
    "too many bytes": (with_raw(b"\0" * 9), "has 8 bytes; raw_input_contents has 9"),
    "two contents": (with_raw(b"\0" * 8, b"\0" * 8), "raw_input_contents has 2 entries"),
    "no numbers": (with_raw(), "has 2 numbers; fp32_contents has 0"),
    "both": (lambda request: request.inputs[0].contents.fp32_contents.append(1), "has both contents and raw"),
    "NaN": (with_raw(NAN), "points: point 0 must hold finite numbers within ±1e+20"),
    "far out": (with_raw(FAR), "points: point 0 must hold finite numbers within ±1e+20"),
    "another output": (lambda request: request.outputs.add(name="labels"), "there is no output 'labels'"),
    "classification": (with_parameter("classification"), "classification is not offered here"),
    "shared memory": (with_parameter("shared_memory_region"), "shared memory is not offered here"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_named(rpc: Rpc, what: str) -> None:
    change, message = WRONG[what]
    request = infer_request(POINTS[:1])
    change(request)
    error = refusal(rpc.oip.ModelInfer, request)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert message in error.details()


def test_numbers_in_another_field_are_named(rpc: Rpc) -> None:
    request = infer_request(POINTS[:1], raw=False)
    request.inputs[0].contents.fp64_contents.extend([1, 2])
    error = refusal(rpc.oip.ModelInfer, request)
    assert (error.code(), error.details()) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "inputs: points has fp64_contents; the numbers of FP32 stand in fp32_contents.",
    )


@pytest.mark.parametrize(("name", "version"), [("nope", ""), ("tanh-3", "2"), ("tanh-3", "x"), ("", ""), ("点", "")])
def test_what_is_not_served_is_not_found(rpc: Rpc, name: str, version: str) -> None:
    calls = {
        "infer": refusal(rpc.oip.ModelInfer, infer_request(POINTS, model=name, model_version=version)),
        "ready": refusal(rpc.oip.ModelReady, service_pb2.ModelReadyRequest(name=name, version=version)),
        "metadata": refusal(rpc.oip.ModelMetadata, service_pb2.ModelMetadataRequest(name=name, version=version)),
    }
    assert {call: error.code() for call, error in calls.items()} == dict.fromkeys(calls, grpc.StatusCode.NOT_FOUND)


def test_without_keys_nobody_unloads_a_model(rpc: Rpc) -> None:
    with tritonclient.grpc.InferenceServerClient(rpc.address) as triton:
        for change in (triton.unload_model, triton.load_model):
            with pytest.raises(InferenceServerException, match=r"PERMISSION_DENIED.*SERVICE_API_KEYS_FILE"):
                change("tanh-3")


@pytest.mark.parametrize(("ask", "instead"), [
    ("get_model_config", "GET /v2/models/NAME/config"),
    ("get_inference_statistics", "GET /v2/models/NAME/stats"),
    ("register_system_shared_memory", "tensors stand in the messages"),
])  # fmt: skip
def test_what_triton_has_beyond_the_protocol_is_plainly_refused(rpc: Rpc, ask: str, instead: str) -> None:
    arguments = ("a", "b", 1) if "memory" in ask else ("tanh-3",)
    with (
        tritonclient.grpc.InferenceServerClient(rpc.address) as triton,
        pytest.raises(InferenceServerException) as told,
    ):
        getattr(triton, ask)(*arguments)
    assert told.value.status() == "StatusCode.UNIMPLEMENTED"
    assert f"is not offered over gRPC; {instead}" in told.value.message()
