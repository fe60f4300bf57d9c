"""The models on the soak's disk: new versions, broken ones, and the numbers that each version must answer.

Version N + 1 of a model is a copy of another model's bundle, under the model's name: versions can be told apart by
their numbers.
"""

import hashlib
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import orjson
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from bundle import layout
from service.engines.litert import LiteRTEngine

Break = Callable[[Path], None]
"""Spoils a bundle that is not published yet."""


class Shelf:
    """A models directory of the soak's own. Safe for several threads."""

    def __init__(self, source: Path, directory: Path) -> None:
        self.directory = directory
        self.models = layout.model_names(source)
        self._newest = {name: layout.versions(source, name)[-1] for name in self.models}
        self._bundles = {name: source / name / str(number) for name, number in self._newest.items()}
        self._engines = {
            name: LiteRTEngine((bundle / layout.COMPILED).read_bytes()) for name, bundle in self._bundles.items()
        }
        self._origins = {name: {number: name} for name, number in self._newest.items()}
        self._everywhere = dict(self._newest)
        self._lock = threading.Lock()
        shutil.copytree(source / layout.EXPERIMENTS, directory / layout.EXPERIMENTS)
        for name, bundle in self._bundles.items():
            shutil.copytree(bundle, directory / name / bundle.name)

    def swap(self, name: str, origin: str) -> int:
        """Publish the next version of a model, a copy of another model's; return its number."""
        with self._lock:
            number = self._next(name)
            self._origins[name][number] = origin
        self._publish(name, number, origin)
        return number

    def spoil(self, name: str, broken: Break) -> int:
        """Publish a next version that is broken, and so must never answer; return its number."""
        with self._lock:
            number = self._next(name)
        self._publish(name, number, name, broken)
        return number

    def served_everywhere(self, name: str, number: int) -> None:
        """Note that every worker serves this version, so that from now on no earlier one is a right answer."""
        with self._lock:
            self._everywhere[name] = number

    def newest_everywhere(self, name: str) -> int:
        with self._lock:
            return self._everywhere[name]

    def plausible(self, name: str, least: int) -> list[int]:
        """Return the versions that may answer now: from `least`, newest everywhere when it was asked, on."""
        with self._lock:
            return [number for number in self._origins[name] if number >= least]

    def expected(self, name: str, number: int, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probabilities, float32 [n], that a version must answer at points, float32 [n, 2]."""
        with self._lock:
            engine = self._engines[self._origins[name][number]]
        return engine.run("serving_default", points)["probabilities"]

    def _next(self, name: str) -> int:
        self._newest[name] += 1
        return self._newest[name]

    def _publish(self, name: str, number: int, origin: str, broken: Break | None = None) -> None:
        with layout.staging(self.directory) as staged:
            bundle = staged / "bundle"
            shutil.copytree(self._bundles[origin], bundle)
            _rewrite_card(bundle, name=name, version=number)
            if broken is not None:
                broken(bundle)
            layout.publish(bundle, self.directory / name / str(number))


def without_saved_model(bundle: Path) -> None:
    (bundle / layout.SAVED_MODEL).unlink()


def with_half_a_card(bundle: Path) -> None:
    card = bundle / layout.CARD
    card.write_bytes(card.read_bytes()[: card.stat().st_size // 2])


def with_a_cut_compiled_form(bundle: Path) -> None:
    """Cut the compiled form in half, as an interrupted copy does; its checksum on the card shows it."""
    compiled = bundle / layout.COMPILED
    compiled.write_bytes(compiled.read_bytes()[: compiled.stat().st_size // 2])


def with_a_cut_compiled_form_that_the_card_describes(bundle: Path) -> None:
    """The same with the checksum made right, so that LiteRT itself must refuse it."""
    with_a_cut_compiled_form(bundle)
    _describe_compiled_form(bundle)


def with_weights_that_are_not_numbers(bundle: Path) -> None:
    """Write NaN over the weights in the compiled form, as training that diverged unnoticed would."""
    compiled = bundle / layout.COMPILED
    content = compiled.read_bytes()
    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    for detail in interpreter.get_tensor_details():
        if detail["dtype"] is np.float32 and detail["name"].startswith("ReadVariableOp"):
            weights = interpreter.get_tensor(detail["index"])
            content = content.replace(weights.tobytes(), np.full_like(weights, np.nan).tobytes())
    compiled.write_bytes(content)
    _describe_compiled_form(bundle)


BREAKS: tuple[Break, ...] = (
    with_a_cut_compiled_form,
    without_saved_model,
    with_half_a_card,
    with_weights_that_are_not_numbers,
    with_a_cut_compiled_form_that_the_card_describes,
)


def _describe_compiled_form(bundle: Path) -> None:
    card = orjson.loads((bundle / layout.CARD).read_bytes())
    sha256 = hashlib.sha256((bundle / layout.COMPILED).read_bytes()).hexdigest()
    _rewrite_card(bundle, compiled={**card["compiled"], "sha256": sha256})


def _rewrite_card(bundle: Path, **fields: object) -> None:
    path = bundle / layout.CARD
    path.write_bytes(orjson.dumps({**orjson.loads(path.read_bytes()), **fields}))
