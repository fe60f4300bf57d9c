"""`python -m training study FILE`: what is missing is trained, told and exported, and what fails is named."""

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from bundle import layout
from bundle.card import CardSchema
from bundle.comparison import ComparisonSchema
from bundle.study_store import Store
from tests.training.study import stubs
from tests.training.study.test_engine import rows, scheduler
from training.cli import main
from training.study import engine, export, spec, threads
from training.study.grids import Grids

STUDY = """
name = "small"
title = "A small study"
replicates = 3
export = [{ noise = 0.1 }]

[dataset]
generator = "moons"
n_samples = 60

[model]
width = 3
depth = 1
epochs = 3

[[grid]]
noise = [0.1, 0.3]

[[cell]]
noise = 1
test_fraction = 0.99     # which leaves nothing to learn from

[keep]
epochs = 1
map = 4

[[claims]]
text = "More noise is worse."
metric = "test_accuracy"
expect = "less"
along = "noise"
levels = [0.1, 0.3]
"""


@dataclass(frozen=True)
class Ran:
    """A study that has been run, and what the command said."""

    models: Path
    file: Path
    done: "subprocess.CompletedProcess[str]"

    @property
    def store(self) -> Store:
        return Store(layout.study_dir(self.models, "small"))


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    directory = tmp_path_factory.mktemp("study")
    file, models = directory / "small.toml", directory / "models"
    file.write_text(STUDY)
    command = [sys.executable, "-m", "training", "study", str(file), "--models-dir", str(models), "--workers", "0"]
    return Ran(models, file, subprocess.run(command, capture_output=True, text=True, check=False))


def study(file: Path, models: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["study", str(file), "--models-dir", str(models), *options])


def test_every_cell_is_trained_and_told(ran: Ran) -> None:
    assert "A small study: 3 cells x 3 replicates = 9 runs, 9 of them to do" in ran.done.stderr
    table = [line.split() for line in ran.done.stdout.splitlines()]
    assert [row[:3] for row in table if row and row[0] in ("0.1", "0.3")] == [["0.1", "0.3", "3"], ["0.3", "0.3", "3"]]
    assert "More noise is worse.\n  undecided: " in ran.done.stdout


def test_a_cell_that_fails_is_one_line_with_its_reason_and_the_others_are_finished(ran: Ran) -> None:
    assert ran.done.returncode == 1
    assert re.search(r"\n  noise1.0-test_fraction0.99, replicates 0-2: .*a split would be empty", ran.done.stderr)
    assert "not everything could be trained; --retry-failed tries it again" in ran.done.stderr
    assert len(ran.store.present()) == 2


def test_chosen_cells_are_bundles_with_the_very_results_of_the_study(ran: Ran) -> None:
    (cell,) = [cell for cell in ran.store.study().cells if cell.model is not None]
    assert (cell.factors["noise"], cell.model) == (0.1, "small-noise0.1-test_fraction0.3")
    card = CardSchema().read(ran.models / "small-noise0.1-test_fraction0.3" / "1" / layout.CARD)
    assert (card.experiment, card.hidden_layers, card.replicates, card.epochs[-1]) == ("small", [3], 3, 3)
    comparison = layout.experiment_dir(ran.models, "small") / layout.COMPARISON
    (result,) = ComparisonSchema().read(comparison).models
    rows = ran.store.read([cell.digest], ["test_accuracy", "test_loss"], "last")
    assert result.accuracy is not None
    assert result.metrics is not None
    for known, measured in ((result.accuracy, "test_accuracy"), (result.metrics["log_loss"], "test_loss")):
        np.testing.assert_allclose(np.array(known.values, float), np.asarray(rows[measured]), rtol=0, atol=1e-6)


def test_what_is_finished_or_exported_is_not_done_again(ran: Ran) -> None:
    before = {path: path.stat().st_mtime_ns for path in ran.store.rows.iterdir()}
    again = study(ran.file, ran.models, "--resume")
    assert "9 runs, 0 of them to do" in again.stderr
    assert again.exit_code == 1, "what failed has not been tried again"
    assert "noise1.0-test_fraction0.99" in again.stderr
    assert "wrote" not in again.stdout
    assert "More noise is worse." in again.stdout
    assert {path: path.stat().st_mtime_ns for path in ran.store.rows.iterdir()} == before
    assert [cell.model is None for cell in ran.store.study().cells] == [False, True, True]


def test_another_machines_rows_are_taken_in(ran: Ran, tmp_path: Path) -> None:
    alone = ran.file.parent / "alone.toml"
    alone.write_text(re.sub(r"export = .*\n", "", STUDY))
    here = study(alone, tmp_path / "models", "--merge", str(ran.models), "--export-only")
    assert "merged 2 files of rows" in here.stderr
    assert here.exit_code == 0
    merged = Store(layout.study_dir(tmp_path / "models", "small"))
    assert merged.present() == ran.store.present()
    assert here.stdout in ran.done.stdout
    none = study(alone, tmp_path / "models", "--merge", str(tmp_path), "--export-only")
    assert f"{tmp_path} has no rows of study small to merge" in none.stderr


def test_an_export_that_ends_its_process_is_told_with_what_the_cells_have_come_to(
    ran: Ran, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "_train", stubs.end_process)
    monkeypatch.setattr(threads, "limit_to_one", int)  # which would have that process load TensorFlow first
    told = study(ran.file, tmp_path / "models", "--merge", str(ran.models), "--export-only")
    assert told.exit_code == 1
    assert "More noise is worse.\n  undecided: " in told.stdout
    assert re.search(r"\n  small-noise0.1-test_fraction0.3: the process that exports ended: out of memory", told.stderr)


def test_rows_count_as_the_studys_file_now_calls_their_cells(ran: Ran, tmp_path: Path) -> None:
    shutil.copytree(ran.models / "_studies", tmp_path / "models" / "_studies")
    file = tmp_path / "renamed.toml"
    file.write_text(
        'name = "small"\nreplicates = 3\n[dataset]\ngenerator = "moons"\nn_samples = 60\nnoise = 0.3\n'
        "[keep]\nepochs = 1\nmap = 4\n[[grid]]\nhidden_layers = [[3]]\nepochs = 3"
    )
    found = study(file, tmp_path / "models")
    assert "1 cell x 3 replicates = 3 runs, 0 of them to do" in found.stderr
    assert re.search(r"hidden layers +epochs +runs", found.stdout)
    assert re.search(r"^3 +3 +3 +0\.", found.stdout, re.MULTILINE)
    assert found.exit_code == 0, "a failure of a cell that is no longer in the study does not count"


def test_another_experiments_comparison_is_not_lost(ran: Ran, tmp_path: Path) -> None:
    models, file = tmp_path / "models", tmp_path / "taken.toml"
    shutil.copytree(ran.models / "_experiments" / "small", models / "_experiments" / "taken")
    file.write_text(STUDY.replace('name = "small"', 'name = "taken"'))
    told = study(file, models, "--export-only")
    assert "there is an experiment taken with other models, such as small-noise0.1" in told.stderr
    assert not (models / "_studies" / "taken" / "study.json").exists()


def test_only_one_command_writes_to_a_study(ran: Ran) -> None:
    with ran.store.writing():
        told = study(ran.file, ran.models)
    assert told.exit_code == 1
    assert "another process writes to study small" in told.stderr


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        (None, [], "study.toml"),
        ("name = 3", [], "study.toml:\n  name: Not a valid string"),
        (STUDY.replace("{ noise = 0.1 }", "{ depth = 1 }"), [], "export[1].depth: is no factor"),
        (STUDY, ["--fresh", "--retry-failed"], "--fresh forgets what failed, too"),
        (STUDY, ["--merge", "nowhere"], "'nowhere' does not exist"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_line(
    tmp_path: Path, text: str | None, options: list[str], words: str
) -> None:
    file = tmp_path / "study.toml"
    if text is not None:
        file.write_text(text)
    told = study(file, tmp_path / "models", *options)
    assert told.exit_code != 0
    assert words in told.stderr
    assert not (tmp_path / "models").exists()


def test_a_study_of_more_cells_than_one_has_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spec, "MAX_CELLS", 2)
    monkeypatch.delattr(Grids, "check")  # what takes hours for many of them
    (tmp_path / "study.toml").write_text(STUDY)
    told = study(tmp_path / "study.toml", tmp_path / "models")
    assert "study.toml:\n  3 cells are more than the 2 of one study" in told.stderr
    assert not (tmp_path / "models").exists()


def test_a_plain_loop_a_cluster_and_a_scheduler_with_two_workers_make_the_same_rows_to_the_bit(
    ran: Ran, tmp_path: Path
) -> None:
    remote, local = Store(tmp_path / "remote"), Store(tmp_path / "local")
    read_again = spec.read(ran.file)
    with scheduler(tmp_path, 2) as (address, _):
        engine.run(read_again.cells(), 3, remote, scheduler=address)
    engine.run(read_again.cells(), 3, local, workers=1)
    assert len(ran.store.read()["loss"]) == 2 * 3 * 2
    assert repr(rows(ran.store)) == repr(rows(remote)) == repr(rows(local))  # NaN is itself
