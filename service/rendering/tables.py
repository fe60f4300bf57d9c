"""Tables of the comparison: CSV for programs, Markdown for people."""

import csv
import io

from bundle.columns import COLUMNS, Row, model_row
from bundle.comparison import Comparison, ComparisonSchema


def comparison_csv(comparison: Comparison) -> str:
    """Return one row a model, numbers in full."""
    rows = _rows(comparison)
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0] if rows else (), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def comparison_markdown(comparison: Comparison) -> str:
    """Return one row a model, three digits."""
    header = [column.heading for column in COLUMNS]
    rule = ["---", *["---:"] * (len(COLUMNS) - 1)]
    rows = [[column.text(row) for column in COLUMNS] for row in _rows(comparison)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (header, rule, *rows))


def _rows(comparison: Comparison) -> list[Row]:
    return [model_row(model) for model in ComparisonSchema().dump(comparison)["models"]]
