"""`python -m chaos.deploy`: test the deployment, print the figures, and fail where a promise is broken."""

import sys

import click
from rich.console import Console

from chaos.deploy.course import deploy
from chaos.soak.__main__ import table


@click.command()
@click.option("--seed", type=int, default=1, show_default=True, help="Of what is asked.")
def main(seed: int) -> None:
    """Put the stack of docker-compose.yml to the test, on the Docker engine that the environment names."""
    figures = list(deploy(seed, lambda line: click.echo(line, err=True)))
    console = Console(width=220)
    with console.capture() as captured:
        console.print(table(figures))
    click.echo(captured.get().strip())
    sys.exit(not all(figure.kept for figure in figures))


if __name__ == "__main__":
    main()
