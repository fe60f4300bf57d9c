"""Tables of the comparison: CSV for programs, Markdown for people."""

import csv
import io

from bundle.columns import Row, columns_for, model_row
from bundle.comparison import Comparison, ComparisonSchema


def comparison_csv(comparison: Comparison) -> str:
    """Return one row a model, numbers in full."""
    rows = _rows(comparison)
    text = io.StringIO()
    writer = csv.DictWriter(text, dict.fromkeys(key for row in rows for key in row), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def comparison_markdown(comparison: Comparison) -> str:
    """Return one row a model, three digits."""
    rows_of_models = _rows(comparison)
    columns = columns_for(rows_of_models)
    header = [column.heading for column in columns]
    rule = ["---", *["---:"] * (len(columns) - 1)]
    rows = [[column.text(row) for column in columns] for row in rows_of_models]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (header, rule, *rows))


def _rows(comparison: Comparison) -> list[Row]:
    return [model_row(model) for model in ComparisonSchema().dump(comparison)["models"]]
