"""An experiment from start to end: draw, train, evaluate, export, compare, and only then publish, all at once.

Nothing below the models directory that anybody reads changes before every model is trained and exported; then each part
appears by one rename. A model that fails, as one that diverged, is left out and named; the others are published with
their comparison. A run that is interrupted leaves the versions before it as they were, and keeps what it finished for
one that resumes it.
"""

import logging
import shutil
import threading
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from bundle import layout
from bundle.card import CardSchema
from bundle.comparison import Comparison, ComparisonSchema, Dataset
from training import TrainingError
from training.comparison import Measurements, TrainedModel, compare_models
from training.datasets import Data, data_of
from training.experiment import Experiment, ModelSpec
from training.finished import BUNDLE, FinishedModels
from training.libraries import libraries
from training.one_model import Progress, Run, train_and_export
from training.preprocessing import fit

logger = logging.getLogger(__name__)

MODELS_AT_ONCE = 2
"""A compiled run keeps one core busy; while one model trains, another is compiled, exported or trained beside it."""

MAX_DATASET_ROWS = 20_000
"""Of `dataset.csv`, which pages draw: of more data it holds a choice."""


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
        shared = Run(experiment, source, splits, fit(source, splits.train), datetime.now(UTC), libraries())
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
    shared: Run, finished: FinishedModels, staged: Path, progress: Progress
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
    shared: Run, spec: ModelSpec, finished: FinishedModels, staged: Path, progress: Progress
) -> Measurements | str:
    """Take a model up where it is finished, or train it and keep it as such. Return why, if it fails."""
    digest = shared.digest(spec)
    measured = finished.take(digest)
    if measured is not None:
        progress(spec.name, spec.epochs_in_all)
        return measured
    try:
        measured = train_and_export(shared, spec, staged / BUNDLE, progress)
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


def _publish(shared: Run, finished: FinishedModels, trained: list[TrainedModel], models_dir: Path) -> None:
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
