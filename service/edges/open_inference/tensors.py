"""Requests and answers of infer: JSON, or JSON with the tensors' bytes behind it (the binary tensor data extension)."""

import reprlib
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from service.dataplane.dataplane import SignatureCall
from service.dataplane.points import are_numbers, check_count, from_bytes, from_numbers, from_rows
from service.edges.open_inference.checks import (
    TensorNames,
    checked,
    dtype_of,
    refuse_classification,
    refuse_shared_memory,
)
from service.edges.open_inference.messages import (
    DATATYPE,
    INPUT,
    InferRequest,
    InferRequestSchema,
    Parameters,
    RequestInput,
)
from service.engines import Points
from service.errors import InvalidError, MalformedError
from service.http.body import Body, parse_json
from service.http.points_json import PLACEHOLDER, ExcessLimits, cut_numbers, refuse_excess_beside
from service.http.validation import load

BYTES_A_NUMBER = 4


@dataclass(frozen=True)
class InferCall(SignatureCall):
    """A request, decoded: with the output's name and the id to give back, and whether the answer comes as bytes."""

    output_name: str = ""
    id: str | None = None
    binary: bool = False


_SCHEMA = InferRequestSchema()

MAX_KEPT_HEAD_BYTES = 1024
"""Most clients send the same JSON but for the numbers; what is longer is validated each time."""


def header_length(text: str | None, body: Body) -> int | None:
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


def decode(body: Body, json_length: int | None, n_features: int, max_points: int, names: TensorNames) -> InferCall:
    """Return the call in a body: in JSON, in JSON with bytes behind it, or where `json_length` is 0 in the points'
    bytes alone, which are answered in bytes too.

    Raises:
        MalformedError, InvalidError: it is not what the protocol says, or the points are not as the model needs them.
        TooLargeError: there are too many points.
    """
    if json_length == 0:
        return InferCall(_raw_points(body, n_features, max_points), output_name=names.output, binary=True)
    head = body if json_length is None else body[:json_length]
    tail = memoryview(body)[len(head) :]
    request, numbers = _read_request(head, lambda: (max_points, n_features))
    output_name = names.answered([given.name for given in request.inputs], [output.name for output in request.outputs])
    binary = _wants_binary(request, output_name)
    points = _points(request.inputs[0], numbers, tail, n_features, max_points)
    return InferCall(points, output_name=output_name, id=request.id, binary=binary)


def encode(name: str, version: int, values: NDArray[np.float32], request: InferCall) -> tuple[bytes, int | None]:
    """Return the body of an answer with values, float32 [n] or [n, k], and its JSON's length where bytes follow."""
    output: dict[str, object] = {"name": request.output_name, "datatype": DATATYPE, "shape": list(values.shape)}
    document = {
        "model_name": name,
        "model_version": str(version),
        **({} if request.id is None else {"id": request.id}),
        "outputs": [output],
    }
    if not request.binary:
        output["data"] = values.ravel()
        return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY), None
    content = values.astype("<f4", copy=False).tobytes()
    output["parameters"] = {"binary_data_size": len(content)}
    head = orjson.dumps(document)
    return head + content, len(head)


def _read_request(head: Body, limits: ExcessLimits) -> tuple[InferRequest, Points | None]:
    """Return the request in a JSON document.

    Where its data is a list of numbers, that is parsed apart, as one array; and the rest, which is the same in most
    requests, is validated when it is new.

    Raises:
        MalformedError, InvalidError: it is not what the protocol says.
        TooLargeError: it holds far too many points.
    """
    numbers, rest = cut_numbers(head, "data")
    refuse_excess_beside(numbers, rest, head, limits)
    with suppress(MalformedError, InvalidError):  # all of it is read once more then, and named in the message
        request = _read_rest(rest)
        if numbers is None or (len(request.inputs) == 1 and request.inputs[0].data == PLACEHOLDER):
            return request, numbers
    return _load(head), None


def _read_rest(rest: Body) -> InferRequest:
    return _load_kept(bytes(rest)) if len(rest) <= MAX_KEPT_HEAD_BYTES else _load(rest)


def _load(content: Body) -> InferRequest:
    request: InferRequest = load(_SCHEMA, parse_json(content))
    return request


_load_kept = lru_cache(maxsize=1024)(_load)


def _points(given: RequestInput, numbers: Points | None, tail: memoryview, n_features: int, max_points: int) -> Points:
    form = dtype_of(given.datatype)
    n, d = given.shape
    if d != n_features:
        raise InvalidError.of("inputs", f"{INPUT} must have the shape [n, {n_features}], not [{n}, {d}].")
    check_count(n, max_points)
    refuse_shared_memory("inputs", given.parameters)
    if "binary_data_size" in given.parameters:
        return _binary_points(given, tail, form)
    if len(tail):
        raise InvalidError.of(
            "inputs", f"{len(tail)} bytes are left after the JSON that no input's binary_data_size names."
        )
    return _json_points(given, given.data if numbers is None else numbers, n_features)


def _binary_points(given: RequestInput, tail: memoryview, form: np.dtype[Any]) -> Points:
    size = given.parameters["binary_data_size"]
    needed = prod(given.shape) * form.itemsize
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
    return checked(from_bytes, tail, given.shape[0], form)


def _json_points(given: RequestInput, data: Any, n_features: int) -> Points:
    if data is None:
        raise InvalidError.of("inputs", f"{INPUT} has no data; send data, or its bytes with binary_data_size.")
    if not isinstance(data, list | np.ndarray):
        raise InvalidError.of("inputs", f"the data of {INPUT} must be a list of numbers, flat or one list a point.")
    n = given.shape[0]
    if len(data) and isinstance(data[0], list | np.ndarray):
        points = checked(from_rows, data)
        if list(points.shape) != given.shape:
            raise InvalidError.of(
                "inputs", f"the data of {INPUT} has the shape {list(points.shape)}, not {given.shape}."
            )
        return points
    if len(data) != n * n_features:
        raise InvalidError.of(
            "inputs", f"{INPUT} of shape {given.shape} has {n * n_features} numbers; its data has {len(data)}."
        )
    if isinstance(data, np.ndarray):
        return checked(from_rows, data.reshape(n, n_features))
    if not are_numbers(data):
        raise InvalidError.of("inputs", f"the data of {INPUT} must hold numbers only.")
    return checked(from_numbers, data, n)


def _raw_points(body: Body, n_features: int, max_points: int) -> Points:
    n, left = divmod(len(body), n_features * BYTES_A_NUMBER)
    if left or not n:
        raise InvalidError.of(
            "inputs",
            f"{len(body)} bytes are not points of {n_features} {DATATYPE} numbers, {BYTES_A_NUMBER} bytes each.",
        )
    check_count(n, max_points)
    return checked(from_bytes, body, n)


def _wants_binary(request: InferRequest, output_name: str) -> bool:
    """Say whether the output comes as bytes: by what is said of the output itself, else of all."""
    wanted = _flag("parameters", request.parameters, "binary_data_output", otherwise=False)
    for output in request.outputs:
        refuse_shared_memory("outputs", output.parameters)
        refuse_classification(output.parameters, output_name)
        wanted = _flag("outputs", output.parameters, "binary_data", otherwise=wanted)
    return wanted


def _flag(field_name: str, parameters: Parameters, name: str, *, otherwise: bool) -> bool:
    value = parameters.get(name, otherwise)
    if not isinstance(value, bool):
        raise InvalidError.of(field_name, f"{name} must be true or false.")
    return value
