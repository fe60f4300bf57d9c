"""What a run found: a row for each metric, with the limit that was promised for it."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass

import click
from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Finding:
    """`part` is a letter for what was broken on purpose; `limit` is empty where nothing is promised."""

    part: str
    metric: str
    measured: str
    limit: str = ""
    passed: bool = True

    @classmethod
    def none_of(cls, part: str, metric: str, count: int) -> "Finding":
        """Return the count of something that must not happen."""
        return cls(part, metric, str(count), "0", count == 0)


def report(findings: Iterable[Finding]) -> None:
    """Print the findings as a table, and exit with 1 if one of them is over its limit."""
    table, passed = Table(box=MARKDOWN), True
    for heading in ("", "metric", "measured", "limit", "passed"):
        table.add_column(heading, justify="right" if heading == "measured" else "left", no_wrap=True)
    for finding in findings:
        verdict = ("yes" if finding.passed else "NO") if finding.limit else ""
        table.add_row(finding.part, finding.metric, finding.measured, finding.limit, verdict)
        passed = passed and finding.passed
    console = Console(width=220)
    with console.capture() as captured:
        console.print(table)
    click.echo(captured.get().strip())
    sys.exit(not passed)
