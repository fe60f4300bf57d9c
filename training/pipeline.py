"""An experiment from start to end: draw, train, evaluate, export, compare, and only then publish, all at once.

Nothing below the models directory that anybody reads changes before every model is trained and exported; then each part
appears by one rename. A model that fails, as one that diverged, is left out and named; the others are published with
their comparison. A run that is interrupted leaves the versions before it as they were, and keeps what it finished for
one that resumes it.
"""

import contextlib
import logging
import platform
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import version as installed
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias, cast

import numpy as np
import tensorflow as tf

from bundle import layout
from bundle.card import Card, CardSchema, Feature, Metrics, Protocol
from bundle.comparison import Comparison, ComparisonSchema, Dataset, Variance
from training import TrainingError
from training.architectures import build, initial_weights
from training.comparison import Measurements, TrainedModel, compare_models, listed
from training.datasets import Data, DataSource, ReplicateSplits, Stream, data_of, data_source, draw, seed_for
from training.evaluation import (
    EvaluationError,
    Measured,
    correct,
    diverged,
    measure_all,
    over_replicates,
    population_accuracy,
    predict,
)
from training.experiment import Experiment, ModelSpec
from training.exporter import Recorded, export
from training.finished import BUNDLE, FinishedModels, digest_of, digest_of_data
from training.fit.batches import BatchOrders
from training.preprocessing import MEAN, SD, EncodedSplit, Encoder, fit
from training.selection import Selected, train_and_choose
from training.variance import SOURCES, anew, exact_scores_of, first, scores_of, split

logger = logging.getLogger(__name__)

MODELS_AT_ONCE = 2
"""A compiled run keeps one core busy; while one model trains, another is compiled, exported or trained beside it."""

MAX_DATASET_ROWS = 20_000
"""Of `dataset.csv`, which pages draw: of more data it holds a choice."""

Progress: TypeAlias = Callable[[str, int], object]
"""Called with a model's name and the number of epochs just done."""


class DivergedError(TrainingError):
    """The replicate to be served has weights or answers that are not finite numbers."""


@dataclass(frozen=True)
class _Run:
    """What all models of one run share."""

    experiment: Experiment
    source: DataSource
    splits: ReplicateSplits
    encoder: Encoder
    started: datetime
    libraries: dict[str, str]

    @cached_property
    def data_digest(self) -> str:
        return digest_of_data(self.source, self.splits)

    @cached_property
    def first(self) -> "_Run":
        """The replicates that are trained once more, as they were."""
        return self._of(first(self.experiment))

    @cached_property
    def anew(self) -> "_Run":
        """As many replicates, of which everything is drawn anew."""
        return self._of(anew(self.experiment))

    def _of(self, experiment: Experiment) -> "_Run":
        is_redrawn = self.source.replication == "redrawn"
        source = data_source(experiment.dataset, experiment.seed) if is_redrawn else self.source
        splits = draw(experiment.dataset, source, experiment.seed, experiment.replicates)
        return replace(self, experiment=experiment, source=source, splits=splits, encoder=fit(source, splits.train))

    @property
    def validation_overlap(self) -> float:
        """How much replicates have in common of their validation data; see `training.statistics`."""
        sizes = self.splits.validation.size, self.splits.train.size
        return 0 if self.source.replication == "redrawn" else sizes[0] / sizes[1]

    def digest(self, spec: ModelSpec) -> str:
        """Return the digest of all that determines a model of this run."""
        experiment = self.experiment
        numbers = {name: getattr(experiment, name) for name in ("seed", "replicates", "variance_runs")}
        recipe = {"model": asdict(spec), **numbers}
        return digest_of(recipe, self.data_digest, self.libraries)


@dataclass(frozen=True)
class RunResult:
    """The comparison of the models trained, and the models for whose sake the one on disk was kept; see `run`."""

    comparison: Comparison
    untouched_models: list[str]


def run(
    experiment: Experiment, models_dir: Path, progress: Progress, resume: bool = False, data: Data | None = None
) -> RunResult:
    """Train an experiment's models and publish the next version of each, with their comparison and data.

    The comparison names those that failed. A part of an experiment does not replace a comparison that has other models
    too; see `_untouched_models`. To resume takes up what an interrupted run of the same experiment finished.

    Args:
        experiment: what to train.
        models_dir: where to.
        progress: told of every model's epochs.
        resume: whether to.
        data: the experiment's, if they are drawn already.

    Raises:
        BlockingIOError: another training writes to this directory.
        ValueError: a table cannot be used, or a recipe does not go with the data.
        OSError: a table cannot be read.
        TrainingError: every model failed; says why each did.
    """
    source, splits = data or data_of(experiment)
    with layout.writing(models_dir), layout.staging(models_dir) as staged:
        finished = FinishedModels(models_dir, experiment.name)
        if not resume:
            finished.clear()
        shared = _Run(experiment, source, splits, fit(source, splits.train), datetime.now(UTC), libraries())
        measured, failed = _train_all(shared, finished, staged, progress)
        if not measured:
            raise TrainingError("\n".join(f"{name}: {reason}" for name, reason in failed.items()))
        trained = [
            TrainedModel(spec, next_version(models_dir, spec.name), measured[spec.name])
            for spec in experiment.models
            if spec.name in measured
        ]
        comparison = compare_models(experiment, source, splits, trained, failed)
        untouched = _untouched_models(experiment, models_dir)
        _publish(shared, finished, trained, models_dir)
        if not untouched:
            results = layout.experiment_dir(models_dir, experiment.name)
            (staged / layout.DATASET).write_text(shown(splits.served, experiment.seed).to_csv())
            ComparisonSchema().write(comparison, staged / layout.COMPARISON)
            layout.publish(staged / layout.DATASET, results / layout.DATASET)
            layout.publish(staged / layout.COMPARISON, results / layout.COMPARISON)
        finished.clear()
    return RunResult(comparison, untouched)


def _train_all(
    shared: _Run, finished: FinishedModels, staged: Path, progress: Progress
) -> tuple[dict[str, Measurements], dict[str, str]]:
    """Train the models side by side. When the user interrupts, they stop at their next report.

    Returns:
        by name what was measured of each, and why others failed.
    """
    stop = threading.Event()

    def report(name: str, epochs: int) -> None:
        if stop.is_set():
            raise CancelledError
        progress(name, epochs)

    models = shared.experiment.models
    with ThreadPoolExecutor(MODELS_AT_ONCE) as pool:
        jobs = [pool.submit(_finish, shared, spec, finished, staged / spec.name, report) for spec in models]
        try:
            results = {spec.name: job.result() for spec, job in zip(models, jobs, strict=True)}
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise
    measured = {name: result for name, result in results.items() if isinstance(result, Measurements)}
    return measured, {name: result for name, result in results.items() if isinstance(result, str)}


def _finish(
    shared: _Run, spec: ModelSpec, finished: FinishedModels, staged: Path, progress: Progress
) -> Measurements | str:
    """Take a model up where it is finished, or train it and keep it as such. Return why, if it fails."""
    digest = shared.digest(spec)
    measured = finished.take(digest)
    if measured is not None:
        progress(spec.name, spec.epochs_in_all)
        return measured
    try:
        measured = _train_and_export(shared, spec, staged / BUNDLE, progress)
        finished.keep(digest, staged, measured)
    except CancelledError:
        raise
    except (TrainingError, ValueError) as error:
        return str(error)
    except Exception as error:  # the other models are not lost for this one
        logger.exception("%s failed", spec.name)
        return f"{type(error).__name__}: {error}"
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return measured


def _train_and_export(shared: _Run, spec: ModelSpec, directory: Path, progress: Progress) -> Measurements:
    """Train all replicates of one model, measure them on their test data, and write its bundle."""
    experiment, source, encoder, protocol = shared.experiment, shared.source, shared.encoder, spec.protocol
    recorded, selected = _train(shared, spec, shared, shared, lambda epochs: progress(spec.name, epochs))
    trajectory = selected.trajectory
    measured, lost = _measure(shared, recorded, trajectory.seconds)
    measured = replace(
        measured,
        protocol=selected.protocol,
        sensitivity=selected.sensitivity(shared.validation_overlap),
        still_improving=selected.still_improving,
        variance=_variance(shared, spec, measured, lambda _: progress(spec.name, 0)),
    )
    fingerprint, compiled = export(recorded, source.domain, directory)
    card = Card(
        name=spec.name,
        version=1,  # until it is published
        experiment=experiment.name,
        task=source.task,
        classes=source.classes,
        target=source.target,
        hidden_layers=list(spec.hidden_layers),
        activation=spec.activation,
        activations=list(spec.mixed_activations) or None,
        parameters=measured.parameters,
        features=features_of(source, encoder),
        epochs=trajectory.epochs,
        replicates=experiment.replicates,
        replication=source.replication,
        diverged=lost,
        true_boundary=source.true_boundary,
        protocol=Protocol(
            optimizer=protocol.optimizer,
            learning_rate=selected.chosen[0].learning_rate,
            batch_size=protocol.batch_size,
            epochs=spec.epochs,
            loss=protocol.loss_for(source.task),
            seed=experiment.seed,
            candidates=spec.candidates if spec.is_tuned else None,
        ),
        chosen=selected.chosen if spec.is_tuned else None,
        libraries=shared.libraries,
        created_at=shared.started,
        training_seconds=trajectory.seconds,
        metrics=measured.served,
        history=trajectory.histories[0],
        compiled=compiled,
        fingerprint=fingerprint,
    )
    CardSchema().write(card, directory / layout.CARD)
    return measured


def _train(
    data: _Run, spec: ModelSpec, weights: _Run, batches: _Run, progress: Callable[[int], object]
) -> tuple[Recorded, Selected]:
    """Train all replicates of a model on the data of one run, from the weights of one, in the batch orders of one."""
    source, splits, encoder = data.source, data.splits, data.encoder
    outputs = len(source.classes) if source.task == "multiclass" else 1
    model = build(encoder.n_inputs, spec.hidden_layers, spec.activations, source.task, outputs)
    protocol = replace(spec.protocol, class_weight=spec.protocol.class_weights_for(source.classes))
    seeds = [seed_for(weights.experiment.seed, r, Stream.WEIGHTS) for r in range(splits.train.count)]
    selected = train_and_choose(
        model,
        initial_weights(model, seeds, protocol),
        EncodedSplit(splits.train, encoder),
        EncodedSplit(splits.validation, encoder),
        BatchOrders(batches.experiment.seed, spec.epochs, splits.train.size),
        protocol,
        spec.candidates,
        progress,
    )
    return Recorded(model, encoder.in_target_units(selected.trajectory.weights), encoder, source.task), selected


def _variance(
    shared: _Run, spec: ModelSpec, measured: Measurements, progress: Callable[[int], object]
) -> Variance | None:
    """Train some of the replicates once more for each source of luck, and return what each of them makes."""
    measured_on, before = exact_scores_of(measured)
    few, pairs = shared.experiment.variance_runs, {}
    for source in SOURCES if few else ():
        with contextlib.suppress(TrainingError, ValueError):  # what was drawn anew may have no number at all
            data, weights, batches = (shared.anew if source == each else shared.first for each in SOURCES)
            recorded, _ = _train(data, spec, weights, batches, progress)
            pairs[source] = before[:few], exact_scores_of(_measure(data, recorded, 0)[0])[1]
    name, scores = scores_of(measured)
    return split(scores, shared.splits.test.size if name == "accuracy" else None, pairs, measured_on)


def _measure(shared: _Run, recorded: Recorded, seconds: float) -> tuple[Measurements, list[int]]:
    """Measure all replicates of a model on their test data; return the replicates that diverged, too.

    Raises:
        DivergedError: the one to be served is among them.
        EvaluationError: the served one's test data have a single class.
    """
    model, weights, encoder, task = recorded.model, recorded.weights, recorded.encoder, recorded.task
    source, test = shared.source, shared.splits.test
    answers = predict(model, weights, EncodedSplit(test, encoder), task)
    lost = diverged(weights, answers)
    if 0 in lost:
        raise DivergedError("replicate 0, the one to be served, diverged; try a lower learning rate")
    measured = measure_all(answers, test, task, lost)
    served = cast(Measured, measured[0])
    if isinstance(served, Metrics) and np.isnan(served.roc_auc):
        raise EvaluationError("the test data of replicate 0, the one to be served, have one class alone")
    population = population_accuracy(model, weights, encoder, source.population) if source.population else None
    is_right = None if task == "regression" else correct(answers[0], test.replicate(0)[1])
    return Measurements(
        parameters=sum(stack[0, 0].size for stack in weights),
        metrics={name: listed(values) for name, values in over_replicates(measured).items()},
        population=None if population is None else listed(population),
        mistakes=None if is_right is None else np.flatnonzero(~is_right).tolist(),
        served=served,
        seconds=seconds,
    ), lost


def features_of(source: DataSource, encoder: Encoder) -> list[Feature]:
    """Return what a card says of the columns; mean and SD are those of the served replicate."""
    moments = [encoder.fitted[name][0] for name in (MEAN, SD)] if MEAN in encoder.fitted else None
    return [
        Feature(
            name=column.name,
            low=source.domain[i][0],
            high=source.domain[i][1],
            held=source.held[i],
            mean=None if moments is None or column.categories else float(moments[0][i]),
            sd=None if moments is None or column.categories else float(moments[1][i]),
            categories=None if column.categories is None else list(column.categories),
        )
        for i, column in enumerate(source.columns)
    ]


def _publish(shared: _Run, finished: FinishedModels, trained: list[TrainedModel], models_dir: Path) -> None:
    """Give each model the next version, which its card names."""
    for model in trained:
        bundle = finished.bundle(shared.digest(model.spec))
        card = replace(CardSchema().read(bundle / layout.CARD), version=model.version)
        with layout.staging(models_dir) as staged:
            CardSchema().write(card, staged / "card.json")
            layout.publish(staged / "card.json", bundle / layout.CARD)
        layout.publish(bundle, models_dir / card.name / str(card.version))


def next_version(models_dir: Path, name: str) -> int:
    return max(layout.versions(models_dir, name), default=0) + 1


def shown(data: Dataset, seed: int) -> Dataset:
    """Return the data as `dataset.csv` has them: of more than MAX_DATASET_ROWS a choice, in their order."""
    if len(data.labels) <= MAX_DATASET_ROWS:
        return data
    chosen = np.sort(np.random.default_rng(seed).choice(len(data.labels), MAX_DATASET_ROWS, replace=False))
    split = [data.split[i] for i in chosen]
    return replace(data, points=data.points[chosen], labels=data.labels[chosen], split=split)


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


def libraries() -> dict[str, str]:
    """Return the versions of what has a part in the numbers; Numba may, where it is installed."""
    packages = ["keras", "numpy", "scikit-learn", "scipy", "ai-edge-litert"]
    if find_spec("numba") is not None:
        packages.append("numba")
    return {
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        **{name: installed(name) for name in packages},
    }
