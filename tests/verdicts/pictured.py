"""A comparison with everything that pictures show, of any number of models with any names."""

from collections.abc import Sequence

import numpy as np

from bundle.card import Metrics
from bundle.comparison import (
    Choice,
    Comparison,
    DatasetSummary,
    ModelProtocol,
    ModelResult,
    ProtocolSummary,
    ReliabilityBin,
    Sensitivity,
    Variance,
)
from verdicts.pairs import compare_all
from verdicts.summary import summarize

RATES, EPOCHS = (0.001, 0.01, 0.1), (0, 50, 500, 2000)


def long_name(i: int) -> str:
    """Return a name of 64 characters, which begins as others do."""
    return f"an-architecture-{i:03d}-{'and-how-it-was-trained-' * 3}"[:60] + f"-{i:03d}"


def comparison(names: Sequence[str], runs: int = 30) -> Comparison:
    """Return models of which later ones are better; every seventh has two clusters, another two diverged runs."""
    rng = np.random.default_rng(len(names))
    means = 0.7 + 0.29 * (1 - np.exp(-np.arange(len(names)) / (1 + len(names) / 2)))
    scores = {}
    for i, (name, mean) in enumerate(zip(names, means, strict=True)):
        x = np.clip(rng.normal(mean, 0.02, runs), 0, 1)
        x[: runs // 2] -= 0.2 * (i % 7 == 1)
        x[:2] = np.nan if i % 7 == 3 else x[:2]
        scores[name] = x
    return Comparison(
        experiment="gaussian-quantiles",
        dataset=DatasetSummary(generator="gaussian_quantiles", parameters={}, features=["x1", "x2"], sizes={}),
        protocol=ProtocolSummary("adam", 0.001, 32, "binary_crossentropy", 0, runs),
        models=[
            _model(i, name, float(mean), scores[name]) for i, (name, mean) in enumerate(zip(names, means, strict=True))
        ],
        pairs=compare_all(scores),
        recipe="at rate 0.001 and 500 epochs",
    )


def _model(i: int, name: str, mean: float, values: np.ndarray) -> ModelResult:
    score = summarize(values, 0, (0, 1))
    cells = [
        Sensitivity(
            rate,
            epoch,
            reached := mean - 0.05 * abs(np.log10(rate) + 2) - 0.1 / (1 + epoch / 100),
            0.01,
            [reached - 0.01, reached + 0.01],
        )
        for rate in RATES
        for epoch in EPOCHS
    ]
    return ModelResult(
        model=name,
        version=1,
        hidden_layers=[10],
        activation="tanh",
        parameters=int(3 + 1.05**i * 10) + i,
        epochs=500,
        replicates=len(values),
        accuracy=score,
        population_accuracy=score,
        served=Metrics(0.9, 0.3, 0.2, 0.95, 0.04, [[1, 1], [1, 1]]),
        notebook_accuracy=0.97 if i % 3 == 0 else None,
        training_seconds=1.0,
        metrics={"accuracy": score},
        own_accuracy=score,
        protocol=ModelProtocol(list(RATES), list(EPOCHS), [Choice(0.01, 500, len(values))]),
        sensitivity=cells,
        variance=Variance(4e-4, 1e-4, 1.2e-4, 1.5e-4, 2e-5, 30, "own_accuracy", {"data": [6e-5, 3e-4]}),
        still_improving=3,
        reliability=[ReliabilityBin(b / 10, b / 10 + 0.1, 10 + b, b / 10 + 0.05, b / 10 + 0.05) for b in range(10)],
    )
