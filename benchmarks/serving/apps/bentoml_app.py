"""BentoML: `bentoml serve benchmarks.serving.apps.bentoml_app:Network`.

The batch size counts points. Adaptive batching was measured faster than none, and `async def` faster than threads.
"""

import os
from typing import Annotated

import bentoml
import numpy as np
from bentoml.validators import DType, Shape

from benchmarks.serving.apps.network import open_engine, probabilities

WORKERS = int(os.environ["BENCHMARK_WORKERS"])


@bentoml.service(workers=WORKERS, traffic={"timeout": 60}, logging={"access": {"enabled": False}})
class Network:
    def __init__(self) -> None:
        self._engine = open_engine()

    @bentoml.api(route="/predict", batchable=True, max_batch_size=100_000, max_latency_ms=10_000)  # type: ignore[untyped-decorator]
    async def predict(self, points: Annotated[np.ndarray, DType("float32"), Shape((-1, 2))]) -> np.ndarray:
        return probabilities(self._engine, points)
