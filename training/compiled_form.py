"""The compiled form: signatures converted for LiteRT, and held against the SavedModel that they must answer like.

LiteRT computes in float32, so the two differ by its rounding. How much of it is still the same model depends on what a
number is: a probability is bounded by 1, a hidden unit or a value is as large as the network makes it. A form that is
further off, or that LiteRT cannot have, is not written: the SavedModel then stands alone and is served itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

ConcreteFunction: TypeAlias = Any  # tf.types.experimental.ConcreteFunction: TensorFlow ships no types

PROBABILITY_TOLERANCE = 1e-5
"""Of a probability: the steepest networks of the default experiment are off by 3e-6."""

RELATIVE_TOLERANCE = 1e-4
"""Of any other output, as a share of its largest value on the probe: float32 has 6e-8, which every layer magnifies."""

POINTS_AT_ONCE = 512
"""Points that both forms are asked at a time: a signature over 30 runs of 300 units takes 40 MB a layer for them."""


class CompilationError(Exception):
    """There is no compiled form that answers as the SavedModel does; says why."""


@dataclass(frozen=True)
class _Difference:
    """How far an output is off at most, and how large it is at most."""

    distance: float
    size: float

    def and_also(self, other: "_Difference") -> "_Difference":
        return _Difference(max(self.distance, other.distance), max(self.size, other.size))

    def is_rounding(self, output: str) -> bool:
        if output.startswith("probabilities"):
            return self.distance <= PROBABILITY_TOLERANCE
        return self.distance <= RELATIVE_TOLERANCE * self.size


def convert(saved_model: Path, signatures: Sequence[str]) -> bytes:
    """Convert a SavedModel's signatures for LiteRT. The converter reads a directory, or it would lose their names.

    Raises:
        CompilationError: the converter cannot.
    """
    try:
        content: bytes = tf.lite.TFLiteConverter.from_saved_model(str(saved_model), signature_keys=signatures).convert()
    except Exception as error:
        raise CompilationError(f"LiteRT's converter does not take it: {type(error).__name__}") from error
    return content


def check(
    saved_model: Path, compiled: bytes, points: NDArray[np.float32], scalars: Sequence[Mapping[str, int]]
) -> dict[str, float]:
    """Ask both forms every signature at the same points.

    Args:
        saved_model: its directory.
        compiled: the compiled form.
        points: [n, d].
        scalars: what to ask for with the points: values of the scalar inputs of all signatures.

    Returns:
        by signature the largest difference of any output.

    Raises:
        CompilationError: an output is off by more than rounding, or LiteRT cannot run the form.
    """
    reference = tf.saved_model.load(str(saved_model)).signatures
    found: dict[str, dict[str, _Difference]] = {}
    try:
        interpreter = Interpreter(model_content=compiled, num_threads=1)
        for name in sorted(reference):
            runner = interpreter.get_signature_runner(name)
            found[name] = _compare(reference[name], runner, _questions(reference[name], points, scalars))
    except (RuntimeError, ValueError) as error:
        raise CompilationError(f"LiteRT cannot run it: {error}") from error
    differences = {name: max(one.distance for one in outputs.values()) for name, outputs in found.items()}
    if not all(one.is_rounding(output) for outputs in found.values() for output, one in outputs.items()):
        raise CompilationError(f"it differs from the SavedModel, by signature: {differences}")
    return differences


def _questions(
    function: ConcreteFunction, points: NDArray[np.float32], scalars: Sequence[Mapping[str, int]]
) -> Iterator[dict[str, NDArray[np.generic]]]:
    """Yield the inputs of a signature: some points at a time, with each different choice of the scalars it takes."""
    takes = function.structured_input_signature[1]
    chosen = {tuple((name, value) for name, value in choice.items() if name in takes) for choice in scalars}
    pieces = [points[i : i + POINTS_AT_ONCE] for i in range(0, len(points), POINTS_AT_ONCE)]
    for choice in sorted(chosen):
        for piece in pieces if "points" in takes else pieces[:1]:
            inputs = {"points": piece, **{name: np.array(value, np.int32) for name, value in choice}}
            yield {name: value for name, value in inputs.items() if name in takes}


def _compare(
    theirs: ConcreteFunction, ours: Any, questions: Iterator[dict[str, NDArray[np.generic]]]
) -> dict[str, _Difference]:
    """Return how one signature's outputs differ, by name."""
    found: dict[str, _Difference] = {}
    for inputs in questions:
        answers = ours(**inputs)
        expected = theirs(**{name: tf.constant(value) for name, value in inputs.items()})
        for name, answer in answers.items():
            one = _difference(expected[name].numpy(), answer)
            found[name] = found[name].and_also(one) if name in found else one
    return found


def _difference(a: NDArray[np.float32], b: NDArray[np.float32]) -> _Difference:
    """Return how far b is from a; where both are NaN, of a replicate that diverged, they agree."""
    with np.errstate(invalid="ignore"):
        distances = np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0, np.nan_to_num(np.abs(a - b), nan=np.inf))
    sizes = np.abs(a[np.isfinite(a)])
    return _Difference(float(distances.max()), float(sizes.max(initial=0)))
