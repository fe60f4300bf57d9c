"""Own data against scikit-learn's MLP: `python -m benchmarks.own_data`, about five minutes of one core.

Ten replicates of each data set, and a multilayer perceptron of scikit-learn's with the same splits and protocol:
layers, activation, Adam with the same learning rate and batch size, as many epochs. It is given standardized numbers,
categories as one column each and medians for missing values, fitted on the same training data; in a regression a
standardized target. What is compared is the mean accuracy on test data, or R².
"""

import tempfile
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

import click
import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import r2_score
from sklearn.neural_network import MLPClassifier, MLPRegressor

from bundle.comparison import ModelResult
from harness.own_data import TABLES
from training import experiment as experiments
from training.datasets import DataSource, ReplicateSplits, Stream, data_of, seed_for
from training.experiment import Experiment
from training.pipeline import run
from training.preprocessing import EncodedSplit, Encoder, fit

GALLERY = ("moons", "circles", "xor", "spiral")

TOLERANCE = 0.02
"""How far below scikit-learn's mean ours may be."""

TOML = """
name = "{name}"
replicates = {replicates}

[dataset]
{dataset}

[[models]]
name = "net"
hidden_layers = [20, 20]
activation = "tanh"
epochs = {epochs}
"""


@dataclass(frozen=True)
class Compared:
    ours: ModelResult
    theirs: list[float]

    @property
    def difference(self) -> float:
        return self.ours.score.mean - float(np.mean(self.theirs))


def _experiment(name: str, directory: Path, replicates: int, epochs: int) -> Experiment:
    path = directory / "own.toml"
    if name in TABLES:
        TABLES[name]().to_csv(directory / "data.csv", index=False)
        dataset = 'generator = "table"\npath = "data.csv"\nlabel = "target"\nmissing = "median"'
    else:
        dataset = f'generator = "{name}"'
    path.write_text(TOML.format(name=name.replace(" ", "-"), replicates=replicates, dataset=dataset, epochs=epochs))
    return experiments.read(path)


def _scikit_learn(experiment: Experiment, source: DataSource, splits: ReplicateSplits, encoder: Encoder) -> list[float]:
    """Train its MLP on each replicate's training data; return the scores on the test data."""
    return [_score(experiment, source, splits, encoder, r) for r in range(experiment.replicates)]


def _score(experiment: Experiment, source: DataSource, splits: ReplicateSplits, encoder: Encoder, r: int) -> float:
    (spec,) = experiment.models
    protocol = spec.protocol
    kind = MLPRegressor if source.task == "regression" else MLPClassifier
    points, labels = EncodedSplit(splits.train, encoder).replicate(r)
    network = kind(
        hidden_layer_sizes=spec.hidden_layers,
        activation=spec.activation,
        alpha=0,
        batch_size=min(protocol.batch_size, len(points)),
        learning_rate_init=protocol.learning_rate,
        max_iter=spec.epochs,
        n_iter_no_change=spec.epochs,  # never stops early
        random_state=seed_for(experiment.seed, r, Stream.WEIGHTS),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        network.fit(points, labels)
    points, labels = EncodedSplit(splits.test, encoder).replicate(r)
    if source.task == "regression":
        return float(r2_score(labels, network.predict(points)))
    return float(np.mean(network.predict(points) == labels))


def compare(name: str, replicates: int, epochs: int) -> Compared:
    """Train both on one data set."""
    with tempfile.TemporaryDirectory() as directory:
        experiment = _experiment(name, Path(directory), replicates, epochs)
        source, splits = data_of(experiment)
        (ours,) = run(experiment, Path(directory) / "models", lambda *_: None, data=(source, splits)).comparison.models
        encoder = fit(replace(source, scale=True), splits.train)
        return Compared(ours, _scikit_learn(experiment, source, splits, encoder))


@click.command()
@click.option("--replicates", default=10, show_default=True)
@click.option("--epochs", default=100, show_default=True)
@click.option("--only", multiple=True, type=click.Choice([*TABLES, *GALLERY]), help="This data set alone (repeatable).")
def main(replicates: int, epochs: int, only: tuple[str, ...]) -> None:
    """Print one row a data set; exit with 1 where ours is worse by more than the tolerance."""
    table = Table(title=f"mean accuracy or R² on test data, {replicates} replicates, {epochs} epochs", box=None)
    for heading in ("data", "score", "ours", "scikit-learn", "difference", "± 95%"):
        table.add_column(heading, justify="left" if heading in ("data", "score") else "right", no_wrap=True)
    worse = []
    for name in only or (*TABLES, *GALLERY):
        compared = compare(name, replicates, epochs)
        values = np.array(compared.ours.score.values, float) - np.array(compared.theirs)
        half = 1.96 * values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
        score = "R²" if compared.ours.accuracy is None else "accuracy"
        numbers = (compared.ours.score.mean, float(np.mean(compared.theirs)))
        table.add_row(name, score, *(f"{x:.3f}" for x in numbers), f"{compared.difference:+.3f}", f"{half:.3f}")
        worse += [name] if compared.difference < -TOLERANCE else []
    Console().print(table)
    if worse:
        raise SystemExit(f"worse by more than {TOLERANCE}: {', '.join(worse)}")


if __name__ == "__main__":
    main()
