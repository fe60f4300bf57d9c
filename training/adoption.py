"""Adoption: a model from elsewhere, a SavedModel or a `.keras` file, becomes a bundle with a card.

It keeps its weights. What is added is the one form that everything here speaks: points [n, d] in, probabilities or
values out. Its inputs become columns by their names, one that takes several numbers becomes as many columns, one of
integers is given the nearest one. Logits become probabilities. What cannot be known of it is null on the card.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from bundle import layout
from bundle.card import Card, CardSchema, Output, Task
from bundle.comparison import Comparison, ComparisonSchema, Dataset, DatasetSummary, ModelResult, ProtocolSummary
from training import tables
from training.dataset_spec import TableSpec
from training.datasets import Column, DataSource, data_source
from training.evaluation import Floats, Measured, measure, over_replicates
from training.exporter import compile_beside, probe, save
from training.finished import BUNDLE
from training.foreign import AdoptionError, Foreign, Tensors, load
from training.libraries import libraries
from training.one_model import features_of
from training.pipeline import next_version, shown
from training.preprocessing import Encoder
from verdicts.summary import summarize

DOMAIN = (-1.5, 1.5)
"""Of a feature of which nothing is known."""

POINTS_AT_ONCE = 4096

SUM_TOLERANCE = 1e-3
"""How far from 1 the probabilities of all classes may add up to: float16 has three digits."""


@dataclass(frozen=True)
class Request:
    """What is asked for: where the model is, what it is to be called, and what is said of it."""

    path: Path
    name: str
    data: TableSpec | None = None
    output: str | None = None
    kind: Output | None = None
    classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Adopted:
    """What was published: the version, what became of its output, and its comparison, where there were data."""

    card: Card
    note: str
    comparison: Comparison | None


def adopt(request: Request, models_dir: Path) -> Adopted:
    """Publish a model from elsewhere as the next version of its name; with data, its comparison too.

    Raises:
        BlockingIOError: a training writes to this directory.
        AdoptionError: the model and what is asked of it, or the data, do not go together.
        ValueError: the table cannot be used. OSError: it cannot be read.
    """
    foreign = load(request.path)
    output = _chosen(foreign, request.output)
    source = _source(foreign, request.data)
    answer, task, classes, note = _meaning(foreign, output, request, source)
    with layout.writing(models_dir), layout.staging(models_dir) as staged:
        bundle, version = staged / request.name / BUNDLE, next_version(models_dir, request.name)
        card = _write(foreign, answer, task, bundle, source)
        card = replace(card, name=request.name, experiment=request.name, version=version, classes=classes)
        comparison = None
        if request.data is not None:
            answers = _answers(answer, source)
            measured = measure(answers, source.samples(0)[1], task)
            card = replace(card, metrics=measured)
            comparison = _compare(card, source, measured, answers)
            ComparisonSchema().write(comparison, staged / layout.COMPARISON)
            points, labels = source.samples(0)
            kept = labels.astype(np.int64) if classes else labels
            data = Dataset(source.features, points, kept, ["test"] * len(labels), classes)
            (staged / layout.DATASET).write_text(shown(data, seed=0).to_csv())
        CardSchema().write(card, bundle / layout.CARD)
        layout.publish(bundle, models_dir / request.name / str(version))
        if comparison is not None:
            results = layout.experiment_dir(models_dir, request.name)
            layout.publish(staged / layout.DATASET, results / layout.DATASET)
            layout.publish(staged / layout.COMPARISON, results / layout.COMPARISON)
    return Adopted(card, note, comparison)


def _chosen(foreign: Foreign, name: str | None) -> str:
    """Return the output that is asked for; one alone need not be named."""
    valid = ", ".join(foreign.outputs)
    if name is None and len(foreign.outputs) > 1:
        raise AdoptionError(f"it has several outputs, {valid}; choose one with --output")
    if name is not None and name not in foreign.outputs:
        raise AdoptionError(f"it has no output {name}; its outputs: {valid}")
    return name or foreign.outputs[0]


def _source(foreign: Foreign, spec: TableSpec | None) -> DataSource:
    """Return the data in the order of the model's inputs, or, without any, the names of its inputs alone."""
    names = [column for each in foreign.inputs for column in each.columns]
    if spec is None:
        anonymous = [f"x{i + 1}" for i in range(len(names))] if len(foreign.inputs) == 1 else names
        return _nameless(anonymous)
    if spec.features is None and set(names) <= set(tables.read(spec.path).names):
        spec = replace(spec, features=tuple(names))
    source = data_source(spec, 0)
    text = [column.name for column in source.columns if column.categories is not None]
    if text:
        raise AdoptionError(f"{spec.path}: {', '.join(text)}: text; give the numbers that the model takes for it")
    if len(source.columns) != len(names):
        raise AdoptionError(
            f"{spec.path}: the model takes {len(names)} numbers ({', '.join(names)}), the table has "
            f"{len(source.columns)} ({', '.join(source.features)}); choose them with --feature"
        )
    return source


def _nameless(names: list[str]) -> DataSource:
    def nothing(_: int) -> tuple[Floats, Floats]:
        return np.zeros((0, len(names)), np.float32), np.zeros(0, np.float32)

    return DataSource(
        [Column(name) for name in names], nothing, 0, "redrawn", domain=[DOMAIN] * len(names), held=[0.0] * len(names)
    )


def _meaning(
    foreign: Foreign, output: str, request: Request, source: DataSource
) -> tuple[Callable[[Any], Any], Task, list[str], str]:
    """Return what answers for points in the end, the task, the classes, and a sentence about what was made of it."""
    points = np.concatenate([source.samples(0)[0], probe(source.columns, source.domain)])
    numbers = _in_pieces(partial(foreign.numbers, output), points)
    if numbers.ndim > 2 or len(numbers) != len(points):
        raise AdoptionError(
            f"its output {output} is {list(numbers.shape[1:])} numbers a point; one, or one a class, is needed"
        )
    middle = np.array([[(low + high) / 2 for low, high in source.domain]], np.float32)
    if not np.isfinite(_in_pieces(partial(foreign.numbers, output), middle)).all():
        raise AdoptionError(
            f"its output {output} is not finite in the middle of the domain, {middle[0].tolist()[:3]}, where the "
            "service tries it; the domain is the data's: give a table with --data"
        )
    width = numbers.shape[1] if numbers.ndim == 2 else 1
    flat = width == 1
    kind = request.kind or _kind(numbers.reshape(len(points), width), source, request.data is not None)
    if kind == "value":
        if not flat:
            raise AdoptionError(
                f"its output {output} is {width} values a point, not one; say --kind logit, or choose another output"
            )
        return (
            (lambda x: tf.reshape(foreign.numbers(output, x), [-1])),
            "regression",
            [],
            f"{output} is taken for values",
        )

    def probabilities(x: Any) -> Any:
        given = tf.reshape(foreign.numbers(output, x), [-1, width])
        if kind == "logit":
            given = tf.sigmoid(given) if flat else tf.nn.softmax(given)
        return given if width > 2 else given[:, -1]

    classes = _classes(request, source, max(2, width))
    what = "logits, which become probabilities" if kind == "logit" else "probabilities"
    note = f"{output} is taken for {what}, of the classes {', '.join(classes)} in this order"
    return probabilities, "multiclass" if width > 2 else "binary", classes, note


def _kind(numbers: Floats, source: DataSource, has_data: bool) -> Output:
    """Say what numbers [n, width] are: values of a regression, probabilities where they can be such, else logits.

    One number a point of which nothing is known may be either of the last two, and is taken for what it is, a value.
    """
    if has_data and source.task == "regression":
        return "value"
    are_shares = np.all((numbers >= 0) & (numbers <= 1))
    if numbers.shape[1] > 1:
        are_shares = are_shares and np.all(np.abs(numbers.sum(axis=1) - 1) <= SUM_TOLERANCE)
    if are_shares:
        return "probability"
    return "logit" if has_data or numbers.shape[1] > 1 else "value"


def _classes(request: Request, source: DataSource, count: int) -> list[str]:
    if request.data is not None and source.task == "regression":
        raise AdoptionError(f"{request.data.path}: {request.data.label} is a number, but the model is one of classes")
    named = list(request.classes) or (source.classes if request.data is not None else [str(i) for i in range(count)])
    if len(named) != count:
        raise AdoptionError(f"the model has {count} classes, but {len(named)} are named: {', '.join(named)}")
    if request.data is not None and named != source.classes:
        raise AdoptionError(
            f"{request.data.path}: its classes are {', '.join(source.classes)}, in this order; name no others"
        )
    return named


def _in_pieces(function: Callable[[Any], Any], points: Floats) -> Floats:
    starts = range(0, len(points), POINTS_AT_ONCE)
    try:
        return np.concatenate([function(tf.constant(points[i : i + POINTS_AT_ONCE])).numpy() for i in starts])
    except tf.errors.OpError as error:
        raise AdoptionError(f"its graph fails at some points of its domain: {error.message.splitlines()[0]}") from error


def _answers(answer: Callable[[Any], Any], source: DataSource) -> Floats:
    answers = _in_pieces(answer, source.samples(0)[0])
    if not np.isfinite(answers).all():
        raise AdoptionError("the model gives no finite number for some rows of the data")
    return answers


def _write(foreign: Foreign, answer: Callable[[Any], Any], task: Task, bundle: Path, source: DataSource) -> Card:
    """Write the SavedModel and its compiled form; return the card, but for what only `adopt` knows."""
    module, name = tf.Module(), "values" if task == "regression" else "probabilities"
    module.foreign = foreign.tracked
    points_spec = tf.TensorSpec([None, len(source.columns)], tf.float32, name="points")
    index_specs = {each: tf.TensorSpec([], tf.int32, name=each) for each in ("replicate", "snapshot")}

    def at(points: Any, replicate: Any, snapshot: Any) -> Tensors:
        return {name: tf.stack([[answer(points)]])[replicate, snapshot]}  # there is one of each

    trace = partial(tf.function, autograph=False)
    functions = {
        "serving_default": trace(lambda points: {name: answer(points)}).get_concrete_function(points_spec),
        "at": trace(at).get_concrete_function(points_spec, **index_specs),
        "replicates": trace(lambda points: {name: answer(points)[..., tf.newaxis]}).get_concrete_function(points_spec),
    }
    save(module, functions, bundle)
    with tempfile.TemporaryDirectory() as twin:
        save(module, functions, Path(twin))
        points = probe(source.columns, source.domain)
        compiled = compile_beside(bundle, Path(twin), list(functions), points, [{"replicate": 0, "snapshot": 0}])
    return Card(
        name="",
        version=1,
        experiment="",
        task=task,
        target=source.target,
        hidden_layers=[],
        activation=None,
        parameters=foreign.parameters,
        features=features_of(source, Encoder(source.columns, {})),
        epochs=[0],
        replicates=1,
        replication=source.replication,
        protocol=None,
        libraries=libraries(),
        created_at=datetime.now(UTC),
        training_seconds=0.0,
        metrics=None,
        history=None,
        compiled=compiled,
        fingerprint=layout.fingerprint(bundle),
    )


def _compare(card: Card, source: DataSource, measured: Measured, answers: Floats) -> Comparison:
    """Return the comparison of the model with itself alone: its one run, on all rows of the data."""
    metrics = {name: summarize(values) for name, values in over_replicates([measured], card.classes).items()}
    result = ModelResult(
        model=card.name,
        version=card.version,
        hidden_layers=[],
        activation=None,
        parameters=card.parameters,
        epochs=0,
        replicates=1,
        accuracy=metrics.get("accuracy"),
        population_accuracy=None,
        served=measured,
        notebook_accuracy=None,
        training_seconds=0.0,
        metrics=metrics,
    )
    dataset = DatasetSummary(
        generator="table",
        parameters={},
        features=source.features,
        sizes={"train": 0, "validation": 0, "test": len(answers)},
        replication=source.replication,
        task=card.task,
        classes=card.classes,
        target=source.target,
    )
    protocol = ProtocolSummary(None, None, None, None, None, replicates=1)
    return Comparison(card.name, dataset, protocol, [result], [])
