"""Ray Serve: `python -m benchmarks.serving.apps.ray_app PORT WORKERS`.

With RAY_SERVE_ENABLE_HA_PROXY and RAY_SERVE_THROUGHPUT_OPTIMIZED, HAProxy hands requests to the replicas directly: 15
times as many a second as through Ray's own proxy. HTTP is on loopback; Ray's ports for itself cannot all be kept to it.
"""

import signal
import sys
from pathlib import Path
from typing import Any

import ray
from ray import serve
from starlette.requests import Request
from starlette.responses import Response

from benchmarks.serving.apps.network import answer, open_engine, points_of, probabilities

LOOPBACK = "127.0.0.1"


@serve.deployment(max_ongoing_requests=100, ray_actor_options={"num_cpus": 0})
class Network:
    def __init__(self) -> None:
        self._engine = open_engine()

    async def __call__(self, request: Request) -> Response:
        values = probabilities(self._engine, points_of(await request.body()))
        return Response(answer(values), media_type="application/json")


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
