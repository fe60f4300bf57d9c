"""From what was measured to what is compared: one result a model, one test a pair."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from bundle.card import Metrics, RegressionMetrics
from bundle.comparison import (
    SPLITS,
    Comparison,
    DatasetSummary,
    ModelProtocol,
    ModelResult,
    Pair,
    ProtocolSummary,
    Sensitivity,
    Summary,
    Variance,
)
from bundle.records import schema_of
from training.dataset_spec import generator_of, parameters_of
from training.datasets import DataSource, ReplicateSplits
from training.experiment import Experiment, ModelSpec
from training.statistics import compare, holm, mcnemar, summarize


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


def listed(values: NDArray[np.float64]) -> list[float | None]:
    """Return values with None for NaN and infinities."""
    return [float(value) if np.isfinite(value) else None for value in values]


def compare_models(
    experiment: Experiment,
    source: DataSource,
    splits: ReplicateSplits,
    trained: Sequence[TrainedModel],
    failed: Mapping[str, str],
) -> Comparison:
    """Return the comparison: models in the experiment's order, every pair once, p values Holm-adjusted over pairs.

    `failed` are the models that there is no result of, each with the reason.
    """
    protocol = experiment.protocol
    sizes = {name: getattr(splits, name).size for name in SPLITS}
    overlap = 0 if source.replication == "redrawn" else sizes["test"] / sizes["train"]
    return Comparison(
        experiment=experiment.name,
        dataset=DatasetSummary(
            generator=generator_of(experiment.dataset),
            parameters=parameters_of(experiment.dataset),
            features=source.features,
            sizes=sizes,
            replication=source.replication,
            true_boundary=source.true_boundary,
            task=source.task,
            classes=source.classes,
            target=source.target,
        ),
        protocol=ProtocolSummary(
            optimizer=protocol.optimizer,
            learning_rate=None if protocol.learning_rates else protocol.learning_rate,
            batch_size=protocol.batch_size,
            loss=protocol.loss_for(source.task),
            seed=experiment.seed,
            replicates=experiment.replicates,
        ),
        models=[_result(model, overlap) for model in trained],
        pairs=_pairs(trained, sizes["test"], overlap),
        failed=dict(failed),
    )


def _result(model: TrainedModel, overlap: float) -> ModelResult:
    spec, measured = model.spec, model.measured
    known = {name: numbers(values) for name, values in measured.metrics.items()}
    metrics: dict[str, Summary] = {name: summarize(values, overlap) for name, values in known.items()}
    return ModelResult(
        model=spec.name,
        version=model.version,
        hidden_layers=list(spec.hidden_layers),
        activation=spec.activation,
        parameters=measured.parameters,
        epochs=spec.epochs,
        replicates=len(model.scores),
        accuracy=metrics.get("accuracy"),
        population_accuracy=None if measured.population is None else summarize(numbers(measured.population)),
        served=measured.served,
        notebook_accuracy=spec.notebook_accuracy,
        training_seconds=measured.seconds,
        metrics=metrics,
        protocol=measured.protocol,
        sensitivity=measured.sensitivity,
        variance=measured.variance,
        still_improving=measured.still_improving,
    )


def _pairs(trained: Sequence[TrainedModel], test_size: int, overlap: float) -> list[Pair]:
    pairs = list(combinations(trained, 2))
    compared = [compare(a.scores, b.scores, overlap) for a, b in pairs]
    tested = [result.p_value for result in compared if result.p_value is not None]
    adjusted = iter(holm(tested).tolist())
    return [
        Pair(
            a=a.spec.name,
            b=b.spec.name,
            mean_difference=result.mean_difference,
            ci95=result.ci95,
            probability_a_better=result.probability_a_better,
            p_value=result.p_value,
            p_value_holm=None if result.p_value is None else next(adjusted),
            mcnemar_p=_mcnemar(a.measured.mistakes, b.measured.mistakes, test_size),
        )
        for (a, b), result in zip(pairs, compared, strict=True)
    ]


def _mcnemar(a: list[int] | None, b: list[int] | None, test_size: int) -> float | None:
    if a is None or b is None:
        return None
    points = np.arange(test_size)
    return mcnemar(~np.isin(points, a), ~np.isin(points, b))
