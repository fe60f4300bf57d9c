"""What one replicate is at its recorded epochs, number by number; `bundle.study_rows` says what each of them is."""

from collections.abc import Iterable
from functools import partial
from typing import TypeAlias

import keras
import numpy as np
from numpy.typing import NDArray

from bundle.comparison import SPLITS
from training.architectures import Weights
from training.evaluation import THRESHOLD
from training.exact_accuracy import own_radius
from training.fit import recipe
from training.preprocessing import EncodedSplit
from training.study.affine import affine_share
from training.study.gradients import Learning, measure_learning, norms
from training.study.losses import point_losses
from training.study.passes import outputs
from training.study.trained import TrainedUnit

Floats: TypeAlias = NDArray[np.float64]

Points: TypeAlias = NDArray[np.float32]

Scores: TypeAlias = dict[str, Floats]
"""By column, a number for each of S epochs."""

COLUMN = {"train": "", "validation": "validation_", "test": "test_"}
"""What the columns of a split begin with."""


def scores_of(unit: TrainedUnit, r: int) -> Scores:
    """Return all that is measured of a replicate; from where it diverged on there is no number, NaN."""
    weights, answers = unit.weights(r), []
    found: Scores = {}
    of_layers: Scores = {}
    with np.errstate(over="ignore", invalid="ignore"):  # of a replicate that diverges
        for name, split in zip(SPLITS, unit.splits, strict=True):
            points, labels = EncodedSplit(split, unit.encoder).replicate(r)
            if name == "train":
                learning = _learning(unit, weights, points, labels)
                of_layers = _of_layers(learning, weights)
                answer, loss = learning.outputs, learning.loss
            else:
                answer = outputs(unit.activations, weights, points)
                loss = point_losses(unit.protocol, unit.task, labels, answer)[0].mean(axis=1, dtype=np.float64)
            answers.append(answer)
            found |= {f"{COLUMN[name]}loss": loss, **_scores(unit, r, answer, labels, COLUMN[name])}
    is_known = np.all([_is_finite(stack) for stack in [*weights, *answers]], axis=0)
    found |= _affine_share(unit, points, answer, is_known) | _exact_accuracy(unit, r, weights, is_known) | of_layers
    return {name: np.where(is_known & np.isfinite(values), values, np.nan) for name, values in found.items()}


def _learning(unit: TrainedUnit, weights: Weights, points: Points, labels: Points) -> Learning:
    counts = recipe.point_weights(unit.protocol, labels, max(2, unit.model.output_shape[-1]))
    losses_of = partial(point_losses, unit.protocol, unit.task)
    return measure_learning(unit.activations, weights, points, labels, counts, losses_of)


def _of_layers(learning: Learning, weights: Weights) -> Scores:
    by_layer: dict[str, Iterable[Floats]] = {
        "gradient_norm": learning.gradient_norms,
        "weight_norm": [norms(kernel) for kernel in weights[::2]],
        "dead": learning.dead,
        "saturated": learning.saturated,
    }
    return {f"{name}_{layer}": values for name, layers in by_layer.items() for layer, values in enumerate(layers, 1)}


def _scores(unit: TrainedUnit, r: int, answer: Points, labels: Points, prefix: str) -> Scores:
    """Return the accuracy; in a regression the mean absolute error, in the target's units, and of test data R²."""
    if unit.task == "binary":
        labelled = (keras.activations.sigmoid(answer[..., 0]).numpy() >= THRESHOLD).astype(int)
    elif unit.task == "multiclass":
        labelled = answer.argmax(axis=-1)
    else:
        return _errors(unit, r, answer[..., 0].astype(np.float64) - labels, labels, prefix)
    return {f"{prefix}accuracy": (labelled == labels.astype(int)).mean(axis=1)}


def _errors(unit: TrainedUnit, r: int, errors: Floats, labels: Points, prefix: str) -> Scores:
    scale = 1.0 if unit.encoder.target_sd is None else float(unit.encoder.target_sd[r])
    found = {f"{prefix}mae": np.abs(errors).mean(axis=1) * scale}
    if prefix == COLUMN["test"]:
        y = labels.astype(np.float64)
        spread = float(((y - y.mean()) ** 2).sum())
        found["test_r2"] = 1 - (errors**2).sum(axis=1) / spread if spread else np.full(len(errors), np.nan)
    return found


def _affine_share(unit: TrainedUnit, points: Points, answer: Points, is_known: NDArray[np.bool_]) -> Scores:
    if unit.task == "multiclass":
        return {}
    share = np.full(len(is_known), np.nan)
    share[is_known] = affine_share(points, answer[is_known, :, 0])
    return {"affine_share": share}


def _exact_accuracy(unit: TrainedUnit, r: int, weights: Weights, is_known: NDArray[np.bool_]) -> Scores:
    """Return the accuracy against the boundary that the replicate's own data were cut by, at the epochs asked for."""
    population, asked = unit.source.population, unit.cell.keep.exact
    if population is None or asked == "none":
        return {}
    points, labels = zip(*(split.replicate(r) for split in unit.splits), strict=True)
    radius = own_radius(np.concatenate(points), np.concatenate(labels))
    accuracy = np.full(len(is_known), np.nan)
    first = len(is_known) - 1 if asked == "last" else 0
    for s in first + np.flatnonzero(is_known[first:]):
        at_epoch = [stack[s : s + 1] for stack in weights]

        def logit(points: Points, at_epoch: Weights = at_epoch) -> Points:
            return outputs(unit.activations, at_epoch, unit.encoder.points(r, points))[0, :, 0]

        accuracy[s] = population.accuracy(logit, [radius])[0]
    return {"exact_accuracy": accuracy}


def _is_finite(stack: Points) -> NDArray[np.bool_]:
    return np.asarray(np.isfinite(stack).reshape(len(stack), -1).all(axis=1), bool)
