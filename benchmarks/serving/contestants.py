"""Who is compared: how each is started, and in which form it is asked.

All serve the same network on loopback and, where it helps them, with as many workers as there are cores. The peers call
this service's LiteRT engine, so that only what stands around it differs; each runs in an environment of its own.
"""

import os
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

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


@dataclass(frozen=True)
class Contestant:
    """`tolerance` is how far an answer may be from the engine's; without one the answer is the request's body."""

    name: str
    title: str
    command: Callable[[int], list[str]]
    environment: Callable[[int], dict[str, str]]
    form: Form = PLAIN
    tolerance: float | None = 1e-5
    ready: str | None = None
    libraries: tuple[str, ...] = ()
    in_project: bool = field(default=True, kw_only=True)

    def right(self, points: Points, expected: Values, answer: bytes) -> bool:
        """Say whether an answer is the one expected at these points."""
        if self.tolerance is None:
            return answer == self.form.write(points)
        try:
            values = self.form.read(answer)
        except (ValueError, KeyError, TypeError, IndexError):
            return False
        return values.shape == expected.shape and bool(np.abs(values - expected).max() <= self.tolerance)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _under_gunicorn(
    name: str, title: str, app: str | None, tolerance: float | None = 1e-5, ready: str | None = None
) -> Contestant:
    """Return what gunicorn.conf.py runs: this service, or another app under the very same settings."""
    executable = str(Path(sys.executable).with_name("gunicorn"))
    command = [executable, "-c", "gunicorn.conf.py", *([f"{APPS}.{app}:app"] if app else [])]
    return Contestant(
        name, title, lambda _: command, lambda port: {"PORT": str(port)}, tolerance=tolerance, ready=ready
    )


ECHO = _under_gunicorn("echo", "echo: Flask, gunicorn and nothing else", "echo", tolerance=None)
SERVICE = _under_gunicorn("service", "**this service**", None, ready="/health/ready")

CONTESTANTS = [
    ECHO,
    SERVICE,
    _under_gunicorn("keras", "Flask, Keras `model.predict`", "keras_predict", tolerance=1e-4),
    _under_gunicorn("signature", "Flask, the SavedModel's signature in TensorFlow", "signature", tolerance=1e-4),
]
