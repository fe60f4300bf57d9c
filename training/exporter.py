"""Export: a model's recorded weights become a SavedModel and its compiled form for LiteRT.

The SavedModel holds every recorded weight of every replicate and answers five signatures over them:

    serving_default   points [n, d]                      → probabilities [n], replicate 0 at its last snapshot
    at                points, replicate [], snapshot []  → probabilities [n]
    replicates        points [n, d]                      → probabilities [n, R], last snapshot
    activations       points, replicate [], snapshot []  → layer_1 [n, units], … (none without hidden layers)
    weights           replicate []                       → kernel_1 [S, d, units], bias_1 [S, units], … every snapshot's

The SavedModel computes in float64 and rounds its answer once, so it gives the same numbers on every machine; LiteRT
computes in float32, and is converted from a float32 twin of the same functions over the same variables. Two float32
forms would each be off by rounding and differ by more than either does (docs/decisions/0004-precision.md).
"""

import hashlib
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from bundle import layout
from bundle.card import Compiled
from training import TrainingError
from training.architectures import Weights, forward

ConcreteFunction: TypeAlias = Any  # tf.types.experimental.ConcreteFunction: TensorFlow ships no types

TOLERANCE = 1e-5
"""A compiled form further than this from the SavedModel is a conversion gone wrong, not float32 rounding."""

PROBE_RESOLUTION = 100
"""Points an axis of the grid on which the two are compared (in two dimensions; as many points in others)."""


class ExportError(TrainingError):
    """The compiled form does not answer as the SavedModel does, or one of them cannot be written."""


def signatures(model: keras.Sequential, weights: Sequence[tf.Variable], dtype: tf.DType) -> dict[str, ConcreteFunction]:
    """Return the five signatures over recorded weights, a list of [R, S, …] variables, computing in a dtype."""
    points_spec = tf.TensorSpec([None, model.input_shape[-1]], tf.float32, name="points")
    index_specs = {name: tf.TensorSpec([], tf.int32, name=name) for name in ("replicate", "snapshot")}
    replicate_count = weights[0].shape[0]

    def outputs(points: tf.Tensor, chosen: list[tf.Tensor]) -> list[tf.Tensor]:
        *hidden, logits = forward(model, [tf.cast(w, dtype) for w in chosen], tf.cast(points, dtype))
        return [tf.cast(x, tf.float32) for x in (*hidden, model.layers[-1].activation(logits))]

    def probabilities(points: tf.Tensor, chosen: list[tf.Tensor]) -> tf.Tensor:
        return outputs(points, chosen)[-1]

    def serving_default(points: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"probabilities": probabilities(points, [stack[0, -1] for stack in weights])}

    def at(points: tf.Tensor, replicate: tf.Tensor, snapshot: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"probabilities": probabilities(points, [stack[replicate, snapshot] for stack in weights])}

    def replicates(points: tf.Tensor) -> dict[str, tf.Tensor]:
        repeated = tf.tile(points[tf.newaxis], [replicate_count, 1, 1])
        return {"probabilities": tf.transpose(probabilities(repeated, [stack[:, -1] for stack in weights]))}

    def activations(points: tf.Tensor, replicate: tf.Tensor, snapshot: tf.Tensor) -> dict[str, tf.Tensor]:
        hidden = outputs(points, [stack[replicate, snapshot] for stack in weights])[:-1]
        return {f"layer_{i}": layer for i, layer in enumerate(hidden, start=1)}

    trace = partial(tf.function, autograph=False)  # there is no control flow to translate
    functions = {
        "serving_default": trace(serving_default).get_concrete_function(points_spec),
        "at": trace(at).get_concrete_function(points_spec, **index_specs),
        "replicates": trace(replicates).get_concrete_function(points_spec),
        "weights": trace(partial(_of_replicate, weights)).get_concrete_function(index_specs["replicate"]),
    }
    if len(model.layers) > 1:
        functions["activations"] = trace(activations).get_concrete_function(points_spec, **index_specs)
    return functions


def export(
    model: keras.Sequential, weights: Weights, domain: tuple[float, float], directory: Path
) -> tuple[str, Compiled]:
    """Write a SavedModel and its compiled form into a directory, and hold the two against each other.

    Returns:
        the SavedModel's fingerprint, and what the card says of the compiled form.

    Raises:
        ExportError: they differ by more than `TOLERANCE` somewhere on the probe grid, or the disk takes no more.
    """
    module = tf.Module()
    module.weights = [tf.Variable(stack, trainable=False, name="recorded") for stack in weights]
    try:
        tf.saved_model.save(module, str(directory), signatures=signatures(model, module.weights, tf.float64))
    except tf.errors.ResourceExhaustedError as error:  # no OSError: TensorFlow writes without Python
        reason = error.message.rpartition("; ")[2]
        raise ExportError(f"the SavedModel cannot be written to {directory}: {reason}") from error
    content = _compile(module, signatures(model, module.weights, tf.float32))
    differences = _differences(directory, content, weights, _probe(model.input_shape[-1], domain))
    if max(differences.values()) > TOLERANCE:
        raise ExportError(f"the compiled form differs from the SavedModel, by signature: {differences}")
    compiled = directory / layout.COMPILED
    compiled.parent.mkdir()
    compiled.write_bytes(content)
    return layout.fingerprint(directory), Compiled(hashlib.sha256(content).hexdigest(), differences)


def _of_replicate(weights: Sequence[tf.Variable], replicate: tf.Tensor) -> dict[str, tf.Tensor]:
    """Return a replicate's weights by name; they come in pairs, a kernel and a bias each layer."""
    return {f"{('kernel', 'bias')[i % 2]}_{1 + i // 2}": stack[replicate] for i, stack in enumerate(weights)}


def _compile(module: tf.Module, functions: dict[str, ConcreteFunction]) -> bytes:
    """Convert signatures for LiteRT. The converter reads them from a SavedModel, or it would lose their names."""
    with tempfile.TemporaryDirectory() as twin:
        tf.saved_model.save(module, twin, signatures=functions)
        content: bytes = tf.lite.TFLiteConverter.from_saved_model(twin, signature_keys=list(functions)).convert()
    return content


def _probe(n_features: int, domain: tuple[float, float]) -> NDArray[np.float32]:
    """Return points spread over the plotted domain, [PROBE_RESOLUTION², d]."""
    if n_features == 2:
        axis = np.linspace(*domain, PROBE_RESOLUTION)
        return np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2).astype(np.float32)
    return np.random.default_rng(0).uniform(*domain, (PROBE_RESOLUTION**2, n_features)).astype(np.float32)


def _differences(saved_model: Path, compiled: bytes, weights: Weights, points: NDArray[np.float32]) -> dict[str, float]:
    """Ask both forms every signature at the same points; return each one's largest difference of any output."""
    reference = tf.saved_model.load(str(saved_model)).signatures
    interpreter = Interpreter(model_content=compiled, num_threads=1)
    replicates, snapshots = weights[0].shape[:2]
    positions = [(0, 0), (replicates // 2, snapshots // 2), (replicates - 1, snapshots - 1)]
    everything: list[dict[str, NDArray[np.generic]]] = [
        {"points": points, "replicate": np.array(r, np.int32), "snapshot": np.array(s, np.int32)} for r, s in positions
    ]

    def difference(signature: str, inputs: dict[str, NDArray[np.generic]]) -> float:
        ours = interpreter.get_signature_runner(signature)(**inputs)
        theirs = reference[signature](**{name: tf.constant(value) for name, value in inputs.items()})
        return max(_distance(theirs[key].numpy(), ours[key]) for key in ours)

    return {
        signature: max(difference(signature, {name: inputs[name] for name in takes}) for inputs in everything)
        for signature in sorted(reference)
        for takes in [reference[signature].structured_input_signature[1]]
    }


def _distance(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Return the largest difference; where both are NaN, of a replicate that diverged, there is none."""
    return float(np.where(np.isnan(a) & np.isnan(b), 0, np.nan_to_num(np.abs(a - b), nan=np.inf)).max())
