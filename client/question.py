"""What a boundary can be asked, as keyword arguments and as the parameters of `GET /boundary`."""

from typing import TypedDict

from client.transport import Query


class BoundaryQuestion(TypedDict, total=False):
    """What `BoundaryClient.boundary` and `picture` can be asked beside the model; None is the same as left out."""

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


def boundary_query(model: str | None, version: int | None, question: BoundaryQuestion) -> Query:
    """Return the parameters of `GET /boundary`.

    Raises
    ------
    TypeError
        A keyword argument is none of `BoundaryQuestion`'s, which only a type checker notices otherwise.
    """
    unknown = question.keys() - BoundaryQuestion.__annotations__.keys()
    if unknown:
        raise TypeError(f"unexpected keyword arguments: {', '.join(sorted(unknown))}")
    return {"model": model, "version": version, **question}
