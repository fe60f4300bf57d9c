"""Which features a query draws, over which domain, and what becomes of the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bundle.card import Feature
from bundle.comparison import Dataset
from service.dataplane import slices
from service.dataplane.slices import Slice
from service.edges.own.boundary_query import PlaceQuery
from service.errors import InvalidError
from service.registry.experiments import HashedFile
from service.registry.models import ModelVersion

HELD_METADATA = {
    "description": "what the other features are held at, by name; null where a row's value is missing",
    "additionalProperties": {"type": ["number", "string", "null"]},
}
"""How the document describes the answers' `held`."""

Span = tuple[float, float]
"""Where an axis begins and ends."""


@dataclass(frozen=True)
class Place:
    """The features that are drawn, an axis each, and where the model is evaluated while they are."""

    where: Slice
    features: tuple[Feature, ...]
    description: Mapping[str, object]


def needs_data(query: PlaceQuery, version: ModelVersion) -> bool:
    """Say whether a query is about the experiment's data, which training again replaces."""
    return getattr(query, "average", None) is not None or slices.row_number(version, query.hold) is not None


def place_of(
    query: PlaceQuery, axes: Sequence[str], version: ModelVersion, data: HashedFile[Dataset] | None, runs: int = 1
) -> Place:
    """Return the place of a query of a version; `runs` is how often the model is evaluated at each point.

    Raises:
        InvalidError: the version has no such features, or they cannot be held so.
        TooLargeError: an average over so many nodes and runs takes too long.
    """
    positions = slices.axes_of(version, {axis: getattr(query, axis) for axis in axes})
    features = tuple(version.features[i] for i in positions)
    content = None if data is None else data.content
    is_averaged = getattr(query, "average", None) is not None
    if is_averaged and query.hold is not None:
        raise InvalidError.of("hold", "cannot be combined with average; leave one of the two out.")
    if is_averaged:
        where = slices.averaged_slice(version, positions, content, query.resolution, runs)
        of = 0 if content is None else len(content.points)
        rest: dict[str, object] = {"average": {"rows": len(where.rows), "of": of}}
    else:
        where = slices.held_slice(version, positions, query.hold, content)
        rest = {"held": slices.held_values(version, where)}
    is_plain = positions == tuple(range(len(version.features)))
    return Place(where, features, {} if is_plain else {"features": [f.name for f in features], **rest})


def check_span(axis: str, low: float, high: float) -> Span:
    """Return where an axis begins and ends.

    Raises:
        InvalidError: it does not, as float32.
    """
    if not np.float32(low) < np.float32(high):
        raise InvalidError.of(
            f"{axis}_min", f"must be less than {axis}_max, as float32: {low} is not less than {high}."
        )
    return low, high
