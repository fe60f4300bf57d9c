"""The command `score`."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from client.commands import Connection, checked_suffix
from client.errors import ClientError
from client.grid_commands import model_option, version_option
from client.score import ScoreError

if TYPE_CHECKING:
    from client.score.run import Result, Run
    from client.score.target import Scorer

FILES = (".parquet", ".csv")
IN_FLIGHT = 4
"""Requests: what one of the service's workers computes at once."""


def _columns(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    pairs = [value.partition("=") for value in values]
    if wrong := [name for name, equals, _ in pairs if not equals]:
        raise click.BadParameter(f"{wrong[0]!r} is not FEATURE=NAME")
    return {feature: name for feature, _, name in pairs}


@click.command()
@click.argument("path", metavar="IN", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write, .parquet or .csv.",
)
@click.option(
    "--local",
    "models_dir",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="MODELS_DIR",
    help="Score in this process, with the bundles in a directory; needs no service.",
)
@model_option
@version_option
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="FEATURE=NAME",
    callback=_columns,
    help="The column of a feature, where it has another name (repeatable).",
)
@click.option("--keep", multiple=True, metavar="NAME", help="A column of IN to write (repeatable). Default: all.")
@click.option("--scores-only", is_flag=True, help="Write no column of IN.")
@click.option("--prefix", default="", metavar="TEXT", help="What the added columns' names begin with.")
@click.option("--threshold", type=click.FloatRange(0, 1), help="Label 1 if P(y = 1) is at least this. Default: 0.5.")
@click.option(
    "--on-error",
    type=click.Choice(["fail", "null"]),
    default="fail",
    show_default=True,
    help="At a row that cannot be scored: stop, or leave its score empty.",
)
@click.option("--resume", is_flag=True, help="Go on where an interrupted run ended: what the command always does.")
@click.option("--fresh", is_flag=True, help="Forget what an interrupted run scored.")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    help=f"Requests in flight; with --local, threads. Default: {IN_FLIGHT}; with --local, one for each processor.",
)
@click.pass_obj
def score(
    connection: Connection,
    /,
    path: Path,
    output: Path,
    models_dir: Path | None,
    model: str | None,
    version: int | None,
    keep: tuple[str, ...],
    scores_only: bool,
    resume: bool,
    workers: int | None,
    **options: Any,
) -> None:
    """Score every row of IN, a CSV or Parquet file of any length with a column for each of the model's features.

    Cells are separated, missing and numbers as training reads them; commas are decimal where the first rows show it.
    Adds P(y = 1) and a label, each class's probability and a label, or a value. The file is there when all of it is; an
    interrupted run goes on with the same command.
    """
    del resume  # it is the default
    if keep and scores_only:
        raise click.UsageError("--keep and --scores-only cannot be combined")
    checked_suffix(output, FILES)
    if not output.absolute().parent.is_dir():
        raise click.UsageError(f"{output.parent} is no directory")
    try:
        from client.score.run import Options, Run  # noqa: PLC0415 (pyarrow, which only this command needs)
    except ModuleNotFoundError as error:
        raise _missing(error, "client-score") from error
    if workers is None:
        workers = IN_FLIGHT if models_dir is None else _processors()
    chosen = Options(workers, keep=[] if scores_only else [*keep] or None, **options)
    with connection.errors_in_one_line():
        scorer = _scorer(connection, models_dir, model, version)
        try:
            run = Run(path, output, scorer, chosen)
            result = _shown(run, connection.url if models_dir is None else "local")
        except ScoreError as error:
            raise click.ClickException(str(error)) from error
        except OSError as error:
            raise click.ClickException(f"{error.filename or output}: {error.strerror or error}") from error
        finally:
            scorer.close()
    _tell(result, output, scorer)


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _scorer(connection: Connection, models_dir: Path | None, model: str | None, version: int | None) -> "Scorer":
    try:
        if models_dir is None:
            from client.score.remote import RemoteScorer  # noqa: PLC0415

            return RemoteScorer(connection.transport, model, version)
        from client.score.local import LocalScorer  # noqa: PLC0415 (the service's packages may not be here)

        return LocalScorer(models_dir, model, version)
    except ModuleNotFoundError as error:
        raise _missing(error, "client-score,service") from error
    except ScoreError as error:
        raise click.ClickException(str(error)) from error


def _missing(error: ModuleNotFoundError, extras: str) -> click.ClickException:
    return click.ClickException(
        f"there is no {error.name} here; this command needs: pip install 'boundary-service[{extras}]'"
    )


def _shown(run: "Run", source_name: str) -> "Result":
    """Run, and show how it goes where somebody looks: on a terminal."""
    console = Console(stderr=True)
    columns = (
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        task = bars.add_task("", total=None)

        def begin(total: int, goes_on: bool) -> None:
            bars.update(task, total=total)
            if goes_on:
                click.echo("going on from an interrupted run", err=True)

        try:
            return run.all(begin, lambda size: bars.advance(task, size), source_name)
        except (KeyboardInterrupt, ClientError):
            click.echo("interrupted; the same command goes on from what is scored", err=True)
            raise


def _tell(result: "Result", output: Path, scorer: "Scorer") -> None:
    for line in result.told:
        click.echo(line, err=True)
    if result.null > len(result.told):
        click.echo(f"… and {result.null - len(result.told):,} more rows", err=True)
    empty = f", {result.null:,} without a score" if result.null else ""
    by = f"{scorer.target.model} version {scorer.target.version}"
    click.echo(f"wrote {output}: {result.rows:,} row{'' if result.rows == 1 else 's'} by {by}{empty}", err=True)
