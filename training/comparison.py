"""From what was measured to what is compared: one result a model, one test a pair."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bundle.card import Metrics, RegressionMetrics
from bundle.comparison import (
    SPLITS,
    Comparison,
    DatasetSummary,
    ModelProtocol,
    ModelResult,
    ProtocolSummary,
    ReliabilityBin,
    Sensitivity,
    Summary,
    Variance,
)
from bundle.records import schema_of
from training.dataset_spec import generator_of, parameters_of
from training.datasets import DataSource, ReplicateSplits
from training.experiment import Experiment, ModelSpec
from verdicts.comparison import overlap_of, recomputed
from verdicts.intervals import SHARE, bounds_of
from verdicts.significance import mcnemar
from verdicts.summary import summarize


@dataclass(frozen=True)
class Measurements:
    """What a comparison needs to know of a trained model, as it is kept beside a bundle that is not published yet.

    By name one value a replicate, None where it has none; `population` is None where no distribution is known.
    `mistakes` are those of replicate 0's test points that it gets wrong, None in a regression.
    """

    parameters: int
    metrics: dict[str, list[float | None]]
    population: list[float | None] | None
    mistakes: list[int] | None
    served: Metrics | RegressionMetrics
    seconds: float
    protocol: ModelProtocol | None = None
    sensitivity: list[Sensitivity] = field(default_factory=list)
    variance: Variance | None = None
    still_improving: int | None = None
    own: list[float | None] | None = None
    reliability: list[ReliabilityBin] = field(default_factory=list)
    baseline: float | None = None


MeasurementsSchema = schema_of(Measurements)


@dataclass(frozen=True)
class TrainedModel:
    spec: ModelSpec
    version: int
    measured: Measurements

    @property
    def is_classifier(self) -> bool:
        return isinstance(self.measured.served, Metrics)

    @property
    def scores(self) -> NDArray[np.float64]:
        """What models are compared by, [R]: the accuracy; in a regression R²."""
        return numbers(self.measured.metrics["accuracy" if self.is_classifier else "r2"])


def numbers(values: Sequence[float | None]) -> NDArray[np.float64]:
    """Return values with NaN for None."""
    return np.array(values, np.float64)


def without_nan(values: NDArray[np.float64]) -> list[float | None]:
    """Return values with None for NaN and infinities."""
    return [float(value) if np.isfinite(value) else None for value in values]


def compare_models(
    experiment: Experiment,
    source: DataSource,
    splits: ReplicateSplits,
    trained: Sequence[TrainedModel],
    failed: Mapping[str, str],
) -> Comparison:
    """Return the comparison: models in the experiment's order, every pair once, with the verdict for the usual rope.

    `failed` are the models that there is no result of, each with the reason.
    """
    protocol = experiment.protocol
    dataset = DatasetSummary(
        generator=generator_of(experiment.dataset),
        parameters=parameters_of(experiment.dataset),
        features=source.features,
        sizes={name: getattr(splits, name).size for name in SPLITS},
        replication=source.replication,
        true_boundary=source.true_boundary,
        task=source.task,
        classes=source.classes,
        target=source.target,
        baseline=trained[0].measured.baseline,
    )
    comparison = Comparison(
        experiment=experiment.name,
        dataset=dataset,
        protocol=ProtocolSummary(
            optimizer=protocol.optimizer,
            learning_rate=None if protocol.learning_rates else protocol.learning_rate,
            batch_size=protocol.batch_size,
            loss=protocol.loss_for(source.task),
            seed=experiment.seed,
            replicates=experiment.replicates,
        ),
        models=[_result(model, overlap_of(dataset)) for model in trained],
        pairs=[],
        failed=dict(failed),
    )
    mistakes = {model.spec.name: model.measured.mistakes for model in trained}
    test_size = dataset.sizes["test"]
    return recomputed(comparison, mcnemar=lambda a, b: _mcnemar(mistakes[a], mistakes[b], test_size))


def _result(model: TrainedModel, overlap: float) -> ModelResult:
    spec, measured = model.spec, model.measured
    known = {name: numbers(values) for name, values in measured.metrics.items()}
    metrics = {
        name: summarize(values, overlap, bounds_of(name)) for name, values in known.items() if np.isfinite(values).any()
    }
    return ModelResult(
        model=spec.name,
        version=model.version,
        hidden_layers=list(spec.hidden_layers),
        activation=spec.activation,
        parameters=measured.parameters,
        epochs=spec.epochs,
        replicates=len(model.scores),
        accuracy=metrics.get("accuracy"),
        population_accuracy=_exact(measured.population, overlap),
        served=measured.served,
        notebook_accuracy=spec.notebook_accuracy,
        training_seconds=measured.seconds,
        metrics=metrics,
        own_accuracy=_exact(measured.own, overlap),
        protocol=measured.protocol,
        sensitivity=measured.sensitivity,
        variance=measured.variance,
        still_improving=measured.still_improving,
        reliability=measured.reliability,
    )


def _exact(values: list[float | None] | None, overlap: float) -> Summary | None:
    return None if values is None else summarize(numbers(values), overlap, SHARE)


def _mcnemar(a: list[int] | None, b: list[int] | None, test_size: int) -> float | None:
    if a is None or b is None:
        return None
    points = np.arange(test_size)
    return mcnemar(~np.isin(points, a), ~np.isin(points, b))
