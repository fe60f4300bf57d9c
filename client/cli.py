"""The command line: `python -m client predict|boundary|volume|score|comparison|compare|models|dataset`."""

import csv
from collections.abc import Sequence

import click

from client import comparison_commands, grid_commands, tables
from client.client import DEFAULT_URL
from client.commands import (
    Connection,
    as_json,
    experiment_option,
    show,
    show_json,
)
from client.score.command import score


@click.group()
@click.option("--url", envvar="BOUNDARY_URL", show_envvar=True, default=DEFAULT_URL, show_default=True)
@click.option(
    "--api-key",
    envvar="BOUNDARY_API_KEY",
    show_envvar=True,
    metavar="KEY",
    help="For a service that requires one. Other users of this machine can see options, but not the variable.",
)
@click.option(
    "--timeout", type=click.FloatRange(min=0, min_open=True), default=30.0, show_default=True, help="Seconds."
)
@click.option("--retries", type=click.IntRange(min=0), default=3, show_default=True)
@click.pass_context
def main(context: click.Context, url: str, api_key: str | None, timeout: float, retries: int) -> None:
    """Query a boundary service."""
    context.obj = Connection(url, api_key, timeout, retries)


# Unknown options are arguments: a point may start with a minus sign.
@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("texts", metavar="X1,X2 ...", nargs=-1, required=True)
@click.option("--model", "models", multiple=True, metavar="NAME", help="May be given more than once.")
@click.option("--all", "every", is_flag=True, help="Predict with every model.")
@click.option("--version", type=click.IntRange(min=1), help="Default: the latest.")
@click.option("--threshold", type=click.FloatRange(0, 1), help="Label 1 if P(y = 1) is at least this. Default: 0.5.")
@as_json
@click.pass_obj
def predict(
    connection: Connection,
    texts: tuple[str, ...],
    models: tuple[str, ...],
    every: bool,
    version: int | None,
    threshold: float | None,
    as_json: bool,
) -> None:
    """Predict the labels of points, such as 0.1,0.2 -0.9,0.4.

    A category is given by its name, in double quotes where this has a comma, and a missing value as nothing: 31,,7.
    """
    points = _points(texts)
    several = every or len(models) > 1
    if every and models:
        raise click.UsageError("--model and --all cannot be combined")
    if several and version is not None:
        raise click.UsageError("--version cannot be combined with several models")
    with connection.client() as client:
        if several:
            predictions = [*client.predict_many(points, "all" if every else models, threshold).values()]
        else:
            predictions = [client.predict(points, models[0] if models else None, version, threshold)]
    if as_json:
        documents = [prediction.to_document() for prediction in predictions]
        show_json({"predictions": documents} if several else documents[0])
    else:
        show(tables.predictions(points, predictions))


main.add_command(grid_commands.boundary)
main.add_command(grid_commands.volume)
main.add_command(score)


main.add_command(comparison_commands.comparison)
main.add_command(comparison_commands.compare)


@main.command()
@as_json
@click.pass_obj
def models(connection: Connection, as_json: bool) -> None:
    """List the models and their versions."""
    with connection.client() as client:
        document = client.models()
    if as_json:
        show_json(document)
    else:
        show(tables.models(document))


@main.command()
@experiment_option
@as_json
@click.pass_obj
def dataset(connection: Connection, experiment: str | None, as_json: bool) -> None:
    """Count the data set's points by split and label, or print them as JSON."""
    with connection.client() as client:
        data = client.dataset(experiment)
    if as_json:
        show_json(data.to_document())
    else:
        show(tables.dataset(data))


def _points(texts: Sequence[str]) -> list[list[float | str | None]]:
    """Return points; what is no number may be the name of a category, and nothing is a missing value."""
    points: list[list[float | str | None]] = []
    for text in texts:
        if text.startswith("--") or not text.strip():
            raise click.UsageError(f"{text!r} is not a point; write points as 0.1,0.2")
        (cells,) = csv.reader([text], skipinitialspace=True)
        points.append([_value(cell.strip()) for cell in cells])
        count, expected = len(points[-1]), len(points[0])
        if count != expected:
            values = "value" if count == 1 else "values"
            raise click.UsageError(f"{text!r} has {count} {values}; the first point has {expected}")
    return points


def _value(text: str) -> float | str | None:
    try:
        return float(text)
    except ValueError:
        return text or None
