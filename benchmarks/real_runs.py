"""Test accuracies of many real runs of the notebook's models, for simulations of the comparison to draw from.

They are trained once, in about two minutes, and kept below `.cache`.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from training import experiment as experiments
from training.architectures import build, initial_weights
from training.datasets import DataSource, Samples, Stream, data_source, draw, seed_for
from training.evaluation import correct, predict
from training.fit.batches import BatchOrders
from training.fit.train import train
from training.preprocessing import EncodedSplit, fit

Floats: TypeAlias = NDArray[np.float64]

MODELS = ("tanh-3", "linear", "tanh-10-10", "relu-10-10")

CACHE = Path(".cache")


def redrawn(replicates: int) -> dict[str, Floats]:
    """Return by model one accuracy a run, [replicates]; run r of each model saw the same data, as in training."""
    return _kept(f"redrawn-{replicates}", replicates, None)


def resplit(data_sets: int, splits: int) -> dict[str, Floats]:
    """Return by model the accuracies of runs that split the same data anew, [data_sets, splits]."""
    found = _kept(f"resplit-{data_sets}-{splits}", data_sets * splits, splits)
    return {name: values.reshape(data_sets, splits) for name, values in found.items()}


def _kept(name: str, replicates: int, same_data: int | None) -> dict[str, Floats]:
    path = CACHE / f"{name}.npz"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        np.savez(path, allow_pickle=False, **_train(replicates, same_data))
    with np.load(path) as kept:
        return {model: kept[model] for model in MODELS}


def _train(replicates: int, same_data: int | None) -> dict[str, Floats]:
    """Train them; where given, so many replicates one after the other have the same data, each split by its own."""
    experiment = replace(experiments.read(experiments.DEFAULT).only(MODELS), replicates=replicates)
    source = data_source(experiment.dataset, experiment.seed)
    source = source if same_data is None else _repeated(source, same_data)
    splits = draw(experiment.dataset, source, experiment.seed, replicates)
    encoder = fit(source, splits.train)
    test = EncodedSplit(splits.test, encoder)
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
        answers = predict(model, encoder.in_target_units(trajectory.weights), test, source.task)
        found[spec.name] = np.array([correct(answers[r], test.replicate(r)[1]).mean() for r in range(replicates)])
    return found


def _repeated(source: DataSource, times: int) -> DataSource:
    def samples(replicate: int) -> Samples:
        return source.samples(replicate // times)

    return replace(source, samples=samples)
