"""Ray Serve: `python -m benchmarks.serving.apps.ray_app PORT WORKERS`.

With RAY_SERVE_ENABLE_HA_PROXY and RAY_SERVE_THROUGHPUT_OPTIMIZED, HAProxy sends requests straight to the replicas: 15
times as many per second as through Ray's own proxy. HTTP is on loopback; some of Ray's internal ports cannot be.
"""

import signal
import sys
from pathlib import Path
from typing import Any

import ray
from ray import serve
from starlette.requests import Request
from starlette.responses import Response

from benchmarks.serving.apps.network import open_engine, parse_points, prediction_json, probabilities

LOOPBACK = "127.0.0.1"


@serve.deployment(max_ongoing_requests=100, ray_actor_options={"num_cpus": 0})
class Network:
    def __init__(self) -> None:
        self._engine = open_engine()

    async def __call__(self, request: Request) -> Response:
        values = probabilities(self._engine, parse_points(await request.body()))
        return Response(prediction_json(values), media_type="application/json")


def main(port: int, workers: int) -> None:
    deployment: Any = Network
    ray.init(include_dashboard=False, object_store_memory=10**8, _node_ip_address=LOOPBACK, _temp_dir=str(Path.cwd()))
    serve.start(http_options={"host": LOOPBACK, "port": port})
    app = deployment.options(num_replicas=workers).bind()
    serve.run(app, route_prefix="/predict", logging_config={"enable_access_log": False, "log_level": "WARNING"})
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    serve.shutdown()
    ray.shutdown()


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    main(*map(int, sys.argv[1:]))
