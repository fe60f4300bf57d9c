"""TensorFlow: evaluates any SavedModel with a signature from [n, d] floats to [n] or [n, k] floats.

Only imported when a bundle needs it, and so after the worker has forked: TensorFlow does not survive a fork.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2

from bundle import layout
from service.engines import WEIGHTS, EvaluationError, LoadError, Outputs, Points, Signature, Tensor


class TensorFlowEngine:
    """The SavedModel's own signatures, but for those that take or give something else than numbers for points. The
    single output of serving_default is [n], also where the SavedModel has [n, 1], or [n, k].
    """

    name = "tensorflow"

    def __init__(self, saved_model: Path) -> None:
        try:
            self._module = tf.saved_model.load(str(saved_model))  # its variables live as long as it does
        except Exception as error:  # TensorFlow raises many kinds for a file that it cannot read
            raise LoadError(f"TensorFlow cannot load the SavedModel: {type(error).__name__}") from error
        functions = self._module.signatures
        if "serving_default" not in functions:
            raise LoadError(f"the SavedModel has no signature serving_default, only {sorted(functions)}")
        reason = _why_not(functions["serving_default"])
        if reason is not None:
            raise LoadError(f"signature serving_default {reason}")
        self._functions = {name: found for name, found in functions.items() if _why_not(found) is None}
        self.signatures = frozenset(self._functions)
        self._points = {name: _points_inputs(function)[0] for name, function in self._functions.items()}
        self.n_features = int(self._points["serving_default"].shape[-1])
        _check_output(self._functions["serving_default"])
        self._weights = functions.get(WEIGHTS)
        self.has_weights = self._weights is not None and _is_of_weights(self._weights)
        self._definitions = _definitions(saved_model)

    def run(self, signature: str, points: Points, **scalars: int) -> Outputs:
        spec = self._points[signature]
        inputs = {name: tf.constant(value, tf.int32) for name, value in scalars.items()}
        try:
            result = self._functions[signature](**{spec.name: tf.constant(points, spec.dtype)}, **inputs)
        except tf.errors.OpError as error:
            raise EvaluationError(f"its graph fails there: {type(error).__name__}") from error
        outputs = {key: np.asarray(value, np.float32) for key, value in result.items()}
        if signature == "serving_default":
            return {key: values[:, 0] if values.shape[1:] == (1,) else values for key, values in outputs.items()}
        return outputs

    def weights(self, replicate: int) -> Outputs:
        result = self._weights(replicate=tf.constant(replicate, tf.int32))
        return {name: value.numpy() for name, value in result.items()}

    def describe(self, signature: str) -> Signature:
        found = self._definitions[signature]
        return Signature(_tensors(found.inputs), _tensors(found.outputs))


def _definitions(saved_model: Path) -> dict[str, meta_graph_pb2.SignatureDef]:
    """Return the signatures as they stand in the file, with the names and shapes that clients know."""
    content = saved_model_pb2.SavedModel.FromString((saved_model / layout.SAVED_MODEL).read_bytes())
    graphs = (graph for graph in content.meta_graphs if "serve" in graph.meta_info_def.tags)
    return {name: found for graph in graphs for name, found in graph.signature_def.items()}


def _tensors(tensors: Mapping[str, meta_graph_pb2.TensorInfo]) -> tuple[Tensor, ...]:
    return tuple(
        Tensor(
            name,
            tf.dtypes.as_dtype(found.dtype).name,
            tuple(dim.size for dim in found.tensor_shape.dim),
            found.name,
        )
        for name, found in sorted(tensors.items())
    )


def _points_inputs(function: tf.types.experimental.ConcreteFunction) -> list[tf.TensorSpec]:
    """Return a signature's inputs of shape [n, d]; one that can be evaluated has one."""
    inputs = function.structured_input_signature[1].values()
    return [spec for spec in inputs if spec.shape.rank == 2 and spec.shape[-1] and spec.dtype.is_floating]


def _why_not(function: tf.types.experimental.ConcreteFunction) -> str | None:
    """Say why a signature cannot be evaluated at points alone, with scalars at most; or None if it can."""
    inputs = function.structured_input_signature[1].values()
    points = _points_inputs(function)
    others = [spec for spec in inputs if spec not in points]
    if len(points) != 1 or any(spec.shape.rank != 0 or spec.dtype != tf.int32 for spec in others):
        return f"needs one float input [n, d]; it has {_shown(inputs)}"
    outputs = function.structured_outputs.values()
    if any(not spec.shape.rank or spec.shape[0] is not None or not spec.dtype.is_floating for spec in outputs):
        return f"needs float outputs [n, …]; it has {_shown(outputs)}"
    return None


def _is_of_weights(function: tf.types.experimental.ConcreteFunction) -> bool:
    """Say whether a signature of that name is ours."""
    return list(function.structured_input_signature[1]) == ["replicate"] and "kernel_1" in function.structured_outputs


def _shown(specs: Iterable[tf.TensorSpec]) -> str:
    return ", ".join(f"{spec.name} {spec.dtype.name} {spec.shape}" for spec in specs)


def _check_output(function: tf.types.experimental.ConcreteFunction) -> None:
    outputs = list(function.structured_outputs.values())
    shapes = [output.shape.as_list() for output in outputs]
    if len(outputs) != 1 or not outputs[0].dtype.is_floating or len(shapes[0]) > 2 or not all(shapes[0][1:]):
        raise LoadError(f"serving_default needs one float output [n] or [n, k]; it has shapes {shapes}")
