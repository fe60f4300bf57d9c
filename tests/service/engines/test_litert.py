"""LiteRT where memory is short: what it fails at then is no fault of the points, and no fault that stays."""

from pathlib import Path

import numpy as np
import pytest

from service.engines import EvaluationError
from service.engines.litert import Block, LiteRTEngine

POINTS = np.zeros((3, 2), np.float32)


@pytest.fixture
def engine(models_dir: Path) -> LiteRTEngine:
    return LiteRTEngine((models_dir / "tanh-3/1/assets.extra/model.tflite").read_bytes())


def fail(*_: object, **__: object) -> None:
    raise RuntimeError("the interpreter is in no state to run")


def no_memory(_: int) -> None:
    raise MemoryError


def test_an_interpreter_that_has_failed_is_not_used_again(
    engine: LiteRTEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = engine.run("serving_default", POINTS)["probabilities"]
    with monkeypatch.context() as failing:
        failing.setattr(Block, "runner", lambda *_: fail)
        with pytest.raises(EvaluationError):
            engine.run("serving_default", POINTS)
    assert not any(engine._idle.values())
    np.testing.assert_array_equal(engine.run("serving_default", POINTS)["probabilities"], expected)


def test_what_fails_for_want_of_memory_is_no_fault_of_the_points(
    engine: LiteRTEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Block, "runner", lambda *_: fail)
    monkeypatch.setattr("service.engines.litert.require_memory", no_memory)
    with pytest.raises(MemoryError):
        engine.run("serving_default", POINTS)


@pytest.mark.parametrize("signature", ["at", "replicates"])
def test_no_tensors_are_allocated_where_there_is_too_little_memory(
    engine: LiteRTEngine, monkeypatch: pytest.MonkeyPatch, signature: str
) -> None:
    scalars = {"replicate": 0, "snapshot": 0} if signature == "at" else {}
    monkeypatch.setattr("service.engines.litert.require_memory", no_memory)
    with pytest.raises(MemoryError):
        engine.run(signature, POINTS, **scalars)
