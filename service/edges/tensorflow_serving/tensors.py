"""Bodies of predict: points in rows or in columns, and outputs the same way round."""

import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from service.dataplane.dataplane import SignatureCall
from service.dataplane.grid_functions import check_scalars
from service.dataplane.points import PointsError, from_rows
from service.engines import Outputs, Points, Signature, Tensor
from service.errors import InvalidError, MalformedError
from service.http.body import Body, parse_json
from service.http.points_json import ExcessLimits, parse_points_json
from service.registry.models import ModelVersion

DEFAULT = "serving_default"

MAX_QUOTED_NAME_CHARS = 100
"""A longer name is quoted in part."""


@dataclass(frozen=True)
class PredictV1Call(SignatureCall):
    """A signature at points; `in_rows` where they came as `instances`."""

    in_rows: bool = False


def decode(body: Body, version: ModelVersion, max_points: int) -> PredictV1Call:
    """Return what a body asks of a version.

    Raises:
        TooLargeError: it holds far too many points.
        MalformedError: the body is not a JSON object.
        InvalidError: it is not what TensorFlow Serving takes, or the points are not as the model needs them.
    """
    document = _parse(body, lambda: (max_points, version.engine.n_features))
    try:
        return _call(document, version)
    except InvalidError:
        return _call(parse_json(body), version)  # the message quotes what was sent, and no array


def _call(document: dict[str, Any], version: ModelVersion) -> PredictV1Call:
    name = document.get("signature_name", DEFAULT)
    if not isinstance(name, str):
        raise _wrong(document, "not formatted correctly. 'signature_name' key must be a string value.")
    name = name or DEFAULT  # as over gRPC, where a text that is not sent is empty
    signature = find_signature(version, name)
    if "instances" in document and "inputs" in document:
        raise _wrong(document, "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist")
    if "instances" in document:
        return PredictV1Call(_points(_rows(document["instances"], signature), signature), name, in_rows=True)
    if "inputs" in document:
        columns = _columns(document["inputs"], signature)
        points = _points(columns[points_input(signature).name], signature)
        return PredictV1Call(points, name, _scalars(columns, signature, version))
    raise InvalidError("Missing 'inputs' or 'instances' key")


def find_signature(version: ModelVersion, name: str) -> Signature:
    """Return what a signature takes and gives.

    Raises:
        InvalidError: there is none of that name.
    """
    if name not in version.engine.signatures:
        shown = name if len(name) <= MAX_QUOTED_NAME_CHARS else f"{name[:MAX_QUOTED_NAME_CHARS]}…"
        available = ", ".join(sorted(version.engine.signatures))
        raise InvalidError(
            f'Serving signature name: "{shown}" not found in signature def; available signatures: {available}'
        )
    return version.engine.describe(name)


def as_rows(outputs: Outputs, described: Sequence[Tensor]) -> dict[str, object]:
    """Return the answer to `instances`: a list with a row for each point, n in all.

    A row is the output's value at the point, float32 […], or an object of them where the signature has several outputs.
    """
    tensors = named_tensors(outputs, described)
    if len(tensors) == 1:
        return {"predictions": next(iter(tensors.values()))}
    return {"predictions": [dict(zip(tensors, row, strict=True)) for row in zip(*tensors.values(), strict=True)]}


def as_columns(outputs: Outputs, described: Sequence[Tensor]) -> dict[str, object]:
    """Return the answer to `inputs`: the output of all points, float32 [n, …], or an object of several."""
    tensors = named_tensors(outputs, described)
    return {"outputs": next(iter(tensors.values())) if len(tensors) == 1 else tensors}


def _parse(body: Body, limits: ExcessLimits) -> dict[str, Any]:
    if not body or body.isspace():
        raise MalformedError("JSON Parse error: The document is empty")
    try:
        document = parse_points_json(body, "instances", "inputs", objects=("inputs",), limits=limits)
    except MalformedError as error:
        cause = error.__cause__
        at = f"{cause.msg} at offset: {cause.pos}" if isinstance(cause, orjson.JSONDecodeError) else error.detail
        raise MalformedError(f"JSON Parse error: {at}") from error
    if not isinstance(document, dict):
        raise _wrong(document, "Is not object")
    return document


def _rows(instances: object, signature: Signature) -> list[object] | Points:
    """Return the rows, each either the value of the only input or an object with it."""
    if not isinstance(instances, list | np.ndarray):
        raise _wrong(instances, "Excepting 'instances' to be an list/array")
    if not len(instances):
        raise InvalidError("No values in 'instances' array")
    scalars = [tensor.name for tensor in signature.inputs if not tensor.shape]
    if scalars:
        raise InvalidError(
            f"this signature takes {' and '.join(scalars)} once for all points: send 'inputs', an object of columns, "
            "in place of 'instances'"
        )
    if not isinstance(instances[0], dict):
        return instances
    (expected,) = (tensor.name for tensor in signature.inputs)
    for i, row in enumerate(instances):
        if not isinstance(row, dict):
            raise InvalidError(f"Expecting object but got list at item {i} of input list")
        if set(row) != {expected}:
            raise InvalidError(
                f"Failed to process element: {i} of 'instances' list. JSON object: {reprlib.repr(row)} "
                f"keys must be equal to: {expected}"
            )
    return [row[expected] for row in instances]


def _columns(inputs: object, signature: Signature) -> Mapping[str, object]:
    names = [tensor.name for tensor in signature.inputs]
    if not isinstance(inputs, dict):
        if len(names) > 1:
            raise InvalidError(
                "inputs is a plain value/list, but expecting an object as multiple input tensors required: "
                + ", ".join(names)
            )
        return {names[0]: inputs}
    for name in names:
        if name not in inputs:
            raise InvalidError(f"Missing named input: {name} in 'inputs' object.")
    return inputs


def _points(rows: object, signature: Signature) -> Points:
    try:
        return from_rows(rows)
    except PointsError as error:
        raise InvalidError(f"{points_input(signature).name}: {error}") from error


def points_input(signature: Signature) -> Tensor:
    return next(tensor for tensor in signature.inputs if len(tensor.shape) == 2)


def _scalars(columns: Mapping[str, object], signature: Signature, version: ModelVersion) -> dict[str, int]:
    """Return the signature's scalar inputs, checked against what the model recorded."""
    scalars: dict[str, int] = {}
    for tensor in signature.inputs:
        if not tensor.shape:
            value = columns[tensor.name]
            if not isinstance(value, int) or isinstance(value, bool):
                raise _wrong(value, f"is not of expected type: {tensor.dtype}")
            scalars[tensor.name] = value
    if scalars:
        check_scalars(version, **scalars)
    return scalars


def named_tensors(outputs: Outputs, described: Sequence[Tensor]) -> dict[str, NDArray[np.float32]]:
    """Return the outputs by their names and in the shapes that the SavedModel has."""
    if len(described) == 1:
        (values,) = outputs.values()
        return {described[0].name: values.reshape(len(values), *described[0].shape[1:])}
    return {tensor.name: outputs[tensor.name] for tensor in described}


def _wrong(value: object, message: str) -> InvalidError:
    return InvalidError(f"JSON Value: {reprlib.repr(value)} {message}")
