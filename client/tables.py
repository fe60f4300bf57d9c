"""The service's responses as tables for the terminal."""

from collections.abc import Iterable, Sequence

import numpy as np
from rich.table import Table

from bundle.columns import Row
from bundle.terminal import comparison_table
from client.comparison import Comparison
from client.responses import SPLITS, Boundary, Dataset, Document, Prediction


def predictions(points: Sequence[Sequence[float]], predictions: Iterable[Prediction]) -> Table:
    """Return one row per point and model."""
    shown = list(predictions)
    has_values = any(len(prediction.values) for prediction in shown)
    table = _table(None, ("point", "model", "version"), ("P(y = 1)", "label", *(["value"] if has_values else [])))
    for prediction in shown:
        for i, point in enumerate(points):
            numbers = (
                ("", "", f"{prediction.values[i]:.6g}")
                if len(prediction.values)
                else (f"{prediction.probabilities[i]:.4f}", str(prediction.labels[i]), *([""] if has_values else []))
            )
            table.add_row(", ".join(f"{x:g}" for x in point), prediction.model, str(prediction.version), *numbers)
    return table


def boundary(boundary: Boundary) -> Table:
    """Return the grid and the range of its values."""
    table = Table(title=f"{boundary.model}, version {boundary.version}", show_header=False)
    rows, columns = boundary.values.shape
    name = _quantity(boundary)
    table.add_row("replicate", "all" if boundary.replicate is None else str(boundary.replicate))
    table.add_row("epoch", "not recorded" if boundary.epoch is None else str(boundary.epoch))
    table.add_row("x", f"{boundary.x[0]:g} to {boundary.x[-1]:g}, {columns} nodes")
    table.add_row("y", f"{boundary.y[0]:g} to {boundary.y[-1]:g}, {rows} nodes")
    table.add_row(name, f"{boundary.values.min():.4f} to {boundary.values.max():.4f}")
    if boundary.are_probabilities:
        table.add_row(f"{name} ≥ 0.5", f"at {np.mean(boundary.values >= 0.5):.1%} of the nodes")
    return table


def _quantity(boundary: Boundary) -> str:
    """Return the name of what the values measure."""
    if boundary.layer is not None:
        return f"layer {boundary.layer}, unit {boundary.unit}"
    if boundary.statistic == "agreement":
        return "agreement"
    if boundary.statistic == "value":
        return "value"
    prefix = "" if boundary.statistic == "probability" else f"{boundary.statistic} of "
    return prefix + ("P(y = 1)" if boundary.minus is None else f"P({boundary.model}) − P({boundary.minus})")


def comparison(found: Comparison) -> Table:
    """One row a model: test accuracy over the replicates, of the served one, and the notebook's."""
    document = found.document
    return comparison_table(document["experiment"], document["protocol"]["replicates"], found)


def pairs(found: Comparison) -> Table:
    """One row a pair of models: how much better a is, and how likely that is chance."""
    table = _table("paired by replicate", ("a", "b"), ("a − b", "95% interval", "P(a better)", "p (Holm)"))
    for pair in found.pairs:
        p = pair["p_value_holm"]
        table.add_row(
            pair["a"],
            pair["b"],
            f"{pair['mean_difference']:+.3f}",
            _interval(pair),
            f"{pair['probability_a_better']:.2f}",
            "" if p is None else f"{p:.2g}",
        )
    return table


def models(document: Document) -> Table:
    """Return one row per version, newest first."""
    table = _table(None, ("model", "version", "state", "reason"), ())
    for model in document["models"]:
        name = model["name"] + (" (default)" if model["name"] == document["default_model"] else "")
        for status in model["versions"]:
            table.add_row(name, str(status["version"]), status["state"], status["reason"] or "")
    return table


def dataset(dataset: Dataset) -> Table:
    """Return the number of points of each label in each split."""
    table = _table(
        f"{dataset.experiment}: {len(dataset.points)} points ({', '.join(dataset.features)})",
        ("split",),
        ("points", "label 0", "label 1"),
    )
    for split in SPLITS:
        labels = dataset.labels[dataset.split == split]
        table.add_row(split, str(len(labels)), str(np.sum(labels == 0)), str(np.sum(labels == 1)))
    return table


def _table(title: str | None, texts: Iterable[str], numbers: Iterable[str]) -> Table:
    table = Table(title=title)
    for heading in texts:
        table.add_column(heading, overflow="fold")
    for heading in numbers:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _interval(pair: Row) -> str:
    """Write a pair's interval; there is none with one replicate."""
    low, high = pair["ci95_low"], pair["ci95_high"]
    return "" if low is None else f"{low:+.3f} to {high:+.3f}"
