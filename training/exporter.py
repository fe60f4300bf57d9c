"""Export: a model's recorded weights become a SavedModel and its compiled form for LiteRT.

The SavedModel holds every recorded weight of every replicate, with what its data were encoded by, and answers five
signatures over them. Points are raw units. Of k > 2 classes the probabilities have one more axis [n, k], or [n, k, R];
a regression has `values` in their place.

    serving_default   points [n, d]                      → probabilities [n], replicate 0 at its last snapshot
    at                points, replicate [], snapshot []  → probabilities [n]
    replicates        points [n, d]                      → probabilities [n, R], last snapshot
    activations       points, replicate [], snapshot []  → layer_1 [n, units], … (none without hidden layers)
    weights           replicate []                       → kernel_1 [S, inputs, units], bias_1 [S, units], … every
                                                           snapshot's, and feature_mean [d], … where there are such

The SavedModel computes in float64 and rounds its answer once, so it gives the same numbers on every machine; LiteRT
computes in float32, and is converted from a float32 twin of the same functions over the same variables. Two float32
forms would each be off by rounding and differ by more than either does (docs/decisions/0004-precision.md).
"""

import hashlib
import logging
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from bundle import layout
from bundle.card import Compiled, Task
from training import TrainingError
from training.architectures import Weights, forward
from training.compiled_form import CompilationError, ConcreteFunction, check, convert
from training.datasets import Column
from training.preprocessing import Encoder, encode

Variables: TypeAlias = Any  # a tf.Module
Index: TypeAlias = Any  # a position or a slice: a number, or a tensor of one

logger = logging.getLogger(__name__)

PROBE_RESOLUTION = 100
"""Points an axis of the grid on which the two are compared (in two dimensions; as many points in others)."""


class ExportError(TrainingError):
    """The bundle cannot be written."""


@dataclass(frozen=True)
class Recorded:
    """What was trained: a model with the weights of every replicate and snapshot [R, S, …], and its encoder."""

    model: keras.Sequential
    weights: Weights
    encoder: Encoder
    task: Task


def _variables(recorded: Recorded) -> Variables:
    """Return the recorded numbers as all signatures share them."""
    module = tf.Module()
    module.weights = [tf.Variable(stack, trainable=False, name="recorded") for stack in recorded.weights]
    fitted = recorded.encoder.fitted.items()
    module.fitted = {name: tf.Variable(rows, trainable=False, name=name) for name, rows in fitted}
    return module


@dataclass(frozen=True)
class _Graph:
    """What the signatures compute, in a dtype, over the variables."""

    recorded: Recorded
    variables: Variables
    dtype: tf.DType

    @property
    def answer(self) -> str:
        return "values" if self.recorded.task == "regression" else "probabilities"

    def outputs(self, points: tf.Tensor, replicate: Index, snapshot: Index) -> list[tf.Tensor]:
        """Return what each layer gives: of one replicate for points [n, d], of all of them for points [R, n, d]."""
        model, cast = self.recorded.model, partial(tf.cast, dtype=self.dtype)
        fitted = {name: cast(values) for name, values in self.fitted(replicate).items()}
        weights = [cast(stack[replicate, snapshot]) for stack in self.variables.weights]
        *hidden, logits = forward(model, weights, encode(self.recorded.encoder.columns, fitted, cast(points)))
        return [tf.cast(x, tf.float32) for x in (*hidden, model.layers[-1].activation(logits))]

    def fitted(self, replicate: Index) -> dict[str, tf.Tensor]:
        return {name: stack[replicate] for name, stack in self.variables.fitted.items()}

    def serving_default(self, points: tf.Tensor) -> dict[str, tf.Tensor]:
        return {self.answer: self.outputs(points, 0, -1)[-1]}

    def at(self, points: tf.Tensor, replicate: tf.Tensor, snapshot: tf.Tensor) -> dict[str, tf.Tensor]:
        return {self.answer: self.outputs(points, replicate, snapshot)[-1]}

    def replicates(self, points: tf.Tensor) -> dict[str, tf.Tensor]:
        repeated = tf.tile(points[tf.newaxis], [self.variables.weights[0].shape[0], 1, 1])
        found = self.outputs(repeated, slice(None), -1)[-1]
        return {self.answer: tf.transpose(found, [*range(1, len(found.shape)), 0])}

    def activations(self, points: tf.Tensor, replicate: tf.Tensor, snapshot: tf.Tensor) -> dict[str, tf.Tensor]:
        hidden = self.outputs(points, replicate, snapshot)[:-1]
        return {f"layer_{i}": layer for i, layer in enumerate(hidden, start=1)}

    def weights(self, replicate: tf.Tensor) -> dict[str, tf.Tensor]:
        stacks = [stack[replicate] for stack in self.variables.weights]  # in pairs, a kernel and a bias each layer
        named = {f"{('kernel', 'bias')[i % 2]}_{1 + i // 2}": stack for i, stack in enumerate(stacks)}
        return {**named, **self.fitted(replicate)}


def signatures(recorded: Recorded, variables: Variables, dtype: tf.DType) -> dict[str, ConcreteFunction]:
    """Return the five signatures over the variables, computing in a dtype."""
    graph = _Graph(recorded, variables, dtype)
    points_spec = tf.TensorSpec([None, len(recorded.encoder.columns)], tf.float32, name="points")
    index_specs = {name: tf.TensorSpec([], tf.int32, name=name) for name in ("replicate", "snapshot")}
    trace = partial(tf.function, autograph=False)  # there is no control flow to translate
    functions = {
        "serving_default": trace(graph.serving_default).get_concrete_function(points_spec),
        "at": trace(graph.at).get_concrete_function(points_spec, **index_specs),
        "replicates": trace(graph.replicates).get_concrete_function(points_spec),
        "weights": trace(graph.weights).get_concrete_function(index_specs["replicate"]),
    }
    if len(recorded.weights) > 2:
        functions["activations"] = trace(graph.activations).get_concrete_function(points_spec, **index_specs)
    return functions


def export(recorded: Recorded, domain: Sequence[tuple[float, float]], directory: Path) -> tuple[str, Compiled | None]:
    """Write a SavedModel and its compiled form into a directory, and hold the two against each other.

    Args:
        recorded: the model.
        domain: the interval of each column in which the two are compared.
        directory: where to; it is made.

    Returns:
        the SavedModel's fingerprint, and what the card says of the compiled form; None where LiteRT has none that
        answers as the SavedModel does.

    Raises:
        ExportError: the disk takes no more.
    """
    with tempfile.TemporaryDirectory() as twin:
        names = _write(recorded, directory, Path(twin))
        replicates, snapshots = recorded.weights[0].shape[:2]
        places = [(0, 0), (replicates // 2, snapshots // 2), (replicates - 1, snapshots - 1)]
        compiled = compile_beside(
            directory,
            Path(twin),
            names,
            probe(recorded.encoder.columns, domain),
            [{"replicate": replicate, "snapshot": snapshot} for replicate, snapshot in places],
        )
    return layout.fingerprint(directory), compiled


def _write(recorded: Recorded, directory: Path, twin: Path) -> list[str]:
    """Write the SavedModel and its float32 twin; return the signatures' names. What it took is free afterwards."""
    variables = _variables(recorded)
    save(variables, signatures(recorded, variables, tf.float64), directory)
    functions = signatures(recorded, variables, tf.float32)
    save(variables, functions, twin)
    return list(functions)


def save(module: tf.Module, functions: dict[str, ConcreteFunction], directory: Path) -> None:
    """Write a SavedModel.

    Raises:
        ExportError: the disk takes no more.
    """
    try:
        tf.saved_model.save(module, str(directory), signatures=functions)
    except tf.errors.ResourceExhaustedError as error:  # no OSError: TensorFlow writes without Python
        reason = error.message.rpartition("; ")[2]
        raise ExportError(f"the SavedModel cannot be written to {directory}: {reason}") from error


def compile_beside(
    directory: Path,
    twin: Path,
    names: Sequence[str],
    points: NDArray[np.float32],
    scalars: Sequence[Mapping[str, int]],
) -> Compiled | None:
    """Write the compiled form of a SavedModel beside it, if it answers as that does at these points.

    Args:
        directory: the SavedModel.
        twin: the same in float32, which is converted.
        names: its signatures.
        points: [n, d].
        scalars: the scalar inputs to ask for with them; see `check`.

    Returns:
        what the card says of the compiled form.
    """
    try:
        content = convert(twin, names)
        differences = check(directory, content, points, scalars)
    except CompilationError as reason:
        logger.warning("%s: no compiled form, the SavedModel is served itself: %s", directory.parent.name, reason)
        return None
    compiled = directory / layout.COMPILED
    compiled.parent.mkdir(exist_ok=True)
    compiled.write_bytes(content)
    return Compiled(hashlib.sha256(content).hexdigest(), differences)


def probe(columns: Sequence[Column], domain: Sequence[tuple[float, float]]) -> NDArray[np.float32]:
    """Return points spread over the domain, [PROBE_RESOLUTION², d]: of text all categories, and some are missing."""
    low, high = np.array(domain, np.float64).T
    if len(columns) == 2 and not any(column.categories or column.imputed for column in columns):
        axes = np.meshgrid(*(np.linspace(*interval, PROBE_RESOLUTION) for interval in domain))
        return np.stack(axes, axis=-1).reshape(-1, 2).astype(np.float32)
    rng = np.random.default_rng(0)
    points = rng.uniform(low, high, (PROBE_RESOLUTION**2, len(columns))).astype(np.float32)
    for i, column in enumerate(columns):
        if column.categories is not None:
            points[:, i] = rng.integers(len(column.categories), size=len(points))
        if column.imputed:
            points[rng.random(len(points)) < 0.1, i] = np.nan
    return points
