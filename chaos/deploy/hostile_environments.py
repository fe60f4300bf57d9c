"""Hostile environments: the service and the training with too little memory or disk, bad volumes, and a wrong variable.

Each case runs its containers locked down as docker-compose.yml does, and returns the log line that reports the trouble.
It raises `BrokenPromiseError` if no line reports it, the service stops, or a probability is wrong.
"""

import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from uuid import uuid4

import numpy as np
import requests

from chaos.deploy.reference import Reference
from chaos.deploy.stack import Stack, run, wait_for
from chaos.soak.workload import TOLERANCE

LOCKED_DOWN = ("--read-only", "--tmpfs=/tmp:size=64m,mode=1777", "--cap-drop=ALL", "--security-opt=no-new-privileges")
POINTS = np.array([[0.1, 0.2], [0.9, -0.4], [-1.2, 1.1]], np.float32)
TIMEOUT = 30
SPARE_MIB = 32
"""Beyond what a service at rest uses; two grids of 2,000 nodes each way, which are computed at once, take 100."""
MODELS = ("linear", "tanh-3")
"""The models that a case copies into a volume of its own."""


class BrokenPromiseError(Exception):
    """The message says which promise, and how."""


@dataclass(frozen=True)
class Fixture:
    """A stack, whose images and models the cases use, and the probabilities that its models must predict."""

    stack: Stack
    reference: Reference

    def image(self, service: str) -> str:
        return f"{self.stack.project}-{service}"


@dataclass(frozen=True)
class ServiceContainer:
    """A container that runs the service."""

    container: str
    url: str
    reference: Reference

    def log(self) -> list[str]:
        process = subprocess.run(["docker", "logs", self.container], capture_output=True, text=True, check=True)  # noqa: S603, S607
        return (process.stdout + process.stderr).splitlines()

    def log_line(self, *words: str) -> str:
        """Wait for a line of the log with these words, and return it."""

        def lines() -> list[str]:
            return [line for line in self.log() if all(word in line for word in words)]

        try:
            wait_for(lines, f"a line with {words}", 15)
        except Exception as error:
            raise BrokenPromiseError(f"{error}; the log: {self.log()}") from error
        return lines()[0]

    def limit_memory(self, spare_mib: int) -> None:
        """Give the container so much more memory than it uses now, and no more."""
        used = run("docker", "stats", "--no-stream", "--format={{.MemUsage}}", self.container)
        limit = f"{round(float(used.partition('MiB')[0])) + spare_mib}m"
        run("docker", "update", f"--memory={limit}", f"--memory-swap={limit}", self.container)

    def predict(self, **fields: object) -> requests.Response:
        return requests.post(f"{self.url}/predict", json={"points": POINTS.tolist(), **fields}, timeout=TIMEOUT)

    def wait_until_models_are_served(self) -> None:
        """Wait until 20 predictions in a row succeed, which every worker takes part in."""
        wait_for(lambda: all(self.predict(model=MODELS[-1]).ok for _ in range(20)), "the new models are served")

    def check_predictions(self) -> None:
        for model in MODELS:
            response = self.predict(model=model)
            if response.status_code != 200:
                raise BrokenPromiseError(f"{model}: {response.text}")
            document = response.json()
            expected = self.reference.expected(model, document["version"], POINTS)
            if np.abs(np.array(document["probabilities"]) - expected).max() > TOLERANCE:
                raise BrokenPromiseError(f"{model}: {document} instead of {expected}")


@contextmanager
def volume(*options: str) -> Iterator[str]:
    name = f"boundary-{uuid4().hex}"
    run("docker", "volume", "create", *(f"--opt={option}" for option in options), name)
    try:
        yield name
    finally:
        run("docker", "volume", "rm", "--force", name)


@contextmanager
def serving(fixture: Fixture, models: str, *options: str) -> Iterator[ServiceContainer]:
    """Run the service on a volume, and wait until it is live."""
    command = (
        "docker",
        "run",
        "--detach",
        *LOCKED_DOWN,
        "--publish=127.0.0.1::8000",
        f"--volume={models}:/app/models:ro",
    )
    container = run(*command, *options, fixture.image("service")).strip()
    try:
        url = f"http://{run('docker', 'port', container, '8000').strip()}"
        wait_for(lambda: _is_live(url), "the service is live")
        yield ServiceContainer(container, url, fixture.reference)
    finally:
        run("docker", "rm", "--force", container)


def _is_live(url: str) -> bool:
    try:
        return requests.get(f"{url}/health/live", timeout=TIMEOUT).status_code == 200
    except requests.ConnectionError:
        return False


def _shell(fixture: Fixture, script: str, *volumes: str) -> None:
    command = ("docker", "run", "--rm", *(f"--volume={each}" for each in volumes), "--entrypoint=sh")
    run(*command, fixture.image("service"), "-c", script)


def _copy_models(fixture: Fixture, models: str, *commands: str) -> None:
    """Copy version 1 of MODELS into a volume, then run more shell commands there."""
    copies = [f"cp -r /from/{name}/1 .{name} && mkdir -p {name} && mv .{name} {name}/1" for name in MODELS]
    script = " && ".join(("cd models", *copies, *commands))
    _shell(fixture, script, f"{fixture.stack.volume()}:/from:ro", f"{models}:/app/models")


def _training_error(fixture: Fixture, mount: str, words: str) -> str:
    """Run the training, which must fail; return the line that says why."""
    command = ["docker", "run", "--rm", *LOCKED_DOWN, "--network=none", f"--volume={mount}", fixture.image("training")]
    command += ["train", "--only=linear", "--replicates=1"]
    process = subprocess.run(command, capture_output=True, text=True, timeout=600)  # noqa: S603
    lines = [line for line in process.stderr.splitlines() if words in line]
    if process.returncode == 0 or "Traceback" in process.stderr or len(lines) != 1:
        raise BrokenPromiseError(f"the training exited with {process.returncode}: {process.stderr}")
    return lines[0]


def unknown_variable(fixture: Fixture) -> str:
    command = ["docker", "run", "--rm", *LOCKED_DOWN, "--env=SERVICE_MODEL_DIR=/app/models", fixture.image("service")]
    process = subprocess.run(command, capture_output=True, text=True, timeout=60)  # noqa: S603
    lines = (process.stdout + process.stderr).splitlines()
    if process.returncode == 0 or len(lines) != 1 or "unknown: SERVICE_MODEL_DIR" not in lines[0]:
        raise BrokenPromiseError(f"the service exited with {process.returncode}: {lines}")
    return lines[0]


def empty_volume(fixture: Fixture) -> str:
    with volume() as models, serving(fixture, models) as service:
        line = service.log_line("no models", "/app/models")
        response = service.predict()
        if response.status_code != 503 or "no model is loaded" not in response.json()["detail"]:
            raise BrokenPromiseError(f"without a model the service answered {response.text}")
        _copy_models(fixture, models)
        service.wait_until_models_are_served()
        service.check_predictions()
    return line


def half_written(fixture: Fixture) -> str:
    """Make versions 2 as interrupted copies leave them: without the SavedModel, and with half of the compiled form."""
    with volume() as models:
        _copy_models(
            fixture,
            models,
            "mkdir linear/2 && cp -r linear/1/variables linear/2/",
            "cp -r tanh-3/1 tanh-3/2",
            "head -c 9000 tanh-3/1/assets.extra/model.tflite > tanh-3/2/assets.extra/model.tflite",
        )
        with serving(fixture, models) as service:
            service.log_line("failed to load", "linear", "no saved_model.pb")
            line = service.log_line("failed to load", "tanh-3", "the compiled form is not the one")
            service.check_predictions()
            for name in MODELS:
                if service.predict(model=name, version=2).status_code != 404:
                    raise BrokenPromiseError(f"version 2 of {name}, a half-written one, answers")
                states = requests.get(f"{service.url}/models/{name}", timeout=TIMEOUT).json()["versions"]
                if {state["version"]: state["state"] for state in states} != {1: "AVAILABLE", 2: "FAILED"}:
                    raise BrokenPromiseError(f"{name}: {states}")
    return line


def read_only_volume(fixture: Fixture) -> str:
    models = fixture.stack.volume()
    with serving(fixture, models) as service:
        line = _training_error(fixture, f"{models}:/app/models:ro", "Read-only file system")
        service.check_predictions()
    return line


def full_disk(fixture: Fixture) -> str:
    tmpfs = ("type=tmpfs", "device=tmpfs", "o=size=16m,uid=10001,gid=10001")  # lasts as long as a container mounts it
    with volume(*tmpfs) as models, serving(fixture, models) as service:
        _copy_models(fixture, models, "(cat /dev/zero > .rest 2> /dev/null || true)")
        service.wait_until_models_are_served()
        line = _training_error(fixture, f"{models}:/app/models", "No space left on device")
        service.check_predictions()
        _shell(fixture, "test \"$(cd models && ls -d [a-z]*/*)\" = 'linear/1\ntanh-3/1'", f"{models}:/app/models:ro")
    return line


def memory_limit(fixture: Fixture) -> str:
    """Ask for more than fits: the kernel kills a worker, and another one replaces it.

    Health checks are off: one that starts while the worker's memory is being freed can make the kernel kill the arbiter
    too, and with it the container, which Compose would restart.
    """
    with serving(fixture, fixture.stack.volume(), "--env=WEB_CONCURRENCY=1", "--no-healthcheck") as service:
        service.check_predictions()
        service.limit_memory(SPARE_MIB)

        def ask(x_max: int) -> None:
            with suppress(requests.ConnectionError):  # the request is lost with its worker
                requests.get(f"{service.url}/boundary?resolution=2000&format=json&x_max={x_max}", timeout=TIMEOUT)

        with ThreadPoolExecutor() as pool:
            list(pool.map(ask, range(2, 8)))
        line = service.log_line("out of memory")
        deadline = time.monotonic() + TIMEOUT
        while True:
            try:
                service.check_predictions()
            except requests.ConnectionError:
                if time.monotonic() > deadline:
                    raise BrokenPromiseError("the service does not recover") from None
                time.sleep(0.1)
            else:
                return line


CASES: dict[str, Callable[[Fixture], str]] = {
    "a container at its memory limit": memory_limit,
    "a full disk in the volume": full_disk,
    "a models volume that is empty": empty_volume,
    "a models volume that is read-only": read_only_volume,
    "a models volume that is half-written": half_written,
    "an unknown environment variable": unknown_variable,
}
