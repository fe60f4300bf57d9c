"""What scores: one version of a model, whether a service has it or this process."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float32]
"""float32 [n, d]; NaN where a value is missing."""

Numbers = NDArray[np.float32]
"""What a model gives for n points: float32 [n], or [n, k]."""


@dataclass(frozen=True)
class Feature:
    """A column that the model takes: numbers, or names of categories."""

    name: str
    categories: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Target:
    """A version, and what its numbers mean. `width` is how many it gives for a point where they are an array."""

    model: str
    version: int
    fingerprint: str
    features: tuple[Feature, ...]
    task: str
    classes: tuple[str, ...]
    gives_probabilities: bool
    width: int | None
    imputes: bool
    """Whether a value may be missing."""

    def shape(self, n: int) -> tuple[int, ...]:
        """Return the shape of the numbers for n points."""
        return (n,) if self.width is None else (n, self.width)

    def identity(self) -> Mapping[str, Any]:
        """Return what must be the same for scores to go on, as JSON has it."""
        return asdict(self)


class RefusedError(Exception):
    """The model cannot be evaluated at one of these points, or gives no number there."""


class Scorer(Protocol):
    """Scores points. Safe to call from several threads at once."""

    target: Target
    max_points: int
    """That it takes at once."""

    def score(self, points: Points) -> Numbers:
        """Return the model's numbers at points, of which there is at least one.

        Raises:
            RefusedError: at least one of them has no score.
        """
        ...

    def check(self) -> None:
        """Raise ScoreError where what scored is no longer the target."""
        ...

    def close(self) -> None: ...
