"""`python -m chaos.soak [--short]`: run the soak, print its findings, and fail where a promise is broken."""

from pathlib import Path

import click

from chaos.findings import report
from chaos.options import models_dir_option, tell
from chaos.soak.scenario import FULL, SHORT, run_soak


@click.command()
@click.option("--short", is_flag=True, help="Less of everything and wider limits, in half a minute.")
@models_dir_option("The models to serve a copy of.")
@click.option("--seed", type=int, default=1, show_default=True, help="Of the requests and of the order of the faults.")
def main(short: bool, models_dir: Path, seed: int) -> None:
    """Break a gunicorn on purpose, under load."""
    report(run_soak(models_dir, SHORT if short else FULL, seed, tell))


if __name__ == "__main__":
    main()
