"""Slices: where a model of many features is evaluated while two or three of them are drawn.

The others are held, each at one value, or averaged over the rows of a data set. The average is the partial dependence
of the features that are drawn (Friedman 2001, Greedy function approximation, eq. 51).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bundle.card import Feature
from bundle.comparison import Dataset
from bundle.conventions import MAX_COORDINATE
from service.engines import Points
from service.errors import InvalidError, TooLargeError
from service.registry.models import ModelVersion

MAX_ROWS = 1000
"""Rows that are averaged over at most: the standard error is then a thirtieth of the rows' standard deviation."""

MIN_ROWS = 100
"""Rows that are averaged over at least, where the data have so many: fewer are no average of them."""

MAX_EVALUATIONS = 10_000_000
"""Of a model for one average: nodes times rows times training runs. As much as three grids of 2000 × 2000 nodes: a
second or two of a small network."""

Function = Callable[[Points], NDArray[np.float32]]


@dataclass(frozen=True)
class Slice:
    """Nodes of some features of all. `axes` are their positions, and `rows`, float32 [m, d], the points whose features
    on the axes are replaced by a node's: one where the others are held, several to average over.
    """

    axes: tuple[int, ...]
    rows: NDArray[np.float32]

    def evaluate(self, function: Function, nodes: Points) -> NDArray[np.float32]:
        """Return a function's values at nodes, float32 [n, axes], averaged over the rows: float32 [n, …]."""
        d = self.rows.shape[1]
        if self.axes == tuple(range(d)):
            return function(nodes)
        points = np.empty((len(nodes), d), np.float32)
        total: NDArray[np.float64] | float = 0.0
        for row in self.rows:
            points[:] = row
            points[:, self.axes] = nodes
            values = function(points)
            if len(self.rows) == 1:
                return values
            total = total + values.astype(np.float64)
        mean: NDArray[np.float32] = np.asarray(total / len(self.rows), np.float32)
        return mean


def axes_of(version: ModelVersion, names: Mapping[str, str | None]) -> tuple[int, ...]:
    """Return the positions of the features to draw, by axis; an axis without a name gets the first that is left.

    Raises:
        InvalidError: the model has too few features, or none of a name, or one is named twice.
    """
    features = [feature.name for feature in version.features]
    if len(features) < len(names):
        raise InvalidError.of(
            "model", f"{version.name} has {_count(features)}; this is drawn over {len(names)} ({', '.join(names)})."
        )
    for axis, name in names.items():
        if name is not None and name not in features:
            raise InvalidError.of(
                axis, f"model {version.name} has no feature {name[:60]!r}; features: {_all(features)}."
            )
    given = [name for name in names.values() if name is not None]
    left = iter([name for name in features if name not in given])
    chosen = {axis: name if name is not None else next(left) for axis, name in names.items()}
    for axis, name in chosen.items():
        if list(chosen.values()).count(name) > 1:
            raise InvalidError.of(axis, f"{name} is on two axes; choose two of: {_all(features)}.")
    return tuple(features.index(name) for name in chosen.values())


def held_slice(version: ModelVersion, axes: tuple[int, ...], hold: str | None, data: Dataset | None) -> Slice:
    """Return the slice that holds all features but those on the axes: at what `hold` says, or where the card does.

    Args:
        version: whose features these are.
        axes: positions of the features that are drawn.
        hold: `name:value` pairs, comma-separated, or `row:<i>` of the data.
        data: for `row:<i>`.

    Raises:
        InvalidError: `hold` names what is not there, or not held.
    """
    if hold is not None and len(axes) == len(version.features):
        raise InvalidError.of("hold", f"model {version.name} has no other features than those that are drawn.")
    number = row_number(version, hold)
    if number is not None:
        return Slice(axes, _row(_usable(version, data, "hold"), number)[np.newaxis])
    values = [_usual(feature) for feature in version.features]
    for position, value in _pairs(version, axes, hold or "").items():
        values[position] = value
    return Slice(axes, np.array([values], np.float32))


def averaged_slice(
    version: ModelVersion, axes: tuple[int, ...], data: Dataset | None, resolution: int, runs: int
) -> Slice:
    """Return the slice that averages over the data: over all rows, or over a sample drawn with seed 0 of as many as
    MAX_ROWS and MAX_EVALUATIONS let.

    Raises:
        InvalidError: there are no data, or nothing to average over.
        TooLargeError: for so many nodes and runs only fewer than MIN_ROWS could be averaged over.
    """
    if len(axes) == len(version.features):
        raise InvalidError.of("average", f"model {version.name} has no other features than those that are drawn.")
    points = _usable(version, data, "average").points
    count = min(len(points), MAX_ROWS, MAX_EVALUATIONS // (resolution ** len(axes) * runs))
    needed = min(len(points), MIN_ROWS)
    if count < needed:
        most = int((MAX_EVALUATIONS / (needed * runs)) ** (1 / len(axes)))
        over = f"{needed} rows" if runs == 1 else f"{needed} rows and {runs} training runs"
        raise TooLargeError(f"resolution: {resolution} is too large for an average over {over}; at most {most}")
    chosen = np.sort(np.random.default_rng(0).choice(len(points), count, replace=False))
    return Slice(axes, points[chosen])


def row_number(version: ModelVersion, hold: str | None) -> int | None:
    """Return i of `row:<i>`; None for anything else, as where a feature has this name.

    Raises:
        InvalidError: it is no number.
    """
    if hold is None or not hold.startswith("row:") or any(feature.name == "row" for feature in version.features):
        return None
    text = hold.removeprefix("row:").strip()
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InvalidError.of("hold", "row must be a number from 0, such as row:0, that of a point of GET /dataset.")
    return int(text)


def held_values(version: ModelVersion, found: Slice) -> dict[str, float | str | None]:
    """Return what a slice holds features at, by name: a category by its own, None where the value is missing."""
    (row,) = found.rows
    others = [i for i in range(len(row)) if i not in found.axes]
    return {version.features[i].name: _shown(version.features[i], row[i]) for i in others}


def _shown(feature: Feature, value: np.float32) -> float | str | None:
    if np.isnan(value):
        return None
    if feature.categories is not None and float(value).is_integer() and 0 <= value < len(feature.categories):
        return feature.categories[int(value)]
    return float(str(value))


def _usual(feature: Feature) -> float:
    """Return where a feature is held of which nothing is said: the median, or the middle of the domain."""
    if feature.held is not None:
        return feature.held
    return 0.0 if feature.categories is not None else (feature.low + feature.high) / 2


def _pairs(version: ModelVersion, axes: tuple[int, ...], text: str) -> dict[int, float]:
    """Return the values of `name:value` pairs by the features' positions. Names may hold colons and commas."""
    found: dict[int, float] = {}
    others = [feature.name for i, feature in enumerate(version.features) if i not in axes]
    while text:
        position = _longest(text, [f"{feature.name}:" for feature in version.features])
        if position is None:
            raise InvalidError.of(
                "hold",
                f"{text[:60]!r} does not begin with one of these and a colon: {_all(others)}; write name:value pairs, "
                "comma-separated, or row:0.",
            )
        feature = version.features[position]
        if position in axes:
            raise InvalidError.of("hold", f"{feature.name} is drawn, not held; held are: {_all(others)}.")
        if position in found:
            raise InvalidError.of("hold", f"{feature.name} is given twice.")
        found[position], text = _value(feature, text[len(feature.name) + 1 :])
    return found


def _value(feature: Feature, text: str) -> tuple[float, str]:
    """Return the value at the beginning of a text, and what stands behind its comma."""
    categories = feature.categories or []
    position = _longest(f"{text},", [f"{name}," for name in categories])
    if position is not None:
        return float(position), text[len(categories[position]) + 1 :]
    written, _, rest = text.partition(",")
    try:
        value = float(written)
    except ValueError:
        value = np.nan
    if categories and value not in range(len(categories)):
        raise InvalidError.of("hold", f"{feature.name} has the categories {_all(categories)}; not {written[:60]!r}.")
    if not abs(value) <= MAX_COORDINATE:
        raise InvalidError.of(
            "hold", f"{feature.name} must be a number within ±{MAX_COORDINATE:.2g}, not {written[:60]!r}."
        )
    return value, rest


def _longest(text: str, beginnings: Sequence[str]) -> int | None:
    """Return the position of the longest of these that a text begins with."""
    fitting = [i for i, beginning in enumerate(beginnings) if text.startswith(beginning)]
    return max(fitting, key=lambda i: len(beginnings[i]), default=None)


def _usable(version: ModelVersion, data: Dataset | None, parameter: str) -> Dataset:
    if data is None or data.features != [feature.name for feature in version.features] or not len(data.points):
        raise InvalidError.of(parameter, f"there are no data of model {version.name}; hold its features at values.")
    return data


def _row(data: Dataset, number: int) -> NDArray[np.float32]:
    if number >= len(data.points):
        raise InvalidError.of("hold", f"the data have rows 0 to {len(data.points) - 1}, not {number}.")
    row: NDArray[np.float32] = data.points[number]
    return row


def _count(features: Sequence[str]) -> str:
    return "1 feature" if len(features) == 1 else f"{len(features)} features"


def _all(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
