"""LitServe: `python -m benchmarks.serving.apps.litserve_app PORT WORKERS`.

One process predicts in batches, and a process per core receives requests: measured faster than a predicting process per
core without batching. The queue over ZeroMQ (`fast_queue`) was measured slower than the default.
"""

import sys
from typing import Any

import litserve
import numpy as np
from fastapi import Response

from benchmarks.serving.apps.network import Values, open_engine, prediction_json, probabilities


class Network(litserve.LitAPI):  # type: ignore[misc]
    def setup(self, device: str) -> None:
        self._engine = open_engine()

    def decode_request(self, request: dict[str, Any]) -> Values:
        return np.array(request["points"], np.float32)

    def batch(self, inputs: list[Values]) -> list[Values]:
        return inputs

    def predict(self, batch: list[Values]) -> list[Values]:
        values = probabilities(self._engine, np.concatenate(batch))
        return np.split(values, np.cumsum([len(points) for points in batch])[:-1])

    def unbatch(self, output: list[Values]) -> list[Values]:
        return output

    def encode_response(self, values: Values) -> Response:
        return Response(prediction_json(values), media_type="application/json")


if __name__ == "__main__":
    port, workers = map(int, sys.argv[1:])
    api = Network(max_batch_size=16, batch_timeout=0.001)
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=1, timeout=60)
    server.run(
        host="127.0.0.1",
        port=port,
        num_api_servers=workers,
        log_level="warning",
        access_log=False,
        generate_client_file=False,
    )
