"""The rows of a study: one for each replicate of a cell and each of the epochs that it records.

They are kept as Parquet, which other tools read: one file for some replicates of one cell, written whole or not at all,
so finished ones are known by their names, and two machines' folders merge by copying.

    cell, the study's factors       text, numbers; null where a cell has no such level
    replicate, epoch                integers; epoch 0 is before training
    loss, validation_loss, test_loss            of the weights after that epoch, over all points of the split,
                                    without what l1 and l2 add; of a regression in units of the standardized target
    accuracy, validation_accuracy, test_accuracy    in a regression mae, validation_mae, test_mae and test_r2
    exact_accuracy                  against the boundary that the replicate's data were cut by, where it is known
    affine_share                    R² of the best affine function of the inputs to the logit at the test points: 1 if
                                    the boundary is a line or a plane; null for several classes
    gradient_norm_<layer>           L2 norm of the training loss' gradient by the layer's kernel; layers from 1
    weight_norm_<layer>             of the kernel
    dead_<layer>                    share of a hidden layer's units whose slope is 0 at every training point
    saturated_<layer>               whose slope is below a hundredth of the activation's steepest at 95% of them
    learning_rate, chosen_epoch     what a replicate chose, where it had a choice; chosen_learning_rate if the rate is a
                                    factor, whose level then says what there was to choose from
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bundle.study import Level, Study

Column: TypeAlias = NDArray[Any] | list[str | None]
"""float64 with NaN for null, int64, or text."""


@dataclass(frozen=True)
class BoundaryMap:
    """What the replicates of a cell make of a plane: the first two features, the others held at their medians.

    `values` uint8 [k, n, n], rows from the lowest y up, are the mean over the replicates, of `scale` from 0 to 255: of
    two classes P(y = 1), k = 1; of k classes each one's probability; of a regression the value, k = 1. `labels`, the
    same of the labels (0 or 1, and 1 for the most probable of k classes), say how many agree; a regression has none.
    """

    features: tuple[str, str]
    domain: tuple[tuple[float, float], tuple[float, float]]
    scale: tuple[float, float]
    values: NDArray[np.uint8]
    labels: NDArray[np.uint8] | None


@dataclass(frozen=True)
class UnitRows:
    """What came of the replicates `first` to `last`, both counted, of one cell; `seconds` of processor time.

    `epochs` are those that a file's rows have, whichever of them are read.
    """

    cell: str
    first: int
    last: int
    columns: dict[str, Column]
    boundary: BoundaryMap | None
    seconds: float
    libraries: dict[str, str]
    epochs: tuple[int, ...] = ()


def column_of(levels: Sequence[Level]) -> Column:
    """Return the column of some levels: numbers if all are, but for None, else text; true and false are text."""
    known = [level for level in levels if level is not None]
    if any(isinstance(level, str | bool) for level in known):
        return [None if level is None else text_of(level) for level in levels]
    if len(known) == len(levels) and all(isinstance(level, int) for level in known):
        return np.array(levels, dtype=np.int64)
    return np.array([np.nan if level is None else level for level in levels], dtype=np.float64)


def text_of(level: Level) -> str:
    """Return how a level stands in a column of text, and in a query."""
    if isinstance(level, bool):
        return "true" if level else "false"
    return "" if level is None else f"{level:.12g}" if isinstance(level, float) else str(level)


def taken(columns: dict[str, Column], rows: NDArray[Any]) -> dict[str, Column]:
    """Return some rows, chosen by a mask or by their numbers."""
    numbers = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
    return {
        name: [column[i] for i in numbers] if isinstance(column, list) else column[numbers]
        for name, column in columns.items()
    }


def with_levels(study: Study, columns: dict[str, Column]) -> dict[str, Column]:
    """Return rows of a study's cells, in the study's order, with the levels that the study says they have.

    So levels that are text come in the order of its file. Rows may be older than the study's file, which may vary other
    factors by now: of a cell in it they are as good.
    """
    if "cell" not in columns:
        return columns
    number = {cell.digest: i for i, cell in enumerate(study.cells)}
    cells = np.fromiter((number[str(cell)] for cell in columns["cell"]), np.int64)
    levels = {factor: column_of([cell.factors.get(factor) for cell in study.cells]) for factor in study.factors}
    order = np.argsort(cells, kind="stable")
    return {**taken(columns, order), **taken(levels, cells[order])}


def concatenated(parts: Sequence[dict[str, Column]]) -> dict[str, Column]:
    """Return the rows of all parts, with the columns of all, null where a part has none.

    A column of numbers in one part and of text in another is text.
    """
    if len(parts) == 1:
        return parts[0]
    names = list(dict.fromkeys(name for part in parts for name in part))
    lengths = [len(next(iter(part.values()))) if part else 0 for part in parts]
    return {name: _joined([part.get(name) for part in parts], lengths) for name in names}


def _joined(columns: list[Column | None], lengths: list[int]) -> Column:
    if any(isinstance(column, list) and any(x is not None for x in column) for column in columns):
        return [x for column, n in zip(columns, lengths, strict=True) for x in _as_text(column, n)]
    arrays = [
        column if isinstance(column, np.ndarray) else np.full(n, np.nan)
        for column, n in zip(columns, lengths, strict=True)
        if n
    ]
    return np.concatenate(arrays) if arrays else np.empty(0)


def _as_text(column: Column | None, n: int) -> list[str | None]:
    if column is None:
        return [None] * n
    if isinstance(column, list):
        return column
    return [None if x != x else text_of(x) for x in column.tolist()]


def united(maps: list[tuple[int, BoundaryMap]]) -> BoundaryMap:
    """Return the mean of the maps of several files of one cell, each with its number of replicates.

    One of another plane than the first one's is left out, as it may be of another release.
    """
    first = maps[0][1]
    alike = [(n, m) for n, m in maps if m.domain == first.domain and m.values.shape == first.values.shape]
    if len(alike) == 1:
        return first
    weights = np.array([n for n, _ in alike], dtype=np.float64) / sum(n for n, _ in alike)
    low, high = min(m.scale[0] for _, m in alike), max(m.scale[1] for _, m in alike)
    span = (high - low) or 1.0
    values = sum(
        w * (m.scale[0] + m.values / 255 * (m.scale[1] - m.scale[0]) - low) / span * 255
        for w, (_, m) in zip(weights, alike, strict=True)
    )
    labels = [m.labels for _, m in alike if m.labels is not None]
    shares = sum(w * x for w, x in zip(weights, labels, strict=True)) if len(labels) == len(alike) else None
    return BoundaryMap(
        first.features, first.domain, (low, high), _as_bytes(values), None if shares is None else _as_bytes(shares)
    )


def _as_bytes(values: Any) -> Any:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
