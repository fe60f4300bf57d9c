"""One model of a run: all of its replicates trained, measured on their test data, and exported."""

import contextlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TypeAlias, cast

import numpy as np

from bundle import layout
from bundle.card import Card, CardSchema, Feature, Metrics, Protocol
from bundle.comparison import Variance
from training import TrainingError
from training.comparison import Measurements, without_nan
from training.datasets import DataSource, ReplicateSplits, Stream, data_source, draw, seed_for
from training.evaluation import (
    EvaluationError,
    Measured,
    correct,
    diverged,
    exact_accuracies,
    majority_baseline,
    measure_all,
    over_replicates,
    predict,
    reliability,
)
from training.exact_accuracy import own_radius
from training.experiment import Experiment, ModelSpec
from training.exporter import Recorded, export
from training.finished import digest_of, digest_of_data
from training.fit.batches import BatchOrders
from training.preprocessing import MEAN, SD, EncodedSplit, Encoder, fit
from training.selection import Selected, train_model
from training.variance import SOURCES, anew, exact_scores_of, first, scores_of, split

Progress: TypeAlias = Callable[[str, int], object]
"""Called with a model's name and the number of epochs just done."""


class DivergedError(TrainingError):
    """The replicate to be served has weights or answers that are not finite numbers."""


@dataclass(frozen=True)
class Run:
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
    def own_radii(self) -> list[float]:
        """Where each replicate's own data are cut, of data whose population is known."""
        return [own_radius(*self.source.samples(r)) for r in range(self.splits.train.count)]

    @cached_property
    def baseline(self) -> float | None:
        return majority_baseline(self.splits.train, self.splits.test) if self.source.classes else None

    @cached_property
    def first(self) -> "Run":
        """The replicates that are trained once more, as they were."""
        return self._of(first(self.experiment))

    @cached_property
    def anew(self) -> "Run":
        """As many replicates, of which everything is drawn anew."""
        return self._of(anew(self.experiment))

    def _of(self, experiment: Experiment) -> "Run":
        is_redrawn = self.source.replication == "redrawn"
        source = data_source(experiment.dataset, experiment.seed) if is_redrawn else self.source
        splits = draw(experiment.dataset, source, experiment.seed, experiment.replicates)
        return replace(self, experiment=experiment, source=source, splits=splits, encoder=fit(source, splits.train))

    @property
    def validation_overlap(self) -> float:
        """How much replicates have in common of their validation data; see `verdicts.intervals`."""
        sizes = self.splits.validation.size, self.splits.train.size
        return 0 if self.source.replication == "redrawn" else sizes[0] / sizes[1]

    def digest(self, spec: ModelSpec) -> str:
        """Return the digest of all that determines a model of this run."""
        experiment = self.experiment
        numbers = {name: getattr(experiment, name) for name in ("seed", "replicates", "variance_runs")}
        recipe = {"model": asdict(spec), **numbers}
        return digest_of(recipe, self.data_digest, self.libraries)


def train_and_export(shared: Run, spec: ModelSpec, directory: Path, progress: Progress) -> Measurements:
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
    data: Run, spec: ModelSpec, weights: Run, batches: Run, progress: Callable[[int], object]
) -> tuple[Recorded, Selected]:
    """Train all replicates of a model on the data of one run, from the weights of one, in the batch orders of one."""
    splits, encoder = data.splits, data.encoder
    model, selected = train_model(
        spec,
        data.source,
        EncodedSplit(splits.train, encoder),
        EncodedSplit(splits.validation, encoder),
        [seed_for(weights.experiment.seed, r, Stream.WEIGHTS) for r in range(splits.train.count)],
        BatchOrders(batches.experiment.seed, spec.epochs, splits.train.size),
        progress,
    )
    return Recorded(model, encoder.in_target_units(selected.trajectory.weights), encoder, data.source.task), selected


def _variance(
    shared: Run, spec: ModelSpec, measured: Measurements, progress: Callable[[int], object]
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


def _measure(shared: Run, recorded: Recorded, seconds: float) -> tuple[Measurements, list[int]]:
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
    exact = (
        exact_accuracies(model, weights, encoder, source.population, shared.own_radii) if source.population else None
    )
    own, population = (None, None) if exact is None else map(without_nan, exact)
    is_right = None if task == "regression" else correct(answers[0], test.replicate(0)[1])
    return Measurements(
        parameters=sum(stack[0, 0].size for stack in weights),
        metrics={name: without_nan(values) for name, values in over_replicates(measured, source.classes).items()},
        population=population,
        mistakes=None if is_right is None else np.flatnonzero(~is_right).tolist(),
        served=served,
        seconds=seconds,
        own=own,
        reliability=reliability(answers, test, lost) if source.classes else [],
        baseline=shared.baseline,
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
