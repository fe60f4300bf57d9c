"""The comparison's table for a terminal, for training and the client: both have rich."""

from collections.abc import Iterable

from rich.table import Table

from bundle.columns import Row, columns_for


def comparison_table(experiment: str, replicates: int, rows: Iterable[Row]) -> Table:
    """Return one row a model: its score over the replicates, test accuracy or R², of the served one, and what is known
    beside it.
    """
    models = list(rows)
    name, layers, *numbers = columns = [column for column in columns_for(models) if not column.wide]
    runs = "one replicate" if replicates == 1 else f"{replicates} replicates"
    title = f"{experiment}: {numbers[0].heading}, {runs} of each model"
    table = Table(title=title, box=None, pad_edge=False)  # fits into 80 columns
    table.add_column(name.narrow_heading, overflow="fold")  # what is long takes several lines
    table.add_column(layers.narrow_heading, overflow="fold", justify="right")
    for column in numbers:
        table.add_column(column.narrow_heading.replace(" ", "\n"), justify="right", no_wrap=True)
    for row in models:
        table.add_row(*(column.narrow_text(row) for column in columns))
    return table
