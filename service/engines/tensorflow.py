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

SCALARS = ("replicate", "snapshot")
"""The inputs beside the points that a signature may have: of any other nothing is known."""


class TensorFlowEngine:
    """The SavedModel's own signatures, but for those that take or give something else than numbers for points, or take
    another number of them than serving_default. The single output of serving_default is [n], also where the SavedModel
    has [n, 1], or [n, k].
    """

    name = "tensorflow"

    def __init__(self, saved_model: Path) -> None:
        try:
            self._module = tf.saved_model.load(str(saved_model))  # its variables live as long as it does
        except Exception as error:  # TensorFlow raises many kinds for a file that it cannot read
            raise LoadError(f"TensorFlow cannot load the SavedModel: {type(error).__name__}") from error
        functions = self._module.signatures
        if "serving_default" not in functions:
            names = ", ".join(sorted(functions)) or "none"
            raise LoadError(f"the SavedModel has no signature serving_default, only {names}; save one of that name")
        default = functions["serving_default"]
        reason = _why_not(default) or _why_not_default(default)
        if reason is not None:
            raise LoadError(f"signature serving_default {reason}; {_remedy(default)}")
        self.n_features = int(_points_inputs(default)[0].shape[-1])
        asked = {name: found for name, found in functions.items() if _why_not(found) is None}
        points = {name: _points_inputs(function)[0] for name, function in asked.items()}
        self._points = {name: spec for name, spec in points.items() if spec.shape[-1] == self.n_features}
        self._functions = {name: asked[name] for name in self._points}
        self.signatures = frozenset(self._functions)
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
        for key, values in outputs.items():
            if values.shape[:1] != points.shape[:1]:  # a graph may say [n, …] of what depends on the points' values
                raise EvaluationError(f"its output {key} is {list(values.shape)} for {len(points)} points")
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
    known = all(spec.name in SCALARS and spec.shape.rank == 0 and spec.dtype == tf.int32 for spec in others)
    if len(points) != 1 or not known:
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


def _why_not_default(function: tf.types.experimental.ConcreteFunction) -> str | None:
    """Say why a signature that can be evaluated cannot be the one that answers by default; or None if it can."""
    inputs = function.structured_input_signature[1].values()
    if len(inputs) > 1:
        return f"needs one float input [n, d] and no other; it has {_shown(inputs)}"
    outputs = list(function.structured_outputs.values())
    if len(outputs) != 1 or len(outputs[0].shape) > 2 or not all(outputs[0].shape[1:]):
        return f"needs one float output [n] or [n, k]; it has {_shown(outputs)}"
    return None


def _remedy(function: tf.types.experimental.ConcreteFunction) -> str:
    """Say what to do with a model whose default signature cannot be served as it is."""
    inputs, outputs = function.structured_input_signature[1].values(), function.structured_outputs.values()
    if all(_is_of_columns(spec) for spec in inputs) and any(_is_of_columns(spec) for spec in outputs):
        return "`python -m training adopt` makes one of it that can be served"
    return "save it with a signature that can be served"


def _is_of_columns(spec: tf.TensorSpec) -> bool:
    """Say whether a tensor is numbers for any number of points: what adoption takes."""
    is_number = spec.dtype.is_floating or spec.dtype.is_integer
    return is_number and spec.shape.rank in (1, 2) and spec.shape[0] is None and None not in spec.shape[1:]
