"""The models on the soak's disk: new versions, broken ones, and the probabilities that each version must predict.

Version N + 1 of a model is a copy of another model's bundle under this model's name, so that versions differ in their
probabilities.
"""

import threading
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bundle import layout
from harness import bundles
from service.engines.litert import LiteRTEngine


class ModelStore:
    """A copy of the newest version of each model, in a directory of its own. Safe for several threads."""

    def __init__(self, source: Path, directory: Path) -> None:
        self.directory = directory
        self.models = layout.model_names(source)
        self._newest = {name: layout.versions(source, name)[-1] for name in self.models}
        self._bundles = {name: source / name / str(version) for name, version in self._newest.items()}
        self._engines = {
            name: LiteRTEngine((bundle / layout.COMPILED).read_bytes()) for name, bundle in self._bundles.items()
        }
        self._origins = {name: {version: name} for name, version in self._newest.items()}
        self._rolled_out = dict(self._newest)
        self._lock = threading.Lock()
        bundles.copy(source, directory, layout.EXPERIMENTS)
        for name, bundle in self._bundles.items():
            bundles.publish(bundle, directory, name, self._newest[name])

    def publish(self, name: str, origin: str) -> int:
        """Publish the next version of a model, a copy of another model's; return its number."""
        with self._lock:
            version = self._next(name)
            self._origins[name][version] = origin
        bundles.publish(self._bundles[origin], self.directory, name, version)
        return version

    def publish_broken(self, name: str, spoil: bundles.Spoil) -> int:
        """Publish a next version that is broken and must never answer; return its number."""
        with self._lock:
            version = self._next(name)
        bundles.publish(self._bundles[name], self.directory, name, version, spoil)
        return version

    def mark_rolled_out(self, name: str, version: int) -> None:
        """Note that every worker serves this version: from now on no earlier one is a correct answer."""
        with self._lock:
            self._rolled_out[name] = version

    def rolled_out_version(self, name: str) -> int:
        with self._lock:
            return self._rolled_out[name]

    def valid_versions(self, name: str, minimum: int) -> list[int]:
        with self._lock:
            return [version for version in self._origins[name] if version >= minimum]

    def expected(self, name: str, version: int, points: NDArray[np.float32]) -> NDArray[np.float32]:
        with self._lock:
            engine = self._engines[self._origins[name][version]]
        return engine.run("serving_default", points)["probabilities"]

    def _next(self, name: str) -> int:
        self._newest[name] += 1
        return self._newest[name]
