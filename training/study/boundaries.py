"""What the replicates of a unit make of a plane, together; `bundle.study_rows.BoundaryMap` says what is in it."""

import numpy as np
from numpy.typing import NDArray
from scipy import special

from bundle.study_rows import BoundaryMap
from training.datasets import DataSource
from training.evaluation import THRESHOLD
from training.study.passes import outputs
from training.study.trained import TrainedUnit

Floats = NDArray[np.float64]


def boundary_map(unit: TrainedUnit) -> BoundaryMap | None:
    """Return the map of the last weights over the domain of the data.

    Replicates that diverged are left out. There is no map if all are, if there is one feature alone, or none is wanted.
    """
    side, source = unit.cell.keep.map, unit.source
    if not side or len(source.columns) < 2:
        return None
    points = _plane(source, side)
    answers = [found for r in range(len(unit.numbers)) if np.isfinite(found := _answers(unit, r, points)).all()]
    if not answers:
        return None
    scale, labels = (0.0, 1.0), None
    if unit.task == "binary":
        labels = _mean([found >= THRESHOLD for found in answers])
    elif unit.task == "multiclass":
        most = range(len(source.classes))
        labels = _mean([np.equal.outer(most, found.argmax(axis=0)) for found in answers])
    else:
        scale = _range(source)
    values = (_mean(answers) - scale[0]) / (scale[1] - scale[0])
    x, y = source.columns[:2]
    return BoundaryMap(
        features=(x.name, y.name),
        domain=(source.domain[0], source.domain[1]),
        scale=scale,
        values=_bytes(values, side),
        labels=None if labels is None else _bytes(labels, side),
    )


def _plane(source: DataSource, side: int) -> NDArray[np.float32]:
    """Return the points, row by row from the lowest y up: [side², d]."""
    (x_low, x_high), (y_low, y_high) = source.domain[:2]
    y, x = np.meshgrid(np.linspace(y_low, y_high, side), np.linspace(x_low, x_high, side), indexing="ij")
    points = np.tile(np.array(source.held, np.float32), (side * side, 1))
    points[:, 0], points[:, 1] = x.ravel(), y.ravel()
    return points


def _answers(unit: TrainedUnit, r: int, points: NDArray[np.float32]) -> Floats:
    """Return a replicate's probabilities or values, [k, n]."""
    final, encoder = [stack[-1:] for stack in unit.weights(r)], unit.encoder
    with np.errstate(over="ignore", invalid="ignore"):  # of one that diverged
        found: Floats = outputs(unit.activations, final, encoder.points(r, points))[0].T.astype(np.float64)
        if unit.task == "multiclass":
            return np.asarray(special.softmax(found, axis=0))
        if unit.task == "binary":
            return np.asarray(special.expit(found))
        if encoder.target_mean is not None and encoder.target_sd is not None:
            found = found * encoder.target_sd[r] + encoder.target_mean[r]
    return found


def _mean(stacks: list[NDArray[np.bool_]] | list[Floats]) -> Floats:
    return np.asarray(np.mean(stacks, axis=0, dtype=np.float64))


def _range(source: DataSource) -> tuple[float, float]:
    """Return the least and the largest value of the data: the same for every unit of a cell."""
    _, labels = source.samples(0)
    low, high = float(labels.min()), float(labels.max())
    return (low, high) if low < high else (low, low + 1)


def _bytes(shares: Floats, side: int) -> NDArray[np.uint8]:
    return np.rint(np.clip(shares, 0, 1) * 255).astype(np.uint8).reshape(-1, side, side)
