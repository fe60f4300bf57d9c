"""How much of the variance each source of luck makes is estimated right, by runs that differ in that source alone."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from bundle import layout
from bundle.comparison import Comparison, Variance
from tests.training.conftest import WEIGHTS
from training import experiment, selection, variance
from training.dataset_spec import GaussianQuantilesSpec
from training.experiment import Experiment
from training.pipeline import run
from training.selection import train_and_choose
from training.variance import SOURCES, split

pytestmark = pytest.mark.usefixtures("weights_alone")

RUNS = 400


def simulated(shares: dict[str, float], interaction: float = 0.0) -> Variance:
    """Return the split of a score to which each source adds a normal number of a known variance."""
    generator = np.random.default_rng(0)

    def scores(drawn: dict[str, Any]) -> Any:
        parts = [np.sqrt(shares[source]) * drawn[source] for source in SOURCES]
        return 0.9 + sum(parts) + np.sqrt(interaction) * drawn["data"] * drawn["weights"]

    first, anew = ({source: generator.normal(size=RUNS) for source in SOURCES} for _ in range(2))
    pairs = {source: (scores(first), scores({**first, source: anew[source]})) for source in SOURCES}
    found = split(scores(first), 600, pairs, "own_accuracy")
    assert found is not None
    return found


def test_each_source_makes_its_share() -> None:
    shares = {"data": 4e-4, "weights": 1e-4, "batches": 0.0}
    found = simulated(shares)
    assert found.total == pytest.approx(5e-4, rel=0.2)
    assert found.data == pytest.approx(4e-4, rel=0.2)
    assert found.weights == pytest.approx(1e-4, rel=0.2)
    assert found.batches == 0
    assert set(found.ci95) == {"data", "weights"}
    assert (found.runs, found.measured_on) == (RUNS, "own_accuracy")
    for source in ("data", "weights"):
        low, high = found.ci95[source]
        assert low < shares[source] < high


def test_what_sources_make_together_is_counted_in_each() -> None:
    found = simulated({"data": 1e-4, "weights": 0.0, "batches": 0.0}, interaction=2e-4)
    assert found.data == pytest.approx(3e-4, rel=0.25)
    assert found.weights == pytest.approx(2e-4, rel=0.25)


def test_the_interval_of_a_share_holds_it_as_often_as_it_says() -> None:
    generator, held = np.random.default_rng(1), 0
    for _ in range(2000):
        before, after = generator.normal(size=(2, 10))
        found = split(before, None, {"weights": (before, after)}, "r2")
        assert found is not None
        held += found.ci95["weights"][0] < 1 < found.ci95["weights"][1]
    assert stats.binomtest(held, 2000, 0.95).pvalue > 0.001


def test_the_test_sets_share_is_the_variance_over_test_sets() -> None:
    accuracies = np.random.default_rng(2).binomial(600, 0.97, size=4000) / 600
    found = split(accuracies, 600, {}, "accuracy")
    assert found is not None
    assert found.test_set == pytest.approx(0.97 * 0.03 / 600, rel=0.01)
    assert found.total == pytest.approx(found.test_set, rel=0.1)
    assert (found.data, found.runs, found.ci95) == (None, 0, {})
    regression = split(accuracies, None, {}, "r2")
    assert regression is not None
    assert regression.test_set is None


def test_diverged_runs_are_left_out_and_one_run_has_no_variance() -> None:
    before, after = np.array([0.9, np.nan, 0.8, 0.7]), np.array([0.8, 0.5, np.nan, 0.7])
    found = split(before, 600, {"weights": (before, after)}, "accuracy")
    assert found is not None
    assert found.weights == pytest.approx(0.01 / 4)
    assert found.runs == 2
    assert found.total == pytest.approx(0.01)
    assert split(before[:2], 600, {}, "accuracy") is None


def small(**changes: Any) -> Experiment:
    default = experiment.read(experiment.DEFAULT)
    assert isinstance(default.dataset, GaussianQuantilesSpec)
    models = tuple(replace(spec, epochs=20) for spec in default.models if spec.name == "tanh-3")
    dataset = replace(default.dataset, n_samples=200)
    return replace(default, replicates=3, dataset=dataset, models=models, variance_runs=2, **changes)


@pytest.fixture(scope="module")
def trainings(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[tuple[Any, ...]], Comparison, Path]:
    """What the trainings of one run are given, by their order, and what came of it."""
    given: list[tuple[Any, ...]] = []
    directory = tmp_path_factory.mktemp("variance")

    def watched(*arguments: Any) -> Any:
        given.append(arguments)
        return train_and_choose(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(selection, "train_and_choose", watched)
        comparison = run(small(), directory, lambda *_: None).comparison
    return given, comparison, directory


def luck_of(arguments: tuple[Any, ...]) -> dict[str, list[bytes]]:
    """Return what the first two replicates of a training are made from."""
    _, initial, training, validation, orders, *_ = arguments
    return {
        "data": [array.tobytes() for r in range(2) for data in (training, validation) for array in data.replicate(r)],
        "weights": [stack[:2].tobytes() for stack in initial],
        "batches": [orders.replicate(r)(3).tobytes() for r in range(2)],
    }


def test_a_run_is_repeated_with_one_source_drawn_anew_and_the_others_as_they_were(
    trainings: tuple[list[tuple[Any, ...]], Comparison, Path],
) -> None:
    first, *again = map(luck_of, trainings[0])
    assert len(again) == len(SOURCES)
    for source, luck in zip(SOURCES, again, strict=True):
        assert {each: luck[each] == first[each] for each in SOURCES} == {each: each != source for each in SOURCES}
        assert all(one != other for one, other in zip(luck["data"], first["data"], strict=True)) == (source == "data")


def test_the_comparison_has_the_split_and_the_extra_runs_are_not_published(
    trainings: tuple[list[tuple[Any, ...]], Comparison, Path],
) -> None:
    _, comparison, directory = trainings
    (result,) = comparison.models
    assert result.replicates == 3
    assert result.variance is not None
    assert (result.variance.runs, set(result.variance.ci95)) == (2, set(SOURCES))
    assert result.score.sd is not None
    assert result.variance.total == pytest.approx(result.score.sd**2)
    assert layout.versions(directory, "tanh-3") == [1]


def test_the_extra_runs_change_no_weight(
    trainings: tuple[list[tuple[Any, ...]], Comparison, Path], tmp_path: Path
) -> None:
    run(replace(small(), variance_runs=0), tmp_path, lambda *_: None)
    one, other = (directory / "tanh-3/1" / WEIGHTS for directory in (trainings[2], tmp_path))
    assert one.read_bytes() == other.read_bytes()


def test_as_many_runs_are_repeated_as_there_are() -> None:
    assert variance.anew(replace(small(), variance_runs=50)).replicates == 3
