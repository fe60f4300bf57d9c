"""What the tests share: bundles trained once by the real command, and real servers that serve them."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).parent.parent
MODELS = ("linear", "tanh-3", "tanh-10", "tanh-10-10", "relu-3", "relu-10", "relu-10-10")


@dataclass(frozen=True)
class Server:
    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def get(self, path: str, **options: object) -> requests.Response:
        return requests.get(self.url + path, timeout=30, **options)  # type: ignore[arg-type]

    def post(self, path: str, **options: object) -> requests.Response:
        return requests.post(self.url + path, timeout=30, **options)  # type: ignore[arg-type]

    def events(self, event: str) -> list[dict[str, object]]:
        """Return what the service logged under this name so far; gunicorn's own lines are no JSON."""
        time.sleep(0.3)  # requests are logged every tenth of a second
        lines = (line for line in self.log.read_text().split("\n") if line.startswith("{"))  # paths may hold others
        return [entry for entry in map(json.loads, lines) if entry["event"] == event]

    def predict(self, **body: object) -> requests.Response:
        return self.post("/predict", json=body)

    def workers(self) -> list[int]:
        """Return the workers' process ids."""
        return list(map(int, Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()))

    def stop(self) -> int:
        """Stop it as an orchestrator does; returns the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=40)


StartServer = Callable[..., Server]


@pytest.fixture(scope="session")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The default experiment, trained by the command that users run."""
    directory = tmp_path_factory.mktemp("trained") / "models"
    command = [sys.executable, "-m", "training", "train", "--models-dir", str(directory)]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return directory


@pytest.fixture(scope="session")
def server(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A gunicorn with the default settings."""
    with running(tmp_path_factory.mktemp("server"), SERVICE_MODELS_DIR=str(models_dir)) as started:
        wait_until_ready(started)
        yield started


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[StartServer]:
    """Start a gunicorn with an environment of one's own; it is stopped after the test."""
    contexts = []

    def start(**environment: str) -> Server:
        contexts.append(running(tmp_path, **environment))
        started = contexts[-1].__enter__()
        wait_until_answering(started)
        return started

    yield start
    for context in contexts:
        context.__exit__(None, None, None)


@contextmanager
def running(directory: Path, **environment: str) -> Iterator[Server]:
    port = free_port()
    log = directory / f"gunicorn-{port}.log"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SERVICE_")}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn"],
            cwd=ROOT,
            env={**inherited, "PORT": str(port), "WEB_CONCURRENCY": "2", **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Server(f"http://127.0.0.1:{port}", process, log)
    finally:
        process.send_signal(signal.SIGTERM)  # nothing where it has stopped already
        process.wait(timeout=40)


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)


def wait_until_ready(server: Server) -> None:
    wait_until_answering(server)
    answer = server.get("/health/ready")
    assert answer.status_code == 200, (answer.text, server.log.read_text())


def wait_until_answering(server: Server) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.process.poll() is None:
        try:
            requests.get(server.url + "/health/live", timeout=5)
        except (requests.ConnectionError, requests.ReadTimeout):  # not there yet, or importing TensorFlow
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"the server does not answer:\n{server.log.read_text()}")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
