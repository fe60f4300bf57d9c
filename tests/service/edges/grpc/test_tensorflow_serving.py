"""TensorFlow Serving over gRPC, as its published stubs speak it: every signature, as over REST."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import json_format
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    predict_pb2,
    regression_pb2,
)

from tests.service.edges.grpc.channels import Rpc, float32, refusal, speaking_grpc
from tests.service.edges.standards import POINTS, predicted

Change = Callable[[Any], None]


@pytest.fixture(scope="module")
def rpc(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rpc]:
    settings = {"SERVICE_MODELS_DIR": str(models_dir), "SERVICE_MAX_POINTS": "1000"}
    with speaking_grpc(tmp_path_factory.mktemp("tensorflow"), **settings) as started:
        yield started


def request_for(model: str = "tanh-3", signature: str = "", **inputs: Any) -> Any:
    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = model, signature
    for name, value in {"points": POINTS, **inputs}.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    return request


def test_predict_answers_as_predict_over_http(rpc: Rpc) -> None:
    answer = rpc.prediction.Predict(request_for())
    expected = float32(predicted(rpc.server, model="tanh-3"))
    assert list(answer.outputs["probabilities"].float_val) == expected
    assert tf.make_ndarray(answer.outputs["probabilities"]).tolist() == expected
    spec = answer.model_spec
    assert (spec.name, spec.version.value, spec.signature_name) == ("tanh-3", 1, "serving_default")


def test_numbers_may_come_as_values_too_of_which_the_last_stands_for_the_rest(rpc: Rpc) -> None:
    request = request_for()
    tensor = request.inputs["points"]
    tensor.ClearField("tensor_content")
    tensor.float_val.extend(POINTS.ravel().tolist())
    whole = rpc.prediction.Predict(request).outputs["probabilities"].float_val
    assert list(whole) == float32(predicted(rpc.server, model="tanh-3"))
    del tensor.float_val[1:]
    points = np.full_like(POINTS, POINTS[0, 0])
    filled = rpc.prediction.Predict(request).outputs["probabilities"].float_val
    assert list(filled) == float32(predicted(rpc.server, points, model="tanh-3"))


@pytest.mark.parametrize(("signature", "scalars"), [("replicates", {}), ("at", {"replicate": 3, "snapshot": 1})])
def test_every_signature_answers_as_over_rest(rpc: Rpc, signature: str, scalars: dict[str, int]) -> None:
    answer = rpc.prediction.Predict(request_for("tanh-10-10", signature, **scalars))
    body = {"signature_name": signature, "inputs": {"points": POINTS.tolist(), **scalars}}
    expected = np.array(rpc.server.post("/v1/models/tanh-10-10:predict", json=body).json()["outputs"], np.float32)
    assert np.array_equal(tf.make_ndarray(answer.outputs["probabilities"]), expected)


def test_several_outputs_come_all_or_those_that_are_asked_for(rpc: Rpc) -> None:
    request = request_for("tanh-10-10", "activations", replicate=0, snapshot=1)
    assert {
        name: list(tensor.tensor_shape.dim)[-1].size for name, tensor in rpc.prediction.Predict(request).outputs.items()
    } == {
        "layer_1": 10,
        "layer_2": 10,
    }
    request.output_filter.append("layer_2")
    assert list(rpc.prediction.Predict(request).outputs) == ["layer_2"]


def test_status_and_metadata_are_those_of_rest(rpc: Rpc) -> None:
    asked = get_model_status_pb2.GetModelStatusRequest()
    asked.model_spec.name = "tanh-3"
    status = json_format.MessageToDict(rpc.models.GetModelStatus(asked), preserving_proto_field_name=True)
    assert status["model_version_status"] == [{"version": "1", "state": "AVAILABLE", "status": {}}]
    wanted = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    wanted.model_spec.name = "tanh-3"
    answer = rpc.prediction.GetModelMetadata(wanted)
    found = get_model_metadata_pb2.SignatureDefMap()
    assert answer.metadata["signature_def"].Unpack(found)
    expected = rpc.server.get("/v1/models/tanh-3/metadata").json()["metadata"]["signature_def"]
    assert found == json_format.ParseDict(expected, get_model_metadata_pb2.SignatureDefMap())


def with_spec(**fields: Any) -> Change:
    def change(request: Any) -> None:
        version = fields.pop("version", None)
        if version is not None:
            request.model_spec.version.value = version
        for name, value in fields.items():
            setattr(request.model_spec, name, value)

    return change


def with_points(value: Any, **fields: Any) -> Change:
    def change(request: Any) -> None:
        request.inputs["points"].CopyFrom(tf.make_tensor_proto(value))
        for name, given in fields.items():
            setattr(request.inputs["points"], name, given)

    return change


def with_shape(*sizes: int) -> Change:
    def change(request: Any) -> None:
        del request.inputs["points"].tensor_shape.dim[:]
        for size in sizes:
            request.inputs["points"].tensor_shape.dim.add(size=size)

    return change


INVALID, NOT_FOUND = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND
WRONG: dict[str, tuple[Change, grpc.StatusCode, str]] = {
    "no such model": (with_spec(name="nope"), NOT_FOUND, "Servable not found for request: Latest(nope)"),
    "no name": (with_spec(name=""), NOT_FOUND, "Servable not found for request: Latest()"),
    "no such version": (with_spec(version=7), NOT_FOUND, "Servable not found for request: Specific(tanh-3, 7)"),
    "a negative version": (with_spec(version=-(2**63)), NOT_FOUND, "Servable not found"),
    "a label": (with_spec(version_label="stable"), INVALID, "version labels are not offered here"),
    "no such signature": (with_spec(signature_name="x"), INVALID, 'Serving signature name: "x" not found'),
    "no input": (lambda request: request.inputs.clear(), INVALID, "Missing named input: points"),
    "another input": (lambda request: request.inputs["点"], INVALID, "There is no input '点'"),
    "another output": (lambda request: request.output_filter.append("y"), INVALID, "output tensor alias not found"),
    "another type": (with_points(np.zeros((1, 2))), INVALID, "expects DT_FLOAT but DT_DOUBLE is provided"),
    "texts": (with_points([["a", "b"]]), INVALID, "expects DT_FLOAT but DT_STRING is provided"),
    "an unknown type": (with_points(POINTS, dtype=77), INVALID, "expects DT_FLOAT but type 77 is provided"),
    "one dimension": (with_shape(2), INVALID, "must have the shape [n, 2], not [2]"),
    "negative": (with_shape(-3, 2), INVALID, "must have the shape [n, 2], not [-3, 2]"),
    "the largest": (with_shape(2**63 - 1, 2), INVALID, "are more than the 1000 taken at once"),
    "fewer bytes": (with_points(POINTS, tensor_content=b"\0" * 7), INVALID, "tensor_content has 7"),
    "no values": (with_points(POINTS, tensor_content=b""), INVALID, "float_val has 0"),
    "NaN": (with_points(np.full((1, 2), np.nan, np.float32)), INVALID, "point 0 must hold finite numbers"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_named(rpc: Rpc, what: str) -> None:
    change, code, message = WRONG[what]
    request = request_for()
    change(request)
    error = refusal(rpc.prediction.Predict, request)
    assert (error.code(), message in error.details()) == (code, True), error.details()


@pytest.mark.parametrize(("scalars", "message"), [
    ({}, "Missing named input: replicate"),
    ({"replicate": 99, "snapshot": 0}, "has replicates 0 to"),
    ({"replicate": [0, 1], "snapshot": 0}, "must be one value"),
    ({"replicate": 0.5, "snapshot": 0}, "expects DT_INT32 but DT_FLOAT is provided"),
])  # fmt: skip
def test_scalar_inputs_are_checked(rpc: Rpc, scalars: dict[str, Any], message: str) -> None:
    error = refusal(rpc.prediction.Predict, request_for("tanh-3", "at", **scalars))
    assert (error.code(), message in error.details()) == (INVALID, True), error.details()


def test_what_is_not_offered_says_what_to_call(rpc: Rpc) -> None:
    requests = {
        "Classify": classification_pb2.ClassificationRequest(),
        "Regress": regression_pb2.RegressionRequest(),
        "MultiInference": inference_pb2.MultiInferenceRequest(),
    }
    requests["Classify"].model_spec.version.value = 200  # whose bytes are no text
    for name, request in requests.items():
        error = refusal(getattr(rpc.prediction, name), request)
        assert error.code() is grpc.StatusCode.UNIMPLEMENTED
        assert error.details() == f"{name} is not offered here; Predict gives the same numbers for points as a tensor"


def test_metadata_is_that_of_signatures_alone(rpc: Rpc) -> None:
    for fields in ([], ["warmup"]):
        wanted = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=fields)
        wanted.model_spec.name = "tanh-3"
        error = refusal(rpc.prediction.GetModelMetadata, wanted)
        assert (error.code(), "ask for signature_def" in error.details()) == (INVALID, True)
