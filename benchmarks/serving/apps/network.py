"""What the apps share: the bundle that they serve, its engine, and this service's JSON."""

import os
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from bundle import layout
from service.engines.litert import LiteRTEngine

BUNDLE = Path(os.environ["BENCHMARK_BUNDLE"])

Values = NDArray[np.float32]


def open_engine() -> LiteRTEngine:
    """Return this service's engine, so that contestants differ only in the stack around it."""
    return LiteRTEngine((BUNDLE / layout.COMPILED).read_bytes())


def probabilities(engine: LiteRTEngine, points: Values) -> Values:
    return engine.run("serving_default", points)["probabilities"]


def parse_points(body: bytes) -> Values:
    return np.array(orjson.loads(body)["points"], np.float32)


def prediction_json(values: Values) -> bytes:
    document = {"probabilities": values, "labels": (values >= 0.5).astype(np.int64)}
    return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
