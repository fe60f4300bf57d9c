"""The service's answers as tables for the terminal."""

from collections.abc import Iterable, Sequence

import numpy as np
from rich.table import Table

from bundle.columns import COLUMNS, Row
from client.answers import SPLITS, Boundary, Dataset, Document, Prediction
from client.comparison import Comparison


def predictions(points: Sequence[Sequence[float]], answers: Iterable[Prediction]) -> Table:
    """One row a point and model."""
    table = _table(None, ("point", "model", "version"), ("P(y = 1)", "label"))
    for answer in answers:
        for point, probability, label in zip(points, answer.probabilities, answer.labels, strict=True):
            place = ", ".join(f"{x:g}" for x in point)
            table.add_row(place, answer.model, str(answer.version), f"{probability:.4f}", str(label))
    return table


def boundary(found: Boundary) -> Table:
    table = Table(title=f"{found.model}, version {found.version}", show_header=False)
    rows, columns = found.values.shape
    what = _quantity(found)
    table.add_row("replicate", "all" if found.replicate is None else str(found.replicate))
    table.add_row("epoch", "not recorded" if found.epoch is None else str(found.epoch))
    table.add_row("x", f"{found.x[0]:g} to {found.x[-1]:g}, {columns} nodes")
    table.add_row("y", f"{found.y[0]:g} to {found.y[-1]:g}, {rows} nodes")
    table.add_row(what, f"{found.values.min():.4f} to {found.values.max():.4f}")
    if found.are_probabilities:
        table.add_row(f"{what} ≥ 0.5", f"at {np.mean(found.values >= 0.5):.1%} of the nodes")
    return table


def _quantity(found: Boundary) -> str:
    """Name what the values are."""
    if found.layer is not None:
        return f"layer {found.layer}, unit {found.unit}"
    if found.statistic == "agreement":
        return "agreement"
    prefix = "" if found.statistic == "probability" else f"{found.statistic} of "
    return prefix + ("P(y = 1)" if found.minus is None else f"P({found.model}) − P({found.minus})")


def comparison(found: Comparison) -> Table:
    """One row a model: test accuracy over the replicates, of the served one, and the notebook's."""
    protocol = found.document["protocol"]
    title = f"{found.document['experiment']}: test accuracy, {protocol['replicates']} replicates of each model"
    first, *others = columns = [column for column in COLUMNS if not column.wide]
    table = _table(title, [first.heading], [column.heading for column in others])
    for row in found:
        table.add_row(*(column.text(row) for column in columns))
    return table


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


def models(found: Document) -> Table:
    """One row a version, newest first."""
    table = _table(None, ("model", "version", "state", "reason"), ())
    for model in found["models"]:
        name = model["name"] + (" (default)" if model["name"] == found["default_model"] else "")
        for status in model["versions"]:
            table.add_row(name, str(status["version"]), status["state"], status["reason"] or "")
    return table


def dataset(found: Dataset) -> Table:
    """How many points of each label each split has."""
    table = _table(
        f"{found.experiment}: {len(found.points)} points ({', '.join(found.features)})",
        ("split",),
        ("points", "label 0", "label 1"),
    )
    for split in SPLITS:
        labels = found.labels[found.split == split]
        table.add_row(split, str(len(labels)), str(np.sum(labels == 0)), str(np.sum(labels == 1)))
    return table


def _table(title: str | None, texts: Iterable[str], numbers: Iterable[str]) -> Table:
    table = Table(title=title)
    for heading in texts:
        table.add_column(heading)
    for heading in numbers:
        table.add_column(heading, justify="right")
    return table


def _interval(pair: Row) -> str:
    """Write a pair's interval; there is none with one replicate."""
    low, high = pair["ci95_low"], pair["ci95_high"]
    return "" if low is None else f"{low:+.3f} to {high:+.3f}"
