"""KServe's model server: `python -m benchmarks.serving.apps.kserve_app PORT WORKERS`.

It speaks v1, and v2 in JSON and with binary tensors, which its own functions read and write.
"""

import sys
from typing import Any

import kserve
import numpy as np
from kserve.logging import KSERVE_LOG_CONFIG
from kserve.utils.utils import get_predict_input, get_predict_response

from benchmarks.request_formats import MODEL
from benchmarks.serving.apps.network import open_engine, probabilities
from service.engines.litert import LiteRTEngine

KSERVE_LOG_CONFIG["loggers"]["uvicorn.access"]["level"] = "WARNING"  # in the worker processes too, which import this


class Network(kserve.Model):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__(MODEL)
        self._engine: LiteRTEngine | None = None
        self.ready = True

    def predict(self, payload: Any, headers: dict[str, str] | None = None) -> Any:
        """Open the engine at the first request: the model is pickled for each worker process, and engines cannot be."""
        self._engine = self._engine or open_engine()
        points = np.asarray(get_predict_input(payload), np.float32)
        return get_predict_response(payload, probabilities(self._engine, points), self.name)


class LoopbackServer(kserve.ModelServer):  # type: ignore[misc]
    async def _serve(self) -> None:
        """Listen on loopback, for which KServe has no setting."""
        workers = self._rest_multiprocess_server
        (workers._rest_server if workers else self._rest_server).config.host = "127.0.0.1"  # noqa: SLF001
        await super()._serve()


if __name__ == "__main__":
    port, workers = map(int, sys.argv[1:])
    LoopbackServer(http_port=port, workers=workers, enable_grpc=False, enable_latency_logging=False).start([Network()])
