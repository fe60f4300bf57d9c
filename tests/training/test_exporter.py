"""A bundle's two forms: the SavedModel is the trained network, and LiteRT's answers as it does, in every signature."""

import hashlib
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from bundle import layout
from bundle.card import Compiled
from training import exporter
from training.architectures import Weights, build, initial_weights
from training.exporter import ExportError, export

DOMAIN = (-1.5, 1.5)
REPLICATES, SNAPSHOTS = 2, 3
POINTS = np.random.default_rng(3).uniform(*DOMAIN, (200, 2)).astype(np.float32)


def recorded(model: keras.Sequential, seed: int = 0) -> Weights:
    """Weights as after training: every replicate and snapshot its own."""
    seeds = range(seed, seed + REPLICATES * SNAPSHOTS)
    stacks = [stack.reshape(REPLICATES, SNAPSHOTS, *stack.shape[1:]) for stack in initial_weights(model, seeds)]
    rng = np.random.default_rng(seed)
    stacks[1::2] = [rng.normal(size=bias.shape).astype(np.float32) for bias in stacks[1::2]]
    return stacks


class Exported:
    def __init__(self, directory: Path, hidden_layers: tuple[int, ...], activation: str | None) -> None:
        self.model = build(2, hidden_layers, activation)
        self.weights = recorded(self.model)
        self.bundle = directory / "bundle"
        self.fingerprint, self.compiled = export(self.model, self.weights, DOMAIN, self.bundle)
        self.signatures = tf.saved_model.load(str(self.bundle)).signatures

    def keras_predicts(self, replicate: int, snapshot: int) -> NDArray[np.float32]:
        self.model.set_weights([stack[replicate, snapshot] for stack in self.weights])
        probabilities: NDArray[np.float32] = self.model(POINTS).numpy()[:, 0]
        return probabilities


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return Exported(tmp_path_factory.mktemp("exported"), (10, 10), "tanh")


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
    assert np.abs(runner(points=POINTS)["probabilities"] - served).max() <= exporter.TOLERANCE


def test_a_model_without_hidden_layers_has_no_activations(tmp_path: Path) -> None:
    exported = Exported(tmp_path, (), None)
    assert set(exported.signatures) == {"serving_default", "at", "replicates", "weights"}
    served = exported.signatures["serving_default"](points=POINTS)["probabilities"].numpy()
    np.testing.assert_allclose(served, exported.keras_predicts(0, 2), rtol=0, atol=1e-6)


def test_a_compiled_form_that_is_further_off_than_rounding_is_not_exported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = build(2, (3,), "tanh")
    monkeypatch.setattr(exporter, "TOLERANCE", 0)  # float32 rounds, so that there is a difference
    with pytest.raises(ExportError, match=r"differs from the SavedModel, by signature: .*serving_default"):
        export(model, recorded(model), DOMAIN, tmp_path / "bundle")
    assert not (tmp_path / "bundle" / layout.COMPILED).exists()


def test_another_networks_compiled_form_is_told_apart(exported: Exported, tmp_path: Path) -> None:
    export(exported.model, recorded(exported.model, seed=9), DOMAIN, tmp_path / "other")
    content = (tmp_path / "other" / layout.COMPILED).read_bytes()
    differences = exporter._differences(exported.bundle, content, exported.weights, POINTS)
    assert min(differences.values()) > 1e-2


def test_a_replicate_that_diverged_is_exported_with_the_others(tmp_path: Path) -> None:
    model = build(2, (3,), "tanh")
    weights = recorded(model)
    weights[0][1, -1] = np.nan
    _, compiled = export(model, weights, DOMAIN, tmp_path / "bundle")
    assert isinstance(compiled, Compiled)
    assert max(compiled.max_difference.values()) <= exporter.TOLERANCE
