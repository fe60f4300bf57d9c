"""SavedModels from elsewhere, which training would not write."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

Signature = Any


def _points(features: int, rows: int | None = None) -> Any:
    return tf.TensorSpec([rows, features], tf.float32, name="inputs")


def _flag(name: str) -> Any:
    return tf.TensorSpec([], tf.bool, name=name)


def _with_weights(*weights: float) -> Any:
    module = tf.Module()
    module.weights = tf.Variable([[weight] for weight in weights], dtype=tf.float32)
    return module


def scoring(module: Any, features: int) -> Signature:
    """One output, a probability for each point, under a name of its own."""
    score = tf.function(lambda inputs: {"score": tf.sigmoid(inputs @ module.weights)})
    return score.get_concrete_function(_points(features))


def as_keras_exports(module: Any) -> dict[str, Signature]:
    """One column of probabilities, under names of its own. And signatures that are more."""
    made: dict[str, Callable[..., object]] = {
        "serving_default": lambda inputs: {"output_0": tf.sigmoid(inputs @ module.weights)},
        "both": lambda inputs: {"score": inputs @ module.weights, "twice": 2 * inputs[:, 0]},
        "strings": lambda inputs: {"classes": tf.strings.as_string(inputs)},
        "mean": lambda inputs: {"mean": tf.reduce_mean(inputs)},
    }
    signatures = {name: tf.function(function).get_concrete_function(_points(2)) for name, function in made.items()}
    flagged = tf.function(lambda inputs, flag: {"output_0": tf.where(flag, inputs, -inputs)})
    signatures["flagged"] = flagged.get_concrete_function(_points(2), _flag("flag"))
    scaled = tf.function(lambda inputs, k: {"output_0": inputs * tf.cast(k, tf.float32)})
    signatures["scaled"] = scaled.get_concrete_function(_points(2), tf.TensorSpec([], tf.int32, name="k"))
    signatures["wider"] = tf.function(lambda inputs: {"output_0": inputs[:, 0]}).get_concrete_function(_points(3))
    return signatures


def margin(module: Any) -> Signature:
    """One column of numbers of any size: logits, or a regression's values; nothing here says which."""
    return tf.function(lambda inputs: {"margin": inputs @ module.weights}).get_concrete_function(_points(2))


def three_outputs() -> Signature:
    """Three numbers a point: three classes' logits, or three values; nothing here says which."""
    weights = tf.constant([[1.0, -2.0, 0.5], [0.0, 1.0, -1.0]])
    return tf.function(lambda inputs: {"scores": inputs @ weights}).get_concrete_function(_points(2))


def counting() -> Signature:
    """As many numbers as there are different ones among the points, which its signature does not say."""
    function = tf.function(lambda inputs: {"numbers": tf.unique(tf.reshape(inputs, [-1]))[0]})
    return function.get_concrete_function(_points(2))


def logarithm() -> Signature:
    """Fails where its first input is not above 0."""

    def serve(inputs: Any) -> dict[str, Any]:
        return {"log": tf.debugging.check_numerics(tf.math.log(inputs[:, 0]), "no logarithm")}

    return tf.function(serve).get_concrete_function(_points(2))


def with_two_inputs() -> Signature:
    function = tf.function(lambda inputs, training: {"p": tf.where(training, inputs, -inputs)[:, 0]})
    return function.get_concrete_function(_points(2), _flag("training"))


def of_fixed_size() -> Signature:
    return tf.function(lambda inputs: {"p": tf.squeeze(inputs[:, :1])}).get_concrete_function(_points(2, rows=4))


def save(models: Path) -> None:
    two, three = _with_weights(1, -2), _with_weights(1, -2, 4)
    saved: Mapping[str, tuple[Any, Signature]] = {
        "scoring": (two, scoring(two, 2)),
        "of-three": (three, scoring(three, 3)),
        "margin": (two, margin(two)),
        "as-keras-exports": (two, as_keras_exports(two)),
        "three-outputs": (tf.Module(), three_outputs()),
        "counting": (tf.Module(), counting()),
        "logarithm": (tf.Module(), logarithm()),
        "two-inputs": (tf.Module(), with_two_inputs()),
        "fixed-size": (tf.Module(), of_fixed_size()),
    }
    for name, (module, signatures) in saved.items():
        tf.saved_model.save(module, str(models / name / "1"), signatures=signatures)
