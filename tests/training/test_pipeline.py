"""A run from data to published bundles: all of it appears, or nothing does."""

import shutil
from collections import Counter
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pytest

from bundle import layout
from bundle.card import CardSchema
from bundle.comparison import ComparisonSchema, Dataset
from training import experiment
from training.dataset_spec import GaussianQuantilesSpec
from training.experiment import Experiment
from training.fit.train import recorded_epochs
from training.pipeline import DivergedError, run

EPOCHS = 25  # two chunks, the last of them shorter
NAMES = ("linear", "tanh-3")


def small(**changes: object) -> Experiment:
    """Two models of the default experiment with few replicates, points and epochs."""
    default = experiment.read(experiment.DEFAULT)
    assert isinstance(default.dataset, GaussianQuantilesSpec)
    models = tuple(replace(spec, epochs=EPOCHS) for spec in default.models if spec.name in NAMES)
    dataset = replace(default.dataset, n_samples=200)
    return replace(default, **{"replicates": 2, "dataset": dataset, "models": models, **changes})  # type: ignore[arg-type]


def quiet(_name: str, _epochs: int) -> None:
    """Progress that nobody looks at."""


def published(models_dir: Path) -> dict[Path, bytes]:
    """Return every file below the models directory but the lock."""
    return {path: path.read_bytes() for path in models_dir.rglob("*") if path.is_file() and path.name != ".lock"}


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
    assert (card.epochs, card.protocol.epochs) == (recorded_epochs(EPOCHS), EPOCHS)
    assert len(card.history.validation_loss) == EPOCHS
    assert card.fingerprint == layout.fingerprint(bundle)
    comparison = ComparisonSchema().read(layout.experiment_dir(models_dir, card.experiment) / layout.COMPARISON)
    result = comparison.models[1]
    assert (result.served, result.training_seconds) == (card.metrics, card.training_seconds)
    assert result.score.values[0] == pytest.approx(asdict(card.metrics)["accuracy"])
    assert comparison.dataset.true_boundary == card.true_boundary


def test_training_again_adds_a_version_of_the_same_weights(copied: Path) -> None:
    result = run(small(), copied, quiet)
    assert ({model.version for model in result.comparison.models}, result.untouched_models) == ({2}, [])
    for name in NAMES:
        first, second = (copied / name / number / "variables/variables.data-00000-of-00001" for number in "12")
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


def test_one_model_that_diverges_keeps_all_from_being_published(copied: Path) -> None:
    before = published(copied)
    wild = replace(small().protocol, learning_rate=1e38)
    relu = replace(small().models[1], name="relu", hidden_layers=(10, 10), activation="relu")
    with pytest.raises(DivergedError, match="relu: replicate 0, the one to be served, diverged"):
        run(small(protocol=wild, models=(relu, small().models[0])), copied, quiet)
    assert published(copied) == before


def test_a_run_that_is_interrupted_publishes_nothing(tmp_path: Path) -> None:
    def interrupt(name: str, _: int) -> None:
        if name == "tanh-3":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(small(), tmp_path, interrupt)
    assert published(tmp_path) == {}


def test_a_second_run_into_the_same_place_is_refused(tmp_path: Path) -> None:
    with layout.writing(tmp_path), pytest.raises(BlockingIOError):
        run(small(), tmp_path, quiet)
