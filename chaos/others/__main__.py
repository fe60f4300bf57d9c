"""`python -m chaos.others`: break this service and others in the same ways, and print what became of the answers."""

from pathlib import Path

import click

from benchmarks.serving.processes import adopt_orphans
from chaos.options import models_dir_option, tell
from chaos.others.trial import FAULTS, NAMES, run_trials, table
from chaos.soak.faults import CLIENTS


@click.command()
@click.option("--server", "servers", multiple=True, type=click.Choice(NAMES), default=NAMES, show_default=True)
@click.option("--fault", "faults", multiple=True, type=click.Choice([*FAULTS]), default=[*FAULTS], show_default=True)
@click.option("--seconds", type=click.FloatRange(min=1), default=20, show_default=True, help="Of load for each fault.")
@click.option("--clients", type=click.IntRange(1, len(CLIENTS)), default=len(CLIENTS), show_default=True)
@models_dir_option("The models to serve copies of.")
def main(servers: tuple[str, ...], faults: tuple[str, ...], seconds: float, clients: int, models_dir: Path) -> None:
    """Break this service and others on purpose, under load."""
    adopt_orphans()
    click.echo(table(run_trials(servers, faults, models_dir, seconds, clients, tell)))


if __name__ == "__main__":
    main()
