"""The service's responses as tables for the terminal."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from bundle.terminal import comparison_table, pairs_table, scores_table
from client.comparison import Comparison, ScoreComparison
from client.responses import SPLITS, Boundary, Dataset, Document, Prediction


def predictions(points: Sequence[Sequence[float | str | None]], predictions: Iterable[Prediction]) -> Table:
    """Return one row per point and model."""
    shown = list(predictions)
    has_values = any(len(prediction.values) for prediction in shown)
    has_labels = not has_values or any(not len(prediction.values) for prediction in shown)
    are_named = any(prediction.classes for prediction in shown)
    probability = "P(label)" if are_named else "P(y = 1)"
    table = _table(None, ("point", "model", "version"), (probability, "label") if has_labels else ())
    if has_values:  # a model of which nothing is known may give many a point
        table.add_column("value", justify="right", overflow="fold")
    for prediction in shown:
        for i, point in enumerate(points):
            if len(prediction.values):
                numbers = [
                    *(["", ""] if has_labels else []),
                    ", ".join(f"{value:.6g}" for value in np.atleast_1d(prediction.values[i])),
                ]
            else:
                p = _of_label(prediction, i) if are_named else prediction.probabilities[i]
                numbers = [f"{p:.4f}", str(prediction.labels[i]), *([""] if has_values else [])]
            text = ", ".join(map(_value, point))
            table.add_row(text, prediction.model, str(prediction.version), *numbers)
    return table


def _of_label(prediction: Prediction, i: int) -> float:
    """Return the probability of a point's label."""
    probabilities, label = prediction.probabilities[i], prediction.labels[i]
    if np.ndim(probabilities):
        return float(probabilities.max())
    is_second = label == (prediction.classes[1] if prediction.classes else 1)
    return float(probabilities if is_second else 1 - probabilities)


def boundary(boundary: Boundary) -> Table:
    """Return the grid and the range of its values."""
    table = Table(title=f"{boundary.model}, version {boundary.version}", show_header=False)
    rows, columns = boundary.values.shape
    name = _quantity(boundary)
    table.add_row("replicate", "all" if boundary.replicate is None else str(boundary.replicate))
    table.add_row("epoch", "not recorded" if boundary.epoch is None else str(boundary.epoch))
    for axis, along, nodes in (("x", boundary.x, columns), ("y", boundary.y, rows)):
        feature = f"{boundary.features[axis == 'y']}: " if boundary.is_slice else ""
        table.add_row(axis, f"{feature}{along[0]:g} to {along[-1]:g}, {nodes} nodes")
    if boundary.held:
        table.add_row("held", ", ".join(f"{name} = {_value(value)}" for name, value in boundary.held.items()))
    if boundary.average is not None:
        table.add_row("averaged over", f"{boundary.average['rows']} of {boundary.average['of']} points")
    if boundary.labels is not None:
        for position, label in enumerate(boundary.classes):
            table.add_row(label, f"at {np.mean(boundary.labels == position):.1%} of the nodes")
    table.add_row(name, f"{boundary.values.min():.4f} to {boundary.values.max():.4f}")
    if boundary.are_probabilities:
        table.add_row(f"{name} ≥ 0.5", f"at {np.mean(boundary.values >= 0.5):.1%} of the nodes")
    return table


def _value(value: float | str | None) -> str:
    return "missing" if value is None else value if isinstance(value, str) else f"{value:g}"


def _quantity(boundary: Boundary) -> str:
    """Return the name of what the values measure."""
    if boundary.layer is not None:
        return f"layer {boundary.layer}, unit {boundary.unit}"
    if boundary.statistic == "agreement":
        return "agreement"
    if boundary.statistic in ("value", "label") and boundary.minus is None:
        return "value" if boundary.statistic == "value" else "P(label)"
    prefix = f"{boundary.statistic} of " if boundary.statistic in ("mean", "std") else ""
    if boundary.minus is not None:
        return f"{prefix}P({boundary.model}) − P({boundary.minus})"
    return prefix + ("P(label)" if boundary.labels is not None else f"P(y = {boundary.class_ or 1})")


def comparison(found: Comparison) -> Table:
    """One row a model: test accuracy over the replicates, of the served one, and the notebook's."""
    document = found.document
    return comparison_table(document["experiment"], document["protocol"]["replicates"], found)


def pairs(found: Comparison | ScoreComparison) -> Table:
    """Return one row a pair of models: the difference, how often which is ahead, and what that amounts to."""
    return pairs_table(found.pairs)


def scores(found: ScoreComparison) -> Table:
    """Return one row a model that was measured elsewhere."""
    return scores_table(found.document["score"], found)


def models(document: Document) -> Table:
    """Return one row per version, newest first."""
    table = _table(None, ("model", "version", "state", "reason"), ())
    for model in document["models"]:
        name = model["name"] + (" (default)" if model["name"] == document["default_model"] else "")
        for status in model["versions"]:
            table.add_row(name, str(status["version"]), status["state"], status["reason"] or "")
    return table


def dataset(dataset: Dataset) -> Table:
    """Return the number of points of each label in each split, or the range of the target's values."""
    title = f"{dataset.experiment}: {len(dataset.points)} points ({', '.join(dataset.features)})"
    of_split = [dataset.labels[dataset.split == split] for split in SPLITS]
    if dataset.labels.dtype.kind == "f":
        table = _table(title, ("split",), ("points", "lowest", "mean", "highest"))
        for split, labels in zip(SPLITS, of_split, strict=True):
            table.add_row(split, str(len(labels)), *_range(labels))
        return table
    table = _table(title, ("label",), (*SPLITS, "all"))  # a row a label: there may be many, with long names
    for name in dataset.classes or (0, 1):
        counts = [np.sum(labels == name) for labels in (*of_split, dataset.labels)]
        table.add_row(str(name), *map(str, counts))
    table.add_row("all", *(str(len(labels)) for labels in (*of_split, dataset.labels)))
    return table


def _range(values: NDArray[Any]) -> list[str]:
    if not len(values):
        return ["", "", ""]
    return [f"{value:.6g}" for value in (values.min(), values.mean(), values.max())]


def _table(title: str | None, texts: Iterable[str], numbers: Iterable[str]) -> Table:
    table = Table(title=title)
    for heading in texts:
        table.add_column(heading, overflow="fold")
    for heading in numbers:
        table.add_column(heading, justify="right", no_wrap=True)
    return table
