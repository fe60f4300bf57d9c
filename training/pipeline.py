"""An experiment from start to end: draw, train, evaluate, export, compare, and only then publish, all at once.

Nothing below the models directory changes before every model is trained and exported; then each part appears by one
rename. A run that fails or is killed leaves the versions before it as they were.
"""

import platform
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version as installed
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from bundle import layout
from bundle.card import Card, CardSchema, Feature, Protocol
from bundle.comparison import Comparison, ComparisonSchema
from training import TrainingError
from training.architectures import build, initial_weights
from training.comparison import LOSS, TrainedModel, compare_models
from training.datasets import DataSource, ReplicateSplits, Stream, batch_orders, data_source, draw, seed_for
from training.evaluation import accuracies, correct, diverged, measure, population_accuracy, predict
from training.experiment import Experiment, ModelSpec
from training.exporter import export
from training.fit.train import recorded_epochs, train

MODELS_AT_ONCE = 2
"""A compiled run keeps one core busy; while one model trains, another is compiled, exported or trained beside it."""

Progress = Callable[[str, int], object]
"""Called with a model's name and the number of epochs just done."""


class DivergedError(TrainingError):
    """The replicate to be served has weights that are not finite numbers."""


@dataclass(frozen=True)
class _Run:
    """What all models of one run share."""

    experiment: Experiment
    source: DataSource
    splits: ReplicateSplits
    orders: NDArray[np.int32]
    started: datetime


@dataclass(frozen=True)
class RunResult:
    """The comparison of the models trained, and the models for whose sake the one on disk was kept; see `run`."""

    comparison: Comparison
    untouched_models: list[str]


def run(experiment: Experiment, models_dir: Path, progress: Progress) -> RunResult:
    """Train an experiment's models and publish the next version of each, with their comparison and data.

    A part of an experiment does not replace a comparison that has other models too; see `_untouched_models`.

    Raises:
        BlockingIOError: another training writes to this directory.
        ValueError: an activation or optimizer that Keras does not know, or a table that is not one.
        OSError: a table cannot be read.
        TrainingError: the replicate to be served diverged, or a compiled form does not answer as its SavedModel does.
    """
    with layout.writing(models_dir), layout.staging(models_dir) as staged:
        source = data_source(experiment.dataset, experiment.seed)
        splits = draw(experiment.dataset, source, experiment.seed, experiment.replicates)
        longest = max(spec.epochs for spec in experiment.models)
        orders = batch_orders(experiment.seed, experiment.replicates, longest, splits.train.labels.shape[1])
        shared = _Run(experiment, source, splits, orders, datetime.now(UTC))
        versions = {spec.name: _next_version(models_dir, spec.name) for spec in experiment.models}
        trained = _train_all(shared, versions, staged, progress)
        comparison = compare_models(experiment, source, splits, trained)
        results = layout.experiment_dir(models_dir, experiment.name)
        (staged / layout.DATASET).write_text(splits.served.to_csv())
        ComparisonSchema().write(comparison, staged / layout.COMPARISON)
        for name, number in versions.items():
            layout.publish(staged / name, models_dir / name / str(number))
        untouched = _untouched_models(experiment, models_dir)
        if not untouched:
            layout.publish(staged / layout.DATASET, results / layout.DATASET)
            layout.publish(staged / layout.COMPARISON, results / layout.COMPARISON)
    return RunResult(comparison, untouched)


def _train_all(shared: _Run, versions: dict[str, int], staged: Path, progress: Progress) -> list[TrainedModel]:
    """Train the models side by side. When one fails or the user interrupts, the others stop at their next report."""
    stop = threading.Event()

    def report(name: str, epochs: int) -> None:
        if stop.is_set():
            raise CancelledError
        progress(name, epochs)

    with ThreadPoolExecutor(MODELS_AT_ONCE) as pool:
        jobs = [
            pool.submit(_train_and_export, shared, spec, versions[spec.name], staged / spec.name, report)
            for spec in shared.experiment.models
        ]
        try:
            return [job.result() for job in jobs]
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise


def _next_version(models_dir: Path, name: str) -> int:
    return max(layout.versions(models_dir, name), default=0) + 1


def _train_and_export(shared: _Run, spec: ModelSpec, version: int, directory: Path, progress: Progress) -> TrainedModel:
    """Train all replicates of one model, measure them on their test data, and write its bundle."""
    experiment, source, splits = shared.experiment, shared.source, shared.splits
    model = build(len(source.features), spec.hidden_layers, spec.activation)
    seeds = [seed_for(experiment.seed, r, Stream.WEIGHTS) for r in range(experiment.replicates)]
    trajectory = train(
        model,
        initial_weights(model, seeds),
        splits.train,
        splits.validation,
        shared.orders[: spec.epochs],
        experiment.protocol,
        lambda epochs: progress(spec.name, epochs),
    )
    lost = diverged(trajectory.weights)
    if 0 in lost:
        raise DivergedError(f"{spec.name}: replicate 0, the one to be served, diverged; try a lower learning rate")
    probabilities = predict(model, trajectory.weights, splits.test)
    metrics = measure(probabilities[0], splits.test.labels[0])
    fingerprint, compiled = export(model, trajectory.weights, source.domain[0], directory)
    card = Card(
        name=spec.name,
        version=version,
        experiment=experiment.name,
        hidden_layers=list(spec.hidden_layers),
        activation=spec.activation,
        parameters=model.count_params(),
        features=[Feature(*named) for named in zip(source.features, *zip(*source.domain, strict=True), strict=True)],
        epochs=recorded_epochs(spec.epochs),
        replicates=experiment.replicates,
        replication=source.replication,
        diverged=lost,
        true_boundary=source.true_boundary,
        protocol=Protocol(
            optimizer=experiment.protocol.optimizer,
            learning_rate=experiment.protocol.learning_rate,
            batch_size=experiment.protocol.batch_size,
            epochs=spec.epochs,
            loss=LOSS,
            seed=experiment.seed,
        ),
        libraries=_libraries(),
        created_at=shared.started,
        training_seconds=trajectory.seconds,
        metrics=metrics,
        history=trajectory.histories[0],
        compiled=compiled,
        fingerprint=fingerprint,
    )
    CardSchema().write(card, directory / layout.CARD)
    return TrainedModel(
        spec=spec,
        version=version,
        parameters=model.count_params(),
        accuracies=accuracies(probabilities, splits.test.labels),
        population=population_accuracy(model, trajectory.weights, source.population) if source.population else None,
        correct=correct(probabilities[0], splits.test.labels[0]),
        served=metrics,
        seconds=trajectory.seconds,
    )


def _untouched_models(experiment: Experiment, models_dir: Path) -> list[str]:
    """Return the models for whose sake a part of an experiment leaves the comparison as it is.

    They are those in it that the part does not train: their answers to each test point, which a comparison with new
    ones needs, are not kept. A whole experiment leaves nothing, nor is there anything to leave in an unreadable file.
    """
    if not experiment.is_part:
        return []
    results = layout.experiment_dir(models_dir, experiment.name)
    try:
        compared = ComparisonSchema().read(results / layout.COMPARISON).models
    except (FileNotFoundError, ValueError):
        return []
    trained = {model.name for model in experiment.models}
    return [result.model for result in compared if result.model not in trained]


def _libraries() -> dict[str, str]:
    """Return the versions of what has a part in the numbers; Numba may, where it is installed."""
    packages = ["keras", "numpy", "scikit-learn", "scipy", "ai-edge-litert"]
    if find_spec("numba") is not None:
        packages.append("numba")
    return {
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        **{name: installed(name) for name in packages},
    }
