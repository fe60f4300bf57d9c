"""The models in a stack's volume, copied out of it, and the numbers that each version must answer.

A retraining publishes versions whose numbers nobody knows before. So answers are kept with their questions, and
compared once all is over.
"""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bundle import layout
from chaos.deploy.stack import Stack, run
from chaos.soak.questions import Question, Questions
from service.engines.litert import LiteRTEngine


class Reference:
    """What is in the volume of a stack. Safe for several threads."""

    def __init__(self, stack: Stack, directory: Path) -> None:
        self._stack = stack
        self._directory = directory
        self._engines: dict[tuple[str, int], LiteRTEngine] = {}
        self._everywhere = 1
        self._lock = threading.Lock()
        self.read()
        self.models = layout.model_names(directory)

    def read(self) -> None:
        """Copy out of the volume what is new."""
        run("docker", "cp", f"{self._stack.containers('service')[0]}:/app/models/.", str(self._directory))

    def served_everywhere(self, number: int) -> None:
        """Note that every worker serves this version of every model, so that no earlier one is a right answer now."""
        self._everywhere = number

    def newest_everywhere(self, name: str) -> int:
        return self._everywhere

    def plausible(self, name: str, least: int) -> list[int]:
        return [number for number in layout.versions(self._directory, name) if number >= least]

    def expected(self, name: str, number: int, points: NDArray[np.float32]) -> NDArray[np.float32]:
        with self._lock:
            if (name, number) not in self._engines:
                compiled = self._directory / name / str(number) / layout.COMPILED
                self._engines[name, number] = LiteRTEngine(compiled.read_bytes())
            engine = self._engines[name, number]
        return engine.run("serving_default", points)["probabilities"]


class Answers:
    """Answers that are compared later."""

    def __init__(self) -> None:
        self._kept: list[tuple[Question, bytes]] = []

    def keeping(self, questions: Questions) -> Callable[[], Question]:
        """Return what asks these questions and takes every answer for right until all are compared."""

        def ask() -> Question:
            question = questions.any()
            return replace(question, wrong=lambda content: self._kept.append((question, content)))

        return ask

    def wrong(self) -> list[str]:
        """Compare all answers, and return what is wrong with them."""
        found = (question.wrong(content) for question, content in self._kept)
        return [text for text in found if text is not None]
