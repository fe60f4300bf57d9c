"""Models from elsewhere become bundles that say of themselves what can be known, by the command that users run."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from click.testing import CliRunner, Result
from numpy.typing import NDArray

from bundle import layout
from bundle.card import Card, CardSchema, Metrics, RegressionMetrics
from bundle.comparison import ComparisonSchema, Dataset
from harness.own_data import TABLES
from training.cli import main

# Keras, reading and writing its files, does not yet speak NumPy 2's `__array__`
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def adopt(models_dir: Path, path: Path, *arguments: str) -> Result:
    environment = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"}
    return CliRunner(env=environment).invoke(
        main, ["adopt", str(path), "--name", "theirs", "--models-dir", str(models_dir), *arguments]
    )


def card_of(models_dir: Path) -> Card:
    return CardSchema().read(models_dir / "theirs" / "1" / layout.CARD)


def answers(models_dir: Path, points: Any) -> NDArray[np.float32]:
    """Ask both forms; they agree."""
    bundle, given = models_dir / "theirs" / "1", np.array(points, np.float32)
    theirs = tf.saved_model.load(str(bundle)).signatures
    ours = Interpreter(model_path=str(bundle / layout.COMPILED))
    ((name, expected),) = theirs["serving_default"](points=tf.constant(given)).items()
    scalars = {key: np.array(0, np.int32) for key in ("replicate", "snapshot")}
    for signature, more in (("serving_default", {}), ("at", scalars), ("replicates", {})):
        found = ours.get_signature_runner(signature)(points=given, **more)[name]
        np.testing.assert_allclose(found[..., 0] if signature == "replicates" else found, expected, atol=1e-6)
    numbers: NDArray[np.float32] = expected.numpy()
    return numbers


@pytest.fixture(scope="module")
def by_name(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SavedModel with two inputs by name, one of whole numbers, and two outputs: a logit, and a score."""
    module = tf.Module()
    module.weight = tf.Variable([0.5, -2.0])

    def serve(size: Any, rooms: Any) -> Any:
        logit = size * module.weight[0] + tf.cast(rooms, tf.float32) * module.weight[1] - 1
        return {"logit": logit[:, tf.newaxis], "score": tf.sigmoid(logit)}

    specs = {"size": tf.TensorSpec([None], tf.float32), "rooms": tf.TensorSpec([None], tf.int64)}
    function = tf.function(serve).get_concrete_function(
        **{name: tf.TensorSpec(spec.shape, spec.dtype, name=name) for name, spec in specs.items()}
    )
    path = tmp_path_factory.mktemp("foreign") / "by-name"
    tf.saved_model.save(module, str(path), signatures=function)
    return path


@pytest.fixture(scope="module")
def houses(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data with a column that the model does not take, in another order than it takes them."""
    rng = np.random.default_rng(0)
    size, rooms = rng.normal(10, 5, 60).round(2), rng.integers(0, 4, 60)
    sold = np.where(0.5 * size - 2 * rooms - 1 + rng.logistic(0, 1, 60) > 0, "yes", "no")
    path = tmp_path_factory.mktemp("data") / "houses.csv"
    pd.DataFrame({"street": range(60, 0, -1), "size": size, "rooms": rooms, "sold": sold}).to_csv(path, index=False)
    return path


@dataclass(frozen=True)
class Adopted:
    output: str
    models_dir: Path
    said: str


@pytest.fixture(scope="module", params=["logit", "score"])
def adopted(
    request: pytest.FixtureRequest, by_name: Path, houses: Path, tmp_path_factory: pytest.TempPathFactory
) -> Adopted:
    """The model, adopted with the data for one of its outputs."""
    output, models_dir = request.param, tmp_path_factory.mktemp(request.param)
    ended = adopt(models_dir, by_name, "--data", str(houses), "--label", "sold", "--output", output)
    assert ended.exit_code == 0, ended.output
    return Adopted(output, models_dir, ended.stdout)


def test_inputs_by_name_are_columns_and_logits_become_probabilities(adopted: Adopted) -> None:
    what = {"logit": "logits, which become probabilities", "score": "probabilities"}[adopted.output]
    assert f"{adopted.output} is taken for {what}, of the classes no, yes in this order" in adopted.said
    card = card_of(adopted.models_dir)
    assert (card.task, card.classes, card.target, card.parameters) == ("binary", ["no", "yes"], "sold", 2)
    features = {feature.name: feature for feature in card.features}
    assert set(features) == {"size", "rooms"}
    assert features["rooms"].low <= 0 <= features["rooms"].high
    point = {"size": 12.0, "rooms": 2.4}  # the nearest whole number is taken
    (probability,) = answers(adopted.models_dir, [[point[feature.name] for feature in card.features]])
    assert probability == pytest.approx(1 / (1 + np.exp(-(0.5 * 12 - 2 * 2 - 1))), abs=1e-6)


def test_it_stands_in_a_comparison_with_its_one_run_and_says_so(adopted: Adopted) -> None:
    assert "one replicate of each model" in adopted.said
    assert "measured in its one run on all 60 rows" in " ".join(adopted.said.split())
    results = layout.experiment_dir(adopted.models_dir, "theirs")
    comparison = ComparisonSchema().read(results / layout.COMPARISON)
    (result,) = comparison.models
    card = card_of(adopted.models_dir)
    assert isinstance(card.metrics, Metrics)
    assert (result.replicates, result.served, comparison.pairs) == (1, card.metrics, [])
    assert comparison.protocol.optimizer is None
    assert card.protocol is None
    assert card.history is None
    data = Dataset.from_csv((results / layout.DATASET).read_text(), card.classes)
    found = answers(adopted.models_dir, data.points) >= 0.5
    assert np.mean(found == data.labels) == pytest.approx(card.metrics.accuracy)
    assert set(data.split) == {"test"}


@pytest.fixture(scope="module")
def of_keras(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A `.keras` file with four numbers in, and three classes and a value out."""
    keras.utils.set_random_seed(0)
    points = keras.Input((4,), name="flower")
    hidden = keras.layers.Dense(6, activation="relu")(points)
    outputs = [
        keras.layers.Dense(3, activation="softmax", name="kind")(hidden),
        keras.layers.Dense(1, name="width")(hidden),
    ]
    path = tmp_path_factory.mktemp("foreign") / "iris.keras"
    keras.Model(points, outputs).save(path)
    return path


def test_a_keras_file_of_several_classes_is_measured_on_a_table(of_keras: Path, tmp_path: Path) -> None:
    TABLES["iris"]().to_csv(tmp_path / "iris.csv", index=False)
    ended = adopt(tmp_path, of_keras, "--data", str(tmp_path / "iris.csv"), "--label", "target", "--output", "kind")
    assert ended.exit_code == 0, ended.output
    card = card_of(tmp_path)
    assert (card.task, card.classes) == ("multiclass", ["setosa", "versicolor", "virginica"])
    assert isinstance(card.metrics, Metrics)
    assert np.shape(card.metrics.confusion_matrix) == (3, 3)
    points = np.random.default_rng(0).uniform(0, 5, (20, 4)).astype(np.float32)
    expected, _ = keras.models.load_model(of_keras)(points)
    np.testing.assert_allclose(answers(tmp_path, points), expected, atol=1e-6)


@pytest.mark.parametrize("activation", [None, "sigmoid"])
def test_a_sequential_model_is_one_too(houses: Path, tmp_path: Path, activation: str | None) -> None:
    layers = [keras.Input((2,)), keras.layers.Dense(4, activation="relu"), keras.layers.Dense(1, activation=activation)]
    keras.Sequential(layers).save(tmp_path / "theirs.keras")
    columns = ["--label", "sold", "--feature", "size", "--feature", "rooms"]
    ended = adopt(tmp_path, tmp_path / "theirs.keras", "--data", str(houses), *columns)
    assert ended.exit_code == 0, ended.output
    points = np.random.default_rng(0).uniform(0, 5, (20, 2)).astype(np.float32)
    expected = keras.models.load_model(tmp_path / "theirs.keras")(points)[:, 0]
    expected = expected if activation else tf.sigmoid(expected)
    np.testing.assert_allclose(answers(tmp_path, points), expected, atol=1e-6)


def test_a_value_is_one_of_a_regression(of_keras: Path, tmp_path: Path) -> None:
    iris = TABLES["iris"]().drop(columns="target")
    iris.assign(area=iris.iloc[:, 2] * iris.iloc[:, 3]).to_csv(tmp_path / "iris.csv", index=False)
    ended = adopt(tmp_path, of_keras, "--data", str(tmp_path / "iris.csv"), "--label", "area", "--output", "width")
    assert ended.exit_code == 0, ended.output
    card = card_of(tmp_path)
    assert (card.task, card.classes) == ("regression", [])
    assert isinstance(card.metrics, RegressionMetrics)


def test_without_data_nothing_is_claimed_of_them(of_keras: Path, tmp_path: Path) -> None:
    ended = adopt(tmp_path, of_keras, "--output", "kind", "--class", "a", "--class", "b", "--class", "c")
    assert ended.exit_code == 0, ended.output
    card = card_of(tmp_path)
    assert (card.classes, card.metrics) == (["a", "b", "c"], None)
    assert [feature.name for feature in card.features] == ["x1", "x2", "x3", "x4"]
    assert not layout.experiment_dir(tmp_path, "theirs").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "it has several outputs, kind, width; choose one with --output"),
        (["--output", "colour"], "it has no output colour; its outputs: kind, width"),
        (["--output", "kind", "--class", "a"], "the model has 3 classes, but 1 are named"),
        (["--output", "kind", "--kind", "value"], "is 3 values a point, not one"),
        (["--output", "kind", "--data", "houses.csv", "--label", "sold"], "the model takes 4 numbers"),
        (["--name", "../up"], "is no model's name"),
    ],
)
def test_what_does_not_go_together_is_told(
    of_keras: Path, houses: Path, tmp_path: Path, arguments: list[str], words: str
) -> None:
    given = [str(houses) if argument == "houses.csv" else argument for argument in arguments]
    ended = adopt(tmp_path / "models", of_keras, *given)
    assert ended.exit_code != 0
    assert words in " ".join(ended.stderr.split())
    assert isinstance(ended.exception, SystemExit)
    assert layout.model_names(tmp_path / "models") == []


UNFIT: dict[str, tuple[Callable[..., Any], tf.TensorSpec, str]] = {
    "checks": (
        lambda inputs: {"y": tf.debugging.check_numerics(tf.math.log(inputs[:, 0]), "no logarithm")},
        tf.TensorSpec([None, 2]),
        "its graph fails at some points of its domain: ",
    ),
    "logarithm": (
        lambda inputs: {"y": tf.math.log(inputs[:, 0])},
        tf.TensorSpec([None, 2]),
        "its output y is not finite in the middle of the domain, [0.0, 0.0], where the service tries it",
    ),
    "text": (lambda inputs: {"y": tf.strings.as_string(inputs)}, tf.TensorSpec([None, 2]), "its output y is string"),
    "mean": (lambda inputs: {"y": tf.reduce_mean(inputs)}, tf.TensorSpec([None, 2]), "its output y is float32 ()"),
    "any": (lambda inputs: {"y": inputs * 2}, tf.TensorSpec(None), "its input inputs is float32 of any shape"),
}
"""What a SavedModel computes, of what it takes, and the words in which it is refused."""


@pytest.mark.parametrize("name", UNFIT)
def test_a_model_that_does_not_give_numbers_for_points_is_told(tmp_path: Path, name: str) -> None:
    compute, spec, words = UNFIT[name]
    function = tf.function(compute).get_concrete_function(tf.TensorSpec(spec.shape, spec.dtype, name="inputs"))
    tf.saved_model.save(tf.Module(), str(tmp_path / name), signatures=function)
    ended = adopt(tmp_path / "models", tmp_path / name)
    assert ended.exit_code == 1
    assert f"Error: {tmp_path / name}: {words}" in " ".join(ended.stderr.split())
    assert not (tmp_path / "models" / "theirs").exists()


def test_a_file_that_is_no_model_is_told(houses: Path, tmp_path: Path) -> None:
    ended = adopt(tmp_path / "models", houses)
    assert ended.exit_code == 1
    words = " ".join(ended.stderr.split())
    assert f"Error: {houses}: is no SavedModel directory and no .keras file that can be read" in words
