"""What a query of `GET /boundary` comes to for the models that are served: what to evaluate where, and its validators.

A plan is made before anything is computed, and kept with its version: to make it takes as long as all else of a
response that is cached.
"""

import json
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

import numpy as np
import orjson

from service import __version__
from service.dataplane import grid_functions
from service.dataplane.grid_functions import GridFunction, Kind
from service.dataplane.grids import Grid, check_plane
from service.edges.own.boundary_query import BoundaryQuery
from service.errors import InvalidError
from service.http.conditional import Validators
from service.registry.models import ModelVersion

GRID_HEADER = "Boundary-Grid"

Bounds = tuple[float, float, float, float]
"""x_min, x_max, y_min, y_max."""

MAX_PLANS = 1024
"""Plans of one version that are kept."""


@dataclass(frozen=True)
class BoundaryPlan:
    """What to evaluate, and what the response says of it.

    Attributes:
        function: what is evaluated at each node.
        bounds: of the rectangle.
        epoch: after which the weights were recorded; None for a model that recorded none.
        description: what the response says of its numbers.
        validators: of the response; a picture's lack the data that it shows.
    """

    function: GridFunction
    bounds: Bounds
    epoch: int | None
    description: dict[str, object]
    validators: Validators

    @property
    def key(self) -> str:
        """The response's key of the numbers."""
        return "probabilities" if self.function.kind is Kind.PROBABILITY else "values"

    def grid(self, resolution: int) -> Grid:
        return Grid.spanning(*self.bounds, resolution)


_PLANS: WeakKeyDictionary[ModelVersion, dict[tuple[BoundaryQuery, str], BoundaryPlan]] = WeakKeyDictionary()


def plan_boundary(
    query: BoundaryQuery, representation: str, version: ModelVersion, minus: ModelVersion | None
) -> BoundaryPlan:
    """Return the plan for a query to a version, less another one where that is given.

    Raises:
        InvalidError: the version cannot answer the query.
    """
    if minus is not None:  # another version of that model may answer the next time
        return _make_plan(query, representation, version, minus)
    plans = _PLANS.setdefault(version, {})
    plan = plans.get((query, representation))
    if plan is None:
        if len(plans) >= MAX_PLANS:
            plans.clear()
        plan = plans[query, representation] = _make_plan(query, representation, version, None)
    return plan


def _make_plan(
    query: BoundaryQuery, representation: str, version: ModelVersion, minus: ModelVersion | None
) -> BoundaryPlan:
    _check_combination(query)
    check_plane(version)
    epoch = grid_functions.epoch_of(version, query.epoch)
    function = _function(query, version, minus)
    bounds = _bounds(query, version)
    description = _description(query, version, epoch)
    settled = replace(query, model=None, version=None, minus=None, epoch=epoch, replicate=query.replicate or 0)
    bundles = [bundle.identity for bundle in (version, minus) if bundle is not None]
    plan = BoundaryPlan(function, bounds, epoch, description, Validators("", ()))
    validators = Validators.of(
        *(__version__, representation, repr(bounds), repr(settled), *bundles),
        immutable=query.version is not None and query.minus is None and representation != "png",
        headers=((GRID_HEADER, _grid_header(plan, query, version)),) if representation == "npy" else (),
    )
    return replace(plan, validators=validators)


def _check_combination(query: BoundaryQuery) -> None:
    """Raise InvalidError where parameters do not go together."""
    if (query.layer is None) != (query.unit is None):
        raise InvalidError.of("unit", "goes with layer; give both or neither.")
    if query.layer is not None and (query.minus is not None or query.statistic != "probability"):
        raise InvalidError.of("layer", "cannot be combined with minus or a statistic.")
    if query.replicate is not None and query.statistic != "probability":
        raise InvalidError.of(
            "replicate", f"is one training run, {query.statistic} is over all of them; leave one out."
        )
    if query.minus is not None and query.statistic not in ("probability", "mean"):
        raise InvalidError.of("minus", f"cannot be combined with {query.statistic}, only with probability or mean.")


def _function(query: BoundaryQuery, version: ModelVersion, minus: ModelVersion | None) -> GridFunction:
    if query.layer is not None and query.unit is not None:
        return grid_functions.activation(version, query.layer, query.unit, query.replicate or 0, query.epoch)
    function = _of_model(query, version)
    if minus is None:
        return function
    return grid_functions.difference(version, minus, function, _of_model(query, minus))


def _of_model(query: BoundaryQuery, version: ModelVersion) -> GridFunction:
    if query.statistic == "probability":
        return grid_functions.probability(version, query.replicate or 0, query.epoch)
    return grid_functions.replicate_statistic(version, query.statistic, query.epoch)


def _bounds(query: BoundaryQuery, version: ModelVersion) -> Bounds:
    """Return the rectangle; the card's domain where the query leaves a bound out."""
    bounds = []
    for axis, feature in zip("xy", version.features, strict=True):
        low, high = (getattr(query, f"{axis}_{end}") for end in ("min", "max"))
        low, high = feature.low if low is None else low, feature.high if high is None else high
        if not np.float32(low) < np.float32(high):
            raise InvalidError.of(
                f"{axis}_min", f"must be less than {axis}_max, as float32: {low} is not less than {high}."
            )
        bounds += [low, high]
    x_min, x_max, y_min, y_max = bounds
    return x_min, x_max, y_min, y_max


def _description(query: BoundaryQuery, version: ModelVersion, epoch: int | None) -> dict[str, object]:
    optional = {"minus": query.minus, "layer": query.layer, "unit": query.unit}
    return {
        "model": version.name,
        "version": version.number,
        "epoch": epoch,
        "replicate": (query.replicate or 0) if query.statistic == "probability" else None,
        "statistic": "value" if version.output == "value" else query.statistic,
        **{name: value for name, value in optional.items() if value is not None},
    }


def _grid_header(plan: BoundaryPlan, query: BoundaryQuery, version: ModelVersion) -> str:
    """Return what the JSON says beside the numbers, its axes by their ends."""
    x_min, x_max, y_min, y_max = plan.bounds
    x, y = version.features
    described = {
        **plan.description,
        "x": {"feature": x.name, "min": x_min, "max": x_max, "nodes": query.resolution},
        "y": {"feature": y.name, "min": y_min, "max": y_max, "nodes": query.resolution},
        "numbers": plan.key,
    }
    header = orjson.dumps(described)
    return header.decode() if header.isascii() else json.dumps(described, separators=(",", ":"))
