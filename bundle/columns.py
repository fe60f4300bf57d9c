"""The columns of the comparison, stated once: for CSV, Markdown, terminals and the client's records.

Rows are made from the comparison as JSON has it. The module needs Python alone: the client comes without marshmallow.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Document = Mapping[str, Any]
"""The comparison, or a part of it, as JSON has it."""

Row = dict[str, Any]
"""Text, numbers and None, under the same keys for every model."""

_SUMMARY = ("mean", "sd", "min", "median", "max", "ci95")
_CELLS = ("tn", "fp", "fn", "tp")


def model_row(model: Document) -> Row:
    """Return what the comparison says of one model, flat: a row of the CSV. What was added later comes last.

    In a regression there is no accuracy; of more than two classes the confusion matrix has no names for its cells.
    """
    served = model["served"]
    counts = [count for row in served.get("confusion_matrix", ()) for count in row]
    metrics = {name: summary for name, summary in model.get("metrics", {}).items() if name != "accuracy"}
    population = _summary("population_accuracy", model["population_accuracy"])
    return {
        **{name: model[name] for name in ("model", "version")},
        "hidden_layers": "-".join(map(str, model["hidden_layers"])),
        **{name: model[name] for name in ("activation", "parameters", "epochs", "replicates")},
        **_summary("accuracy", model["accuracy"]),
        "population_accuracy_mean": population["population_accuracy_mean"],
        "notebook_accuracy": model["notebook_accuracy"],
        **{f"served_{name}": value for name, value in served.items() if name != "confusion_matrix"},
        "training_seconds": model["training_seconds"],
        **population,
        **({f"served_{cell}": n for cell, n in zip(_CELLS, counts, strict=True)} if len(counts) == len(_CELLS) else {}),
        **{key: value for name, summary in metrics.items() for key, value in _summary(name, summary).items()},
    }


def pair_row(pair: Document) -> Row:
    """Return a pair of models, with `ci95_low` and `ci95_high` in the place of `ci95`."""
    row: Row = {}
    for name, value in pair.items():
        if name == "ci95":
            row["ci95_low"], row["ci95_high"] = value or (None, None)
        else:
            row[name] = value
    return row


def _summary(name: str, summary: Document | None) -> Row:
    found = dict.fromkeys(_SUMMARY) if summary is None else {key: summary[key] for key in _SUMMARY}
    return {f"{name}_{key}": value for key, value in pair_row(found).items()}


@dataclass(frozen=True)
class Column:
    """A column of the table that people read: its text in a model's row. A terminal has no room for `wide` ones."""

    heading: str
    text: Callable[[Row], str]
    wide: bool = False

    @property
    def narrow_heading(self) -> str:
        """The heading for a terminal."""
        return self.heading.removeprefix("hidden ")

    def narrow_text(self, row: Row) -> str:
        """Return the text for a terminal."""
        return self.text(row).replace(" to ", "–")


def _number(name: str, style: str = ".3f") -> Callable[[Row], str]:
    return lambda row: "" if row.get(name) is None else f"{row[name]:{style}}"  # an older service may not have it


def _range(low: str, high: str) -> Callable[[Row], str]:
    return lambda row: "" if row[low] is None else f"{row[low]:.3f} to {row[high]:.3f}"


_NAMES = (
    Column("model", lambda row: str(row["model"])),
    Column("hidden layers", lambda row: row["hidden_layers"] or "none"),
    Column("parameters", lambda row: str(row["parameters"]), wide=True),
)

COLUMNS = (
    *_NAMES,
    Column("test accuracy", _number("accuracy_mean")),
    Column("95% interval", _range("accuracy_ci95_low", "accuracy_ci95_high")),
    Column("range", _range("accuracy_min", "accuracy_max")),
    Column("exact", _number("population_accuracy_mean")),
    Column("served", _number("served_accuracy")),
    Column("notebook", _number("notebook_accuracy")),
)
"""Of classifiers. Their numbers have three digits; the first column is text."""

REGRESSION_COLUMNS = (
    *_NAMES,
    Column("test R²", _number("r2_mean")),
    Column("95% interval", _range("r2_ci95_low", "r2_ci95_high")),
    Column("range", _range("r2_min", "r2_max")),
    Column("served", _number("served_r2")),
    Column("RMSE", _number("rmse_mean", ".4g")),
)
"""Of a regression's models. The error is in the target's units."""

_OPTIONAL = {"exact", "notebook"}
"""Columns that most data have nothing for."""


def columns_for(rows: Sequence[Row]) -> list[Column]:
    """Return the columns of the table that these rows make: those of their task, but none that would stay empty."""
    columns = REGRESSION_COLUMNS if any("served_r2" in row for row in rows) else COLUMNS
    return [column for column in columns if column.heading not in _OPTIONAL or any(map(column.text, rows))]
