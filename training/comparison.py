"""From what was trained to what is compared: one result a model, one test a pair."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from bundle.card import Metrics
from bundle.comparison import (
    Comparison,
    DatasetSummary,
    ModelResult,
    Pair,
    ProtocolSummary,
)
from training.dataset_spec import generator_of, parameters_of
from training.datasets import DataSource, ReplicateSplits
from training.experiment import Experiment, ModelSpec
from training.statistics import compare, holm, mcnemar, summarize


@dataclass(frozen=True)
class TrainedModel:
    """A trained model: the accuracy of each replicate [R], NaN if it diverged, and how the served one does.

    `correct` says which of replicate 0's answers on its test data are; `population` is None where nothing is known.
    """

    spec: ModelSpec
    version: int
    parameters: int
    accuracies: NDArray[np.float64]
    population: NDArray[np.float64] | None
    correct: NDArray[np.bool_]
    served: Metrics
    seconds: float


def compare_models(
    experiment: Experiment, source: DataSource, splits: ReplicateSplits, trained: Sequence[TrainedModel]
) -> Comparison:
    """Return the comparison: models in the experiment's order, every pair once, p values Holm-adjusted over pairs."""
    protocol = experiment.protocol
    sizes = {name: getattr(splits, name).size for name in ("train", "validation", "test")}
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
        ),
        protocol=ProtocolSummary(
            optimizer=protocol.optimizer,
            learning_rate=protocol.learning_rate,
            batch_size=protocol.batch_size,
            loss=LOSS,
            seed=experiment.seed,
            replicates=experiment.replicates,
        ),
        models=[_result(model, overlap) for model in trained],
        pairs=_pairs(trained, overlap),
    )


LOSS = "binary_crossentropy"


def _result(model: TrainedModel, overlap: float) -> ModelResult:
    spec = model.spec
    return ModelResult(
        model=spec.name,
        version=model.version,
        hidden_layers=list(spec.hidden_layers),
        activation=spec.activation,
        parameters=model.parameters,
        epochs=spec.epochs,
        replicates=len(model.accuracies),
        accuracy=summarize(model.accuracies, overlap),
        population_accuracy=None if model.population is None else summarize(model.population),
        served=model.served,
        notebook_accuracy=spec.notebook_accuracy,
        training_seconds=model.seconds,
    )


def _pairs(trained: Sequence[TrainedModel], overlap: float) -> list[Pair]:
    pairs = list(combinations(trained, 2))
    compared = [compare(a.accuracies, b.accuracies, overlap) for a, b in pairs]
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
            mcnemar_p=mcnemar(a.correct, b.correct),
        )
        for (a, b), result in zip(pairs, compared, strict=True)
    ]
