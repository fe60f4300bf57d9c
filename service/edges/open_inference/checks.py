"""What infer refuses alike over HTTP and over gRPC, in the same words."""

import reprlib
from collections.abc import Iterable, Sequence
from typing import Any

from service.dataplane.points import PointsError
from service.edges.open_inference.messages import INPUT
from service.engines import Points
from service.errors import InvalidError


def checked(read: Any, *given: Any) -> Points:
    try:
        points: Points = read(*given)
    except PointsError as error:
        raise InvalidError.of("inputs", f"{INPUT}: {error}") from error
    return points


def check_names(field_name: str, names: Sequence[str], only: str) -> None:
    for name in names:
        if name != only:
            raise InvalidError.of(field_name, f"there is no {field_name[:-1]} {reprlib.repr(name)}; there is {only}.")
    if len(names) > 1:
        raise InvalidError.of(field_name, f"{only} is given {len(names)} times; give it once.")


def refuse_classification(parameters: Iterable[str], output_name: str) -> None:
    if "classification" in parameters:
        raise InvalidError.of("outputs", f"classification is not offered here; ask for {output_name} alone.")


def refuse_shared_memory(field_name: str, parameters: Iterable[str]) -> None:
    if any(name.startswith("shared_memory") for name in parameters):
        raise InvalidError.of(field_name, "shared memory is not offered here; send the tensor's bytes.")
