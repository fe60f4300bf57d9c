"""Who is compared: how each is started, and in which form it is asked.

All serve the same network on loopback and, where it helps them, with as many workers as there are cores. The peers call
this service's LiteRT engine, so that only what stands around it differs; each runs in an environment of its own.
"""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from benchmarks.machine import free_port

ROOT = Path(__file__).parents[2]
PEERS = ROOT / ".venv-peers"
MODEL = "tanh-10-10"
APPS = "benchmarks.serving.apps"
WORKERS = os.cpu_count() or 1

Points = NDArray[np.float32]
Values = NDArray[np.float32]


@dataclass(frozen=True)
class Form:
    """Where predictions are asked for, how points are written, and probabilities read (ValueError, KeyError: not)."""

    path: str
    write: Callable[[Points], bytes]
    read: Callable[[bytes], Values]


def _write(points: Points) -> bytes:
    return orjson.dumps({"points": points}, option=orjson.OPT_SERIALIZE_NUMPY)


def _read(answer: bytes) -> Values:
    return np.array(orjson.loads(answer)["probabilities"], np.float32)


PLAIN = Form("/predict", _write, _read)


def _write_v2(points: Points) -> bytes:
    tensor = {"name": "points", "shape": points.shape, "datatype": "FP32", "data": points.ravel()}
    return orjson.dumps({"inputs": [tensor]}, option=orjson.OPT_SERIALIZE_NUMPY)


def _read_v2(answer: bytes) -> Values:
    return np.array(orjson.loads(answer)["outputs"][0]["data"], np.float32)


V2 = Form(f"/v2/models/{MODEL}/infer", _write_v2, _read_v2)
BARE = Form("/predict", _write, lambda answer: np.array(orjson.loads(answer), np.float32))


@dataclass(frozen=True)
class Contestant:
    """`environment` is given the port and a directory to work in. `tolerance` is how far an answer may be from the
    engine's; without one the answer is the request's body.
    """

    name: str
    title: str
    command: Callable[[int], list[str]]
    environment: Callable[[int, Path], dict[str, str]]
    form: Form = PLAIN
    tolerance: float | None = 1e-5
    ready: str | None = None
    peer: str | None = None

    def right(self, points: Points, expected: Values, answer: bytes) -> bool:
        """Say whether an answer is the one expected at these points."""
        if self.tolerance is None:
            return answer == self.form.write(points)
        try:
            values = self.form.read(answer)
        except (ValueError, KeyError, TypeError, IndexError):
            return False
        return values.shape == expected.shape and bool(np.abs(values - expected).max() <= self.tolerance)


def _under_gunicorn(
    name: str,
    title: str,
    *arguments: str,
    tolerance: float | None = 1e-5,
    ready: str | None = None,
) -> Contestant:
    """Return what gunicorn.conf.py runs: this service, or another app under the very same settings."""
    executable = str(Path(sys.executable).with_name("gunicorn"))
    command = [executable, "-c", "gunicorn.conf.py", *arguments]
    return Contestant(
        name, title, lambda _: command, lambda port, _: {"PORT": str(port)}, tolerance=tolerance, ready=ready
    )


def _peer(name: str, executable: str) -> str:
    return str(PEERS / name / "bin" / executable)


def _script(peer: str, port: int) -> list[str]:
    return [_peer(peer, "python"), "-m", f"{APPS}.{peer}_app", str(port), str(WORKERS)]


def _mlserver(_: int) -> list[str]:
    return [_peer("mlserver", "mlserver"), "start", str(Path(__file__).with_name("apps") / "mlserver_models")]


def _mlserver_settings(batch: int, port: int, _: Path) -> dict[str, str]:
    """Answer in the server's own process; `debug` would log every request."""
    return {
        "MLSERVER_HOST": "127.0.0.1",
        "MLSERVER_HTTP_PORT": str(port),
        "MLSERVER_GRPC_PORT": str(free_port()),
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
    """Put HAProxy in front, as the documentation does for throughput."""
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


ECHO = _under_gunicorn("echo", "echo: Flask, gunicorn and nothing else", f"{APPS}.echo:app", tolerance=None)
GTHREAD = _under_gunicorn(
    "echo-gthread", "the echo under gunicorn's own threaded worker", "-k", "gthread", f"{APPS}.echo:app", tolerance=None
)
SERVICE = _under_gunicorn("service", "**this service**", ready="/health/ready")

CONTESTANTS = [
    ECHO,
    GTHREAD,
    SERVICE,
    _under_gunicorn("keras", "Flask, Keras `model.predict`", f"{APPS}.keras_predict:app", tolerance=1e-4),
    _under_gunicorn(
        "signature", "Flask, the SavedModel's signature in TensorFlow", f"{APPS}.signature:app", tolerance=1e-4
    ),
    Contestant(
        "mlserver", "MLServer, adaptive batching", _mlserver, partial(_mlserver_settings, 16), V2, peer="mlserver"
    ),
    Contestant(
        "mlserver-single", "MLServer, no batching", _mlserver, partial(_mlserver_settings, 1), V2, peer="mlserver"
    ),
    Contestant("litserve", "LitServe", partial(_script, "litserve"), lambda *_: {}, peer="litserve"),
    Contestant("bentoml", "BentoML", _bentoml, _bentoml_settings, BARE, peer="bentoml"),
    Contestant("ray", "Ray Serve", partial(_script, "ray"), _ray_settings, peer="ray"),
]
