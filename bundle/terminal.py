"""The comparison's table for a terminal, for training and the client: both have rich."""

from collections.abc import Iterable

from rich.table import Table

from bundle.columns import COLUMNS, Row


def comparison_table(experiment: str, replicates: int, rows: Iterable[Row]) -> Table:
    """Return one row a model: test accuracy over the replicates, of the served one, and the notebook's."""
    title = f"{experiment}: test accuracy, {replicates} replicates of each model"
    table = Table(title=title, box=None, pad_edge=False)  # fits into 80 columns
    name, layers, *numbers = columns = [column for column in COLUMNS if not column.wide]
    table.add_column(name.narrow_heading, overflow="fold")  # what is long takes several lines
    table.add_column(layers.narrow_heading, overflow="fold", justify="right")
    for column in numbers:
        table.add_column(column.narrow_heading.replace(" ", "\n"), justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*(column.narrow_text(row) for column in columns))
    return table
