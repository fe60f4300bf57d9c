"""The comparison's tables for a terminal, for training and the client: both have rich."""

from collections.abc import Iterable, Sequence

from rich.table import Table

from bundle.columns import Row
from bundle.tables import PAIR_COLUMNS, SCORE_COLUMNS, Column, columns_for, filled


def comparison_table(experiment: str, replicates: int, rows: Iterable[Row]) -> Table:
    """Return one row a model: its score over the replicates, test accuracy or R², of the served one, and what is known
    beside it.
    """
    models = list(rows)
    columns = [column for column in columns_for(models) if not column.wide]
    runs = "one replicate" if replicates == 1 else f"{replicates} replicates"
    return _table(f"{experiment}: {columns[2].heading}, {runs} of each model", columns, models, texts=1)


def scores_table(score: str, rows: Iterable[Row]) -> Table:
    """Return one row a model that was measured elsewhere."""
    models = list(rows)
    return _table(score, _narrow(SCORE_COLUMNS, models), models, texts=1)


def pairs_table(rows: Iterable[Row]) -> Table:
    """Return one row a pair of models: the difference, how often which is ahead, and what that amounts to."""
    pairs = list(rows)
    title = (
        "a against b"
        if not pairs or pairs[0].get("rope") is None
        else f"a against b, equivalent within ±{pairs[0]['rope']:g}"
    )
    return _table(title, _narrow(PAIR_COLUMNS, pairs), pairs, texts=2, table=Table(title=title))


def _narrow(columns: Sequence[Column], rows: Sequence[Row]) -> list[Column]:
    return [column for column in filled(columns, rows) if not column.wide]


def _table(title: str, columns: Sequence[Column], rows: Sequence[Row], texts: int, table: Table | None = None) -> Table:
    table = table or Table(title=title, box=None, pad_edge=False)  # fits into 80 columns
    for i, column in enumerate(columns):
        heading = column.narrow_heading if i < 2 else column.narrow_heading.replace(" ", "\n")
        if i < max(texts, 2):  # what is long takes several lines
            table.add_column(heading, overflow="fold", justify="left" if i < texts else "right")
        else:
            table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*(column.narrow_text(row) for column in columns))
    return table
