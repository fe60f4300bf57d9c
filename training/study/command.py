"""The command line: `python -m training study FILE.toml`."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from bundle import layout
from bundle.study import Failure, Study
from bundle.study_store import Store
from training import TrainingError
from training.experiment import Experiment
from training.options import models_dir_option
from training.study import export
from training.study.cells import Cell
from training.study.report import judged, results_table, rows_of
from training.study.spec import StudyFile, read
from training.study.units import missing_ranges

MAX_LISTED_FAILURES = 50


@dataclass(frozen=True)
class Options:
    """What the command is asked to do beside running what is missing."""

    scheduler: str | None
    workers: int | None
    retry_failed: bool
    fresh: bool
    merge: tuple[Path, ...]
    export_only: bool


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@models_dir_option
@click.option("--scheduler", metavar="URL", help="A Dask scheduler, as tcp://host:8786; else one on this machine.")
@click.option("--workers", type=click.IntRange(min=0), help="Processes on this machine; 0: a plain loop in this one.")
@click.option("--replicates", type=click.IntRange(min=1), help="Training runs of each cell (overrides the file).")
@click.option("--resume", is_flag=True, help="Train only what is missing: what the command always does.")
@click.option("--retry-failed", is_flag=True, help="Train again what failed before.")
@click.option("--fresh", is_flag=True, help="Delete the study's rows first.")
@click.option(
    "--merge",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Take in the rows of another models directory, or of a study's folder (repeatable).",
)
@click.option("--export-only", is_flag=True, help="Train no cells; export those that the file names.")
def study(file: Path, models_dir: Path, replicates: int | None, resume: bool, **options: object) -> None:
    """Run a study: train every cell that is not finished, and say what came of its claims.

    FILE is a TOML file. Rows are written as they come, so a study that is interrupted goes on with the same command.
    A cell that fails is named with the reason, and the exit status is 1.
    """
    del resume  # it is the default
    chosen = Options(**options)  # type: ignore[arg-type]
    if chosen.fresh and chosen.retry_failed:
        raise click.UsageError("--fresh forgets what failed, too: leave --retry-failed out")
    try:
        asked = read(file)
        asked = replace(asked, replicates=replicates or asked.replicates)
        to_export = list(asked.exported())
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    try:
        failed = _Run(asked, to_export, models_dir, chosen).all()
    except BlockingIOError as error:
        raise click.ClickException(
            f"another process writes to study {asked.name} in {models_dir}, or trains there; wait until it has finished"
        ) from error
    except (OSError, ValueError, TrainingError) as error:
        raise click.ClickException(f"{file}: {error}") from error
    if failed:
        raise click.ClickException("not everything could be trained; --retry-failed tries it again")


class _Run:
    """One run of the command, for who is told in a terminal."""

    def __init__(self, asked: StudyFile, to_export: list[Cell], models_dir: Path, options: Options) -> None:
        self.asked, self.to_export, self.models_dir, self.options = asked, to_export, models_dir, options
        self.store = Store(layout.study_dir(models_dir, asked.name), note=self._note)
        self.console = Console(stderr=True)

    def all(self) -> bool:
        """Do all that is asked, and say whether something failed."""
        with self.store.writing():
            before = self._before()
            if self.options.fresh:
                shutil.rmtree(self.store.rows, ignore_errors=True)
            if self.options.fresh or self.options.retry_failed:
                self.store.clear_failures()
            self._merge()
            experiments = export.experiments_of(self.asked.name, self.to_export, self.asked.replicates)
            export.check_free(self.asked.name, experiments, self.models_dir)
            models = export.published(before, self.asked.replicates, self.models_dir)
            record = self.asked.record(before.started_at if before else datetime.now(UTC), models)
            self.store.save(record)
            if not self.options.export_only:
                self._train(record)
            record, lost = self._export(record, models, experiments)
            failures = self._failures(record)
            self._tell_results(record)
            _tell_failures(failures, record, lost)
        return bool(failures or lost)

    def _before(self) -> Study | None:
        try:
            return self.store.study()
        except FileNotFoundError:
            return None
        except ValueError as error:
            self._note(self.store.directory / layout.STUDY, str(error))
            return None

    def _note(self, path: Path, reason: str) -> None:
        click.echo(f"{path} is passed over: {reason}", err=True)

    def _merge(self) -> None:
        for directory in self.options.merge:
            inside = layout.study_dir(directory, self.asked.name)
            other = Store(inside if inside.is_dir() else directory, note=self._note)
            if not other.rows.is_dir():
                raise ValueError(f"{directory} has no rows of study {self.asked.name} to merge")
            click.echo(f"merged {self.store.merge(other)} files of rows from {other.directory}", err=True)

    def _train(self, record: Study) -> None:
        """Train what is missing, and show how it goes."""
        runs, missing = self._runs(record)
        size = f"{_count(len(record.cells), 'cell')} x {_count(record.replicates, 'replicate')} = {_count(runs, 'run')}"
        click.echo(f"{record.title}: {size}, {missing:,} of them to do", err=True)
        if not missing:
            return
        from training.study import engine  # noqa: PLC0415 (Dask takes a second: only when there is something to run)

        columns = (
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("runs"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=self.console) as bars:
            task = bars.add_task("", total=runs)
            try:
                engine.run(
                    self.asked.cells(),
                    record.replicates,
                    self.store,
                    scheduler=self.options.scheduler,
                    workers=self.options.workers,
                    progress=lambda runs: bars.advance(task, runs),
                    tell=lambda line: self.console.print(line, markup=False, highlight=False, soft_wrap=True),
                )
            except KeyboardInterrupt:
                self.console.print("interrupted; the same command goes on from what is finished")
                raise

    def _runs(self, record: Study) -> tuple[int, int]:
        """Return how many runs there are, and how many are neither finished nor failed."""
        settled = self.store.settled()
        missing = (missing_ranges(settled.get(cell.digest, ()), record.replicates) for cell in record.cells)
        left = sum(last - first + 1 for ranges in missing for first, last in ranges)
        return len(record.cells) * record.replicates, left

    def _export(
        self, record: Study, models: Mapping[str, str], experiments: Sequence[Experiment]
    ) -> tuple[Study, Mapping[str, str]]:
        """Export what is asked for and not there, and return the study with its models, and why some are not there."""
        missing = [cell for cell in self.to_export if cell.digest not in models]
        if not missing:
            return record, {}
        with self.console.status(f"Exporting {len(self.to_export)} cells ...", spinner="line"):
            failed = export.train(experiments, self.models_dir)
        names = {cell.digest: export.model_of(record.name, cell) for cell in self.to_export}
        done = {digest: name for digest, name in names.items() if name not in failed}
        for name in done.values():
            click.echo(f"wrote {self.models_dir / name}")
        cells = [replace(cell, model=done.get(cell.digest, models.get(cell.digest))) for cell in record.cells]
        record = replace(record, cells=cells)
        self.store.save(record)
        return record, failed

    def _failures(self, record: Study) -> list[Failure]:
        """Return what failed of the study as it is now: a cell that is no longer in it does not count."""
        known = {cell.digest for cell in record.cells}
        return [each for each in self.store.failures() if each.cell in known and each.first < record.replicates]

    def _tell_results(self, record: Study) -> None:
        try:
            Console().print(results_table(record, rows_of(record, self.store, [record.metric], every_epoch=False)))
            claims = judged(record, self.store)
        except ValueError as error:
            click.echo(str(error), err=True)
            return
        for claim in claims:
            click.echo(f"\n{claim.text}\n  {claim.sentence}")


def _tell_failures(failures: list[Failure], record: Study, lost: Mapping[str, str]) -> None:
    """Name what failed, a line for each cell."""
    names = {cell.digest: cell.name for cell in record.cells}
    by_cell: dict[str, list[Failure]] = {}
    for failure in failures:
        by_cell.setdefault(failure.cell, []).append(failure)
    lines = [f"{names[cell]}, {_replicates(each)}: {each[0].reason}" for cell, each in by_cell.items()]
    lines += [f"{model}: {reason}" for model, reason in lost.items()]
    if lines:
        click.echo("\nfailed", err=True)
    for line in lines[:MAX_LISTED_FAILURES]:
        click.echo(f"  {' '.join(line.split())}", err=True)
    if len(lines) > MAX_LISTED_FAILURES:
        click.echo(f"  … {len(lines) - MAX_LISTED_FAILURES:,} more", err=True)


def _count(number: int, of: str) -> str:
    return f"{number:,} {of}{'' if number == 1 else 's'}"


def _replicates(failures: list[Failure]) -> str:
    ranges = [str(each.first) if each.first == each.last else f"{each.first}-{each.last}" for each in failures]
    return f"replicate {ranges[0]}" if len(ranges) == 1 and "-" not in ranges[0] else f"replicates {', '.join(ranges)}"
