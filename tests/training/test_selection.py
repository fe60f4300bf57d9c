"""Each replicate chooses its learning rate and epoch by its own validation loss, and by nothing else."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from bundle import layout
from bundle.card import Candidates, Card, CardSchema, Chosen, RegressionHistory, Task
from bundle.comparison import Choice, Comparison
from harness.own_data import TABLES
from tests.training.conftest import WEIGHTS
from training import experiment, selection
from training.architectures import Weights, build, initial_weights
from training.dataset_spec import GaussianQuantilesSpec
from training.datasets import Data, ReplicateSplits, Split, Stream, data_of, seed_for
from training.evaluation import correct, predict
from training.experiment import Experiment, ModelSpec
from training.fit.batches import BatchOrders
from training.fit.train import Trajectory, train
from training.pipeline import run
from training.protocol_spec import EarlyStopping, ProtocolSpec
from training.recorded import recorded_epochs
from training.selection import Selected, train_and_choose

pytestmark = pytest.mark.usefixtures("weights_alone")

ADAM = ProtocolSpec()
REPLICATES, EPOCHS = 3, 12
STOPS = [3, 7, EPOCHS]


def points(n: int, seed: int, task: Task) -> Split:
    """Return rings, or a wave, that differ between replicates."""
    drawn = np.random.default_rng(seed).normal(size=(REPLICATES, n, 2)).astype(np.float32)
    radius = np.linalg.norm(drawn, axis=-1)
    labels = {"binary": radius > 1, "multiclass": np.digitize(radius, [0.8, 1.5]), "regression": np.sin(radius)}[task]
    return Split(drawn, labels.astype(np.float32))


def choose(candidates: Candidates, protocol: ProtocolSpec = ADAM, task: Task = "binary") -> Selected:
    model = build(2, [6], ["tanh"], task, 3 if task == "multiclass" else 1)
    orders = BatchOrders(0, candidates.epochs[-1], 80)
    initial = initial_weights(model, range(REPLICATES), protocol)
    return train_and_choose(model, initial, points(80, 0, task), points(40, 1, task), orders, protocol, candidates)


def trained(rate: float, protocol: ProtocolSpec = ADAM, task: Task = "binary", epochs: int = EPOCHS) -> Trajectory:
    """Return what training at one rate alone gives."""
    model = build(2, [6], ["tanh"], task, 3 if task == "multiclass" else 1)
    initial = initial_weights(model, range(REPLICATES), protocol)
    recipe, orders = replace(protocol, learning_rate=rate), BatchOrders(0, epochs, 80)
    return train(model, initial, points(80, 0, task), points(40, 1, task), orders, recipe)


@pytest.mark.parametrize(
    ("task", "rates", "protocol"),
    [
        ("binary", [1.0, 0.3, 0.1], ADAM),
        ("multiclass", [1.0, 0.3, 0.1], ADAM),
        ("regression", [1.0, 0.3, 0.1], ADAM),
        ("binary", [2.0, 1.0], replace(ADAM, optimizer="sgd", optimizer_options={"momentum": 0.9})),
    ],
    ids=["binary", "multiclass", "regression", "the general trainer"],
)
def test_a_replicate_takes_the_least_validation_loss_and_stands_still_from_there(
    task: Task, rates: list[float], protocol: ProtocolSpec
) -> None:
    selected = choose(Candidates(rates, STOPS), protocol, task)
    alone = {rate: trained(rate, protocol, task) for rate in rates}
    for r, chosen in enumerate(selected.chosen):
        loss = {(rate, epoch): alone[rate].histories[r].validation_loss[epoch - 1] for rate in rates for epoch in STOPS}
        assert (chosen.learning_rate, chosen.epoch) == min(loss, key=lambda each: loss[each])
        own = alone[chosen.learning_rate]
        for mine, theirs in zip(selected.trajectory.weights, own.weights, strict=True):
            np.testing.assert_array_equal(mine[r, : chosen.epoch + 1], theirs[r, : chosen.epoch + 1])
            for later in range(chosen.epoch, EPOCHS + 1):
                np.testing.assert_array_equal(mine[r, later], theirs[r, chosen.epoch])
        losses = own.histories[r].validation_loss
        standing = [losses[chosen.epoch - 1]] * (EPOCHS - chosen.epoch)
        assert selected.trajectory.histories[r].validation_loss == losses[: chosen.epoch] + standing
    assert len(set(map(str, selected.chosen))) > 1, "they differ, or this would show nothing"


def test_what_was_chosen_is_counted_and_every_candidate_has_its_score() -> None:
    rates = [0.3, 0.1]
    selected = choose(Candidates(rates, STOPS), task="regression")
    counts = Counter((each.learning_rate, each.epoch) for each in selected.chosen)
    assert selected.protocol.is_tuned
    assert {(each.learning_rate, each.epochs): each.replicates for each in selected.protocol.chosen} == counts
    found = {(each.learning_rate, each.epoch): each for each in selected.sensitivity(overlap=0)}
    assert list(found) == [(rate, epoch) for rate in rates for epoch in STOPS]
    at_seven = []
    for history in trained(0.3, task="regression").histories:
        assert isinstance(history, RegressionHistory)
        at_seven.append(history.validation_mae[6])
    assert found[0.3, 7].mean == pytest.approx(np.mean(at_seven))
    assert found[0.3, 7].sd == pytest.approx(np.std(at_seven, ddof=1))


def test_one_recipe_is_trained_as_it_always_was() -> None:
    selected, alone = choose(Candidates([0.03], [200])), trained(0.03, epochs=200)
    for one, other in zip(selected.trajectory.weights, alone.weights, strict=True):
        assert one.tobytes() == other.tobytes()
    assert (selected.trajectory.histories, selected.trajectory.epochs) == (alone.histories, recorded_epochs(200))
    assert selected.protocol.chosen == [Choice(0.03, 200, REPLICATES)]
    assert not selected.protocol.is_tuned
    assert [each.epoch for each in selected.sensitivity(overlap=0)] == recorded_epochs(200, 12)[1:]


def test_one_recipe_may_stop_early() -> None:
    protocol = replace(ADAM, early_stopping=EarlyStopping(2), learning_rate=0.3)
    selected, alone = choose(Candidates([0.3], [EPOCHS]), protocol), trained(0.3, protocol)
    assert selected.trajectory.stopped == alone.stopped
    for one, other in zip(selected.trajectory.weights, alone.weights, strict=True):
        assert one.tobytes() == other.tobytes()


def test_of_equal_losses_the_first_rate_and_the_earliest_epoch_are_taken() -> None:
    chosen = choose(Candidates([1e-30, 1e-31], [2, 5])).chosen  # weights do not move
    assert chosen == [Chosen(1e-30, 2)] * REPLICATES


def test_a_rate_that_diverges_is_not_chosen() -> None:
    selected = choose(Candidates([1e38, 0.01], [2, 5]), replace(ADAM, batch_size=8), "regression")
    assert {each.learning_rate for each in selected.chosen} == {0.01}
    assert all(np.isfinite(stack).all() for stack in selected.trajectory.weights)


@pytest.mark.parametrize(("limit", "exported"), [(60, 61), (10, 11), (4, 5)])
def test_epochs_that_are_chosen_from_are_exported_where_there_is_room(
    limit: int, exported: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is none they are chosen from all the same."""
    monkeypatch.setattr(selection, "most_recorded", lambda _: limit)
    candidates = Candidates([0.03], [33, 77, 121])
    selected, alone = choose(candidates), trained(0.03, epochs=121)
    epochs = selected.trajectory.epochs
    assert (epochs[0], epochs[-1]) == (0, 121)
    assert len(epochs) <= exported
    assert (set(candidates.epochs) <= set(epochs)) == (limit > 4)
    best = [min(candidates.epochs, key=lambda e: history.validation_loss[e - 1]) for history in alone.histories]
    assert [each.epoch for each in selected.chosen] == best


def test_a_replicate_improves_still_if_its_loss_falls_in_the_last_tenth() -> None:
    def counted(epochs: int, rate: float) -> int | None:
        return choose(Candidates([rate], [epochs])).still_improving

    assert counted(40, 0.01) == REPLICATES
    assert counted(40, 1e-30) == 0
    assert counted(1, 0.01) is None


def test_a_replicate_that_was_at_its_best_just_before_the_end_does_not_improve_still() -> None:
    selected = choose(Candidates([0.01], [40]))
    falling = [1 - 0.02 * min(epoch, 37) for epoch in range(40)]
    histories = [replace(history, validation_loss=falling) for history in selected.trajectory.histories]
    assert replace(selected, trajectory=replace(selected.trajectory, histories=histories)).still_improving == 0


TUNED = experiment.DIRECTORY / "tuned.toml"


def small(**changes: object) -> Experiment:
    """Two models of the tuned experiment with few replicates, points and epochs."""
    tuned = experiment.read(TUNED)
    models = [replace(spec, stops=(5, 10, 25), epochs=25) for spec in tuned.models[:2]]
    assert isinstance(tuned.dataset, GaussianQuantilesSpec)
    dataset = replace(tuned.dataset, n_samples=300)
    return replace(tuned, **{"replicates": 4, "dataset": dataset, "models": tuple(models), **changes})  # type: ignore[arg-type]


def published(models_dir: Path, name: str) -> tuple[Card, bytes]:
    bundle = models_dir / name / "1"
    return CardSchema().read(bundle / layout.CARD), (bundle / WEIGHTS).read_bytes()


def with_permuted_test_labels(data: Data) -> Data:
    source, splits = data
    labels = np.random.default_rng(0).permuted(splits.test.labels, axis=1)
    assert (labels != splits.test.labels).any(axis=1).all()
    return source, replace(splits, test=replace(splits.test, labels=labels))


@dataclass(frozen=True)
class Tuned:
    models_dir: Path
    data: Data
    comparison: Comparison
    epochs_done: Counter[str]


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> Tuned:
    """What one run of the small experiment published, from which data, and the progress that it reported."""
    done: Counter[str] = Counter()
    data, directory = data_of(small()), tmp_path_factory.mktemp("tuned")
    result = run(small(), directory, lambda name, epochs: done.update({name: epochs}), data=data)
    return Tuned(directory, data, result.comparison, done)


def test_permuting_the_test_labels_changes_no_choice_weight_or_epoch(tuned: Tuned, tmp_path: Path) -> None:
    other = run(small(), tmp_path, lambda *_: None, data=with_permuted_test_labels(tuned.data)).comparison
    for before, after in zip(tuned.comparison.models, other.models, strict=True):
        assert before.served != after.served, "the test labels do count, for the metrics"
        assert before.protocol == after.protocol
        assert (before.sensitivity, before.still_improving) == (after.sensitivity, after.still_improving)
        (one, weights), (two, others) = (published(each, before.model) for each in (tuned.models_dir, tmp_path))
        assert (one.chosen, one.epochs, one.history, weights) == (two.chosen, two.epochs, two.history, others)


def test_the_card_says_what_each_replicate_chose_and_what_from(tuned: Tuned) -> None:
    assert tuned.comparison.protocol.learning_rate is None
    for result in tuned.comparison.models:
        card, _ = published(tuned.models_dir, result.model)
        assert card.protocol is not None
        assert card.chosen is not None
        assert card.protocol.candidates == Candidates([0.001, 0.003, 0.01], [5, 10, 25])
        assert (card.protocol.epochs, card.protocol.learning_rate) == (25, card.chosen[0].learning_rate)
        assert result.protocol is not None
        counts = Counter((each.learning_rate, each.epoch) for each in card.chosen)
        assert {(each.learning_rate, each.epochs): each.replicates for each in result.protocol.chosen} == counts


def test_progress_counts_the_epochs_of_all_rates(tuned: Tuned) -> None:
    assert tuned.epochs_done == {spec.name: 3 * 25 for spec in small().models}


def test_a_part_with_fewer_replicates_chooses_the_same_after_an_interruption_too(tuned: Tuned, tmp_path: Path) -> None:
    part = replace(small(), replicates=2).only(("tuned-tanh-3",))

    def interrupt(_: str, epochs: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(part, tmp_path, interrupt)
    run(part, tmp_path, lambda *_: None, resume=True)
    card, whole = (published(each, "tuned-tanh-3")[0] for each in (tmp_path, tuned.models_dir))
    assert whole.chosen is not None
    assert card.chosen == whole.chosen[:2]
    assert card.history == whole.history


@pytest.mark.parametrize("table", ["iris", "diabetes", "passengers"])
def test_tables_of_every_task_are_chosen_for(table: str, tmp_path: Path) -> None:
    TABLES[table]().to_csv(tmp_path / "data.csv", index=False)
    (tmp_path / "own.toml").write_text(f"""
name = "own"
replicates = 3
[dataset]
generator = "table"
path = "data.csv"
label = "target"
missing = "median"
[protocol]
learning_rate = [0.3, 0.01]
[[models]]
name = "{table.replace(" ", "-")}"
hidden_layers = [5]
epochs = [2, 6]
""")
    comparison = run(experiment.read(tmp_path / "own.toml"), tmp_path / "models", lambda *_: None).comparison
    (result,) = comparison.models
    assert comparison.failed == {}
    assert result.protocol is not None
    assert (result.protocol.learning_rates, result.protocol.epochs) == ([0.3, 0.01], [2, 6])
    assert sum(each.replicates for each in result.protocol.chosen) == 3
    assert len(result.sensitivity) == 4
    assert all(each.ci95 is not None for each in result.sensitivity)


BEST = {"tuned-tanh-3": 0.982, "tuned-tanh-10": 0.988, "tuned-tanh-10-10": 0.991}
"""Mean test accuracy of ten replicates with the best of the single recipes that are listed."""


def test_tuned_networks_are_as_accurate_as_with_the_best_recipe() -> None:
    tuned = replace(experiment.read(TUNED), replicates=10)
    _, splits = data_of(tuned)
    with ThreadPoolExecutor() as pool:
        specs = [spec for spec in tuned.models if spec.name in BEST]
        found = dict(zip(BEST, pool.map(lambda spec: accuracy(tuned, spec, splits), specs), strict=True))
    assert found == pytest.approx(BEST, abs=0.003)


def accuracy(tuned: Experiment, spec: ModelSpec, splits: ReplicateSplits) -> float:
    """Return the mean test accuracy of all replicates of a model as it is tuned."""
    model = build(2, spec.hidden_layers, spec.activations)
    seeds = [seed_for(tuned.seed, r, Stream.WEIGHTS) for r in range(tuned.replicates)]
    weights: Weights = train_and_choose(
        model,
        initial_weights(model, seeds),
        splits.train,
        splits.validation,
        BatchOrders(tuned.seed, spec.epochs, splits.train.size),
        spec.protocol,
        spec.candidates,
    ).trajectory.weights
    answers = predict(model, weights, splits.test, "binary")
    return float(np.mean([correct(p, splits.test.replicate(r)[1]).mean() for r, p in enumerate(answers)]))
