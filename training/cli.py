"""The command line: `python -m training train [EXPERIMENT.toml]`."""

import contextlib
import gc
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bundle import layout, terminal
from bundle.columns import model_row
from bundle.comparison import Comparison, ComparisonSchema
from training import TrainingError
from training.compare import compare
from training.dataset_spec import TableSpec
from training.datasets import data_of
from training.experiment import DEFAULT, Experiment, read
from training.options import models_dir_option
from training.study.command import study

if TYPE_CHECKING:
    from bundle.card import Output
    from training.pipeline import RunResult


@click.group()
def main() -> None:
    """Train classifiers and write them as bundles that the service serves."""


main.add_command(compare)
main.add_command(study)


@main.command()
@click.argument("experiment", type=click.Path(dir_okay=False, path_type=Path), default=DEFAULT)
@models_dir_option
@click.option("--replicates", type=click.IntRange(min=1), help="Training runs per model (overrides the file).")
@click.option(
    "--only",
    multiple=True,
    metavar="NAME",
    help="Train only this model (repeatable). A comparison that also covers other models is kept.",
)
@click.option("--resume", is_flag=True, help="Take up the models that an interrupted training of this finished.")
@click.option(
    "--if-missing", is_flag=True, help="Do nothing if the comparison and a version of every model already exist."
)
def train(
    experiment: Path, models_dir: Path, replicates: int | None, only: tuple[str, ...], resume: bool, if_missing: bool
) -> None:
    """Train, evaluate and export an experiment's models, and print their comparison.

    EXPERIMENT is a TOML file; the default is the course notebook's experiment. A model that fails is named and left
    out, and the exit status is 1.
    """
    try:
        chosen = read(experiment)
        chosen = chosen.only(only) if only else chosen
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    results = layout.experiment_dir(models_dir, chosen.name) / layout.COMPARISON
    if if_missing and _is_trained(chosen, models_dir):
        click.echo("all models are already trained; nothing to do")
        return
    chosen = replace(chosen, replicates=replicates or chosen.replicates)
    with _told(experiment, models_dir):
        trained = _train_with_progress(chosen, models_dir, resume)
    Console().print(comparison_table(trained.comparison))
    for result in trained.comparison.models:
        click.echo(f"wrote {models_dir / result.model / str(result.version)}")
    if trained.untouched_models:
        others = ", ".join(trained.untouched_models)
        click.echo(f"kept {results}: it also compares {others}; to replace it, train without --only")
    if trained.comparison.failed:
        reasons = "\n".join(f"{name}: {reason}" for name, reason in trained.comparison.failed.items())
        raise click.ClickException(f"not all models could be trained\n{reasons}")


@main.command()
@click.argument("subject", metavar="NAME|TABLE")
@click.option("--label", metavar="NAME", help="The table's column to predict.")
@click.option("-o", "output", metavar="FILE", help="Where to write; - prints it. By default NAME.toml.")
def new(subject: str, label: str | None, output: str | None) -> None:
    """Write a commented experiment to start from, for a data set of the gallery or a CSV or Parquet table."""
    from training.new import write  # noqa: PLC0415 (it needs what reads tables)

    try:
        click.echo(write(subject, label, output), err=output == "-")
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error


@main.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--name", required=True, help="What to call the model.")
@models_dir_option
@click.option(
    "--data", type=click.Path(dir_okay=False, path_type=Path), help="A table to measure it on, CSV or Parquet."
)
@click.option("--label", default="label", show_default=True, help="The table's column that is predicted.")
@click.option(
    "--feature", "features", multiple=True, help="A column for the model's inputs, in their order (repeatable)."
)
@click.option("--output", help="Which output, where there are several.")
@click.option(
    "--kind", type=click.Choice(["probability", "logit", "value"]), help="What the output is; else it is probed."
)
@click.option("--class", "classes", multiple=True, help="A class's name, in the order of the outputs (repeatable).")
def adopt(
    path: Path,
    name: str,
    models_dir: Path,
    data: Path | None,
    label: str,
    features: tuple[str, ...],
    output: str | None,
    kind: "Output | None",
    classes: tuple[str, ...],
) -> None:
    """Publish a model from elsewhere: PATH is a SavedModel's directory or a .keras file.

    It is served with a card, compiled where LiteRT can have it, and, with data, measured and compared.
    """
    if not layout.NAME.fullmatch(name):
        raise click.BadParameter(
            f"{name!r} is no model's name: 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-'", param_hint="--name"
        )
    spec = None if data is None else TableSpec(path=data, label=label, features=features or None, scale=False)
    with _told(path, models_dir):
        _quiet_tensorflow()
        from training.adoption import Request, adopt  # noqa: PLC0415 (seconds)

        adopted = adopt(Request(path, name, spec, output, kind, classes), models_dir)
    click.echo(adopted.note)
    if adopted.comparison is not None:
        Console().print(comparison_table(adopted.comparison))
        rows = adopted.comparison.dataset.sizes["test"]
        click.echo(f"measured in its one run on all {rows} rows of {data}, of which it may have learned from some")
    click.echo(f"wrote {models_dir / name / str(adopted.card.version)}")


@contextlib.contextmanager
def _told(path: Path, models_dir: Path) -> Iterator[None]:
    """Tell what went wrong in one line, naming the file that was asked for."""
    try:
        yield
    except BlockingIOError as error:
        raise click.ClickException(
            f"another training run is writing to {models_dir}; wait until it has finished"
        ) from error
    except (ValueError, OSError, TrainingError) as error:
        raise click.ClickException(f"{path}: {error}") from error


def _quiet_tensorflow() -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # or its start-up notes tear the progress bars
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # the same arithmetic on every processor


def _is_trained(experiment: Experiment, models_dir: Path) -> bool:
    """Say whether an experiment has its results, which are published last, and each of its models a version."""
    results = layout.experiment_dir(models_dir, experiment.name) / layout.COMPARISON
    return results.is_file() and all(layout.versions(models_dir, model.name) for model in experiment.models)


def _train_with_progress(experiment: Experiment, models_dir: Path, resume: bool) -> "RunResult":
    data = data_of(experiment)
    for note in data[0].notes:
        click.echo(note, err=True)
    _quiet_tensorflow()
    console = Console(stderr=True)
    gc.disable()
    with console.status("Loading TensorFlow ...", spinner="line"):
        from training.pipeline import run  # noqa: PLC0415 (seconds: only after the input has been found good)
    gc.freeze()  # for each model the converter collects garbage, and would look at TensorFlow's 400,000 objects: 0.2 s
    gc.enable()

    columns = (
        TextColumn("{task.description:<12}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("epochs"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as bars:
        tasks = {spec.name: bars.add_task(spec.name, total=spec.epochs_in_all) for spec in experiment.models}
        try:
            return run(experiment, models_dir, lambda name, epochs: bars.advance(tasks[name], epochs), resume, data)
        except KeyboardInterrupt:
            console.print("interrupted; the same command with --resume goes on from the models that are finished")
            raise


def comparison_table(comparison: Comparison) -> Table:
    """Return the comparison for the terminal: the notebook's number beside ours."""
    rows = map(model_row, ComparisonSchema().dump(comparison)["models"])
    return terminal.comparison_table(comparison.experiment, comparison.protocol.replicates, rows)
