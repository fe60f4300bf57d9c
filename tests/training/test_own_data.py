"""Tables as people have them, from the file to bundles and a comparison: each with few epochs and two replicates.

What the networks learn with more of both stands in benchmarks/own_data.py.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray
from sklearn import datasets

from bundle import layout
from bundle.card import Card, CardSchema, Metrics, RegressionMetrics, Task
from bundle.comparison import Comparison, ComparisonSchema, Dataset
from training import experiment
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

PAIRS = ("iris", "cancer", "diabetes")
"""Of each task one data set on which two models are compared."""


def from_scikit_learn(load: Callable[..., object]) -> Callable[[], pd.DataFrame]:
    """A data set of scikit-learn's as a table whose last column is the label, classes by their names."""

    def table() -> pd.DataFrame:
        found = load(as_frame=True)
        frame: pd.DataFrame = found.frame  # type: ignore[attr-defined]
        names = getattr(found, "target_names", None)
        if names is not None:
            frame["target"] = [str(names[i]) for i in frame["target"]]
        return frame

    return table


def passengers() -> pd.DataFrame:
    """Text, numbers and missing values: who survives is a matter of sex, class and, a little, of age."""
    rng = np.random.default_rng(0)
    n = 400
    sex, port = rng.choice(["female", "male"], n), rng.choice(["C", "Q", "S"], n, p=[0.2, 0.1, 0.7]).astype(object)
    age, fare = rng.gamma(6, 5, n).round(1), rng.lognormal(3, 1, n).round(2)
    survived = rng.random(n) < np.where(sex == "female", 0.85, 0.15)
    age[rng.random(n) < 0.2] = np.nan
    port[rng.random(n) < 0.05] = None
    columns = {"Sex": sex, "Age": age, "Fare": fare, "Embarked": port, "target": np.where(survived, "yes", "no")}
    return pd.DataFrame(columns)


def imbalanced() -> pd.DataFrame:
    """One in a hundred is the other class."""
    rng = np.random.default_rng(0)
    rare = np.arange(2000) % 100 == 0
    points = rng.normal(size=(2000, 3)) + 2 * rare[:, np.newaxis]
    return pd.DataFrame(points, columns=["a", "b", "c"]).assign(target=rare.astype(int))


def twenty_rows() -> pd.DataFrame:
    frame = from_scikit_learn(datasets.load_breast_cancer)()
    return frame.groupby("target").head(10)[["mean radius", "mean area", "target"]]


@dataclass(frozen=True)
class Own:
    """A table, and what becomes of it: the least score (accuracy or R²) of the network that is no accident."""

    table: Callable[[], pd.DataFrame]
    task: Task
    classes: list[str]
    features: int
    score: float
    epochs: int = 15


TABLES = {
    "iris": Own(from_scikit_learn(datasets.load_iris), "multiclass", ["setosa", "versicolor", "virginica"], 4, 0.8),
    "wine": Own(from_scikit_learn(datasets.load_wine), "multiclass", ["class_0", "class_1", "class_2"], 13, 0.8),
    "cancer": Own(from_scikit_learn(datasets.load_breast_cancer), "binary", ["benign", "malignant"], 30, 0.9),
    "digits": Own(from_scikit_learn(datasets.load_digits), "multiclass", list("0123456789"), 64, 0.8),
    "diabetes": Own(
        from_scikit_learn(lambda as_frame: datasets.load_diabetes(as_frame=as_frame, scaled=False)),
        "regression",
        [],
        10,
        0.2,
    ),
    "passengers": Own(passengers, "binary", ["no", "yes"], 4, 0.7),
    "imbalanced": Own(imbalanced, "binary", ["0", "1"], 3, 0.98),
    "twenty-rows": Own(twenty_rows, "binary", ["benign", "malignant"], 2, 0.5, 40),
    "moons": Own(lambda: pd.DataFrame(), "binary", ["0", "1"], 2, 0.8),
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


@pytest.fixture(scope="module", params=TABLES)
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    own, directory = TABLES[request.param], tmp_path_factory.mktemp(request.param)
    dataset = 'generator = "table"\npath = "data.csv"\nlabel = "target"\nmissing = "median"'
    if request.param == "moons":
        dataset = 'generator = "moons"\nn_samples = 400'
    else:
        own.table().to_csv(directory / "data.csv", index=False)
    second = LINE if request.param in PAIRS else ""
    (directory / "own.toml").write_text(TOML.format(dataset=dataset, epochs=own.epochs) + second)
    models = directory / "models"
    run(experiment.read(directory / "own.toml"), models, lambda *_: None)
    bundle, results = models / "net" / "1", layout.experiment_dir(models, "own")
    data = Dataset.from_csv((results / layout.DATASET).read_text(), own.classes)
    comparison = ComparisonSchema().read(results / layout.COMPARISON)
    return Trained(own, bundle, CardSchema().read(bundle / layout.CARD), comparison, data)


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
    names = (
        {"r2", "rmse", "mae"}
        if trained.own.task == "regression"
        else {"accuracy", "log_loss", "brier", "roc_auc", "ece"}
    )
    assert set(network.metrics) == names
    assert all(summary.ci95 is not None and len(summary.values) == 2 for summary in network.metrics.values())
    assert len(trained.comparison.pairs) == len(others)
    for pair in trained.comparison.pairs:
        assert (pair.mcnemar_p is None) == (trained.own.task == "regression")


def test_plain_tensorflow_takes_raw_units_and_answers_as_the_card_says(trained: Trained) -> None:
    serving = tf.saved_model.load(str(trained.bundle)).signatures["serving_default"]
    test = np.array(trained.data.split) == "test"
    answers = serving(points=tf.constant(trained.data.points[test]))[trained.answer].numpy()
    labels = trained.data.labels[test]
    if isinstance(trained.card.metrics, RegressionMetrics):
        assert np.abs(answers - labels).mean() == pytest.approx(trained.card.metrics.mae, rel=1e-5)
    else:
        found = answers.argmax(axis=1) if trained.own.task == "multiclass" else answers >= 0.5
        assert np.mean(found == labels) == pytest.approx(trained.card.metrics.accuracy)


def test_the_compiled_form_answers_as_the_saved_model_does(trained: Trained) -> None:
    """To 1e-6 of a probability; of a value, to six digits of the largest."""
    runner = Interpreter(model_path=str(trained.bundle / layout.COMPILED)).get_signature_runner("replicates")
    saved = tf.saved_model.load(str(trained.bundle)).signatures["replicates"]
    points: NDArray[np.float32] = trained.data.points
    theirs = saved(points=tf.constant(points))[trained.answer].numpy()
    scale = np.abs(theirs).max() if trained.own.task == "regression" else 1
    np.testing.assert_allclose(runner(points=points)[trained.answer], theirs, rtol=0, atol=1e-6 * scale)
