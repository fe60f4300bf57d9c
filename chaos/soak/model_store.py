"""The models on the soak's disk: new versions, broken ones, and the probabilities that each version must predict.

Version N + 1 of a model is a copy of another model's bundle under this model's name, so that versions differ in their
probabilities.
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

Spoil = Callable[[Path], None]
"""Breaks a bundle before it is published."""


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
        shutil.copytree(source / layout.EXPERIMENTS, directory / layout.EXPERIMENTS)
        for name, bundle in self._bundles.items():
            shutil.copytree(bundle, directory / name / bundle.name)

    def publish(self, name: str, origin: str) -> int:
        """Publish the next version of a model, a copy of another model's; return its number."""
        with self._lock:
            version = self._next(name)
            self._origins[name][version] = origin
        self._publish(name, version, origin)
        return version

    def publish_broken(self, name: str, spoil: Spoil) -> int:
        """Publish a next version that is broken and must never answer; return its number."""
        with self._lock:
            version = self._next(name)
        self._publish(name, version, name, spoil)
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

    def _publish(self, name: str, version: int, origin: str, spoil: Spoil | None = None) -> None:
        with layout.staging(self.directory) as staged:
            bundle = staged / "bundle"
            shutil.copytree(self._bundles[origin], bundle)
            _rewrite_card(bundle, name=name, version=version)
            if spoil is not None:
                spoil(bundle)
            layout.publish(bundle, self.directory / name / str(version))


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


SPOILS: tuple[Spoil, ...] = (
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
