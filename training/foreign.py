"""Models from elsewhere, opened: a SavedModel's directory or a `.keras` file, with its inputs and outputs by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import keras
import numpy as np
import tensorflow as tf

from training import TrainingError

Tensors: TypeAlias = Mapping[str, Any]


class AdoptionError(TrainingError):
    """The model cannot be taken, or not as it is asked for."""


@dataclass(frozen=True)
class Input:
    """An input of a model: `width` numbers a point, None where it is [n]."""

    name: str
    dtype: tf.DType
    width: int | None

    @property
    def columns(self) -> list[str]:
        several = self.width is not None and self.width > 1
        return [f"{self.name}_{i + 1}" for i in range(self.width or 1)] if several else [self.name]

    def of(self, points: Any) -> Any:
        """Return what it takes, from its own columns of the points."""
        numbers = points[:, 0] if self.width is None else points
        return tf.cast(tf.round(numbers) if self.dtype.is_integer else numbers, self.dtype)


@dataclass(frozen=True)
class Foreign:
    """A model from elsewhere; `tracked` holds its variables."""

    inputs: list[Input]
    outputs: list[str]
    call: Callable[[Tensors], Tensors]
    tracked: Any
    parameters: int

    def numbers(self, output: str, points: Any) -> Any:
        """Return an output at points [n, d], as float32 [n, …]."""
        inputs, start = {}, 0
        for each in self.inputs:
            inputs[each.name] = each.of(points[:, start : start + len(each.columns)])
            start += len(each.columns)
        numbers = self.call(inputs)[output]
        if not (numbers.dtype.is_floating or numbers.dtype.is_integer) or not numbers.shape.rank:
            raise AdoptionError(
                f"its output {output} is {numbers.dtype.name} {numbers.shape}; numbers a point are needed"
            )
        return tf.cast(numbers, tf.float32)


def load(path: Path) -> Foreign:
    """Open a SavedModel's directory or a `.keras` file.

    Raises:
        AdoptionError: it is neither, or takes something else than numbers for points.
    """
    try:
        return _load_saved_model(path) if path.is_dir() else _load_keras(path)
    except AdoptionError:
        raise
    except Exception as error:  # TensorFlow and Keras raise many kinds for what they cannot read
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise AdoptionError(f"is no SavedModel directory and no .keras file that can be read: {reason}") from error


def _load_saved_model(path: Path) -> Foreign:
    loaded = tf.saved_model.load(str(path))
    if "serving_default" not in loaded.signatures:
        raise AdoptionError(f"it has no signature serving_default, only {', '.join(sorted(loaded.signatures))}")
    function = loaded.signatures["serving_default"]
    inputs = [_input(name, spec) for name, spec in function.structured_input_signature[1].items()]
    count = sum(int(np.prod(variable.shape)) for variable in function.variables)
    return Foreign(inputs, list(function.structured_outputs), lambda given: function(**given), loaded, count)


def _load_keras(path: Path) -> Foreign:
    model = keras.models.load_model(path, compile=False)
    if isinstance(model, keras.Sequential):
        model = keras.Model(model.inputs, model.outputs)  # the same layers, with names for input and output
    inputs = [_input(tensor.name, tensor) for tensor in model.inputs]

    def call(given: Tensors) -> Tensors:
        structured = keras.tree.pack_sequence_as(model.input, [given[each.name] for each in inputs])
        outputs = model(structured, training=False)
        return dict(zip(model.output_names, keras.tree.flatten(outputs), strict=True))

    variables = [variable.value for variable in model.variables]
    return Foreign(inputs, list(model.output_names), call, variables, model.count_params())


def _input(name: str, spec: Any) -> Input:
    dtype = tf.as_dtype(spec.dtype)
    if tf.TensorShape(spec.shape).rank is None:
        raise AdoptionError(
            f"its input {name} is {dtype.name} of any shape; a table's columns are numbers, [n] or [n, d]"
        )
    shape = list(spec.shape)
    if not (dtype.is_floating or dtype.is_integer) or len(shape) not in (1, 2) or shape[1:] == [None]:
        raise AdoptionError(f"its input {name} is {dtype.name} {shape}; a table's columns are numbers, [n] or [n, d]")
    if shape[0] is not None:
        raise AdoptionError(f"its input {name} takes {shape[0]} points at a time, no more and no fewer")
    return Input(name, dtype, shape[1] if len(shape) > 1 else None)
