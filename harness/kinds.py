"""Models of every kind, with random weights and their cards:

    flowers, flowers-linear   three classes, two features
    prices, prices-linear     a regression, four features; it standardizes them itself
    survival                  the classes no and yes; three features, one of them a category; it imputes
    round                     the classes 0 and 1; three features; its surface is nearly a sphere

Each has two training runs, three epochs and the signatures of a model that was trained here.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from bundle import layout
from bundle.card import (
    Card,
    CardSchema,
    Compiled,
    Feature,
    History,
    Metrics,
    Protocol,
    RegressionHistory,
    RegressionMetrics,
    Task,
)
from bundle.comparison import (
    Comparison,
    ComparisonSchema,
    Dataset,
    DatasetSummary,
    ModelResult,
    Pair,
    ProtocolSummary,
    Summary,
)

REPLICATES, EPOCHS = 2, (0, 1, 5)


@dataclass(frozen=True)
class Kind:
    """An experiment: what its models take and give, and those models' hidden layers by name."""

    experiment: str
    task: Task
    classes: tuple[str, ...]
    target: str
    features: tuple[Feature, ...]
    models: Mapping[str, tuple[int, ...]]

    @property
    def outputs(self) -> int:
        return len(self.classes) if self.task == "multiclass" else 1


def _feature(name: str, low: float, high: float, held: float, **more: Any) -> Feature:
    return Feature(name, low, high, held, **more)


KINDS = (
    Kind(
        "flowers",
        "multiclass",
        ("setosa", "versicolor", "virginica"),
        "species",
        (_feature("length", 0, 8, 4, mean=3.9, sd=2), _feature("width", -1, 3, 1, mean=1.1, sd=1)),
        {"flowers": (5,), "flowers-linear": ()},
    ),
    Kind(
        "prices",
        "regression",
        (),
        "price",
        tuple(
            _feature(name, low, high, (low + high) / 2, mean=(low + high) / 2 + 0.1, sd=(high - low) / 4)
            for name, low, high in (("area", 20, 220), ("rooms", 1, 8), ("age", 0, 100), ("a:b, c", -1, 1))
        ),
        {"prices": (6, 4), "prices-linear": ()},
    ),
    Kind(
        "survival",
        "binary",
        ("no", "yes"),
        "survived",
        (
            _feature("age", 0, 80, 30),
            _feature("fare", 0, 500, 14),
            _feature("port", 0, 2, 1, categories=["Cherbourg", "Queenstown, IE", "Southampton"]),
        ),
        {"survival": (6,)},
    ),
    Kind(
        "round",
        "binary",
        ("0", "1"),
        "label",
        tuple(_feature(name, -1.5, 1.5, 0) for name in ("x1", "x2", "x3")),
        {"round": (32,)},
    ),
)


def _weights(kind: Kind, hidden: Sequence[int]) -> list[NDArray[np.float32]]:
    """Return kernels [R, S, inputs, units] and biases [R, S, units], in turn."""
    rng = np.random.default_rng(len(kind.experiment) + len(hidden))
    inputs = len(kind.features) + sum(len(f.categories or [0]) - 1 for f in kind.features)
    sizes = [inputs, *hidden, kind.outputs]
    arrays = []
    for before, after in pairwise(sizes):
        arrays.append(rng.normal(0, 1.5 / np.sqrt(before), (REPLICATES, len(EPOCHS), before, after)))
        arrays.append(rng.normal(0, 0.3, (REPLICATES, len(EPOCHS), after)))
    if kind.experiment == "round":
        arrays[2] = np.abs(arrays[2])  # cosh-like: relu(w·x - b) summed over directions grows away from the origin
        arrays[1] = -0.4 + 0 * arrays[1]
        arrays[3] = -arrays[2].sum(axis=-2) * 0.3
    return [array.astype(np.float32) for array in arrays]


def _encode(kind: Kind, points: tf.Tensor) -> tf.Tensor:
    """Return what the network takes: raw units standardized, the missing filled in, categories one-hot."""
    columns = []
    for i, feature in enumerate(kind.features):
        x = points[:, i : i + 1]
        x = tf.where(tf.equal(x, x), x, tf.ones_like(x) * float(feature.held or 0))
        if feature.categories is not None:
            x = tf.one_hot(tf.cast(tf.round(x[:, 0]), tf.int32), len(feature.categories))
        elif feature.sd is not None and feature.mean is not None:
            x = (x - feature.mean) / feature.sd
        elif kind.experiment != "round":
            x = (x - (feature.low + feature.high) / 2) / ((feature.high - feature.low) / 4)
        columns.append(x)
    return tf.concat(columns, axis=1)


@dataclass(frozen=True)
class _Graph:
    """What the signatures compute."""

    kind: Kind
    variables: Sequence[tf.Variable]

    @property
    def name(self) -> str:
        return "values" if self.kind.task == "regression" else "probabilities"

    def layers(self, points: tf.Tensor, replicate: Any, snapshot: Any) -> list[tf.Tensor]:
        chosen = [variable[replicate, snapshot] for variable in self.variables]
        x, found = _encode(self.kind, points), []
        for kernel, bias in zip(chosen[::2], chosen[1::2], strict=True):
            z = x @ kernel + bias
            x = tf.nn.relu(z) if self.kind.experiment == "round" else tf.tanh(z)
            found.append(x)
        return [*found[:-1], self.answer(z)]

    def answer(self, z: tf.Tensor) -> tf.Tensor:
        if self.kind.task == "multiclass":
            return tf.nn.softmax(z)
        return z[:, 0] * 50 + 200 if self.kind.task == "regression" else tf.sigmoid(z[:, 0])

    def serving_default(self, points: tf.Tensor) -> dict[str, tf.Tensor]:
        return {self.name: self.layers(points, 0, -1)[-1]}

    def at(self, points: tf.Tensor, replicate: tf.Tensor, snapshot: tf.Tensor) -> dict[str, tf.Tensor]:
        return {self.name: self.layers(points, replicate, snapshot)[-1]}

    def replicates(self, points: tf.Tensor) -> dict[str, tf.Tensor]:
        return {self.name: tf.stack([self.layers(points, r, -1)[-1] for r in range(REPLICATES)], axis=-1)}

    def activations(self, points: tf.Tensor, replicate: tf.Tensor, snapshot: tf.Tensor) -> dict[str, tf.Tensor]:
        return {f"layer_{i}": layer for i, layer in enumerate(self.layers(points, replicate, snapshot)[:-1], 1)}

    def weights(self, replicate: tf.Tensor) -> dict[str, tf.Tensor]:
        named = {f"{('kernel', 'bias')[i % 2]}_{1 + i // 2}": v[replicate] for i, v in enumerate(self.variables)}
        scaled = [feature for feature in self.kind.features if feature.sd is not None]
        if scaled:
            named["feature_mean"] = tf.constant([feature.mean for feature in scaled], tf.float32)
            named["feature_sd"] = tf.constant([feature.sd for feature in scaled], tf.float32)
        if self.kind.experiment == "survival":
            named["feature_fill"] = tf.constant([feature.held for feature in self.kind.features], tf.float32)
            spans = [(0.0, 4.0) if f.categories else (f.low, f.high) for f in self.kind.features]
            named["feature_mean"] = tf.constant([0.0 if high == 4 else (low + high) / 2 for low, high in spans])
            named["feature_sd"] = tf.constant([(high - low) / 4 for low, high in spans])
        return named


def _signatures(kind: Kind, variables: Sequence[tf.Variable]) -> dict[str, Any]:
    graph = _Graph(kind, variables)
    points = tf.TensorSpec([None, len(kind.features)], tf.float32, name="points")
    index = {key: tf.TensorSpec([], tf.int32, name=key) for key in ("replicate", "snapshot")}
    trace = partial(tf.function, autograph=False)  # there is no control flow to translate
    made = {
        "serving_default": trace(graph.serving_default).get_concrete_function(points),
        "at": trace(graph.at).get_concrete_function(points, **index),
        "replicates": trace(graph.replicates).get_concrete_function(points),
        "weights": trace(graph.weights).get_concrete_function(index["replicate"]),
    }
    if len(variables) > 2:
        made["activations"] = trace(graph.activations).get_concrete_function(points, **index)
    return made


def _save_model(models: Path, kind: Kind, name: str, hidden: tuple[int, ...]) -> None:
    bundle = models / name / "1"
    module = tf.Module()
    module.variables_ = [tf.Variable(array) for array in _weights(kind, hidden)]
    signatures = _signatures(kind, module.variables_)
    tf.saved_model.save(module, str(bundle), signatures=signatures)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(bundle), signature_keys=list(signatures))
    content = converter.convert()
    (bundle / layout.COMPILED).parent.mkdir(exist_ok=True)
    (bundle / layout.COMPILED).write_bytes(content)
    CardSchema().write(_card(bundle, kind, name, hidden, hashlib.sha256(content).hexdigest()), bundle / layout.CARD)


def _card(bundle: Path, kind: Kind, name: str, hidden: tuple[int, ...], sha256: str) -> Card:
    is_regression = kind.task == "regression"
    return Card(
        name=name,
        version=1,
        experiment=kind.experiment,
        task=kind.task,
        classes=list(kind.classes),
        target=kind.target,
        hidden_layers=list(hidden),
        activation=("relu" if kind.experiment == "round" else "tanh") if hidden else None,
        parameters=10,
        features=list(kind.features),
        epochs=list(EPOCHS),
        replicates=REPLICATES,
        protocol=Protocol("adam", 0.001, 32, EPOCHS[-1], "loss", 0),
        libraries={},
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        training_seconds=1.0,
        metrics=_metrics(kind),
        history=RegressionHistory([], [], [], []) if is_regression else History([], [], [], []),
        compiled=Compiled(sha256, {}),
        fingerprint=layout.fingerprint(bundle),
    )


def _metrics(kind: Kind) -> Metrics | RegressionMetrics:
    if kind.task == "regression":
        return RegressionMetrics(r2=0.75, rmse=12.5, mae=9.25)
    return Metrics(0.9, 0.3, 0.2, 0.95, 0.04, [[5] * len(kind.classes)] * len(kind.classes))


def _summary(*values: float) -> Summary:
    return Summary(float(np.mean(values)), 0.1, min(values), float(np.median(values)), max(values), [0.5, 1], [*values])


def _save_experiment(models: Path, kind: Kind) -> None:
    directory = layout.experiment_dir(models, kind.experiment)
    directory.mkdir(parents=True)
    (directory / layout.DATASET).write_text(_dataset(kind).to_csv())
    is_regression = kind.task == "regression"
    of_all = {name: _summary(value, value + 0.05) for name, value in (("r2", 0.75), ("rmse", 12.5), ("mae", 9.25))}
    results = [
        ModelResult(
            model=name,
            version=1,
            hidden_layers=list(hidden),
            activation="tanh" if hidden else None,
            parameters=10,
            epochs=EPOCHS[-1],
            replicates=REPLICATES,
            accuracy=None if is_regression else _summary(0.9, 0.8),
            population_accuracy=None,
            served=_metrics(kind),
            notebook_accuracy=None,
            training_seconds=1.0,
            metrics=of_all if is_regression else {"accuracy": _summary(0.9, 0.8)},
        )
        for name, hidden in kind.models.items()
    ]
    names = list(kind.models)
    pairs = [Pair(names[0], names[-1], 0.1, [0.0, 0.2], 1.0, 0.1, 0.1, None)] if len(names) == 2 else []
    summary = DatasetSummary(
        generator="table",
        parameters={},
        features=[f.name for f in kind.features],
        sizes={"train": 20, "validation": 10, "test": 10},
        replication="resplit",
        task=kind.task,
        classes=list(kind.classes),
        target=kind.target,
    )
    protocol = ProtocolSummary("adam", 0.001, 32, "loss", 0, REPLICATES)
    comparison = Comparison(kind.experiment, summary, protocol, results, pairs)
    ComparisonSchema().write(comparison, directory / layout.COMPARISON)


def _dataset(kind: Kind) -> Dataset:
    """Return forty points over the domain; a category has its positions, and one of `survival` is missing."""
    rng = np.random.default_rng(1)
    points = np.stack([rng.uniform(f.low, f.high, 40) for f in kind.features], axis=1).astype(np.float32)
    for i, feature in enumerate(kind.features):
        if feature.categories is not None:
            points[:, i] = rng.integers(0, len(feature.categories), 40)
            points[3, 0] = np.nan
    labels = rng.integers(0, max(1, len(kind.classes)), 40)
    values = rng.normal(200, 50, 40).astype(np.float32)
    return Dataset(
        [f.name for f in kind.features],
        points,
        labels if kind.classes else values,
        ["train"] * 20 + ["validation"] * 10 + ["test"] * 10,
        list(kind.classes),
    )


def save(models: Path) -> None:
    for kind in KINDS:
        for name, hidden in kind.models.items():
            _save_model(models, kind, name, hidden)
        _save_experiment(models, kind)
