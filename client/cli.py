"""The command line: `python -m client predict|boundary|comparison|models|dataset`."""

import io
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Unpack

import click
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from client import tables
from client.client import DEFAULT_URL, BoundaryClient
from client.errors import ClientError, ProblemError
from client.params import BoundaryParams

Command = Callable[..., None]

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
experiment_option = click.option("--experiment", metavar="NAME", help="Default: the default model's experiment.")
BOUNDARY_FILES = (".png", ".npy", ".json")
COMPARISON_FILES = (".png", ".csv", ".md", ".json")


@dataclass(frozen=True)
class Connection:
    """The options that every command shares."""

    url: str
    api_key: str | None = field(repr=False)
    timeout: float
    retries: int

    @contextmanager
    def client(self) -> Iterator[BoundaryClient]:
        """Yield a client, and turn its errors into one line and exit status 1."""
        try:  # without a cache: a process sends one request
            client = BoundaryClient(self.url, self.api_key, (3.05, self.timeout), self.retries, cache_bytes=0)
        except ValueError as error:
            raise click.UsageError(str(error)) from error
        try:
            with client:
                yield client
        except ProblemError as error:
            named = f" (request {error.request_id})" if error.request_id else ""
            raise click.ClickException(f"{error}{named}") from error
        except ClientError as error:
            raise click.ClickException(str(error)) from error


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
    """Predict the labels of points, such as 0.1,0.2 -0.9,0.4."""
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
        _print_json({"predictions": documents} if several else documents[0])
    else:
        _print(tables.predictions(points, predictions))


def _bound(name: str) -> Callable[[Command], Command]:
    return click.option(f"--{name}", type=float, metavar="NUMBER", help="Default: the model's domain.")


def _width(default: int) -> Callable[[Command], Command]:
    return click.option("--width", type=int, default=default, show_default=True, help="Width of the picture in pixels.")


def _output(contents: str) -> Callable[[Command], Command]:
    return click.option(
        "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help=f"Write to a file: {contents}."
    )


@main.command()
@click.option("--model", metavar="NAME", help="Default: the service's default model.")
@click.option("--version", type=click.IntRange(min=1), help="Default: the latest.")
@_bound("x-min")
@_bound("x-max")
@_bound("y-min")
@_bound("y-max")
@click.option("--resolution", type=int, default=300, show_default=True, help="Nodes along each axis.")
@click.option("--replicate", type=click.IntRange(min=0), help="A training run. Default: 0, the served run.")
@click.option("--epoch", type=click.IntRange(min=0), help="A recorded epoch. Default: the last.")
@click.option(
    "--statistic",
    type=click.Choice(["probability", "mean", "std", "agreement"]),
    help="probability: of one training run; the others: over all runs. Default: probability.",
)
@click.option("--minus", metavar="NAME", help="Subtract the probability of this model.")
@click.option("--layer", type=click.IntRange(min=1), help="With --unit: the activation of a hidden unit.")
@click.option("--unit", type=click.IntRange(min=1), help="With --layer, counted from 1.")
@_width(800)
@_output("a picture (.png), the values [ny, nx] (.npy), or values and coordinates (.json)")
@as_json
@click.pass_obj
def boundary(
    connection: Connection,
    model: str | None,
    version: int | None,
    width: int,
    output: Path | None,
    as_json: bool,
    **params: Unpack[BoundaryParams],
) -> None:
    """Evaluate a model on a grid: print a summary or the values, or write them to a file."""
    suffix = None if output is None else _suffix(output, BOUNDARY_FILES)
    if output is not None and as_json:
        raise click.UsageError("--output and --json cannot be combined")
    with connection.client() as client:
        if output is not None and suffix == ".png":
            _write(output, client.picture(model, version, width=width, **params))
            return
        grid = client.boundary(model, version, **params)
    if output is not None:
        _write(output, _npy(grid.values) if suffix == ".npy" else _json(grid.to_document()))
    elif as_json:
        _print_json(grid.to_document())
    else:
        _print(tables.boundary(grid))


@main.command()
@experiment_option
@click.option("--pairs", is_flag=True, help="Also compare every pair of models.")
@_width(900)
@_output("a picture (.png), a table of the models (.csv, .md), or everything (.json)")
@as_json
@click.pass_obj
def comparison(
    connection: Connection, experiment: str | None, pairs: bool, width: int, output: Path | None, as_json: bool
) -> None:
    """Compare the models of an experiment: print the comparison, or write it to a file."""
    if output is not None:
        suffix = _suffix(output, COMPARISON_FILES)
        if as_json or pairs:
            raise click.UsageError("--output cannot be combined with --json or --pairs")
        with connection.client() as client:
            content = _comparison_file(client, experiment, suffix, width)
        _write(output, content)
        return
    with connection.client() as client:
        records = client.comparison(experiment)
    if as_json:
        _print_json(records.document)
        return
    _print(tables.comparison(records))
    if pairs:
        _print(tables.pairs(records))


@main.command()
@as_json
@click.pass_obj
def models(connection: Connection, as_json: bool) -> None:
    """List the models and their versions."""
    with connection.client() as client:
        document = client.models()
    if as_json:
        _print_json(document)
    else:
        _print(tables.models(document))


@main.command()
@experiment_option
@as_json
@click.pass_obj
def dataset(connection: Connection, experiment: str | None, as_json: bool) -> None:
    """Count the data set's points by split and label, or print them as JSON."""
    with connection.client() as client:
        data = client.dataset(experiment)
    if as_json:
        _print_json(data.to_document())
    else:
        _print(tables.dataset(data))


def _points(texts: Sequence[str]) -> list[list[float]]:
    points: list[list[float]] = []
    for text in texts:
        try:
            points.append([float(number) for number in text.split(",")])
        except ValueError as error:
            raise click.UsageError(f"{text!r} is not a point; write points as 0.1,0.2") from error
        count, expected = len(points[-1]), len(points[0])
        if count != expected:
            numbers = "number" if count == 1 else "numbers"
            raise click.UsageError(f"{text!r} has {count} {numbers}; the first point has {expected}")
    return points


def _print(table: Table) -> None:
    Console(markup=False, highlight=False).print(table)


def _print_json(document: object) -> None:
    click.echo(json.dumps(document))


def _suffix(path: Path, suffixes: Sequence[str]) -> str:
    """Return which of the suffixes, in small letters, a file's name ends in."""
    suffix = path.suffix.lower()
    if suffix not in suffixes:
        raise click.UsageError(f"the file's name must end in one of {', '.join(suffixes)}")
    return suffix


def _comparison_file(client: BoundaryClient, experiment: str | None, suffix: str, width: int) -> bytes:
    if suffix == ".png":
        return client.comparison_picture(experiment, width)
    if suffix == ".csv":
        return client.comparison_table(experiment, "csv").encode()
    if suffix == ".md":
        return client.comparison_table(experiment, "markdown").encode()
    return _json(client.comparison(experiment).document)


def _npy(values: NDArray[np.float32]) -> bytes:
    file = io.BytesIO()
    np.save(file, values, allow_pickle=False)
    return file.getvalue()


def _json(document: object) -> bytes:
    return (json.dumps(document) + "\n").encode()


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}") from error
    click.echo(f"wrote {path}", err=True)
