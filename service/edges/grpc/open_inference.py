"""The Open Inference Protocol v2 over gRPC: the same models, tensors and errors as over HTTP.

https://github.com/kserve/open-inference-protocol; the repository's methods are Triton's extension.
"""

import reprlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service import __version__
from service.dataplane.dataplane import SignatureCall
from service.dataplane.points import check_count, from_bytes, from_rows
from service.edges.grpc import open_inference_messages
from service.edges.grpc.packed import add_packed
from service.edges.open_inference.checks import (
    TensorNames,
    checked,
    dtype_of,
    names_of,
    refuse_classification,
    refuse_shared_memory,
)
from service.edges.open_inference.messages import DATATYPE, INPUT
from service.edges.open_inference.models import SERVER, describe_model
from service.edges.open_inference.repository import index
from service.engines import Outputs, Points
from service.errors import InvalidError, UnavailableError
from service.http.access import refuse_without_keys
from service.http.context import Call
from service.registry.models import ModelVersion
from service.rpc.messages import Message, message_class
from service.rpc.procedure import Procedures

procedures = Procedures("grpc_v2", open_inference_messages.SERVICE)

EXTENSIONS = ["model_repository"]

CONTENTS = {
    DATATYPE: "fp32_contents",
    "FP64": "fp64_contents",
    **dict.fromkeys(("INT8", "INT16", "INT32"), "int_contents"),
    "INT64": "int64_contents",
    **dict.fromkeys(("UINT8", "UINT16", "UINT32"), "uint_contents"),
    "UINT64": "uint64_contents",
}
"""Where the numbers of a datatype stand, as the protocol says; it has no such place for FP16."""

InferResponse = message_class("inference.ModelInferResponse")

ALTERNATIVES = {
    "ModelConfig": "GET /v2/models/NAME/config tells the settings over HTTP",
    "ModelStatistics": "GET /v2/models/NAME/stats tells the same over HTTP",
    "ModelStreamInfer": "ModelInfer answers one request at a time",
    **dict.fromkeys(("TraceSetting", "LogSettings"), "the service's environment has such settings"),
    **{
        f"{kind}SharedMemory{what}": "tensors stand in the messages"
        for kind in ("System", "Cuda")
        for what in ("Status", "Register", "Unregister")
    },
}
"""What Triton has beyond the protocol and is not offered over gRPC, and what there is instead."""

for _method, _instead in ALTERNATIVES.items():
    procedures.refuse(_method, f"{_method} is not offered over gRPC; {_instead}")


@dataclass(frozen=True)
class InferCall(SignatureCall):
    """A request, decoded: with the output's name, and `raw` where the points came as bytes, as the answer then does."""

    output_name: str = ""
    raw: bool = False


@procedures.method("ServerLive", public=True)
def server_live(_: Call, __: Message) -> Message:
    return _message("ServerLiveResponse", live=True)


@procedures.method("ServerReady", public=True)
def server_ready(call: Call, _: Message) -> Message:
    return _message("ServerReadyResponse", ready=call.context.is_ready())


@procedures.method("ServerMetadata", public=True)
def server_metadata(_: Call, __: Message) -> Message:
    return _message("ServerMetadataResponse", name=SERVER, version=__version__, extensions=EXTENSIONS)


@procedures.method("ModelReady")
def model_ready(call: Call, request: Message) -> Message:
    """Say whether a model answers; an unknown one is an error, as over HTTP."""
    try:
        call.plane.version(call.record, request.name, request.version or None)
    except UnavailableError:
        return _message("ModelReadyResponse", ready=False)
    return _message("ModelReadyResponse", ready=True)


@procedures.method("ModelMetadata")
def model_metadata(call: Call, request: Message) -> Message:
    return _message("ModelMetadataResponse", **describe_model(call, request.name, request.version or None))


@procedures.method("ModelInfer")
def model_infer(call: Call, request: Message) -> Message:
    """Evaluate the default signature at points."""
    served = call.plane.version(call.record, request.model_name, request.model_version or None)
    names = names_of(served)

    def decode() -> InferCall:
        return _decode(request, served, call.plane.max_points, names)

    def encode(decoded: InferCall, outputs: Outputs) -> Message:
        (numbers,) = outputs.values()
        return _encode(request.id, served, names.laid_out(decoded.output_name, numbers), decoded)

    return call.plane.evaluate(call.record, served, decode, encode)


@procedures.method("RepositoryIndex")
def repository_index(call: Call, request: Message) -> Message:
    return _message("RepositoryIndexResponse", models=index(call, only_ready=request.ready))


@procedures.method("RepositoryModelLoad")
def repository_model_load(call: Call, request: Message) -> Message:
    refuse_without_keys(call)
    call.plane.load(request.model_name)
    return _message("RepositoryModelLoadResponse")


@procedures.method("RepositoryModelUnload")
def repository_model_unload(call: Call, request: Message) -> Message:
    refuse_without_keys(call)
    call.plane.unload(request.model_name)
    return _message("RepositoryModelUnloadResponse")


def _message(kind: str, /, **fields: object) -> Message:
    return message_class(f"inference.{kind}")(**fields)


def _decode(request: Message, served: ModelVersion, max_points: int, names: TensorNames) -> InferCall:
    """Return the call in a request.

    Raises:
        InvalidError: it is not what the protocol says, or the points are not as the model needs them.
        TooLargeError: there are too many points.
    """
    output_name = names.answered([given.name for given in request.inputs], [output.name for output in request.outputs])
    for output in request.outputs:
        refuse_shared_memory("outputs", output.parameters)
        refuse_classification(output.parameters, output_name)
    given = request.inputs[0]
    form = dtype_of(given.datatype)
    refuse_shared_memory("inputs", given.parameters)
    n = _count(given, served.engine.n_features)
    check_count(n, max_points)
    raw = request.raw_input_contents
    if len(raw):
        return InferCall(_from_raw(given, raw, n, served.engine.n_features, form), output_name=output_name, raw=True)
    return InferCall(_from_contents(given, n, served.engine.n_features), output_name=output_name)


def _count(given: Message, n_features: int) -> int:
    """Return how many points a tensor has by its shape."""
    shape = given.shape
    if len(shape) != 2 or shape[0] < 1 or shape[1] != n_features:
        raise _wrong(f"must have the shape [n, {n_features}], not {reprlib.repr(list(shape[:9]))}")
    return int(shape[0])


def _from_raw(given: Message, raw: list[bytes], n: int, n_features: int, form: np.dtype[Any]) -> Points:
    if len(raw) > 1:
        raise InvalidError.of("inputs", f"raw_input_contents has {len(raw)} entries, one for each input; there is one.")
    if given.HasField("contents"):
        raise _wrong("has both contents and raw_input_contents; send one of the two")
    needed = n * n_features * form.itemsize
    content = raw[0]
    if len(content) != needed:
        raise _wrong(f"of shape [{n}, {n_features}] has {needed} bytes; raw_input_contents has {len(content)}")
    points: Points = checked(from_bytes, content, n, form)
    return points


def _from_contents(given: Message, n: int, n_features: int) -> Points:
    field_name = CONTENTS.get(given.datatype)
    if field_name is None:
        raise _wrong(f"of {given.datatype} must come as bytes, in raw_input_contents")
    others = [field.name for field, _ in given.contents.ListFields() if field.name != field_name]
    if others:
        raise _wrong(f"has {', '.join(others)}; the numbers of {given.datatype} stand in {field_name}")
    numbers = getattr(given.contents, field_name)
    if len(numbers) != n * n_features:
        raise _wrong(f"of shape [{n}, {n_features}] has {n * n_features} numbers; {field_name} has {len(numbers)}")
    as_floats = np.array(numbers, np.float32 if given.datatype == DATATYPE else np.float64)
    points: Points = checked(from_rows, as_floats.reshape(n, n_features))
    return points


def _encode(request_id: str, served: ModelVersion, numbers: NDArray[np.float32], call: InferCall) -> Message:
    response = InferResponse(model_name=served.name, model_version=str(served.number), id=request_id)
    output = response.outputs.add(name=call.output_name, datatype=DATATYPE, shape=numbers.shape)
    if call.raw:
        response.raw_output_contents.append(numbers.astype("<f4", copy=False).tobytes())
    else:
        add_packed(output.contents, CONTENTS[DATATYPE], numbers.astype("<f4", copy=False))
    return response


def _wrong(what: str) -> InvalidError:
    return InvalidError.of("inputs", f"{INPUT} {what}.")
