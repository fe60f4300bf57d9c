"""The contestants: how each is started, and the request formats that it takes.

All serve the same network on loopback, with a worker per core where that helps them. The peers call this service's
LiteRT engine, so that only the stack around it differs; each runs in an environment of its own.
"""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import orjson

from benchmarks.request_formats import (
    ALL_REQUEST_FORMATS,
    PREDICT,
    REQUEST_FORMATS,
    V1_COLUMNS,
    V1_ROWS,
    V2_BINARY,
    V2_JSON,
    Message,
    Points,
    RequestFormat,
    Values,
)
from harness.ports import free_port

ROOT = Path(__file__).parents[2]
PEERS = ROOT / ".venv-peers"
APPS = "benchmarks.serving.apps"
WORKERS = os.cpu_count() or 1

BARE_LIST = replace(PREDICT, decode=lambda response: np.array(orjson.loads(response.content), np.float32))
"""BentoML's response to /predict is the list of probabilities alone."""

PREDICTIONS_OF_COLUMNS = replace(V1_COLUMNS, decode=V1_ROWS.decode)
"""KServe answers columns as it does rows."""


@dataclass(frozen=True)
class Contestant:
    """`environment` takes the port and a directory to work in. The first request format is for many points.

    `tolerance` is the largest difference from the engine's probabilities; None: the response is the request's body.
    `grpc_variable` is where it is told its port for gRPC, if it speaks that.
    """

    name: str
    title: str
    command: Callable[[int], list[str]]
    environment: Callable[[int, Path], dict[str, str]]
    request_formats: tuple[RequestFormat, ...] = (PREDICT,)
    tolerance: float | None = 1e-5
    ready_path: str | None = None
    peer: str | None = None
    grpc_variable: str | None = None

    def variant_of(self, request_format: RequestFormat) -> RequestFormat | None:
        """Return a request format as this contestant speaks it; None if it does not."""
        return next((spoken for spoken in self.request_formats if spoken.key == request_format.key), None)

    def is_correct(self, request_format: RequestFormat, points: Points, expected: Values, response: Message) -> bool:
        if self.tolerance is None:
            return response.content == request_format.encode(points).content
        try:
            values = request_format.decode(response)
        except (ValueError, LookupError, TypeError):
            return False
        return values.shape == expected.shape and bool(np.abs(values - expected).max() <= self.tolerance)


def _under_gunicorn(
    name: str,
    title: str,
    *arguments: str,
    request_formats: tuple[RequestFormat, ...] = (PREDICT,),
    tolerance: float | None = 1e-5,
    ready_path: str | None = None,
) -> Contestant:
    """Run this service, or another app, with the settings of gunicorn.conf.py."""
    executable = str(Path(sys.executable).with_name("gunicorn"))
    command = [executable, "-c", "gunicorn.conf.py", *arguments]
    return Contestant(
        name, title, lambda _: command, lambda port, _: {"PORT": str(port)}, request_formats, tolerance, ready_path
    )


def _peer(name: str, executable: str) -> str:
    return str(PEERS / name / "bin" / executable)


def _script(peer: str, port: int) -> list[str]:
    return [_peer(peer, "python"), "-m", f"{APPS}.{peer}_app", str(port), str(WORKERS)]


def _mlserver(_: int) -> list[str]:
    return [_peer("mlserver", "mlserver"), "start", str(Path(__file__).with_name("apps") / "mlserver_models")]


def _mlserver_settings(batch: int, port: int, _: Path) -> dict[str, str]:
    """Predict in the server's own process. `debug` would log every request."""
    return {
        "MLSERVER_HOST": "127.0.0.1",
        "MLSERVER_HTTP_PORT": str(port),
        "MLSERVER_METRICS_PORT": str(free_port()),
        "MLSERVER_PARALLEL_WORKERS": "0",
        "MLSERVER_DEBUG": "false",
        "MLSERVER_MODEL_MAX_BATCH_SIZE": str(batch),
        "MLSERVER_MODEL_MAX_BATCH_TIME": "0.001" if batch > 1 else "0",
    }


def _bentoml(port: int) -> list[str]:
    app = f"{APPS}.bentoml_app:Network"
    return [_peer("bentoml", "bentoml"), "serve", app, "--host", "127.0.0.1", "--port", str(port)]


def _bentoml_settings(_: int, directory: Path) -> dict[str, str]:
    return {"BENCHMARK_WORKERS": str(WORKERS), "BENTOML_DO_NOT_TRACK": "True", "BENTOML_HOME": str(directory)}


def _ray_settings(_: int, directory: Path) -> dict[str, str]:
    """Put HAProxy in front, as the documentation recommends for throughput."""
    files = {"CONFIG_FILE_LOC": "haproxy.cfg", "SOCKET_PATH": "admin.sock", "SERVER_STATE_FILE": "server-state"}
    return {
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_SERVE_ENABLE_HA_PROXY": "1",
        "RAY_SERVE_THROUGHPUT_OPTIMIZED": "1",
        "RAY_SERVE_FALLBACK_PROXY_HTTP_PORT": str(free_port()),
        "RAY_SERVE_HAPROXY_METRICS_PORT": str(free_port()),
        "RAY_SERVE_HAPROXY_STATS_PORT": str(free_port()),
        "RAY_SERVE_HAPROXY_SERVER_STATE_BASE": str(directory),
        **{f"RAY_SERVE_HAPROXY_{name}": str(directory / file) for name, file in files.items()},
    }


ECHO = _under_gunicorn(
    "echo",
    "echo: Flask, gunicorn and nothing else",
    f"{APPS}.echo:app",
    request_formats=REQUEST_FORMATS,
    tolerance=None,
)
GTHREAD_ECHO = _under_gunicorn(
    "echo-gthread",
    "the echo under gunicorn's threaded worker",
    *("-k", "gthread", f"{APPS}.echo:app"),
    request_formats=REQUEST_FORMATS,
    tolerance=None,
)
SERVICE = _under_gunicorn(
    "service", "**this service**", request_formats=ALL_REQUEST_FORMATS, ready_path="/health/ready"
)
SERVICE_WITH_GRPC = replace(SERVICE, grpc_variable="GRPC_PORT")


def _mlserver_contestant(name: str, title: str, batch: int) -> Contestant:
    """MLServer's REST API has v2's JSON alone; its binary tensors are gRPC's."""
    settings = partial(_mlserver_settings, batch)
    return Contestant(name, title, _mlserver, settings, (V2_JSON,), peer="mlserver", grpc_variable="MLSERVER_GRPC_PORT")


MLSERVER = _mlserver_contestant("mlserver", "MLServer, adaptive batching", 16)
MLSERVER_SINGLE = _mlserver_contestant("mlserver-single", "MLServer, no batching", 1)

# Peers come right after this service, so that a ratio compares measurements that are close in time.
CONTESTANTS = [
    ECHO,
    GTHREAD_ECHO,
    SERVICE,
    MLSERVER,
    MLSERVER_SINGLE,
    Contestant(
        "kserve",
        "KServe",
        partial(_script, "kserve"),
        lambda *_: {"KSERVE_LOGLEVEL": "WARNING"},  # INFO logs the time of each request
        (V1_ROWS, PREDICTIONS_OF_COLUMNS, V2_JSON, V2_BINARY),
        peer="kserve",
    ),
    Contestant("ray", "Ray Serve", partial(_script, "ray"), _ray_settings, peer="ray"),
    Contestant("litserve", "LitServe", partial(_script, "litserve"), lambda *_: {}, peer="litserve"),
    Contestant("bentoml", "BentoML", _bentoml, _bentoml_settings, (BARE_LIST,), peer="bentoml"),
    _under_gunicorn("keras", "Flask, Keras `model.predict`", f"{APPS}.keras_predict:app", tolerance=1e-4),
    _under_gunicorn(
        "signature", "Flask, the SavedModel's signature in TensorFlow", f"{APPS}.signature:app", tolerance=1e-4
    ),
]
