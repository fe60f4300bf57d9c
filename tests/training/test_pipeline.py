"""A run from data to published bundles: what is published is whole, and what was finished is not lost.

Bundles hold weights alone where nobody asks them anything.
"""

import contextlib
import shutil
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from bundle import layout
from bundle.card import CardSchema, History, Metrics, Protocol
from bundle.comparison import ComparisonSchema, Dataset
from service.engines import open_engine
from tests.training.conftest import WEIGHTS, export_weights_alone
from training import TrainingError, compiled_form, experiment, one_model, pipeline, selection
from training.dataset_spec import GaussianQuantilesSpec
from training.experiment import Experiment
from training.exporter import ExportError, Recorded
from training.pipeline import run
from training.recorded import recorded_epochs

pytestmark = pytest.mark.usefixtures("weights_alone")

EPOCHS = 25  # two chunks, the last of them shorter
NAMES = ("linear", "tanh-3")


def small(n_samples: int = 200, **changes: object) -> Experiment:
    """Two models of the default experiment with few replicates, points and epochs."""
    default = experiment.read(experiment.DEFAULT)
    assert isinstance(default.dataset, GaussianQuantilesSpec)
    models = tuple(replace(spec, epochs=EPOCHS) for spec in default.models if spec.name in NAMES)
    dataset = replace(default.dataset, n_samples=n_samples)
    return replace(default, **{"replicates": 2, "dataset": dataset, "models": models, **changes})  # type: ignore[arg-type]


def quiet(_name: str, _epochs: int) -> None:
    """Progress that nobody looks at."""


def published(models_dir: Path) -> dict[Path, bytes]:
    """Return every file below the models directory that anybody reads."""
    files = [path for path in models_dir.rglob("*") if path.is_file() and path.name != ".lock"]
    return {path: path.read_bytes() for path in files if ".finished" not in path.parts}


def finished(models_dir: Path) -> list[Path]:
    """Return the models that are finished and not published."""
    return sorted(layout.finished_dir(models_dir, "gaussian-quantiles").glob("*"))


@dataclass(frozen=True)
class First:
    """What one run of the small experiment published, and the progress that it reported."""

    models_dir: Path
    epochs_done: Counter[str]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> First:
    done: Counter[str] = Counter()
    directory = tmp_path_factory.mktemp("pipeline") / "models"
    run(small(), directory, lambda name, epochs: done.update({name: epochs}))
    return First(directory, done)


@pytest.fixture(scope="module")
def models_dir(first: First) -> Path:
    return first.models_dir


@pytest.fixture
def copied(first: First, tmp_path: Path) -> Path:
    """A copy of what the first run published, to train into."""
    return shutil.copytree(first.models_dir, tmp_path / "models")


def test_it_publishes_each_model_with_the_comparison_and_the_data(models_dir: Path) -> None:
    assert {name: layout.versions(models_dir, name) for name in layout.model_names(models_dir)} == {
        "linear": [1],
        "tanh-3": [1],
    }
    results = layout.experiment_dir(models_dir, "gaussian-quantiles")
    comparison = ComparisonSchema().read(results / layout.COMPARISON)
    assert [(result.model, result.version, result.replicates) for result in comparison.models] == [
        ("linear", 1, 2),
        ("tanh-3", 1, 2),
    ]
    assert [(pair.a, pair.b) for pair in comparison.pairs] == [("linear", "tanh-3")]
    data = Dataset.from_csv((results / layout.DATASET).read_text())
    assert data.points.shape == (200, 2)
    assert comparison.dataset.sizes == Counter(data.split)
    assert list(models_dir.glob(".partial-*")) == []


def test_a_card_says_how_its_version_was_trained_and_what_the_comparison_says(models_dir: Path) -> None:
    bundle = models_dir / "tanh-3" / "1"
    card = CardSchema().read(bundle / layout.CARD)
    assert (card.name, card.version, card.experiment) == ("tanh-3", 1, "gaussian-quantiles")
    assert (card.hidden_layers, card.activation, card.parameters) == ([3], "tanh", 13)
    assert (card.replicates, card.replication, card.diverged) == (2, "redrawn", [])
    assert isinstance(card.protocol, Protocol)
    assert (card.epochs, card.protocol.epochs) == (recorded_epochs(EPOCHS), EPOCHS)
    assert isinstance(card.history, History)
    assert len(card.history.validation_loss) == EPOCHS
    assert card.fingerprint == layout.fingerprint(bundle)
    comparison = ComparisonSchema().read(layout.experiment_dir(models_dir, card.experiment) / layout.COMPARISON)
    result = comparison.models[1]
    assert (result.served, result.training_seconds) == (card.metrics, card.training_seconds)
    assert isinstance(card.metrics, Metrics)
    assert result.score.values[0] == pytest.approx(card.metrics.accuracy)
    assert comparison.dataset.true_boundary == card.true_boundary


def test_training_again_adds_a_version_of_the_same_weights(copied: Path) -> None:
    result = run(small(), copied, quiet)
    assert ({model.version for model in result.comparison.models}, result.untouched_models) == ({2}, [])
    for name in NAMES:
        first, second = (copied / name / number / WEIGHTS for number in "12")
        assert first.read_bytes() == second.read_bytes()


def test_progress_counts_every_models_epochs(first: First) -> None:
    assert first.epochs_done == dict.fromkeys(NAMES, EPOCHS)


def test_a_part_adds_a_version_and_leaves_the_comparison(copied: Path) -> None:
    results = layout.experiment_dir(copied, "gaussian-quantiles")
    before = published(results)
    result = run(small().only(("tanh-3",)), copied, quiet)
    assert result.untouched_models == ["linear"]
    assert [model.model for model in result.comparison.models] == ["tanh-3"]
    assert published(results) == before
    assert (layout.versions(copied, "tanh-3"), layout.versions(copied, "linear")) == ([1, 2], [1])


WILD = replace(small().models[1], name="wild", hidden_layers=(10, 10), activation="relu")
WILD = replace(WILD, protocol=replace(WILD.protocol, learning_rate=1e38))
"""A model whose weights do not stay finite."""


def test_a_model_that_diverges_is_named_and_the_others_are_published(copied: Path) -> None:
    result = run(small(models=(small().models[0], WILD)), copied, quiet)
    reason = "replicate 0, the one to be served, diverged; try a lower learning rate"
    assert result.comparison.failed == {"wild": reason}
    assert {name: layout.versions(copied, name) for name in ("linear", "wild")} == {"linear": [1, 2], "wild": []}
    results = layout.experiment_dir(copied, "gaussian-quantiles")
    assert ComparisonSchema().read(results / layout.COMPARISON) == result.comparison
    assert finished(copied) == []


@pytest.mark.parametrize(
    ("error", "reason"),
    [(ExportError("the disk is full"), "the disk is full"), (RuntimeError("odd"), "RuntimeError: odd")],
)
def test_a_model_that_cannot_be_exported_is_named_and_the_others_are_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str
) -> None:
    def fail_for_one(recorded: Recorded, *rest: Any) -> Any:
        if len(recorded.weights) > 2:
            raise error
        return export_weights_alone(recorded, *rest)

    monkeypatch.setattr(one_model, "export", fail_for_one)
    result = run(small(), tmp_path, quiet)
    assert result.comparison.failed == {"tanh-3": reason}
    assert layout.model_names(tmp_path) == ["linear"]


@pytest.mark.usefixtures("whole_bundles")
def test_without_a_compiled_form_the_saved_model_is_published_and_served_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled_form, "PROBABILITY_TOLERANCE", 0)  # float32 rounds, so that there is a difference
    assert run(small().only(("tanh-3",)), tmp_path, quiet).comparison.failed == {}
    bundle = tmp_path / "tanh-3" / "1"
    card = CardSchema().read(bundle / layout.CARD)
    assert card.compiled is None
    assert open_engine(bundle, card, layout.fingerprint(bundle), "auto").name == "tensorflow"


def test_where_every_model_fails_nothing_changes_and_each_reason_is_told(copied: Path) -> None:
    before = published(copied)
    with pytest.raises(TrainingError, match=r"^wild: replicate 0, the one to be served, diverged"):
        run(small(models=(WILD,)), copied, quiet)
    assert published(copied) == before


@pytest.fixture(scope="module")
def left_behind(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models directory in which a training finished `linear` and was interrupted in the next model."""

    def interrupt(name: str, _: int) -> None:
        if name == "tanh-3":
            raise KeyboardInterrupt

    directory = tmp_path_factory.mktemp("interrupted") / "models"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "MODELS_AT_ONCE", 1)
        with pytest.raises(KeyboardInterrupt):
            run(small(), directory, interrupt)
    return directory


@pytest.fixture
def interrupted(left_behind: Path, tmp_path: Path) -> Path:
    """A copy of it, to go on in."""
    return shutil.copytree(left_behind, tmp_path / "models")


def trained_by(patch: pytest.MonkeyPatch, experiment: Experiment, models_dir: Path, resume: bool = True) -> list[int]:
    """Run an experiment, but let every training fail at once; return the number of weights of each that began."""
    began = []

    def fail(model: Any, *_: Any) -> Any:
        began.append(model.count_params())
        raise TrainingError

    patch.setattr(selection, "train_and_choose", fail)
    with contextlib.suppress(TrainingError):
        run(experiment, models_dir, quiet, resume)
    return sorted(began)


def test_a_run_that_is_interrupted_publishes_nothing(interrupted: Path) -> None:
    assert published(interrupted) == {}
    assert len(finished(interrupted)) == 1


def test_resuming_trains_only_what_was_not_finished(interrupted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert trained_by(monkeypatch, small(), interrupted) == [13]


def test_what_is_resumed_is_the_same_as_without_an_interruption(interrupted: Path, models_dir: Path) -> None:
    run(small(), interrupted, quiet, resume=True)
    assert all(layout.versions(interrupted, name) == [1] for name in NAMES)
    for name in NAMES:
        first, second = (directory / name / "1" / WEIGHTS for directory in (models_dir, interrupted))
        assert first.read_bytes() == second.read_bytes()
    ours, theirs = (
        ComparisonSchema().read(layout.experiment_dir(d, "gaussian-quantiles") / layout.COMPARISON)
        for d in (interrupted, models_dir)
    )
    assert [m.metrics for m in ours.models] == [m.metrics for m in theirs.models]
    assert ours.pairs == theirs.pairs
    assert finished(interrupted) == []


def test_what_is_resumed_gets_the_version_that_is_next_by_then(interrupted: Path, models_dir: Path) -> None:
    shutil.copytree(models_dir / "linear", interrupted / "linear")
    run(small().only(("linear",)), interrupted, quiet, resume=True)
    assert layout.versions(interrupted, "linear") == [1, 2]
    assert CardSchema().read(interrupted / "linear" / "2" / layout.CARD).version == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 4},
        {"replicates": 3},
        {"variance_runs": 1},
        {"n_samples": 210},
        {"models": tuple(replace(m, protocol=replace(m.protocol, batch_size=16)) for m in small().models)},
        {"models": tuple(replace(m, epochs=24) for m in small().models)},
        {"models": tuple(replace(m, stops=(10, EPOCHS)) for m in small().models)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_another_recipe_or_other_data_take_up_nothing(
    interrupted: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
) -> None:
    assert trained_by(monkeypatch, small(**changes), interrupted) == [3, 13]


def test_without_resuming_everything_is_trained(interrupted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert trained_by(monkeypatch, small(), interrupted, resume=False) == [3, 13]


def test_what_lost_its_measurements_is_trained_again(interrupted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (kept,) = finished(interrupted)
    (kept / "measurements.json").write_text("{")
    assert trained_by(monkeypatch, small(), interrupted) == [3, 13]


def test_of_much_data_the_pages_get_a_choice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "MAX_DATASET_ROWS", 50)
    comparison = run(small().only(("linear",)), tmp_path, quiet).comparison
    data = Dataset.from_csv((layout.experiment_dir(tmp_path, "gaussian-quantiles") / layout.DATASET).read_text())
    assert (data.points.shape, sum(comparison.dataset.sizes.values())) == ((50, 2), 200)
    assert set(data.split) == {"train", "validation", "test"}


def test_a_second_run_into_the_same_place_is_refused(tmp_path: Path) -> None:
    with layout.writing(tmp_path), pytest.raises(BlockingIOError):
        run(small(), tmp_path, quiet)
