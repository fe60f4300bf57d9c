"""A bundle's two forms: the SavedModel is the trained network, and LiteRT's answers as it does, in every signature."""

import hashlib
import logging
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from bundle import layout
from bundle.card import Compiled, Task
from training import compiled_form, exporter
from training.architectures import Weights, build, initial_weights
from training.compiled_form import PROBABILITY_TOLERANCE, CompilationError, check
from training.datasets import Column
from training.exporter import Recorded, compile_beside, export, probe
from training.preprocessing import FILL, MEAN, SD, Encoder

PLANE = Encoder([Column("x1"), Column("x2")], {})
DOMAIN = [(-1.5, 1.5)] * 2
REPLICATES, SNAPSHOTS = 2, 3
POINTS = np.random.default_rng(3).uniform(-1.5, 1.5, (200, 2)).astype(np.float32)


def recorded(model: keras.Sequential, seed: int = 0) -> Weights:
    """Weights as after training: every replicate and snapshot its own."""
    seeds = range(seed, seed + REPLICATES * SNAPSHOTS)
    stacks = [stack.reshape(REPLICATES, SNAPSHOTS, *stack.shape[1:]) for stack in initial_weights(model, seeds)]
    rng = np.random.default_rng(seed)
    stacks[1::2] = [rng.normal(size=bias.shape).astype(np.float32) for bias in stacks[1::2]]
    return stacks


class Exported:
    def __init__(self, directory: Path, model: keras.Sequential, task: Task, encoder: Encoder = PLANE) -> None:
        self.model = model
        self.weights = recorded(self.model)
        self.bundle = directory / "bundle"
        self.domain = [(-1.5, 1.5)] * len(encoder.columns)
        self.fingerprint, compiled = export(Recorded(model, self.weights, encoder, task), self.domain, self.bundle)
        assert isinstance(compiled, Compiled)
        self.compiled = compiled
        self.signatures = tf.saved_model.load(str(self.bundle)).signatures

    def keras_predicts(
        self, replicate: int, snapshot: int, points: NDArray[np.float32] = POINTS
    ) -> NDArray[np.float32]:
        self.model.set_weights([stack[replicate, snapshot] for stack in self.weights])
        answers: NDArray[np.float32] = self.model(points).numpy()
        return answers[:, 0] if answers.shape[1] == 1 else answers


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    model = build(2, (10, 10), ("tanh", "tanh"))
    return Exported(tmp_path_factory.mktemp("exported"), model, "binary")


def test_the_saved_model_is_the_network_at_every_replicate_and_snapshot(exported: Exported) -> None:
    served = exported.signatures["serving_default"](points=POINTS)["probabilities"].numpy()
    np.testing.assert_allclose(served, exported.keras_predicts(0, 2), rtol=0, atol=1e-6)
    every = exported.signatures["replicates"](points=POINTS)["probabilities"].numpy()
    for replicate in range(REPLICATES):
        np.testing.assert_allclose(every[:, replicate], exported.keras_predicts(replicate, 2), rtol=0, atol=1e-6)
        for snapshot in range(SNAPSHOTS):
            index = {"replicate": tf.constant(replicate), "snapshot": tf.constant(snapshot)}
            early = exported.signatures["at"](points=POINTS, **index)["probabilities"].numpy()
            np.testing.assert_allclose(early, exported.keras_predicts(replicate, snapshot), rtol=0, atol=1e-6)


def test_activations_are_those_of_the_hidden_layers(exported: Exported) -> None:
    exported.keras_predicts(1, 2)  # sets its weights
    inner = keras.Model(exported.model.inputs[0], [layer.output for layer in exported.model.layers[:-1]])
    hidden = exported.signatures["activations"](points=POINTS, replicate=tf.constant(1), snapshot=tf.constant(2))
    for ours, theirs in zip((hidden["layer_1"], hidden["layer_2"]), inner(POINTS), strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=0, atol=1e-6)


def test_both_forms_give_the_weights_to_the_bit(exported: Exported) -> None:
    interpreter = Interpreter(model_path=str(exported.bundle / layout.COMPILED))
    theirs = exported.signatures["weights"](replicate=tf.constant(1))
    ours = interpreter.get_signature_runner("weights")(replicate=np.array(1, np.int32))
    names = [f"{kind}_{layer}" for layer in (1, 2, 3) for kind in ("kernel", "bias")]
    assert set(theirs) == set(ours) == set(names)
    for name, stack in zip(names, exported.weights, strict=True):
        np.testing.assert_array_equal(theirs[name].numpy(), stack[1])
        np.testing.assert_array_equal(ours[name], stack[1])


def test_what_the_card_says_of_the_two_forms_is_true(exported: Exported) -> None:
    content = (exported.bundle / layout.COMPILED).read_bytes()
    assert exported.fingerprint == layout.fingerprint(exported.bundle)
    assert exported.compiled.sha256 == hashlib.sha256(content).hexdigest()
    signatures = {"serving_default", "at", "replicates", "activations", "weights"}
    assert set(exported.compiled.max_difference) == set(exported.signatures) == signatures
    runner = Interpreter(model_content=content).get_signature_runner("serving_default")
    served = exported.signatures["serving_default"](points=POINTS)["probabilities"].numpy()
    assert np.abs(runner(points=POINTS)["probabilities"] - served).max() <= PROBABILITY_TOLERANCE


def test_a_model_without_hidden_layers_has_no_activations(tmp_path: Path) -> None:
    exported = Exported(tmp_path, build(2, (), ()), "binary")
    assert set(exported.signatures) == {"serving_default", "at", "replicates", "weights"}
    served = exported.signatures["serving_default"](points=POINTS)["probabilities"].numpy()
    np.testing.assert_allclose(served, exported.keras_predicts(0, 2), rtol=0, atol=1e-6)


@pytest.fixture(scope="module")
def preprocessing() -> Encoder:
    """Two numbers and a text, scaled, with values missing; each replicate its own."""
    columns = [Column("a"), Column("port", ("C", "Q", "S"), imputed=True), Column("b", imputed=True)]
    fitted = {
        FILL: [[0, 2, 1], [0, 1, 2]],
        MEAN: [[0.1, 0, 1e6], [0.2, 0, 1e6 + 1]],
        SD: [[2, 1, 0.5], [3, 1, 0.6]],
    }
    return Encoder(columns, {name: np.array(rows, np.float32) for name, rows in fitted.items()})


@pytest.mark.parametrize(
    ("task", "outputs", "answer"), [("multiclass", 3, "probabilities"), ("regression", 1, "values")]
)
def test_raw_units_are_encoded_inside_by_each_replicates_own_statistics(
    tmp_path: Path, preprocessing: Encoder, task: Task, outputs: int, answer: str
) -> None:
    model = build(5, (8,), ("tanh",), task, outputs)
    exported = Exported(tmp_path, model, task, preprocessing)
    rng = np.random.default_rng(0)
    points = np.stack([rng.normal(size=50), rng.integers(3, size=50), 1e6 + rng.normal(size=50)], 1).astype(np.float32)
    points[::5, 1] = points[::7, 2] = np.nan
    every = exported.signatures["replicates"](points=points)[answer].numpy()
    assert every.shape == ((50, 3, 2) if task == "multiclass" else (50, 2))
    for r in range(REPLICATES):
        expected = exported.keras_predicts(r, SNAPSHOTS - 1, preprocessing.points(r, points))
        np.testing.assert_allclose(every[..., r], expected, atol=1e-6)
        index = {"replicate": tf.constant(r), "snapshot": tf.constant(SNAPSHOTS - 1)}
        np.testing.assert_array_equal(exported.signatures["at"](points=points, **index)[answer], every[..., r])
        given = exported.signatures["weights"](replicate=tf.constant(r))
        for name in (FILL, MEAN, SD):
            np.testing.assert_array_equal(given[name], preprocessing.fitted[name][r])


def test_the_probe_has_every_category_and_missing_values(preprocessing: Encoder) -> None:
    points = probe(preprocessing.columns, [(-1, 1), (0, 2), (5, 6)])
    assert set(np.unique(points[~np.isnan(points[:, 1]), 1])) == {0, 1, 2}
    assert np.isnan(points).any(axis=0).tolist() == [False, True, True]
    assert np.nanmin(points[:, 2]) == pytest.approx(5, abs=0.01)
    assert np.nanmax(points[:, 2]) == pytest.approx(6, abs=0.01)


@pytest.fixture
def saved(exported: Exported, tmp_path: Path) -> Path:
    """A copy of the SavedModel, without its compiled form."""
    return shutil.copytree(exported.bundle, tmp_path / "bundle", ignore=shutil.ignore_patterns("*.tflite"))


def compiled_beside(saved: Path, twin: Path) -> Compiled | None:
    return compile_beside(saved, twin, ["serving_default"], POINTS, [{"replicate": 0, "snapshot": 0}])


def test_a_compiled_form_that_is_further_off_than_rounding_is_left_out(
    exported: Exported, saved: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    content = (exported.bundle / layout.COMPILED).read_bytes()
    monkeypatch.setattr(exporter, "convert", lambda *_: content)
    assert compiled_beside(saved, exported.bundle) is not None
    (saved / layout.COMPILED).unlink()
    monkeypatch.setattr(compiled_form, "PROBABILITY_TOLERANCE", 0)  # float32 rounds, so that there is a difference
    with caplog.at_level(logging.WARNING):
        assert compiled_beside(saved, exported.bundle) is None
    assert not (saved / layout.COMPILED).exists()
    assert layout.fingerprint(saved) == exported.fingerprint
    assert "no compiled form, the SavedModel is served itself: it differs" in caplog.text


def test_weights_too_large_for_litert_are_not_converted(
    exported: Exported, saved: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(compiled_form, "MAX_WEIGHT_BYTES", 100)
    assert compiled_beside(saved, exported.bundle) is None
    assert "at most 100 are converted" in caplog.text


def test_large_values_may_be_off_by_as_much_more(tmp_path: Path) -> None:
    """What float32 loses of a value of 1e8 is more than a probability may be off."""
    model = build(2, (8,), ("tanh",), "regression")
    weights = recorded(model)
    weights[-2], weights[-1] = weights[-2] * 1e8, weights[-1] * 1e8
    _, compiled = export(Recorded(model, weights, PLANE, "regression"), DOMAIN, tmp_path / "bundle")
    assert compiled is not None
    assert compiled.max_difference["serving_default"] > 1


def test_another_networks_compiled_form_is_told_apart(exported: Exported) -> None:
    content = (exported.bundle / layout.COMPILED).read_bytes()
    for stack, other in zip(exported.weights, recorded(exported.model, seed=9), strict=True):
        assert stack.tobytes() in content
        content = content.replace(stack.tobytes(), other.tobytes())
    with pytest.raises(CompilationError, match=r"it differs from the SavedModel, by signature: .*serving_default"):
        check(exported.bundle, content, POINTS, [{"replicate": 1, "snapshot": 2}])


def test_a_replicate_that_diverged_is_exported_with_the_others(tmp_path: Path) -> None:
    model = build(2, (3,), ("tanh",))
    weights = recorded(model)
    weights[0][1, -1] = np.nan
    _, compiled = export(Recorded(model, weights, PLANE, "binary"), DOMAIN, tmp_path / "bundle")
    assert isinstance(compiled, Compiled)
    assert max(compiled.max_difference.values()) <= PROBABILITY_TOLERANCE
