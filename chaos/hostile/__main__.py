"""`python -m chaos.hostile`: send hostile inputs, print the findings, and fail where a promise is broken."""

from pathlib import Path

import click

from chaos.findings import report
from chaos.hostile.scenario import run_against, run_hostile
from chaos.options import models_dir_option, tell


@click.command()
@click.argument("url", required=False)
@click.option("--count", type=click.IntRange(1), default=10_000, show_default=True, help="Of the inputs.")
@click.option("--seed", type=int, default=1, show_default=True, help="Of the inputs.")
@models_dir_option("The models to serve.")
def main(url: str | None, count: int, seed: int, models_dir: Path) -> None:
    """Send hostile inputs to a gunicorn that is started for it, or to the service at URL; its log is not looked at."""
    report(run_hostile(models_dir, count, seed, tell) if url is None else run_against(url, count, seed, tell))


if __name__ == "__main__":
    main()
