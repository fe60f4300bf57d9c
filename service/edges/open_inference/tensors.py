"""Requests and answers of infer: JSON, or JSON with the tensors' bytes behind it (the binary tensor data extension)."""

import reprlib
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import orjson

from service.dataplane.inference import Prediction
from service.dataplane.points import PointsError, are_numbers, check_count, from_bytes, from_numbers, from_rows
from service.edges.open_inference.messages import (
    DATATYPE,
    INPUT,
    OUTPUT,
    InferRequest,
    InferRequestSchema,
    Parameters,
    RequestInput,
)
from service.engines import Points
from service.errors import InvalidError, MalformedError
from service.http.body import WORTH_COUNTING, parse_json, refuse_excess
from service.http.endpoint import load

BYTES_A_NUMBER = 4


@dataclass(frozen=True)
class Asked:
    """A request, understood: points, float32 [n, d], the id to give back, and whether the answer comes as bytes."""

    points: Points
    id: str | None = None
    binary: bool = False


_SCHEMA = InferRequestSchema()


def header_length(text: str | None, body: bytes) -> int | None:
    """Return the length of the JSON that a body starts with, as `Inference-Header-Content-Length` has it.

    Raises:
        MalformedError: that is no number of bytes that the body has.
    """
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= len(body)):
        raise MalformedError(
            f"Inference-Header-Content-Length must be a number of bytes from 0 to the body's {len(body)}, not {text!r}"
        )
    return int(text)


def decode(body: bytes, json_length: int | None, n_features: int, max_points: int) -> Asked:
    """Return what is asked: of a JSON body, of one with bytes behind its JSON, or where `json_length` is 0 of one that
    is the points' bytes alone, which is answered in bytes too.

    Raises:
        MalformedError, InvalidError: it is not what the protocol says, or the points are not as the model needs them.
        TooLargeError: there are too many points.
    """
    if json_length == 0:
        return Asked(_raw_points(body, n_features, max_points), binary=True)
    end = len(body) if json_length is None else json_length
    head, tail = body[:end], memoryview(body)[end:]
    if len(head) > WORTH_COUNTING:
        refuse_excess(head, max_points, n_features)
    request: InferRequest = load(_SCHEMA, parse_json(head))
    binary = _wants_binary(request)
    return Asked(_points(_the_input(request), tail, n_features, max_points), request.id, binary)


def encode(prediction: Prediction, asked: Asked) -> tuple[bytes, int | None]:
    """Return the body of an answer, and the length of its JSON where bytes follow."""
    values = prediction.probabilities
    output: dict[str, object] = {"name": OUTPUT, "datatype": DATATYPE, "shape": [len(values)]}
    document = {
        "model_name": prediction.model,
        "model_version": str(prediction.version),
        **({} if asked.id is None else {"id": asked.id}),
        "outputs": [output],
    }
    if not asked.binary:
        output["data"] = values
        return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY), None
    content = values.astype("<f4", copy=False).tobytes()
    output["parameters"] = {"binary_data_size": len(content)}
    head = orjson.dumps(document)
    return head + content, len(head)


def _the_input(request: InferRequest) -> RequestInput:
    _check_names("inputs", [given.name for given in request.inputs], INPUT)
    if not request.inputs:
        raise InvalidError.of("inputs", f"the input {INPUT} is missing.")
    given = request.inputs[0]
    if given.datatype != DATATYPE:
        raise InvalidError.of(
            "inputs", f"{INPUT} must have the datatype {DATATYPE}, not {reprlib.repr(given.datatype)}."
        )
    return given


def _points(given: RequestInput, tail: memoryview, n_features: int, max_points: int) -> Points:
    n, d = given.shape
    if d != n_features:
        raise InvalidError.of("inputs", f"{INPUT} must have the shape [n, {n_features}], not [{n}, {d}].")
    check_count(n, max_points)
    _refuse_shared_memory("inputs", given.parameters)
    if "binary_data_size" in given.parameters:
        return _binary_points(given, tail)
    if len(tail):
        raise InvalidError.of(
            "inputs", f"{len(tail)} bytes are left after the JSON that no input's binary_data_size names."
        )
    return _json_points(given, n_features)


def _binary_points(given: RequestInput, tail: memoryview) -> Points:
    size = given.parameters["binary_data_size"]
    needed = prod(given.shape) * BYTES_A_NUMBER
    if given.data is not None:
        raise InvalidError.of("inputs", f"{INPUT} has both data and binary_data_size; send one of the two.")
    if type(size) is not int or size != needed:
        raise InvalidError.of(
            "inputs",
            f"{INPUT} of shape {given.shape} has {needed} bytes; its binary_data_size says {reprlib.repr(size)}.",
        )
    if len(tail) != needed:
        raise InvalidError.of(
            "inputs", f"{len(tail)} bytes are behind the JSON; {INPUT} of shape {given.shape} has {needed}."
        )
    return _checked(from_bytes, tail, given.shape[0])


def _json_points(given: RequestInput, n_features: int) -> Points:
    if given.data is None:
        raise InvalidError.of("inputs", f"{INPUT} has no data; send data, or its bytes with binary_data_size.")
    if not isinstance(given.data, list):
        raise InvalidError.of("inputs", f"the data of {INPUT} must be a list of numbers, flat or one list a point.")
    n = given.shape[0]
    if given.data and isinstance(given.data[0], list):
        points = _checked(from_rows, given.data)
        if list(points.shape) != given.shape:
            raise InvalidError.of(
                "inputs", f"the data of {INPUT} has the shape {list(points.shape)}, not {given.shape}."
            )
        return points
    if len(given.data) != n * n_features:
        raise InvalidError.of(
            "inputs", f"{INPUT} of shape {given.shape} has {n * n_features} numbers; its data has {len(given.data)}."
        )
    if not are_numbers(given.data):
        raise InvalidError.of("inputs", f"the data of {INPUT} must hold numbers only.")
    return _checked(from_numbers, given.data, n)


def _raw_points(body: bytes, n_features: int, max_points: int) -> Points:
    n, left = divmod(len(body), n_features * BYTES_A_NUMBER)
    if left or not n:
        raise InvalidError.of(
            "inputs",
            f"{len(body)} bytes are not points of {n_features} {DATATYPE} numbers, {BYTES_A_NUMBER} bytes each.",
        )
    check_count(n, max_points)
    return _checked(from_bytes, body, n)


def _checked(read: Any, *given: Any) -> Points:
    try:
        points: Points = read(*given)
    except PointsError as error:
        raise InvalidError.of("inputs", f"{INPUT}: {error}") from error
    return points


def _wants_binary(request: InferRequest) -> bool:
    """Say whether the output comes as bytes: by what is said of the output itself, else of all."""
    _check_names("outputs", [output.name for output in request.outputs], OUTPUT)
    wanted = _flag("parameters", request.parameters, "binary_data_output", otherwise=False)
    for output in request.outputs:
        _refuse_shared_memory("outputs", output.parameters)
        if "classification" in output.parameters:
            raise InvalidError.of("outputs", "classification is not offered here; ask for the probabilities alone.")
        wanted = _flag("outputs", output.parameters, "binary_data", otherwise=wanted)
    return wanted


def _check_names(field_name: str, names: Sequence[str], only: str) -> None:
    for name in names:
        if name != only:
            raise InvalidError.of(field_name, f"there is no {field_name[:-1]} {reprlib.repr(name)}; there is {only}.")
    if len(names) > 1:
        raise InvalidError.of(field_name, f"{only} is given {len(names)} times; give it once.")


def _flag(field_name: str, parameters: Parameters, name: str, *, otherwise: bool) -> bool:
    value = parameters.get(name, otherwise)
    if not isinstance(value, bool):
        raise InvalidError.of(field_name, f"{name} must be true or false.")
    return value


def _refuse_shared_memory(field_name: str, parameters: Parameters) -> None:
    if any(name.startswith("shared_memory") for name in parameters):
        raise InvalidError.of(field_name, "shared memory is not offered here; send the tensor's bytes.")
