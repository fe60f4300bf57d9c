"""TensorFlow Serving over gRPC: the same signatures, tensors and words as over REST.

Answers have their numbers where TensorFlow Serving puts them, in `float_val`, whichever way the points came.
"""

import numpy as np
from google.protobuf.json_format import ParseDict

from service.dataplane.dataplane import SignatureCall
from service.dataplane.grid_functions import check_scalars
from service.dataplane.points import PointsError, check_count, from_rows
from service.edges.grpc.tensor_proto import read_values, shape_of, write_values
from service.edges.grpc.tensorflow_serving_messages import MODEL_SERVICE, PREDICTION_SERVICE
from service.edges.tensorflow_serving.models import describe_signatures, describe_status
from service.edges.tensorflow_serving.servable import servable
from service.edges.tensorflow_serving.tensors import DEFAULT, find_signature, named_tensors, points_input
from service.engines import Outputs, Points, Signature, Tensor
from service.errors import InvalidError
from service.http.context import Call
from service.registry.models import ModelVersion
from service.rpc.messages import Message, message_class
from service.rpc.procedure import Procedures

prediction, models = Procedures("grpc_v1", PREDICTION_SERVICE), Procedures("grpc_v1", MODEL_SERVICE)

SIGNATURES = "signature_def"
"""The only metadata that there are."""

PredictResponse = message_class("tensorflow.serving.PredictResponse")
MetadataResponse = message_class("tensorflow.serving.GetModelMetadataResponse")
StatusResponse = message_class("tensorflow.serving.GetModelStatusResponse")
SignatureDefMap = message_class("tensorflow.serving.SignatureDefMap")

for _method in ("Classify", "Regress", "MultiInference", "PredictStreamed"):
    prediction.refuse(_method, f"{_method} is not offered here; Predict gives the same numbers for points as a tensor")


@prediction.method("Predict")
def predict(call: Call, request: Message) -> Message:
    """Evaluate any signature, with all its inputs and outputs."""
    served = _servable(call, request.model_spec)
    name = request.model_spec.signature_name or DEFAULT

    def decode() -> SignatureCall:
        return _decode(request, name, served, call.plane.max_points)

    def encode(_: SignatureCall, outputs: Outputs) -> Message:
        return _encode(request, name, served, outputs)

    return call.plane.evaluate(call.record, served, decode, encode)


@prediction.method("GetModelMetadata")
def get_model_metadata(call: Call, request: Message) -> Message:
    """Describe all signatures."""
    served = _servable(call, request.model_spec)
    unknown = [field for field in request.metadata_field if field != SIGNATURES]
    if unknown or not request.metadata_field:
        named = unknown[0][:100] if unknown else ""
        raise InvalidError(f"Metadata field {named} is not supported; ask for {SIGNATURES}")
    response = MetadataResponse()
    _fill(response.model_spec, served, "")
    response.metadata[SIGNATURES].Pack(ParseDict(describe_signatures(served), SignatureDefMap()))
    return response


@models.method("GetModelStatus")
def get_model_status(call: Call, request: Message) -> Message:
    """Tell the states of a model's versions."""
    spec = request.model_spec
    return ParseDict(describe_status(call, spec.name, _version(spec)), StatusResponse())


def _servable(call: Call, spec: Message) -> ModelVersion:
    return servable(call, spec.name, _version(spec))


def _version(spec: Message) -> str | None:
    if spec.HasField("version_label"):
        raise InvalidError("version labels are not offered here; name a version, or none for the newest")
    return str(spec.version.value) if spec.HasField("version") else None


def _decode(request: Message, name: str, served: ModelVersion, max_points: int) -> SignatureCall:
    """Return the call in a request.

    Raises:
        InvalidError: it is not what TensorFlow Serving takes, or the points are not as the model needs them.
        TooLargeError: there are too many points.
    """
    signature = find_signature(served, name)
    described = {tensor.name: tensor for tensor in signature.inputs}
    _check_names(described, request.inputs)
    _check_outputs(signature, request.output_filter)
    expected = points_input(signature)
    points = _points(request.inputs[expected.name], expected, served.engine.n_features, max_points)
    scalars = {
        scalar: _scalar(request.inputs[scalar], tensor) for scalar, tensor in described.items() if not tensor.shape
    }
    if scalars:
        check_scalars(served, **scalars)
    return SignatureCall(points, name, scalars)


def _check_names(described: dict[str, Tensor], given: Message) -> None:
    for name in described:
        if name not in given:
            raise InvalidError(f"Missing named input: {name}; this signature takes {', '.join(described)}")
    for name in given:
        if name not in described:
            raise InvalidError(f"There is no input {name[:100]!r}; this signature takes {', '.join(described)}")


def _check_outputs(signature: Signature, wanted: list[str]) -> None:
    names = [tensor.name for tensor in signature.outputs]
    for name in wanted:
        if name not in names:
            raise InvalidError(f"output tensor alias not found in signature: {name[:100]}; it has {', '.join(names)}")


def _points(tensor: Message, expected: Tensor, n_features: int, max_points: int) -> Points:
    shape = shape_of(tensor)
    if len(shape) != 2 or shape[0] < 1 or shape[1] != n_features:
        raise InvalidError(f"{expected.name}: must have the shape [n, {n_features}], not {shape}")
    n = shape[0]
    check_count(n, max_points)
    try:
        return from_rows(read_values(tensor, expected, n * n_features).reshape(n, n_features))
    except PointsError as error:
        raise InvalidError(f"{expected.name}: {error}") from error


def _scalar(tensor: Message, expected: Tensor) -> int:
    shape = shape_of(tensor)
    if shape:
        raise InvalidError(f"{expected.name}: must be one value, without a shape, not {shape}")
    return int(read_values(tensor, expected, 1)[0])


def _encode(request: Message, signature_name: str, served: ModelVersion, outputs: Outputs) -> Message:
    response = PredictResponse()
    _fill(response.model_spec, served, signature_name)
    described = served.engine.describe(signature_name).outputs
    wanted = request.output_filter or [tensor.name for tensor in described]
    tensors = named_tensors(outputs, described)
    for tensor in described:
        if tensor.name in wanted:
            write_values(response.outputs[tensor.name], tensor, np.ascontiguousarray(tensors[tensor.name]))
    return response


def _fill(spec: Message, served: ModelVersion, signature_name: str) -> None:
    spec.name, spec.signature_name = served.name, signature_name
    spec.version.value = served.number
