"""What commands print and write, for training and the client: both have click and rich."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

import click
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
    return _of_models(f"{experiment}: {columns[2].heading}, {runs} of each model", columns, models)


def scores_table(score: str, rows: Iterable[Row]) -> Table:
    """Return one row a model that was measured elsewhere."""
    models = list(rows)
    return _of_models(score, _narrow(SCORE_COLUMNS, models), models)


def pairs_table(rows: Iterable[Row]) -> Table:
    """Return one row a pair of models: the difference, how often which is ahead, and what that amounts to."""
    pairs = list(rows)
    rope = pairs[0].get("rope") if pairs else None  # an older service has none
    table = Table(title="a against b" if rope is None else f"a against b, equivalent within ±{rope:g}")
    columns = _narrow(PAIR_COLUMNS, pairs)
    for i, column in enumerate(columns):
        _add(table, column.narrow_heading, is_name=i < 2, justify="left" if i < 2 else "right")
    return _filled(table, columns, pairs)


def _narrow(columns: Sequence[Column], rows: Sequence[Row]) -> list[Column]:
    return [column for column in filled(columns, rows) if not column.wide]


def _of_models(title: str, columns: Sequence[Column], rows: Sequence[Row]) -> Table:
    """Return a table that fits into 80 columns: headings take several lines, and so do the first two columns."""
    table = Table(title=title, box=None, pad_edge=False)
    for i, column in enumerate(columns):
        heading = column.narrow_heading if i < 2 else column.narrow_heading.replace(" ", "\n")
        _add(table, heading, is_name=i < 2, justify="left" if i == 0 else "right")
    return _filled(table, columns, rows)


def _add(table: Table, heading: str, *, is_name: bool, justify: Literal["left", "right"]) -> None:
    table.add_column(heading, overflow="fold" if is_name else "ellipsis", justify=justify, no_wrap=not is_name)


def _filled(table: Table, columns: Sequence[Column], rows: Sequence[Row]) -> Table:
    for row in rows:
        table.add_row(*(column.narrow_text(row) for column in columns))
    return table


def write_file(path: Path, content: bytes) -> None:
    """Write what a command was asked for, and say so on standard error."""
    try:
        path.write_bytes(content)
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}") from error
    click.echo(f"wrote {path}", err=True)
