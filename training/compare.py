"""The command `compare`: the verdicts of the comparison, of scores from elsewhere."""

import io
from pathlib import Path
from typing import Any

import click
import orjson
from rich.console import Console

from bundle import terminal
from bundle.tables import SCORE_PICTURES, SCORE_TABLES
from verdicts import tables
from verdicts.elsewhere import Options, compare_scores
from verdicts.score_comparison import ScoreComparison
from verdicts.scores import Named, ScoresError, joined, read
from verdicts.words import p_value

MAX_FILE_BYTES = 256 * 2**20

MAX_WORDS = 40
"""Pairs whose verdict is told in words too."""

FORMS = ("table", "json", "csv", "markdown", "png")


@click.command()
@click.argument(
    "paths", metavar="SCORES...", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--rope", type=click.FloatRange(min=0), help="A difference of at most this much is none. Default: 0.005.")
@click.option("--higher-is-better/--lower-is-better", default=None, help="Default: by the score's name.")
@click.option("--overlap", type=click.FloatRange(min=0), help="Test set's size over training set's, of resplit data.")
@click.option("--score", metavar="COLUMN", help="The column of scores; else it is recognized, as are the others.")
@click.option("--model", metavar="COLUMN", help="The column of models.")
@click.option("--run", metavar="COLUMN", help="What tells runs apart, such as a seed; common ones are paired.")
@click.option("--dataset", metavar="COLUMN", help="The column of data sets; of several, models are ranked.")
@click.option("--format", "form", type=click.Choice(FORMS), help="Default: by the output's name, else a table.")
@click.option(
    "--table", type=click.Choice(SCORE_TABLES), default="models", show_default=True, help="Of CSV and Markdown."
)
@click.option("--picture", type=click.Choice(SCORE_PICTURES), default="runs", show_default=True)
@click.option("--width", type=click.IntRange(200, 2000), default=900, show_default=True, help="Of the picture, pixels.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to a file.")
def compare(
    paths: tuple[Path, ...], form: str | None, table: str, picture: str, width: int, output: Path | None, **options: Any
) -> None:
    """Compare models by scores of their runs: which is better, equivalent, or undecided, and how many runs would tell.

    SCORES are CSV files as MLflow, W&B and TensorBoard export them, with a row for each run or a column for each model.
    """
    columns = Named(*(options.pop(name) for name in ("score", "model", "run", "dataset")))
    try:
        scores = joined([read(_text(path), path.stem, columns) for path in paths])
        found = compare_scores(scores, Options(**options))
        chosen = form or _form_of(output)
        if chosen == "table":
            _show(found, output)
            return
        content = _picture(found, picture, width) if chosen == "png" else _written(found, chosen, table)
    except (ScoresError, ValueError, OSError) as error:
        raise click.ClickException(f"{', '.join(map(str, paths[:3]))}: {error}") from error
    if output is None and chosen == "png":
        raise click.UsageError("a picture needs --output")
    if output is None:
        click.echo(content.decode(), nl=False)
    else:
        terminal.write_file(output, content)


def _text(path: Path) -> str:
    if path.stat().st_size > MAX_FILE_BYTES:
        raise ScoresError(f"{path.name} is larger than {MAX_FILE_BYTES} bytes")
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ScoresError(f"{path.name} is not text in UTF-8") from error


def _form_of(output: Path | None) -> str:
    suffix = "" if output is None else output.suffix.lower()
    return {".json": "json", ".csv": "csv", ".md": "markdown", ".png": "png"}.get(suffix, "table")


def _written(found: ScoreComparison, form: str, table: str) -> bytes:
    if form == "json":
        return orjson.dumps(found) + b"\n"
    return tables.of_scores(found, table, form).encode()


def _show(found: ScoreComparison, output: Path | None) -> None:
    """Print the models, the pairs, every verdict in words, and what was taken from the scores."""
    text = io.StringIO()
    console = Console(markup=False, highlight=False, file=None if output is None else text)
    console.print(terminal.scores_table(found.score, tables.rows_of_scores(found, "models")))
    if found.pairs:
        console.print()
        console.print(terminal.pairs_table(tables.rows_of_scores(found, "pairs")))
        console.print()
    for words in (*(pair.words for pair in found.pairs[:MAX_WORDS]), *_of_ranks(found)):
        console.print(words, soft_wrap=True)
    for note in found.notes:
        click.echo(f"note: {note}", err=True)
    if output is not None:
        terminal.write_file(output, text.getvalue().encode())


def _of_ranks(found: ScoreComparison) -> list[str]:
    if found.ranks is None:
        return []
    ranks = found.ranks
    told = f"average ranks over {ranks.datasets} data sets: critical difference {ranks.critical_difference:.2f}"
    p = "" if ranks.friedman_p is None else f", Friedman's p {p_value(ranks.friedman_p)}"
    return [told + p, *(f"not told apart: {', '.join(group)}" for group in ranks.groups)]


def _picture(found: ScoreComparison, kind: str, width: int) -> bytes:
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 (training does without it)
        from matplotlib.figure import Figure  # noqa: PLC0415

        from verdicts.pictures import album  # noqa: PLC0415
        from verdicts.pictures.frame import own_fonts  # noqa: PLC0415
        from verdicts.pictures.letters import DOTS_PER_INCH  # noqa: PLC0415
    except ImportError as error:
        raise ScoresError("a picture needs Matplotlib: python -m pip install matplotlib") from error
    picture = album.of_scores(kind, found, width, own_fonts)
    figure = Figure(figsize=(width / DOTS_PER_INCH, picture.height / DOTS_PER_INCH), dpi=DOTS_PER_INCH)
    picture.draw(figure)
    file = io.BytesIO()
    FigureCanvasAgg(figure).print_png(file)  # type: ignore[no-untyped-call]
    return file.getvalue()
