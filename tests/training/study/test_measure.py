"""A unit's rows: the same bits whichever replicates are in it, and what they say is what was trained."""

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray
from sklearn import metrics

from bundle.card import History
from bundle.study import Level
from bundle.study_rows import UnitRows
from training.architectures import forward, initial_weights
from training.dataset_spec import BlobsSpec, DatasetSpec, GaussianQuantilesSpec, MoonsSpec, TableSpec
from training.datasets import Data, Stream, data_of, seed_for
from training.evaluation import correct, exact_accuracies, predict
from training.exact_accuracy import own_radius
from training.experiment import ModelSpec
from training.fit.batches import BatchOrders
from training.fit.train import Trajectory, train
from training.preprocessing import EncodedSplit, fit
from training.protocol_spec import EarlyStopping, ProtocolSpec
from training.study.cells import Cell, Keep, make_cell
from training.study.measure import run_unit
from training.study.trained import train_unit

SMALL = GaussianQuantilesSpec(n_samples=60)
KEEP = Keep((0, 1, 4), 5)
LAST = KEEP.epochs[-1]
FAST = ProtocolSpec(learning_rate=0.01, batch_size=8)


def _cell(
    data: DatasetSpec = SMALL,
    protocol: ProtocolSpec = FAST,
    layers: tuple[int, ...] = (4,),
    activation: str = "tanh",
    keep: Keep = KEEP,
    stops: tuple[int, ...] = (),
    factors: dict[str, Level] | None = None,
) -> Cell:
    named = activation if layers else None
    model = ModelSpec("m", layers, named, keep.epochs[-1], None, protocol, stops=stops)
    return make_cell("cell", factors or {}, 3, data, model, keep)


def _rows(unit: UnitRows, replicate: int) -> dict[str, list[object]]:
    chosen = np.flatnonzero(unit.columns["replicate"] == replicate)
    return {name: [column[i] for i in chosen] for name, column in unit.columns.items()}


def _numbers(unit: UnitRows, name: str) -> NDArray[np.float64]:
    """Return a column as [R, S]."""
    return np.asarray(unit.columns[name], np.float64).reshape(unit.last - unit.first + 1, -1)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A regression: 80 rows of three columns and a target far from 0."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=(80, 2))
    y = 1000 + 50 * x[:, 0] + 20 * np.sin(3 * x[:, 1])
    lines = [f"{a},{b},{'uv'[i % 2]},{c}" for i, (a, b, c) in enumerate(zip(*x.T, y, strict=True))]
    (tmp_path / "table.csv").write_text("\n".join(["a,b,kind,price", *lines]))
    return tmp_path / "table.csv"


RECIPES = {
    "numba": _cell(),
    "early stopping": _cell(protocol=replace(FAST, early_stopping=EarlyStopping(1)), keep=Keep((0, 2, 9))),
    "tuned": _cell(protocol=replace(FAST, learning_rates=(0.1, 0.01)), stops=(2, LAST)),
    "classes": _cell(BlobsSpec(n_samples=60), replace(FAST, class_weight="balanced")),
}

XLAS = _cell(protocol=replace(FAST, dropout=0.4), activation="elu")
"""What Numba's trainer does not know."""


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_replicates_rows_are_the_same_bits_whichever_others_are_in_the_unit(recipe: str) -> None:
    together, some = run_unit(RECIPES[recipe], 0, 12), run_unit(RECIPES[recipe], 9, 11)
    for replicate in (9, 10, 11):
        np.testing.assert_equal(_rows(some, replicate), _rows(together, replicate))
    assert len({tuple(row) for row in _numbers(together, "loss").tolist()}) == 13


@pytest.mark.parametrize("cell", [RECIPES["numba"], XLAS], ids=["numba", "xla"])
def test_a_cell_has_the_very_weights_of_an_experiment_with_its_seed(cell: Cell) -> None:
    unit = train_unit(cell, range(9, 12))  # of XLA's groups it is the end of one and the beginning of another
    (_, splits), trained = _as_experiment(cell, unit.model, 12)
    for mine, theirs in zip(unit.selected.trajectory.weights, trained.weights, strict=True):
        np.testing.assert_array_equal(mine, theirs[9:])
    for place in range(3):
        np.testing.assert_array_equal(unit.splits[2].replicate(place)[0], splits.test.replicate(place + 9)[0])


def _as_experiment(cell: Cell, model: keras.Sequential, replicates: int) -> tuple[Data, Trajectory]:
    experiment = replace(cell.experiment, replicates=replicates)
    source, splits = data_of(experiment)
    (spec,), encoder = experiment.models, fit(source, splits.train)
    seeds = [seed_for(experiment.seed, r, Stream.WEIGHTS) for r in range(replicates)]
    return (source, splits), train(
        model,
        initial_weights(model, seeds, spec.protocol),
        EncodedSplit(splits.train, encoder),
        EncodedSplit(splits.validation, encoder),
        BatchOrders(experiment.seed, spec.epochs, splits.train.size),
        spec.protocol,
        recorded=cell.epochs,
    )


def test_losses_and_accuracies_are_those_that_training_looked_at_and_evaluation_finds() -> None:
    cell = _cell(GaussianQuantilesSpec(n_samples=200), keep=Keep((0, 1, 4), 5, "all"))
    rows, unit = run_unit(cell, 0, 2), train_unit(cell, range(3))
    trajectory = unit.selected.trajectory
    for r, history in enumerate(trajectory.histories):
        assert isinstance(history, History)
        seen = [
            [values[epoch - 1] for epoch in (1, 4)] for values in (history.validation_loss, history.validation_accuracy)
        ]
        np.testing.assert_allclose(_numbers(rows, "validation_loss")[r, 1:], seen[0], rtol=1e-5)
        np.testing.assert_allclose(_numbers(rows, "validation_accuracy")[r, 1:], seen[1], rtol=1e-6)
    answers = predict(unit.model, trajectory.weights, EncodedSplit(unit.splits[2], unit.encoder), "binary")
    found = [correct(answers[r], unit.splits[2].replicate(r)[1]).mean() for r in range(3)]
    np.testing.assert_array_equal(_numbers(rows, "test_accuracy")[:, -1], found)
    assert unit.source.population is not None
    radii = [own_radius(*unit.source.samples(r)) for r in range(3)]
    exact, _ = exact_accuracies(unit.model, trajectory.weights, unit.encoder, unit.source.population, radii)
    np.testing.assert_allclose(_numbers(rows, "exact_accuracy")[:, -1], exact, atol=1e-5)
    assert np.isfinite(_numbers(rows, "exact_accuracy")).all()
    for layer, kernel in enumerate(trajectory.weights[::2], 1):
        np.testing.assert_allclose(
            _numbers(rows, f"weight_norm_{layer}"), np.linalg.norm(kernel, axis=(2, 3)), rtol=1e-6
        )


def test_gradients_are_those_of_the_training_loss_by_every_kernel() -> None:
    cell = _cell(MoonsSpec(n_samples=60), replace(FAST, class_weight={"0": 1.0, "1": 3.0}, l2=0.1), (4, 3), "sigmoid")
    rows, unit = run_unit(cell, 5, 5), train_unit(cell, range(5, 6))
    points, labels = EncodedSplit(unit.splits[0], unit.encoder).replicate(0)
    weights = [tf.constant(stack[0, -1]) for stack in unit.selected.trajectory.weights]
    with tf.GradientTape() as tape:
        tape.watch(weights)
        losses = tf.nn.sigmoid_cross_entropy_with_logits(labels, forward(unit.model, weights, points)[-1])
        loss = tf.reduce_mean(losses * np.where(labels == 1, np.float32(3), 1))
    assert _numbers(rows, "loss")[0, -1] == pytest.approx(float(loss), rel=1e-5)
    for layer, gradient in enumerate(tape.gradient(loss, weights)[::2], 1):
        assert _numbers(rows, f"gradient_norm_{layer}")[0, -1] == pytest.approx(np.linalg.norm(gradient), rel=1e-5)


def test_rows_have_the_cells_levels_and_exact_accuracy_at_the_last_epoch_alone() -> None:
    found = run_unit(_cell(layers=(), factors={"depth": 0, "width": None, "noise": 0.5, "data": "rings"}), 3, 4)
    assert found.columns["replicate"].tolist() == [3, 3, 3, 4, 4, 4]  # type: ignore[union-attr]
    assert found.columns["epoch"].tolist() == [0, 1, 4] * 2  # type: ignore[union-attr]
    assert (found.columns["data"], set(found.columns["cell"])) == (["rings"] * 6, {found.cell})
    assert (set(found.columns["depth"]), set(found.columns["noise"])) == ({0}, {0.5})
    assert "width" not in found.columns
    assert not {name for name in found.columns if name.startswith(("dead", "saturated"))}  # no hidden layer
    np.testing.assert_allclose(_numbers(found, "affine_share"), 1, atol=1e-9)
    np.testing.assert_array_equal(np.isnan(_numbers(found, "exact_accuracy")), [[True, True, False]] * 2)
    assert "exact_accuracy" not in run_unit(_cell(keep=replace(KEEP, exact="none")), 0, 0).columns
    assert "exact_accuracy" not in run_unit(_cell(MoonsSpec(n_samples=60)), 0, 0).columns


def test_a_replicate_that_diverges_has_no_numbers_from_there_on() -> None:
    lost = run_unit(_cell(protocol=replace(FAST, learning_rate=1e6), layers=(10,) * 20, activation="relu"), 0, 1)
    measured = {name for name, column in lost.columns.items() if isinstance(column, np.ndarray)} - {
        "replicate",
        "epoch",
    }
    for name in measured - {"exact_accuracy"}:
        np.testing.assert_array_equal(np.isnan(_numbers(lost, name)), [[False, True, True]] * 2, err_msg=name)
    assert lost.boundary is None


def test_a_regressions_errors_are_in_the_targets_units(table: Path) -> None:
    cell = _cell(TableSpec(path=table, label="price"), keep=Keep((0, 40), 5))
    rows, unit = run_unit(cell, 1, 2), train_unit(cell, range(1, 3))
    weights = unit.encoder.in_target_units(unit.selected.trajectory.weights)
    found = predict(unit.model, weights, EncodedSplit(unit.splits[2], unit.encoder), "regression")
    for r in range(2):
        labels = unit.splits[2].replicate(r)[1]
        assert _numbers(rows, "test_mae")[r, -1] == pytest.approx(
            metrics.mean_absolute_error(labels, found[r]), rel=1e-4
        )
        assert _numbers(rows, "test_r2")[r, -1] == pytest.approx(metrics.r2_score(labels, found[r]), rel=1e-4)
        history = unit.selected.trajectory.histories[r]
        assert _numbers(rows, "validation_loss")[r, -1] == pytest.approx(history.validation_loss[-1], rel=1e-4)
    assert "accuracy" not in rows.columns
    assert rows.boundary is not None
    assert rows.boundary.labels is None
    assert rows.boundary.scale == pytest.approx((880, 1120), abs=60)


def test_a_choice_is_a_column_of_its_own() -> None:
    cell = RECIPES["tuned"]
    found, chosen = run_unit(cell, 0, 9), train_unit(cell, range(10)).selected.chosen
    assert _numbers(found, "learning_rate").tolist() == [[each.learning_rate] * 3 for each in chosen]
    assert _numbers(found, "chosen_epoch").tolist() == [[each.epoch] * 3 for each in chosen]
    assert len(set(chosen)) > 1
    levels: dict[str, Level] = {"learning_rate": "0.1 or 0.01"}
    named = run_unit(_cell(protocol=replace(FAST, learning_rates=(0.1, 0.01)), factors=levels), 0, 0).columns
    assert set(named["learning_rate"]) == {"0.1 or 0.01"}
    assert set(named["chosen_learning_rate"]) <= {0.1, 0.01}


def test_the_map_is_the_mean_over_the_plane_from_its_lower_left_corner() -> None:
    cell = _cell(MoonsSpec(n_samples=60), keep=Keep((0, 60), 5))
    found, unit = run_unit(cell, 0, 2).boundary, train_unit(cell, range(3))
    assert found is not None
    assert found.labels is not None
    assert (found.features, found.domain, found.scale) == (("x1", "x2"), tuple(unit.source.domain), (0, 1))
    (left, right), (low, high) = found.domain
    corners = np.array([[left, low], [right, low], [left, high]], np.float32)
    logits = [
        forward(unit.model, [tf.constant(stack[-1]) for stack in unit.weights(r)], unit.encoder.points(r, corners))[-1]
        for r in range(3)
    ]
    expected = np.mean(keras.ops.sigmoid(np.array(logits)), axis=0) * 255
    np.testing.assert_allclose(
        [found.values[0, 0, 0], found.values[0, 0, -1], found.values[0, -1, 0]], expected, atol=0.51
    )
    shares = np.mean(np.array(logits) >= 0, axis=0) * 255
    np.testing.assert_allclose(
        [found.labels[0, 0, 0], found.labels[0, 0, -1], found.labels[0, -1, 0]], shares, atol=0.51
    )


def test_each_of_several_classes_has_a_map_and_there_is_none_of_a_single_feature() -> None:
    classes = run_unit(_cell(BlobsSpec(n_samples=60, n_features=3)), 0, 1)
    assert "affine_share" not in classes.columns
    assert classes.boundary is not None
    assert classes.boundary.labels is not None
    for stack in (classes.boundary.values, classes.boundary.labels):
        assert stack.shape == (3, 5, 5)
        np.testing.assert_allclose(stack.sum(axis=0, dtype=int), 255, atol=1)
    assert run_unit(_cell(replace(SMALL, n_features=1)), 0, 0).boundary is None
    assert run_unit(_cell(keep=replace(KEEP, map=0)), 0, 0).boundary is None


def test_few_points_are_measured_even_where_a_split_has_a_single_class() -> None:
    found = run_unit(_cell(replace(SMALL, n_samples=10)), 0, 9)
    assert np.isfinite(_numbers(found, "test_loss")).all()
    assert (_numbers(found, "exact_accuracy")[:, -1] > 0).all()
