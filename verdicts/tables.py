"""Tables of comparisons: CSV for programs, numbers in full, and Markdown for people, few digits."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import orjson

from bundle.columns import Document, Row, model_row, pair_row, score_row, sensitivity_rows, variance_row
from bundle.comparison import Comparison
from bundle.tables import (
    PAIR_COLUMNS,
    SCORE_COLUMNS,
    SENSITIVITY_COLUMNS,
    VARIANCE_COLUMNS,
    Column,
    columns_for,
    filled,
    markdown,
)
from verdicts.score_comparison import ScoreComparison

Form: TypeAlias = Literal["csv", "markdown"]


def of_comparison(comparison: Comparison, table: str, form: str) -> str:
    """Return a table of an experiment: of `models`, `pairs`, `sensitivity` or `variance`."""
    rows = rows_of(comparison, table)
    return _text(rows, columns_for(rows) if table == "models" else filled(_COLUMNS[table], rows), form)


def of_scores(comparison: ScoreComparison, table: str, form: str) -> str:
    """Return a table of scores from elsewhere: of `models` or `pairs`."""
    rows = rows_of_scores(comparison, table)
    return _text(rows, filled(PAIR_COLUMNS if table == "pairs" else SCORE_COLUMNS, rows), form)


def rows_of(comparison: Comparison, table: str) -> list[Row]:
    """Return a table's rows, numbers in full."""
    if table == "pairs":
        return [pair_row(vars(pair)) for pair in comparison.pairs]
    return _ROWS[table](_document(comparison)["models"])


def rows_of_scores(comparison: ScoreComparison, table: str) -> list[Row]:
    """Return a table's rows, numbers in full."""
    if table == "pairs":
        return [pair_row(vars(pair)) for pair in comparison.pairs]
    return [score_row(model) for model in map(_document, comparison.models)]


def _document(record: object) -> Any:
    """Return a record as JSON has it."""
    return orjson.loads(orjson.dumps(record))


def _text(rows: Sequence[Row], columns: Sequence[Column], form: str) -> str:
    if form == "markdown":
        return markdown(columns, rows)
    text = io.StringIO()
    writer = csv.DictWriter(text, dict.fromkeys(key for row in rows for key in row), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _variances(models: Sequence[Document]) -> list[Row]:
    return [row for row in map(variance_row, models) if row is not None]


_ROWS: Mapping[str, Callable[[Sequence[Document]], list[Row]]] = {
    "models": lambda models: [model_row(model) for model in models],
    "sensitivity": lambda models: [row for model in models for row in sensitivity_rows(model)],
    "variance": _variances,
}

_COLUMNS = {"pairs": PAIR_COLUMNS, "sensitivity": SENSITIVITY_COLUMNS, "variance": VARIANCE_COLUMNS}
