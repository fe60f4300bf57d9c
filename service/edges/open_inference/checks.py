"""What infer refuses alike over HTTP and over gRPC, in the same words."""

import reprlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.dataplane.points import PointsError
from service.edges.open_inference.messages import DATATYPE, DATATYPES, INPUT
from service.engines import Points, Tensor
from service.errors import InvalidError
from service.registry.models import ModelVersion


def checked(read: Any, *given: Any) -> Points:
    try:
        points: Points = read(*given)
    except PointsError as error:
        raise InvalidError.of("inputs", f"{INPUT}: {error}") from error
    return points


@dataclass(frozen=True)
class TensorNames:
    """What a model's tensors are called: INPUT and `output`, or as in its SavedModel, so that clients of the server
    before this one need not change. `own` gives those, and is asked only where a name is another one.
    """

    output: str
    own: Callable[[], tuple[Tensor, Tensor]]

    def answered(self, inputs: Sequence[str], outputs: Sequence[str]) -> str:
        """Return what the answer calls the output: as the request does, else in the way in which it names the input.

        Raises:
            InvalidError: there is no such input or output, or it is named twice.
        """
        self._check("outputs", outputs, self.output, 1)
        self._check("inputs", inputs, INPUT, 0)
        if not inputs:
            raise InvalidError.of("inputs", f"the input {INPUT} is missing.")
        if outputs:
            return outputs[0]
        return self.output if inputs[0] == INPUT else self.own()[1].name

    def laid_out(self, name: str, numbers: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return an output, [n] or [n, k], as it is under a name: a SavedModel may have [n, 1]."""
        return numbers if name == self.output else numbers.reshape(len(numbers), *self.own()[1].shape[1:])

    def _check(self, field_name: str, names: Sequence[str], ours: str, position: int) -> None:
        for name in names:
            if name != ours and name != (own := self.own()[position].name):
                there_is = ours if own == ours else f"{ours}, which its SavedModel calls {own}"
                raise InvalidError.of(
                    field_name, f"there is no {field_name[:-1]} {reprlib.repr(name)}; there is {there_is}."
                )
        if len(names) > 1:
            raise InvalidError.of(field_name, f"{ours} is given {len(names)} times; give it once.")


def names_of(served: ModelVersion) -> TensorNames:
    return TensorNames(served.output_name, lambda: served.own_tensors)


def dtype_of(datatype: str) -> np.dtype[Any]:
    """Return the form that numbers of a datatype have as bytes.

    Raises:
        InvalidError: it is none of numbers.
    """
    if datatype not in DATATYPES:
        raise InvalidError.of(
            "inputs",
            f"{INPUT} must have the datatype {DATATYPE}, not {reprlib.repr(datatype)}; numbers may also come as "
            f"{', '.join(list(DATATYPES)[1:])}.",
        )
    return np.dtype(DATATYPES[datatype])


def refuse_classification(parameters: Iterable[str], output_name: str) -> None:
    if "classification" in parameters:
        raise InvalidError.of("outputs", f"classification is not offered here; ask for {output_name} alone.")


def refuse_shared_memory(field_name: str, parameters: Iterable[str]) -> None:
    if any(name.startswith("shared_memory") for name in parameters):
        raise InvalidError.of(field_name, "shared memory is not offered here; send the tensor's bytes.")
