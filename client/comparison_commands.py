"""The commands `comparison` and `compare`."""

from pathlib import Path

import click

from bundle.tables import PICTURES, TABLES
from bundle.terminal import write_file
from client import tables
from client.client import BoundaryClient
from client.commands import (
    Connection,
    as_json,
    checked_suffix,
    experiment_option,
    json_bytes,
    output_option,
    show,
    show_json,
    width_option,
)
from client.comparison import Comparison, ScoreComparison

COMPARISON_FILES = (".png", ".csv", ".md", ".json")

rope_option = click.option(
    "--rope", type=click.FloatRange(min=0), help="A difference of at most this much is none. Default: 0.005."
)
pairs_option = click.option("--pairs", is_flag=True, help="Also compare every pair of models.")
words_option = click.option("--words", is_flag=True, help="Also say every pair's verdict in a sentence.")


@click.command()
@experiment_option
@pairs_option
@words_option
@rope_option
@click.option("--score", metavar="NAME", help="What pairs are compared by, such as own_accuracy or brier.")
@click.option("--table", type=click.Choice(TABLES), help="What a file's rows are of. Default: models.")
@click.option("--picture", type=click.Choice(PICTURES), help="What a file shows. Default: every run.")
@width_option(900)
@output_option("a picture (.png), a table (.csv, .md), or everything (.json)")
@as_json
@click.pass_obj
def comparison(
    connection: Connection,
    experiment: str | None,
    pairs: bool,
    words: bool,
    rope: float | None,
    score: str | None,
    table: str | None,
    picture: str | None,
    width: int,
    output: Path | None,
    as_json: bool,
) -> None:
    """Compare the models of an experiment: print the comparison, or write it to a file."""
    if output is not None:
        suffix = checked_suffix(output, COMPARISON_FILES)
        if as_json or pairs:
            raise click.UsageError("--output cannot be combined with --json or --pairs")
        if words:
            raise click.UsageError("--output cannot be combined with --words; a .csv of --table pairs has them")
        with connection.client() as client:
            content = _file(client, suffix, width, experiment, rope, score, table=table, picture=picture)
        write_file(output, content)
        return
    with connection.client() as client:
        records = client.comparison(experiment, rope, score)
    if as_json:
        show_json(records.document)
        return
    show(tables.comparison(records))
    _show_pairs(records, pairs=pairs, words=words)


def _show_pairs(found: Comparison | ScoreComparison, *, pairs: bool, words: bool) -> None:
    if pairs:
        show(tables.pairs(found))
    for pair in found.pairs if words else ():
        click.echo(pair.get("words") or "")


def _file(
    client: BoundaryClient,
    suffix: str,
    width: int,
    experiment: str | None,
    rope: float | None,
    score: str | None,
    *,
    table: str | None,
    picture: str | None,
) -> bytes:
    if suffix == ".png":
        return client.comparison_picture(experiment, width, picture, rope, score)
    if suffix == ".csv":
        return client.comparison_table(experiment, "csv", table, rope, score).encode()
    if suffix == ".md":
        return client.comparison_table(experiment, "markdown", table, rope, score).encode()
    return json_bytes(client.comparison(experiment, rope, score).document)


@click.command()
@click.argument("path", metavar="SCORES", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@pairs_option
@words_option
@rope_option
@click.option("--higher-is-better/--lower-is-better", default=None, help="Default: by the score's name.")
@click.option("--score", metavar="COLUMN", help="The column of scores; else it is recognized, as are the others.")
@click.option("--model", metavar="COLUMN", help="The column of models.")
@click.option("--run", metavar="COLUMN", help="What tells runs apart, such as a seed; common ones are paired.")
@click.option("--dataset", metavar="COLUMN", help="The column of data sets.")
@as_json
@click.pass_obj
def compare(
    connection: Connection,
    /,
    path: Path,
    pairs: bool,
    words: bool,
    rope: float | None,
    higher_is_better: bool | None,
    as_json: bool,
    **columns: str | None,
) -> None:
    """Compare models by scores of their runs: a CSV as MLflow, W&B or TensorBoard export it, or one of your own."""
    with connection.client() as client:
        found = client.compare(path, rope, higher_is_better, **columns)
    if as_json:
        show_json(found.document)
        return
    show(tables.scores(found))
    _show_pairs(found, pairs=pairs, words=words)
    for note in found.notes:
        click.echo(f"note: {note}", err=True)
