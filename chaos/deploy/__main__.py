"""`python -m chaos.deploy`: break the deployment, print the findings, and fail where a promise is broken."""

import click

from chaos.deploy.scenario import run_deployment
from chaos.findings import report
from chaos.options import tell


@click.command()
@click.option("--seed", type=int, default=1, show_default=True, help="Of the requests.")
def main(seed: int) -> None:
    """Break the stack of docker-compose.yml on purpose, on the Docker engine that the environment names."""
    report(run_deployment(seed, tell))


if __name__ == "__main__":
    main()
