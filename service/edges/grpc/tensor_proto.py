"""TensorFlow's tensors as messages: from one to an array, and from an array to one."""

import numpy as np
from numpy.typing import NDArray

from service.edges.grpc.packed import add_packed
from service.edges.grpc.tensorflow_serving_messages import TYPES
from service.edges.tensorflow_serving.models import DTYPES
from service.engines import Tensor
from service.errors import InvalidError
from service.rpc.messages import Message

_NAMES = {number: name for name, number in TYPES.items()}

VALUES = {
    "DT_FLOAT": ("float_val", "<f4"),
    "DT_DOUBLE": ("double_val", "<f8"),
    "DT_INT32": ("int_val", "<i4"),
    "DT_HALF": ("half_val", "<u2"),
    "DT_BFLOAT16": ("half_val", "<u2"),
}
"""The field with a type's values, and a value's form in `tensor_content`; of 16 bits, these bits."""


def type_name(number: int) -> str:
    """Return what TensorFlow calls a type."""
    return _NAMES.get(number, f"type {number}")


def shape_of(tensor: Message) -> list[int]:
    """Return a tensor's shape; of one with too many dimensions, the first."""
    return [dim.size for dim in tensor.tensor_shape.dim[:9]]


def read_values(tensor: Message, expected: Tensor, size: int) -> NDArray[np.generic]:
    """Return the values of a tensor of so many, one after the other. Where fewer are given, the last stands for the
    rest, as in TensorFlow.

    Raises:
        InvalidError: the tensor is of another type than the signature has, or does not hold so many.
    """
    name = DTYPES[expected.dtype]
    if type_name(tensor.dtype) != name:
        raise InvalidError(f"{expected.name}: expects {name} but {type_name(tensor.dtype)} is provided")
    field, form = VALUES[name]
    if tensor.tensor_content:
        if len(tensor.tensor_content) != size * np.dtype(form).itemsize:
            raise InvalidError(
                f"{expected.name}: {size} values have {size * np.dtype(form).itemsize} bytes; tensor_content has "
                f"{len(tensor.tensor_content)}"
            )
        return _numbers(name, np.frombuffer(tensor.tensor_content, form))
    given = np.array(getattr(tensor, field))
    if not 0 < len(given) <= size:
        raise InvalidError(f"{expected.name}: {size} values are needed; {field} has {len(given)}")
    values = np.pad(given, (0, size - len(given)), mode="edge")
    return _numbers(name, values.astype(form))


def _numbers(name: str, values: NDArray[np.generic]) -> NDArray[np.generic]:
    if name == "DT_HALF":
        return values.view("<f2")
    if name == "DT_BFLOAT16":
        return (values.astype("<u4") << 16).view("<f4")
    return values


def write_values(tensor: Message, described: Tensor, values: NDArray[np.float32]) -> None:
    """Write an output into an empty message, in the field where clients look for its numbers."""
    name = DTYPES[described.dtype]
    tensor.dtype = TYPES[name]
    for size in values.shape:
        tensor.tensor_shape.dim.add(size=size)
    field, form = VALUES[name]
    if name == "DT_HALF":
        tensor.half_val.extend(values.astype("<f2").view(form).ravel().tolist())
    elif name == "DT_BFLOAT16":
        tensor.half_val.extend((values.view("<u4") >> 16).ravel().tolist())
    else:
        add_packed(tensor, field, values.astype(form, copy=False))
