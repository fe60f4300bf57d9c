"""How exact the exact accuracy is: `python -m benchmarks.exact_accuracy`.

Every replicate of the default experiment, as its bundles answer: what the comparison says against the same integral
with six times the nodes and arcs and a 36th of the tolerance; and of one model, replicate by replicate, against random
points.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import click
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from bundle import layout
from bundle.card import CardSchema
from bundle.comparison import Comparison, ComparisonSchema
from training import experiment as experiments
from training.datasets import data_source
from training.exact_accuracy import Population, own_radius

FINENESS = 6

ERROR = 1e-5

POINTS_AT_ONCE = 500_000

Answers = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def answers(model: Path, replicates: int) -> list[Answers]:
    """Return what each run of a bundle answers: P(y = 1) less one half, which has the sign of the logit."""
    saved = tf.saved_model.load(str(model))
    last = len(CardSchema().read(model / layout.CARD).epochs) - 1
    at = saved.signatures["at"]

    def answer(points: NDArray[np.float32], replicate: int) -> NDArray[np.float32]:
        found = at(points=tf.constant(points), replicate=tf.constant(replicate), snapshot=tf.constant(last))
        return np.asarray(found["probabilities"]) - np.float32(0.5)

    return [partial(answer, replicate=r) for r in range(replicates)]


def simulated(
    answer: Answers, population: Population, radii: list[float], points: int, seed: int
) -> NDArray[np.float64]:
    """Return the share of random points that are right, for each radius."""
    rng, right = np.random.default_rng(seed), np.zeros(len(radii))
    for begin in range(0, points, POINTS_AT_ONCE):
        size = min(POINTS_AT_ONCE, points - begin), population.n_features
        x = rng.normal(scale=np.sqrt(population.variance), size=size)
        is_outside = np.linalg.norm(x, axis=1)[:, np.newaxis] > radii
        right += ((answer(x.astype(np.float32)) >= 0)[:, np.newaxis] == is_outside).sum(axis=0)
    return right / points


def said(comparison: Comparison, model: str) -> NDArray[np.float64]:
    """Return a model's exact accuracies [R, 2]: own boundary, the population's."""
    (result,) = (each for each in comparison.models if each.model == model)
    if result.own_accuracy is None or result.population_accuracy is None:
        raise click.ClickException(f"the comparison does not know {model}'s accuracy against its own boundary")
    return np.array([result.own_accuracy.values, result.population_accuracy.values], np.float64).T


@click.command()
@click.option("--models-dir", default=Path("models"), type=click.Path(path_type=Path, exists=True), show_default=True)
@click.option("--points", default=20_000_000, show_default=True, help="Random points for each replicate.")
@click.option("--simulate", default="tanh-10-10", show_default=True, help="The model that is simulated, too.")
@click.option("--replicates", default=10, show_default=True, help="How many of its replicates are.")
def main(models_dir: Path, points: int, simulate: str, replicates: int) -> None:
    """Print the largest error of each model; exit with 1 where one exceeds 1e-5."""
    experiment = experiments.read(experiments.DEFAULT)
    source = data_source(experiment.dataset, experiment.seed)
    comparison = ComparisonSchema().read(layout.experiment_dir(models_dir, experiment.name) / layout.COMPARISON)
    if (population := source.population) is None:
        raise click.ClickException("no distribution is known that the data are drawn from")
    table = Table(title="error of the exact accuracy", box=None)
    for heading in ("model", "own boundary", "population's"):
        table.add_column(heading)
    worst = 0.0
    for result in comparison.models:
        exact = said(comparison, result.model)
        errors, model = np.zeros(exact.shape), models_dir / result.model / str(result.version)
        for r, answer in enumerate(answers(model, len(exact))):
            radii = [own_radius(*source.samples(r)), population.true_boundary.radius]
            errors[r] = exact[r] - population.accuracy(answer, radii, FINENESS)
            if result.model == simulate and r < replicates:
                share = simulated(answer, population, radii, points, seed=r)
                z = (share - exact[r]) / np.sqrt(exact[r] * (1 - exact[r]) / points)
                click.echo(f"{simulate} {r}: {share[0]:.6f}, {z[0]:+.2f} standard errors from {exact[r, 0]:.6f}")
        table.add_row(result.model, *(f"{error:.1e}" for error in np.abs(errors).max(axis=0)))
        worst = max(worst, float(np.abs(errors).max()))
    Console().print(table)
    if not worst <= ERROR:
        raise SystemExit(f"off by up to {worst:.1e}, more than {ERROR:.0e}")


if __name__ == "__main__":
    main()
