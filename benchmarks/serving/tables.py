"""Tables in Markdown, and how ranges and ratios are written in them."""

from collections.abc import Sequence
from statistics import median

from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table


def new_table(*headings: str) -> Table:
    table = Table(box=MARKDOWN)
    for i, heading in enumerate(headings):
        table.add_column(heading, justify="right" if i else "left", no_wrap=True)
    return table


def markdown(table: Table) -> str:
    console = Console(width=300)
    with console.capture() as captured:
        console.print(table)
    return "\n".join(line.rstrip() for line in captured.get().strip().splitlines())


def value_range(values: Sequence[float], form: str) -> str:
    return f"{min(values):{form}} – {max(values):{form}}"


def ratio(ratios: Sequence[float]) -> str:
    """Return the median and the range; small ratios get a third decimal place."""
    if not ratios:
        return ""
    form = ".2f" if median(ratios) >= 0.1 else ".3f"
    return f"{median(ratios):{form}} ({value_range(ratios, form)})"
