"""The parameters of `GET /boundary` and `GET /volume`, as keyword arguments and as a query."""

from collections.abc import Mapping
from typing import Any, TypedDict

from client.transport import Query

Hold = str | Mapping[str, float | str]
"""Values by the features' names, or as the service has it: `row:3`, or `age:40,port:Southampton`."""


class PlaceParams(TypedDict, total=False):
    """What both have beside the model; None means the service's default."""

    x: str | None
    y: str | None
    hold: Hold | None
    class_: str | None
    resolution: int | None
    replicate: int | None
    epoch: int | None


class BoundaryParams(PlaceParams, total=False):
    """The parameters of `BoundaryClient.boundary` and `picture` besides the model; None means the service's default."""

    x_min: float | None
    x_max: float | None
    y_min: float | None
    y_max: float | None
    average: str | None
    statistic: str | None
    minus: str | None
    layer: int | None
    unit: int | None


class VolumeParams(PlaceParams, total=False):
    """The parameters of `BoundaryClient.volume` and `surface` besides the model; None means the service's default."""

    z: str | None


def boundary_query(model: str | None, version: int | None, params: BoundaryParams) -> Query:
    """Return the query of `GET /boundary`.

    Raises
    ------
    TypeError
        If a keyword argument is not one of `BoundaryParams`. Without a type checker, nothing else notices it.
    """
    return _query(model, version, dict(params), BoundaryParams)


def volume_query(model: str | None, version: int | None, params: VolumeParams) -> Query:
    """Return the query of `GET /volume`. Raises what `boundary_query` does, for `VolumeParams`."""
    return _query(model, version, dict(params), VolumeParams)


def _query(model: str | None, version: int | None, params: dict[str, Any], known: Any) -> Query:
    unknown = params.keys() - known.__annotations__.keys() - PlaceParams.__annotations__.keys()
    if unknown:
        raise TypeError(f"unexpected keyword arguments: {', '.join(sorted(unknown))}")
    hold = params.get("hold")
    if isinstance(hold, Mapping):
        params["hold"] = ",".join(f"{name}:{value}" for name, value in hold.items())
    named = {"class" if name == "class_" else name: value for name, value in params.items()}
    return {"model": model, "version": version, **named}
