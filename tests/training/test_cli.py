"""`python -m training train`, as users run it: what it writes, and that nothing is lost when it goes wrong.

But for one that is killed, the command runs within this process (`invoke`): TensorFlow takes seconds to import.
Its bundles hold weights alone where nobody asks them anything.
"""

import io
import json
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from rich.console import Console
from scipy import special, stats

from bundle import layout
from bundle.card import CardSchema
from bundle.comparison import ComparisonSchema
from harness import bundles
from tests.conftest import MODELS, ROOT
from tests.training.conftest import WEIGHTS
from training.cli import comparison_table, main

pytestmark = pytest.mark.usefixtures("weights_alone")


def invoke(*arguments: str) -> Result:
    environment = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"}  # the command's own, for its time alone
    return CliRunner(env=environment).invoke(main, ["train", *arguments])


def weights(models_dir: Path, name: str, version: int) -> bytes:
    return (models_dir / name / str(version) / WEIGHTS).read_bytes()


@pytest.fixture
def published(models_dir: Path, tmp_path: Path) -> Path:
    """A copy of what is published, to train into."""
    return shutil.copytree(models_dir, tmp_path / "models")


def test_everything_of_a_bundle_is_there(models_dir: Path) -> None:
    for name in MODELS:
        bundle = models_dir / name / "1"
        for part in ("saved_model.pb", "fingerprint.pb", "variables/variables.index", layout.CARD, layout.COMPILED):
            assert (bundle / part).is_file()
        card = json.loads((bundle / layout.CARD).read_text())
        assert card["fingerprint"] == layout.fingerprint(bundle)
        assert card["libraries"].keys() >= {"python", "tensorflow", "keras", "numpy", "numba", "ai-edge-litert"}
    results = layout.experiment_dir(models_dir, "gaussian-quantiles")
    assert sorted(path.name for path in results.iterdir()) == [layout.COMPARISON, layout.DATASET]
    assert list(models_dir.glob("**/.partial-*")) == []


@pytest.mark.usefixtures("whole_bundles")
def test_training_again_writes_the_next_version_with_the_same_weights(published: Path, models_dir: Path) -> None:
    before = layout.fingerprint(published / "tanh-3" / "1")
    default = bundles.default_experiment(published.parent)
    ended = invoke(str(default), "--models-dir", str(published), "--only", "tanh-3")
    assert ended.exit_code == 0, ended.output
    assert layout.versions(published, "tanh-3") == [1, 2]
    assert weights(published, "tanh-3", 2) == weights(models_dir, "tanh-3", 1)
    assert layout.fingerprint(published / "tanh-3" / "1") == before
    assert "0.768" in ended.stdout


def test_the_table_has_every_model_beside_the_notebook_and_is_not_cut_in_80_columns(models_dir: Path) -> None:
    comparison = ComparisonSchema().read(layout.experiment_dir(models_dir, "gaussian-quantiles") / layout.COMPARISON)
    output = io.StringIO()
    Console(file=output, width=80).print(comparison_table(comparison))
    for words in (*MODELS, "0.518", "0.768", "0.970", "0.991"):
        assert words in output.getvalue()
    assert "…" not in output.getvalue()


def test_names_as_long_as_they_may_be_take_several_lines_of_the_table(models_dir: Path) -> None:
    comparison = ComparisonSchema().read(layout.experiment_dir(models_dir, "gaussian-quantiles") / layout.COMPARISON)
    linear = replace(comparison.models[0], model="n" * 64)
    output = io.StringIO()
    Console(file=output, width=80).print(comparison_table(replace(comparison, models=[linear])))
    assert "…" not in output.getvalue()
    assert sum(line.split()[0].count("n") for line in output.getvalue().splitlines() if line.startswith("nn")) == 64


def test_training_writes_where_the_service_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVICE_MODELS_DIR", str(tmp_path / "models"))
    ended = invoke("--only", "linear", "--replicates", "1")
    assert ended.exit_code == 0, ended.output
    assert layout.model_names(tmp_path / "models") == ["linear"]


def test_one_model_with_one_replicate_is_trained_alone(tmp_path: Path) -> None:
    ended = invoke("--models-dir", str(tmp_path), "--only", "linear", "--replicates", "1")
    assert ended.exit_code == 0, ended.output
    assert layout.model_names(tmp_path) == ["linear"]
    (result,) = json.loads((tmp_path / "_experiments/gaussian-quantiles/comparison.json").read_text())["models"]
    assert result["replicates"] == 1
    assert (result["accuracy"]["sd"], result["accuracy"]["ci95"]) == (None, None)


def test_a_part_of_an_experiment_leaves_the_comparison_of_all_as_it_was(published: Path) -> None:
    results = layout.experiment_dir(published, "gaussian-quantiles")
    before = {path.name: path.read_bytes() for path in results.iterdir()}
    ended = invoke("--models-dir", str(published), "--only", "tanh-3", "--replicates", "2")
    assert ended.exit_code == 0, ended.output
    assert {name: len(layout.versions(published, name)) for name in ("tanh-3", "linear")} == {"tanh-3": 2, "linear": 1}
    assert {path.name: path.read_bytes() for path in results.iterdir()} == before
    said = " ".join(ended.stdout.split())
    assert "it also compares linear, tanh-10, tanh-10-10, relu-3, relu-10, relu-10-10;" in said


def test_a_part_replaces_a_comparison_that_has_no_other_model(tmp_path: Path) -> None:
    for version in (1, 2):
        ended = invoke("--models-dir", str(tmp_path), "--only", "linear", "--replicates", "2")
        assert ended.exit_code == 0, ended.output
        assert "kept" not in ended.stdout
        (result,) = json.loads((tmp_path / "_experiments/gaussian-quantiles/comparison.json").read_text())["models"]
        assert result["version"] == version


def test_if_missing_trains_where_a_model_is_gone(published: Path) -> None:
    shutil.rmtree(published / "linear" / "1")
    ended = invoke("--models-dir", str(published), "--if-missing", "--only", "linear", "--replicates", "2")
    assert (ended.exit_code, layout.versions(published, "linear")) == (0, [1]), ended.output


def test_if_missing_trains_only_where_there_are_no_results(published: Path, tmp_path: Path) -> None:
    ended = invoke("--models-dir", str(published), "--if-missing")
    assert (ended.exit_code, "all models are already trained; nothing to do" in ended.stdout) == (0, True)
    assert {name: layout.versions(published, name) for name in MODELS} == {name: [1] for name in MODELS}
    empty = tmp_path / "empty"
    ended = invoke("--models-dir", str(empty), "--if-missing", "--only", "linear", "--replicates", "2")
    assert ended.exit_code == 0, ended.output
    assert layout.versions(empty, "linear") == [1]


def test_a_killed_training_leaves_what_was_there_and_the_next_one_clears_up(published: Path) -> None:
    before = sorted(path for path in published.rglob("*") if path.name != ".lock")
    arguments = ["--models-dir", str(published), "--only", "linear", "--replicates", "2"]
    command = [sys.executable, "-m", "training", "train", *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not list(published.glob(".partial-*/linear/bundle/saved_model.pb")):  # in the middle of the export
        assert process.poll() is None, "the training ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=30)
    survivors = [path for path in published.rglob("*") if ".partial-" not in str(path) and path.name != ".lock"]
    assert sorted(survivors) == before
    assert layout.versions(published, "linear") == [1]
    ended = invoke("--models-dir", str(published), "--only", "linear", "--replicates", "1")
    assert ended.exit_code == 0, ended.output
    assert layout.versions(published, "linear") == [1, 2]
    assert list(published.glob(".partial-*")) == []


def test_two_trainings_do_not_write_to_the_same_place(tmp_path: Path) -> None:
    with layout.writing(tmp_path):
        ended = invoke("--models-dir", str(tmp_path), "--only", "linear", "--replicates", "1")
    assert ended.exit_code == 1
    assert "another training run is writing" in ended.stderr
    assert layout.model_names(tmp_path) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nothing.toml"], "nothing.toml"),
        (["--only", "tanh-11"], "available models: linear, tanh-3"),
        (["--replicates", "0"], "0 is not in the range"),
        (["--models-dir", str(ROOT / "pyproject.toml")], "is a file"),
    ],
)
def test_wrong_use_is_refused_with_a_reason(arguments: list[str], words: str) -> None:
    ended = invoke(*arguments)
    assert ended.exit_code != 0
    assert words in ended.stderr
    assert isinstance(ended.exception, SystemExit)  # told, not thrown


def test_an_activation_that_keras_does_not_know_is_named(tmp_path: Path) -> None:
    text = (ROOT / "training/experiments/gaussian-quantiles.toml").read_text()
    (tmp_path / "wrong.toml").write_text(text.replace('activation = "tanh"', 'activation = "tanhh"', 1))
    ended = invoke(str(tmp_path / "wrong.toml"), "--models-dir", str(tmp_path / "models"), "--only", "tanh-3")
    assert ended.exit_code == 1
    assert "tanhh" in ended.stderr
    assert isinstance(ended.exception, SystemExit)  # told, not thrown
    assert layout.model_names(tmp_path / "models") == []


def test_a_recipe_that_does_not_go_with_the_data_is_refused_before_tensorflow_is_loaded(tmp_path: Path) -> None:
    experiment = tmp_path / "moons.toml"
    experiment.write_text(
        'name = "moons"\n[dataset]\ngenerator = "moons"\n[[models]]\nname = "m"\nprotocol.loss = "huber"\n'
    )
    script = (
        f"import sys, training.cli as cli\ntry: cli.main(['train', {str(experiment)!r}])\n"
        "finally: print('tensorflow' in sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (1, "False\n")
    assert "moons.toml: model m: protocol.loss: must be one of binary_crossentropy, mean_squared_error" in ended.stderr


def test_a_learning_rate_that_makes_the_served_run_diverge_is_named_and_nothing_is_published(tmp_path: Path) -> None:
    text = (ROOT / "training/experiments/gaussian-quantiles.toml").read_text()
    (tmp_path / "wild.toml").write_text(text.replace("learning_rate = 0.001", "learning_rate = 1e38"))
    arguments = ["--models-dir", str(tmp_path / "models"), "--only", "relu-10-10", "--replicates", "2"]
    ended = invoke(str(tmp_path / "wild.toml"), *arguments)
    assert ended.exit_code == 1
    assert "relu-10-10: replicate 0, the one to be served, diverged; try a lower learning rate" in ended.stderr
    assert layout.model_names(tmp_path / "models") == []


def test_models_that_fail_are_named_and_the_others_are_published_and_shown(tmp_path: Path) -> None:
    (tmp_path / "mixed.toml").write_text(MIXED)
    ended = invoke(str(tmp_path / "mixed.toml"), "--models-dir", str(tmp_path / "models"))
    assert ended.exit_code == 1
    assert "wild: replicate 0, the one to be served, diverged; try a lower learning rate" in ended.stderr
    assert "tame" in ended.stdout
    assert layout.model_names(tmp_path / "models") == ["tame"]
    comparison = ComparisonSchema().read(tmp_path / "models/_experiments/mixed/comparison.json")
    assert list(comparison.failed) == ["wild"]


MIXED = """
name = "mixed"
replicates = 2

[dataset]
generator = "moons"
n_samples = 100

[protocol]
epochs = 3

[[models]]
name = "tame"
hidden_layers = [4]

[[models]]
name = "wild"
hidden_layers = [10, 10]
activation = "relu"
protocol = { learning_rate = 1e38 }
"""


def test_a_table_of_three_features_is_trained_and_compared_with_the_correction(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    points = rng.normal(size=(300, 3))
    labels = (np.linalg.norm(points, axis=1) > 1.5).astype(int)
    rows = [",".join(map(str, [*point, label])) for point, label in zip(points.tolist(), labels, strict=True)]
    (tmp_path / "points.csv").write_text("\n".join(["a,b,c,label", *rows]))
    (tmp_path / "table.toml").write_text(TABLE)
    models = tmp_path / "models"
    ended = invoke(str(tmp_path / "table.toml"), "--models-dir", str(models))
    assert ended.exit_code == 0, ended.output
    comparison = ComparisonSchema().read(models / "_experiments/from-a-table/comparison.json")
    assert (comparison.dataset.replication, comparison.dataset.true_boundary) == ("resplit", None)
    result, _ = comparison.models
    assert result.population_accuracy is None
    assert result.score.sd is not None
    assert result.score.ci95 is not None
    sizes = comparison.dataset.sizes
    error = result.score.sd * np.sqrt(1 / 3 + sizes["test"] / sizes["train"])
    slope = 1 / (result.score.mean * (1 - result.score.mean))  # of few runs the interval is the logit's
    half = np.diff(special.logit(result.score.ci95))[0] / 2
    assert half == pytest.approx(stats.t.ppf(0.975, 2) * error * slope)
    card = CardSchema().read(models / "table-8" / "1" / layout.CARD)
    assert (card.replication, [feature.name for feature in card.features]) == ("resplit", ["a", "b", "c"])


TABLE = """
name = "from-a-table"
seed = 1
replicates = 3

[dataset]
generator = "table"
path = "points.csv"
domain = [-3, 3]
test_fraction = 0.3
validation_fraction = 0.2

[protocol]
optimizer = "adam"
learning_rate = 0.01
batch_size = 32

[[models]]
name = "table-8"
hidden_layers = [8]
activation = "gelu"
epochs = 30

[[models]]
name = "table-0"
hidden_layers = []
epochs = 30
"""
