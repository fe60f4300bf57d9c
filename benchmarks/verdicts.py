"""Do the verdicts hold on real runs? `make benchmark-verdicts`."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training import experiment as experiments
from training.architectures import build, initial_weights
from training.datasets import Stream, data_of, seed_for
from training.evaluation import correct, predict
from training.fit.batches import BatchOrders
from training.fit.train import train
from training.preprocessing import EncodedSplit, fit

MODELS = ("tanh-3", "linear", "tanh-10-10", "relu-10-10")
CACHE = Path(".cache/verdicts.npz")


def accuracies(replicates: int) -> dict[str, NDArray[np.float64]]:
    """Train that many replicates of each model; return each one's accuracy on its own test data."""
    experiment = replace(experiments.read(experiments.DEFAULT).only(MODELS), replicates=replicates)
    source, splits = data_of(experiment)
    encoder = fit(source, splits.train)
    seeds = [seed_for(experiment.seed, r, Stream.WEIGHTS) for r in range(replicates)]
    found = {}
    for spec in experiment.models:
        model = build(encoder.n_inputs, spec.hidden_layers, spec.activations, source.task, 1)
        trajectory = train(
            model,
            initial_weights(model, seeds, spec.protocol),
            EncodedSplit(splits.train, encoder),
            EncodedSplit(splits.validation, encoder),
            BatchOrders(experiment.seed, spec.epochs, splits.train.size),
            spec.protocol,
        )
        test = EncodedSplit(splits.test, encoder)
        answers = predict(model, encoder.in_target_units(trajectory.weights), test, source.task)
        right = [correct(answers[r], test.replicate(r)[1]).mean() for r in range(replicates)]
        found[spec.name] = np.array(right)
        print(spec.name, found[spec.name].mean(), found[spec.name].std(ddof=1), trajectory.seconds, flush=True)
    return found

if __name__ == "__main__":
    CACHE.parent.mkdir(exist_ok=True)
    np.savez(CACHE, **accuracies(1000))
