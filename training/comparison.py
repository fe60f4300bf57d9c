"""From what was trained to what is compared: one result a model, one test a pair."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from service.bundle.card import Metrics
from service.bundle.results import (
    Comparison,
    DatasetSummary,
    ModelResult,
    Pair,
    ProtocolSummary,
)
from training.datasets import Draws
from training.experiment import Experiment, ModelSpec
from training.statistics import compare, holm, mcnemar, summarize


@dataclass(frozen=True)
class Outcome:
    """A trained model: which of its answers on test data were right [R, n], and what the served replicate scores."""

    spec: ModelSpec
    version: int
    parameters: int
    right: NDArray[np.bool_]
    served: Metrics
    seconds: float

    @property
    def accuracies(self) -> NDArray[np.float64]:
        means: NDArray[np.float64] = self.right.mean(axis=1)
        return means


def compare_models(experiment: Experiment, draws: Draws, outcomes: Sequence[Outcome]) -> Comparison:
    """Return the comparison: models in the experiment's order, every pair once, p values Holm-adjusted over pairs."""
    spec = experiment.dataset
    protocol = experiment.protocol
    return Comparison(
        experiment=experiment.name,
        dataset=DatasetSummary(
            generator=spec.generator,
            parameters={
                key: float(getattr(spec, key))
                for key in ("n_samples", "n_features", "n_classes", "cov", "random_state")
            },
            features=draws.served.features,
            sizes={name: getattr(draws, name).labels.shape[1] for name in ("train", "validation", "test")},
        ),
        protocol=ProtocolSummary(
            optimizer=protocol.optimizer,
            learning_rate=protocol.learning_rate,
            batch_size=protocol.batch_size,
            loss=LOSS,
            seed=experiment.seed,
            replicates=experiment.replicates,
        ),
        models=[_result(outcome) for outcome in outcomes],
        pairs=_pairs(outcomes),
    )


LOSS = "binary_crossentropy"


def _result(outcome: Outcome) -> ModelResult:
    spec = outcome.spec
    return ModelResult(
        model=spec.name,
        version=outcome.version,
        hidden_layers=list(spec.hidden_layers),
        activation=spec.activation,
        parameters=outcome.parameters,
        epochs=spec.epochs,
        replicates=len(outcome.right),
        accuracy=summarize(outcome.accuracies),
        population_accuracy=None,
        served=outcome.served,
        notebook_accuracy=spec.notebook_accuracy,
        training_seconds=outcome.seconds,
    )


def _pairs(outcomes: Sequence[Outcome]) -> list[Pair]:
    pairs = list(combinations(outcomes, 2))
    compared = [compare(a.accuracies, b.accuracies) for a, b in pairs]
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
            mcnemar_p=mcnemar(a.right[0], b.right[0]),
        )
        for (a, b), result in zip(pairs, compared, strict=True)
    ]
