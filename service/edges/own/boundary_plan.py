"""What a query of `GET /boundary` comes to for the models that are served: what to evaluate where, and its validators.

A plan is made before anything is computed, and kept: to make it takes as long as all else of a response that is cached.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Lock

import orjson
from cachetools import LRUCache

from bundle.card import Feature
from bundle.comparison import Dataset
from service import __version__
from service.dataplane import grid_functions
from service.dataplane.grid_functions import GridFunction, Kind
from service.dataplane.grids import Grid
from service.edges.own.boundary_query import BoundaryQuery
from service.edges.own.place import Place, Span, check_span, place_of
from service.errors import InvalidError
from service.http.conditional import Validators
from service.registry.experiments import HashedFile
from service.registry.models import ModelVersion

GRID_HEADER = "Boundary-Grid"

Bounds = tuple[float, float, float, float]
"""x_min, x_max, y_min, y_max."""

MAX_PLANS = 1024
"""Plans that are kept, of all versions together: 3 kB each."""


@dataclass(frozen=True)
class BoundaryPlan:
    """What to evaluate, and what the response says of it.

    Attributes:
        function: what is evaluated at each node.
        axes: the positions of the features along x and y.
        features: these.
        bounds: of the rectangle.
        epoch: after which the weights were recorded; None for a model that recorded none.
        description: what the response says of its numbers.
        validators: of the response; a picture's lack the data that it shows.
    """

    function: GridFunction
    axes: tuple[int, ...]
    features: tuple[Feature, ...]
    bounds: Bounds
    epoch: int | None
    description: dict[str, object]
    validators: Validators

    @property
    def keys(self) -> tuple[str, ...]:
        """The response's keys of the numbers."""
        if self.function.kind is Kind.LABEL:
            return ("label", "values")
        return ("probabilities" if self.function.kind is Kind.PROBABILITY else "values",)

    def grid(self, resolution: int) -> Grid:
        return Grid.spanning(*self.bounds, resolution)


_PLANS: LRUCache[tuple[str, BoundaryQuery, str], BoundaryPlan] = LRUCache(MAX_PLANS)
_LOCK = Lock()


def plan_boundary(
    query: BoundaryQuery,
    representation: str,
    version: ModelVersion,
    minus: ModelVersion | None,
    data: HashedFile[Dataset] | None,
) -> BoundaryPlan:
    """Return the plan for a query to a version, less another one where that is given.

    Args:
        query: what is asked for.
        representation: in which it is answered.
        version: what answers.
        minus: what is subtracted.
        data: the experiment's, where the query is about them.

    Raises:
        InvalidError: the version cannot answer the query.
        TooLargeError: it would take too long.
    """
    if minus is not None or data is not None:  # others may answer the next time
        return _make_plan(query, representation, version, minus, data)
    key = version.identity, query, representation
    with _LOCK:
        plan = _PLANS.get(key)
    if plan is None:
        plan = _make_plan(query, representation, version, None, None)
        with _LOCK:
            _PLANS[key] = plan
    return plan


def _make_plan(
    query: BoundaryQuery,
    representation: str,
    version: ModelVersion,
    minus: ModelVersion | None,
    data: HashedFile[Dataset] | None,
) -> BoundaryPlan:
    _check_combination(query)
    runs = 1 if query.statistic == "probability" else max(1, len(grid_functions.converged(version)))
    place = place_of(query, "xy", version, data, runs)
    epoch = grid_functions.epoch_of(version, query.epoch)
    function = _function(query, place, version, minus)
    bounds = _bounds(query, place.features)
    description = {**_description(query, version, function, epoch), **place.description}
    if function.kind is Kind.LABEL:
        description["classes"] = version.classes
    settled = replace(query, model=None, version=None, minus=None, epoch=epoch, replicate=query.replicate or 0)
    bundles = [bundle.identity for bundle in (version, minus) if bundle is not None]
    digest = () if data is None else (data.digest,)
    plan = BoundaryPlan(function, place.where.axes, place.features, bounds, epoch, description, Validators("", ()))
    validators = Validators.of(
        *(__version__, representation, repr(bounds), repr(settled), *bundles, *digest),
        immutable=query.version is not None and query.minus is None and data is None and representation != "png",
        headers=((GRID_HEADER, _grid_header(plan, query.resolution)),) if representation == "npy" else (),
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
    if query.class_ is not None and (query.layer is not None or query.statistic == "agreement"):
        other = "a layer" if query.layer is not None else "agreement, which is of all classes"
        raise InvalidError.of("class", f"cannot be combined with {other}.")
    if query.minus is not None and query.statistic not in ("probability", "mean"):
        raise InvalidError.of("minus", f"cannot be combined with {query.statistic}, only with probability or mean.")


def _function(query: BoundaryQuery, place: Place, version: ModelVersion, minus: ModelVersion | None) -> GridFunction:
    if query.layer is not None and query.unit is not None:
        return grid_functions.activation(
            version, place.where, query.layer, query.unit, query.replicate or 0, query.epoch
        )
    function = _of_model(query, place, version)
    if minus is None:
        return function
    return grid_functions.difference(version, minus, function, _of_model(query, place, minus))


def _of_model(query: BoundaryQuery, place: Place, version: ModelVersion) -> GridFunction:
    choice = grid_functions.choose(version, query.class_)
    if query.statistic == "probability":
        return grid_functions.of_run(version, place.where, choice, query.replicate or 0, query.epoch)
    return grid_functions.of_all_runs(version, place.where, choice, query.statistic, query.epoch)


def _bounds(query: BoundaryQuery, features: Sequence[Feature]) -> Bounds:
    """Return the rectangle; the card's domain where the query leaves a bound out."""
    (x_min, x_max), (y_min, y_max) = (_span(query, axis, of) for axis, of in zip("xy", features, strict=True))
    return x_min, x_max, y_min, y_max


def _span(query: BoundaryQuery, axis: str, feature: Feature) -> Span:
    low, high = getattr(query, f"{axis}_min"), getattr(query, f"{axis}_max")
    return check_span(axis, feature.low if low is None else low, feature.high if high is None else high)


def _description(
    query: BoundaryQuery, version: ModelVersion, function: GridFunction, epoch: int | None
) -> dict[str, object]:
    optional = {"minus": query.minus, "layer": query.layer, "unit": query.unit, "class": query.class_}
    return {
        "model": version.name,
        "version": version.number,
        "epoch": epoch,
        "replicate": (query.replicate or 0) if query.statistic == "probability" else None,
        "statistic": _statistic(query, version, function),
        **{name: value for name, value in optional.items() if value is not None},
    }


def _statistic(query: BoundaryQuery, version: ModelVersion, function: GridFunction) -> str:
    """Return what the response calls the numbers of one run that are no probabilities: `value`, `label`."""
    if query.statistic != "probability":
        return query.statistic
    if function.kind is Kind.LABEL:
        return "label"
    return "value" if version.output == "value" else "probability"


def _grid_header(plan: BoundaryPlan, resolution: int) -> str:
    """Return what the JSON says beside the numbers, its axes by their ends."""
    x_min, x_max, y_min, y_max = plan.bounds
    x, y = plan.features
    return ascii_json(
        {
            **plan.description,
            "x": axis_header(x, (x_min, x_max), resolution),
            "y": axis_header(y, (y_min, y_max), resolution),
            "numbers": plan.keys[0] if len(plan.keys) == 1 else plan.keys,
        }
    )


def axis_header(feature: Feature, span: Span, nodes: int) -> dict[str, object]:
    """Return an axis by its ends, from which `numpy.linspace` gives its coordinates."""
    return {"feature": feature.name, "min": span[0], "max": span[1], "nodes": nodes}


def ascii_json(described: Mapping[str, object]) -> str:
    """Return a document as a header can hold it."""
    header = orjson.dumps(described)
    return header.decode() if header.isascii() else json.dumps(described, separators=(",", ":"))
