"""`python -m chaos.soak [--short]`: run the soak, print its figures, and fail where a promise was broken."""

import sys
from pathlib import Path

import click
from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from chaos.soak.course import FULL, SHORT, Figure, soak


def table(figures: list[Figure]) -> Table:
    shown = Table(box=MARKDOWN)
    for heading in ("", "figure", "measured", "promised", "kept"):
        shown.add_column(heading, justify="right" if heading == "measured" else "left", no_wrap=True)
    for figure in figures:
        kept = ("yes" if figure.kept else "NO") if figure.promised else ""
        shown.add_row(figure.part, figure.what, figure.measured, figure.promised, kept)
    return shown


@click.command()
@click.option("--short", is_flag=True, help="Less of everything and looser bounds, in half a minute.")
@click.option(
    "--models-dir",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path("models"),
    show_default=True,
    help="The models to serve a copy of.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Of what is asked, and of the order of events.")
def main(short: bool, models_dir: Path, seed: int) -> None:
    """Put what the service promises to the test."""
    figures = soak(models_dir, SHORT if short else FULL, seed, lambda line: click.echo(line, err=True))
    console = Console(width=200)
    with console.capture() as captured:
        console.print(table(figures))
    click.echo(captured.get().strip())
    sys.exit(not all(figure.kept for figure in figures))


if __name__ == "__main__":
    main()
