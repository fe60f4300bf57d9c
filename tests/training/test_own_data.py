"""Tables as people have them, from the file to bundles and a comparison: each with few epochs and two replicates.

What the networks learn with more of both stands in benchmarks/own_data.py.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from bundle import layout
from bundle.card import Card, CardSchema, Metrics, RegressionMetrics, Task
from bundle.comparison import Comparison, ComparisonSchema, Dataset
from harness.own_data import TABLES
from tests.training.conftest import export_weights_alone
from training import experiment, one_model
from training.exporter import export
from training.pipeline import run

TOML = """
name = "own"
replicates = 2

[dataset]
{dataset}

[protocol]
epochs = {epochs}
learning_rate = 0.02

[[models]]
name = "net"
hidden_layers = [8]
"""

LINE = """
[[models]]
name = "line"
hidden_layers = []
"""

PAIRS = ("iris", "breast cancer", "diabetes")
"""Of each task one data set on which two models are compared."""


@dataclass(frozen=True)
class Own:
    """What becomes of a table, and the least score (accuracy or R²) of the network that is no accident."""

    task: Task
    classes: list[str]
    features: int
    score: float
    epochs: int = 15


DATA = {
    "iris": Own("multiclass", ["setosa", "versicolor", "virginica"], 4, 0.8),
    "wine": Own("multiclass", ["class_0", "class_1", "class_2"], 13, 0.8),
    "breast cancer": Own("binary", ["benign", "malignant"], 30, 0.9),
    "digits": Own("multiclass", list("0123456789"), 64, 0.8),
    "diabetes": Own("regression", [], 10, 0.2),
    "passengers": Own("binary", ["no", "yes"], 4, 0.7),
    "imbalanced": Own("binary", ["0", "1"], 3, 0.98),
    "twenty rows": Own("binary", ["benign", "malignant"], 2, 0.5, 40),
    "moons": Own("binary", ["0", "1"], 2, 0.8),
}


@dataclass(frozen=True)
class Trained:
    own: Own
    bundle: Path
    card: Card
    comparison: Comparison
    data: Dataset

    @property
    def answer(self) -> str:
        return "values" if self.own.task == "regression" else "probabilities"

    @cached_property
    def signatures(self) -> dict[str, Callable[..., Any]]:
        """The SavedModel's, as plain TensorFlow loads it."""
        signatures: dict[str, Callable[..., Any]] = tf.saved_model.load(str(self.bundle)).signatures
        return signatures


@pytest.fixture(scope="module", params=DATA)
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    own, directory = DATA[request.param], tmp_path_factory.mktemp(request.param)
    dataset = 'generator = "table"\npath = "data.csv"\nlabel = "target"\nmissing = "median"'
    if request.param in TABLES:
        TABLES[request.param]().to_csv(directory / "data.csv", index=False)
    else:
        dataset = f'generator = "{request.param}"\nn_samples = 400'
    second = LINE if request.param in PAIRS else ""
    (directory / "own.toml").write_text(TOML.format(dataset=dataset, epochs=own.epochs) + second)
    models = directory / "models"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(one_model, "export", _export_net)
        run(experiment.read(directory / "own.toml"), models, lambda *_: None)
    bundle, results = models / "net" / "1", layout.experiment_dir(models, "own")
    data = Dataset.from_csv((results / layout.DATASET).read_text(), own.classes)
    comparison = ComparisonSchema().read(results / layout.COMPARISON)
    return Trained(own, bundle, CardSchema().read(bundle / layout.CARD), comparison, data)


def _export_net(recorded: Any, domain: Any, directory: Path) -> Any:
    """Export the network; what it is compared with is asked nothing."""
    return (export if directory.parent.name == "net" else export_weights_alone)(recorded, domain, directory)


def test_card_and_comparison_say_what_the_data_are(trained: Trained) -> None:
    own, card, dataset = trained.own, trained.card, trained.comparison.dataset
    assert (card.task, card.classes, len(card.features)) == (own.task, own.classes, own.features)
    assert (dataset.task, dataset.classes, dataset.features) == (own.task, own.classes, [f.name for f in card.features])
    assert isinstance(card.metrics, RegressionMetrics if own.task == "regression" else Metrics)
    assert trained.data.points.shape == (sum(dataset.sizes.values()), own.features)
    for feature, values in zip(card.features, trained.data.points.T, strict=True):
        assert feature.low <= np.nanmin(values) <= (feature.held or 0) <= np.nanmax(values) <= feature.high
        assert (feature.mean is None) == (feature.categories is not None)


def test_what_is_learned_is_better_than_chance_and_every_metric_has_its_interval(trained: Trained) -> None:
    assert trained.comparison.failed == {}
    network, *others = trained.comparison.models
    assert network.score.mean >= trained.own.score
    of_classes = {"accuracy", "log_loss", "brier", "roc_auc", "ece", "balanced_accuracy", "f1"}
    recalls = {f"recall_{name}" for name in trained.card.classes}
    names = {"r2", "rmse", "mae"} if trained.own.task == "regression" else of_classes | recalls
    assert set(network.metrics) == names
    assert all(summary.ci95 is not None and len(summary.values) == 2 for summary in network.metrics.values())
    assert len(trained.comparison.pairs) == len(others)
    for pair in trained.comparison.pairs:
        assert (pair.mcnemar_p is None) == (trained.own.task == "regression")


def test_plain_tensorflow_takes_raw_units_and_answers_as_the_card_says(trained: Trained) -> None:
    serving = trained.signatures["serving_default"]
    test = np.array(trained.data.split) == "test"
    answers = serving(points=tf.constant(trained.data.points[test]))[trained.answer].numpy()
    labels = trained.data.labels[test]
    if isinstance(trained.card.metrics, RegressionMetrics):
        assert np.abs(answers - labels).mean() == pytest.approx(trained.card.metrics.mae, rel=1e-5)
    else:
        assert trained.card.metrics is not None
        found = answers.argmax(axis=1) if trained.own.task == "multiclass" else answers >= 0.5
        assert np.mean(found == labels) == pytest.approx(trained.card.metrics.accuracy)


def test_the_compiled_form_answers_as_the_saved_model_does(trained: Trained) -> None:
    """To 1e-6 of a probability; of a value, to six digits of the largest."""
    runner = Interpreter(model_path=str(trained.bundle / layout.COMPILED)).get_signature_runner("replicates")
    points: NDArray[np.float32] = trained.data.points
    theirs = trained.signatures["replicates"](points=tf.constant(points))[trained.answer].numpy()
    scale = np.abs(theirs).max() if trained.own.task == "regression" else 1
    np.testing.assert_allclose(runner(points=points)[trained.answer], theirs, rtol=0, atol=1e-6 * scale)
