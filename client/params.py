"""The parameters of `GET /boundary`, as keyword arguments and as a query."""

from typing import TypedDict

from client.transport import Query


class BoundaryParams(TypedDict, total=False):
    """The parameters of `BoundaryClient.boundary` and `picture` besides the model; None means the service's default."""

    x_min: float | None
    x_max: float | None
    y_min: float | None
    y_max: float | None
    resolution: int | None
    replicate: int | None
    epoch: int | None
    statistic: str | None
    minus: str | None
    layer: int | None
    unit: int | None


def boundary_query(model: str | None, version: int | None, params: BoundaryParams) -> Query:
    """Return the query of `GET /boundary`.

    Raises
    ------
    TypeError
        If a keyword argument is not one of `BoundaryParams`. Without a type checker, nothing else notices it.
    """
    unknown = params.keys() - BoundaryParams.__annotations__.keys()
    if unknown:
        raise TypeError(f"unexpected keyword arguments: {', '.join(sorted(unknown))}")
    return {"model": model, "version": version, **params}
