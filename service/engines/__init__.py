"""Engines turn points into numbers: LiteRT for a bundle's compiled form, TensorFlow for the SavedModel itself."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bundle import layout
from bundle.card import Card
from service.settings import EngineChoice

Points = NDArray[np.float32]
Outputs = dict[str, NDArray[np.float32]]

WEIGHTS = "weights"
"""The signature that gives what was learned, and takes no points."""


MAX_COMPILED_BYTES = 2**31
"""LiteRT's own limit: its files are flatbuffers."""


class LoadError(Exception):
    """A bundle that cannot be served; the message is the reason, safe to show."""


class EvaluationError(Exception):
    """A graph that fails at these points, as one with an assertion of its own; the message is safe to show."""


@dataclass(frozen=True)
class Tensor:
    """An input or output of a signature, as the SavedModel has it: `dtype` is NumPy's name, -1 in `shape` any size."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    graph_name: str


@dataclass(frozen=True)
class Signature:
    """What a signature takes and gives."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


class Engine(Protocol):
    """The signatures of one model version. Safe to call from several threads at once."""

    name: str
    n_features: int
    signatures: frozenset[str]
    """Those that can be evaluated at points."""
    has_weights: bool
    """Whether there is the signature `weights`, which takes none."""

    def run(self, signature: str, points: Points, **scalars: int) -> Outputs:
        """Evaluate a signature at points, float32 [n, d] with n ≥ 1; each output is float32 [n, …].

        Raises:
            EvaluationError: the graph fails at these points.

        `scalars` gives the signature's scalar inputs (`replicate`, `snapshot`). Whoever asks has checked both, and that
        the signature is there: what is raised otherwise is the runtime's own, of many kinds.
        """
        ...

    def weights(self, replicate: int) -> Outputs:
        """Return a training run's recorded weights, by layer and for all S snapshots: `kernel_1` float32 [S, d, units],
        `bias_1` [S, units], …, the output unit's last.
        """
        ...

    def describe(self, signature: str) -> Signature:
        """Return what one of `signatures`, or `weights`, takes and gives; of any other name it raises what the runtime
        does.
        """
        ...


def open_engine(bundle: Path, card: Card | None, fingerprint: str, choice: EngineChoice) -> Engine:
    """Open a bundle: its compiled form where that belongs to the SavedModel beside it, else the SavedModel.

    Raises:
        LoadError: nothing here can serve this bundle; says why.
        OSError: a file of the SavedModel cannot be read.
    """
    if choice == "tensorflow":
        return _open_saved_model(bundle, "SERVICE_ENGINE=tensorflow")
    try:
        compiled = _compiled_form(bundle, card, fingerprint)
    except LoadError as reason:
        if choice == "litert":
            raise LoadError(f"{reason}, and SERVICE_ENGINE=litert uses no other") from reason
        return _open_saved_model(bundle, str(reason))
    from service.engines.litert import LiteRTEngine  # noqa: PLC0415

    return LiteRTEngine(compiled)


def _open_saved_model(bundle: Path, why: str) -> Engine:
    """Open the SavedModel itself, which is done for the reason `why`."""
    try:
        from service.engines.tensorflow import TensorFlowEngine  # noqa: PLC0415 (seconds, and never before a fork)
    except ImportError as error:
        fault = "is not installed" if error.name == "tensorflow" else "cannot be imported"
        raise LoadError(f"{why}: this needs TensorFlow, which {fault} here") from error
    return TensorFlowEngine(bundle)


def _compiled_form(bundle: Path, card: Card | None, fingerprint: str) -> bytes:
    """Return the compiled form: the very bytes of which the card has the hash.

    Raises:
        LoadError: it cannot be used; says why.
    """
    try:
        compiled = layout.read_regular(bundle / layout.COMPILED, MAX_COMPILED_BYTES)
    except FileNotFoundError as error:
        raise LoadError("there is no compiled form") from error
    except ValueError as error:
        raise LoadError(str(error)) from error
    except OSError as error:
        raise LoadError(f"the compiled form cannot be read: {error.strerror}") from error
    if card is None:
        raise LoadError("there is no card beside the compiled form")
    if card.fingerprint != fingerprint:
        raise LoadError("the compiled form is stale: the card has the fingerprint of another SavedModel")
    if card.compiled is None or hashlib.sha256(compiled).hexdigest() != card.compiled.sha256:
        raise LoadError("the compiled form is not the one that the card describes")
    return compiled
