"""LiteRT: evaluates the compiled form in microseconds, in fixed-size blocks.

Nothing is ever resized, which takes longer than a call: interpreters are made for four block sizes, and the last block
of a request is filled up with zeros. docs/decisions/0003-engine.md has what was measured.
"""

import os
from bisect import bisect_right
from collections import deque
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter, SignatureRunner

from service.engines import WEIGHTS, EvaluationError, LoadError, Outputs, Points, Signature, Tensor
from service.memory import require_memory

SIZES = (64, 512, 1024, 4096)
"""Points a block: 64 cost hardly more than one; at 4,096 the cost of calling has gone and all fits the cache."""

NEXT_SIZE_FROM = (160, 513, 2400)
"""From how many points left one block of the next size is done sooner than several of this one."""

MAX_IDLE_BLOCKS = os.cpu_count() or 1
"""Blocks of a size that are kept for the next call: more at work at once are rare, 1 MB each, and made in 0.6 ms."""


SPARE_BYTES = 2**23
"""What there must be before an interpreter allocates its tensors, which take 1 MB at most: where it finds no memory, it
ends the process, or fails from then on.
"""


class Block:
    """An interpreter for blocks of one size. Not for two threads at once.

    Raises:
        MemoryError: there is too little for another one, or for the tensors of another signature.
    """

    def __init__(self, compiled: bytes) -> None:
        require_memory(SPARE_BYTES)
        self.interpreter = Interpreter(model_content=compiled, num_threads=1)
        self._runners: dict[str, SignatureRunner] = {}

    def runner(self, signature: str) -> SignatureRunner:
        """Return what runs a signature; making it takes as long as running it for one point, so it is kept."""
        runner = self._runners.get(signature)
        if runner is None:
            require_memory(SPARE_BYTES)
            runner = self._runners[signature] = self.interpreter.get_signature_runner(signature)
        return runner


class LiteRTEngine:
    """An interpreter is not thread-safe, so each call borrows one; one more is made where none is idle."""

    name = "litert"

    def __init__(self, compiled: bytes) -> None:
        self._compiled = compiled
        self._described: dict[str, Signature] = {}
        self._idle: dict[int, deque[Block]] = {size: deque() for size in SIZES}
        try:
            block = Block(compiled)
            signatures = block.interpreter.get_signature_list()
        except (ValueError, RuntimeError) as error:
            raise LoadError(f"LiteRT cannot read the compiled form: {error}") from error
        if "serving_default" not in signatures:
            raise LoadError(f"the compiled form has no signature serving_default, only {sorted(signatures)}")
        details = block.interpreter.get_signature_runner("serving_default").get_input_details()
        self.signatures = frozenset(signatures) - {WEIGHTS}
        self.has_weights = WEIGHTS in signatures
        self.n_features = int(details["points"]["shape_signature"][-1])
        self._idle[SIZES[0]].append(block)

    def run(self, signature: str, points: Points, **scalars: int) -> Outputs:
        inputs = {name: np.array(value, np.int32) for name, value in scalars.items()}
        n = len(points)
        size = _size(n)
        if n <= size:
            return {key: value[:n] for key, value in self._invoke(size, signature, points, inputs).items()}
        outputs: Outputs = {}
        start = 0
        while start < n:
            size = _size(n - start)
            block = points[start : start + size]
            for key, value in self._invoke(size, signature, block, inputs).items():
                if key not in outputs:
                    outputs[key] = np.empty((n, *value.shape[1:]), np.float32)
                outputs[key][start : start + size] = value[: len(block)]
            start += size
        return outputs

    def weights(self, replicate: int) -> Outputs:
        outputs: Outputs = Block(self._compiled).runner(WEIGHTS)(replicate=np.array(replicate, np.int32))
        return outputs

    def describe(self, signature: str) -> Signature:
        found = self._described.get(signature)
        if found is None:
            runner = Block(self._compiled).runner(signature)
            found = Signature(_tensors(runner.get_input_details()), _tensors(runner.get_output_details()))
            self._described[signature] = found
        return found

    def _invoke(self, size: int, signature: str, points: Points, scalars: dict[str, np.ndarray]) -> Outputs:
        """Evaluate up to `size` points; the outputs have `size` rows, of which those past the points mean nothing."""
        if len(points) < size:
            filled = np.zeros((size, points.shape[1]), np.float32)
            filled[: len(points)] = points
            points = filled
        try:
            block = self._idle[size].pop()
        except IndexError:
            block = Block(self._compiled)
        try:
            outputs: Outputs = block.runner(signature)(points=points, **scalars)
        except RuntimeError as error:  # the block is not used again: it may fail from now on
            require_memory(SPARE_BYTES)
            raise EvaluationError("its graph fails there") from error
        if len(self._idle[size]) < MAX_IDLE_BLOCKS:
            self._idle[size].append(block)
        return outputs


def _tensors(details: dict[str, dict[str, Any]]) -> tuple[Tensor, ...]:
    return tuple(
        Tensor(name, np.dtype(found["dtype"]).name, tuple(map(int, found["shape_signature"])), found["name"])
        for name, found in sorted(details.items())
    )


def _size(n: int) -> int:
    """Return the size of the next block where n points are left."""
    return SIZES[bisect_right(NEXT_SIZE_FROM, n)]
