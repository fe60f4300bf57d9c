"""The models in a stack's volume, copied out of it, and the probabilities that each version must predict.

A retraining publishes versions whose probabilities are unknown before. So responses are kept, and checked at the end.
"""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bundle import layout
from chaos.deploy.stack import Stack, run
from chaos.soak.workload import CheckedRequest, Workload
from service.engines.litert import LiteRTEngine


class Reference:
    """A copy of the models in a stack's volume. Safe for several threads."""

    def __init__(self, stack: Stack, directory: Path) -> None:
        self._stack = stack
        self._directory = directory
        self._engines: dict[tuple[str, int], LiteRTEngine] = {}
        self._rolled_out = 1
        self._lock = threading.Lock()
        self.update()
        self.models = layout.model_names(directory)

    def update(self) -> None:
        """Copy new versions out of the volume."""
        run("docker", "cp", f"{self._stack.containers('service')[0]}:/app/models/.", str(self._directory))

    def mark_rolled_out(self, version: int) -> None:
        """Note that every worker serves this version of every model: no earlier one is a correct answer any more."""
        self._rolled_out = version

    def rolled_out_version(self, name: str) -> int:
        return self._rolled_out

    def valid_versions(self, name: str, minimum: int) -> list[int]:
        return [version for version in layout.versions(self._directory, name) if version >= minimum]

    def expected(self, name: str, version: int, points: NDArray[np.float32]) -> NDArray[np.float32]:
        with self._lock:
            if (name, version) not in self._engines:
                compiled = self._directory / name / str(version) / layout.COMPILED
                self._engines[name, version] = LiteRTEngine(compiled.read_bytes())
            engine = self._engines[name, version]
        return engine.run("serving_default", points)["probabilities"]


class DeferredChecks:
    """Responses that are checked at the end."""

    def __init__(self) -> None:
        self._responses: list[tuple[CheckedRequest, bytes]] = []

    def deferring(self, workload: Workload) -> Callable[[], CheckedRequest]:
        """Return a source of the workload's requests whose responses all count as correct until `errors`."""

        def next_request() -> CheckedRequest:
            request = workload.mixed()
            return replace(request, check=lambda content: self._responses.append((request, content)))

        return next_request

    def errors(self) -> list[str]:
        """Check all responses, and return what is wrong with them."""
        checked = (request.check(content) for request, content in self._responses)
        return [error for error in checked if error is not None]
