"""Engines turn points into numbers: LiteRT for a bundle's compiled form, TensorFlow for the SavedModel itself."""

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from service.bundle import layout
from service.bundle.card import Card
from service.settings import EngineChoice

Points = NDArray[np.float32]
Outputs = dict[str, NDArray[np.float32]]

WEIGHTS = "weights"
"""The signature that gives what was learned, and takes no points."""


class LoadError(Exception):
    """A bundle that cannot be served; the message is the reason, safe to show."""


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
    keeps_weights: bool
    """Whether there is the signature `weights`, which takes none."""

    def run(self, signature: str, points: Points, **index: int) -> Outputs:
        """Evaluate a signature at points, float32 [n, d] with n ≥ 1; each output is float32 [n, …].

        `index` gives the signature's scalar inputs (`replicate`, `snapshot`).
        """
        ...

    def weights(self, replicate: int) -> Outputs:
        """Return a training run's recorded weights, by layer and for all S snapshots: `kernel_1` float32 [S, d, units],
        `bias_1` [S, units], …, the output unit's last.
        """
        ...

    def describe(self, signature: str) -> Signature:
        """Return what one of `signatures` takes and gives."""
        ...


def open_engine(bundle: Path, card: Card | None, fingerprint: str, choice: EngineChoice) -> Engine:
    """Open a bundle: its compiled form where that belongs to the SavedModel beside it, else the SavedModel.

    Raises:
        LoadError: nothing here can serve this bundle; says why.
    """
    stale = _why_not_compiled(bundle, card, fingerprint)
    if choice != "tensorflow" and stale is None:
        from service.engines.litert import LiteRTEngine  # noqa: PLC0415

        return LiteRTEngine((bundle / layout.COMPILED).read_bytes())
    if choice == "litert":
        raise LoadError(f"{stale}, and SERVICE_ENGINE=litert uses no other")
    if importlib.util.find_spec("tensorflow") is None:
        reason = "SERVICE_ENGINE=tensorflow" if stale is None else stale
        raise LoadError(f"{reason}: this needs TensorFlow, which is not installed here")
    from service.engines.tensorflow import TensorFlowEngine  # noqa: PLC0415 (seconds, and never before a fork)

    return TensorFlowEngine(bundle)


def _why_not_compiled(bundle: Path, card: Card | None, fingerprint: str) -> str | None:
    """Say why the compiled form cannot be used, or None if it can."""
    compiled = bundle / layout.COMPILED
    if card is None or not compiled.is_file():
        return "there is no compiled form"
    if card.fingerprint != fingerprint:
        return "the compiled form is stale: the card has the fingerprint of another SavedModel"
    if hashlib.sha256(compiled.read_bytes()).hexdigest() != card.compiled.sha256:
        return "the compiled form is not the one that the card describes"
    return None
