"""Containers of the service and the training in trouble: memory, disk, volumes and environments as they should not be.

Each case runs its containers locked down as docker-compose.yml has them, and returns the line in which the trouble was
said. It raises `FaultError` where no line said it, something stopped that should go on, or a number was wrong.
"""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from uuid import uuid4

import numpy as np
import requests

from chaos.deploy.reference import Reference
from chaos.deploy.stack import Stack, run, wait_for
from chaos.soak.questions import TOLERANCE

LOCKED_DOWN = ("--read-only", "--tmpfs=/tmp:size=64m,mode=1777", "--cap-drop=ALL", "--security-opt=no-new-privileges")
POINTS = np.array([[0.1, 0.2], [0.9, -0.4], [-1.2, 1.1]], np.float32)
TIMEOUT = 30
FEW = ("linear", "tanh-3")


class FaultError(Exception):
    """A promise was broken; the message says how."""


@dataclass(frozen=True)
class Ground:
    """The images of a stack, its models, and the numbers that these must answer."""

    stack: Stack
    reference: Reference

    def image(self, service: str) -> str:
        return f"{self.stack.project}-{service}"


@dataclass(frozen=True)
class Service:
    """One container of the service."""

    container: str
    url: str
    reference: Reference

    def log(self) -> list[str]:
        done = subprocess.run(["docker", "logs", self.container], capture_output=True, text=True, check=True)  # noqa: S603, S607
        return (done.stdout + done.stderr).splitlines()

    def line(self, *words: str) -> str:
        """Return the line of the log that has these words."""

        def said() -> list[str]:
            return [line for line in self.log() if all(word in line for word in words)]

        try:
            wait_for(said, f"a line with {words}", 15)
        except Exception as error:
            raise FaultError(f"{error}; the log: {self.log()}") from error
        return said()[0]

    def predict(self, **asked: object) -> requests.Response:
        return requests.post(f"{self.url}/predict", json={"points": POINTS.tolist(), **asked}, timeout=TIMEOUT)

    def wait_until_served(self) -> None:
        """Wait until every worker, as far as many questions find out, serves what was copied last."""
        wait_for(lambda: all(self.predict(model=FEW[-1]).ok for _ in range(20)), "what came is served")

    def answers_rightly(self, *models: str) -> None:
        for model in models:
            answer = self.predict(model=model)
            if answer.status_code != 200:
                raise FaultError(f"{model}: {answer.text}")
            document = answer.json()
            expected = self.reference.expected(model, document["version"], POINTS)
            if np.abs(np.array(document["probabilities"]) - expected).max() > TOLERANCE:
                raise FaultError(f"{model}: {document} instead of {expected}")


@contextmanager
def volume(*options: str) -> Iterator[str]:
    name = f"boundary-{uuid4().hex}"
    run("docker", "volume", "create", *(f"--opt={option}" for option in options), name)
    try:
        yield name
    finally:
        run("docker", "volume", "rm", "--force", name)


@contextmanager
def serving(ground: Ground, models: str, *options: str) -> Iterator[Service]:
    """Run the service on a volume, and wait until it answers, whatever it says."""
    command = (
        "docker",
        "run",
        "--detach",
        *LOCKED_DOWN,
        "--publish=127.0.0.1::8000",
        f"--volume={models}:/app/models:ro",
    )
    container = run(*command, *options, ground.image("service")).strip()
    try:
        url = f"http://{run('docker', 'port', container, '8000').strip()}"
        wait_for(lambda: _answers(url), "the service answers")
        yield Service(container, url, ground.reference)
    finally:
        run("docker", "rm", "--force", container)


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/health/live", timeout=TIMEOUT).status_code == 200
    except requests.ConnectionError:
        return False


def _shell(ground: Ground, script: str, *volumes: str) -> None:
    command = ("docker", "run", "--rm", *(f"--volume={each}" for each in volumes), "--entrypoint=sh")
    run(*command, ground.image("service"), "-c", script)


def _copied(ground: Ground, models: str, *then: str) -> None:
    """Copy version 1 of a few models into a volume, and do more there."""
    copies = [f"cp -r /from/{name}/1 .{name} && mkdir -p {name} && mv .{name} {name}/1" for name in FEW]
    script = " && ".join(("cd models", *copies, *then))
    _shell(ground, script, f"{ground.stack.volume()}:/from:ro", f"{models}:/app/models")


def _training_says(ground: Ground, mount: str, words: str) -> str:
    """Train, which must fail; return the line that says why."""
    command = ["docker", "run", "--rm", *LOCKED_DOWN, "--network=none", f"--volume={mount}", ground.image("training")]
    command += ["train", "--only=linear", "--replicates=1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)  # noqa: S603
    lines = [line for line in done.stderr.splitlines() if words in line]
    if done.returncode == 0 or "Traceback" in done.stderr or len(lines) != 1:
        raise FaultError(f"the training ended with {done.returncode} and said: {done.stderr}")
    return lines[0]


def wrong_name(ground: Ground) -> str:
    command = ["docker", "run", "--rm", *LOCKED_DOWN, "--env=SERVICE_MODEL_DIR=/app/models", ground.image("service")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)  # noqa: S603
    lines = (done.stdout + done.stderr).splitlines()
    if done.returncode == 0 or len(lines) != 1 or "unknown: SERVICE_MODEL_DIR" not in lines[0]:
        raise FaultError(f"it ended with {done.returncode} and said: {lines}")
    return lines[0]


def empty_volume(ground: Ground) -> str:
    with volume() as models, serving(ground, models) as service:
        line = service.line("no models", "/app/models")
        refused = service.predict()
        if refused.status_code != 503 or "no model is loaded" not in refused.json()["detail"]:
            raise FaultError(f"without a model it answered {refused.text}")
        _copied(ground, models)
        service.wait_until_served()
        service.answers_rightly(FEW[-1])
    return line


def half_written(ground: Ground) -> str:
    """Versions 2 are as interrupted copies leave them: without the SavedModel, and with half of the compiled form."""
    with volume() as models:
        _copied(
            ground,
            models,
            "mkdir linear/2 && cp -r linear/1/variables linear/2/",
            "cp -r tanh-3/1 tanh-3/2",
            "head -c 9000 tanh-3/1/assets.extra/model.tflite > tanh-3/2/assets.extra/model.tflite",
        )
        with serving(ground, models) as service:
            service.line("failed to load", "linear", "no saved_model.pb")
            line = service.line("failed to load", "tanh-3", "the compiled form is not the one")
            service.answers_rightly(*FEW)
            for name in FEW:
                if service.predict(model=name, version=2).status_code != 404:
                    raise FaultError(f"version 2 of {name}, half of which is there, answers")
                states = requests.get(f"{service.url}/models/{name}", timeout=TIMEOUT).json()["versions"]
                if {state["version"]: state["state"] for state in states} != {1: "AVAILABLE", 2: "FAILED"}:
                    raise FaultError(f"{name}: {states}")
    return line


def read_only_volume(ground: Ground) -> str:
    models = ground.stack.volume()
    with serving(ground, models) as service:
        line = _training_says(ground, f"{models}:/app/models:ro", "Read-only file system")
        service.answers_rightly(*FEW)
    return line


def full_disk(ground: Ground) -> str:
    memory = ("type=tmpfs", "device=tmpfs", "o=size=16m,uid=10001,gid=10001")  # lasts as long as somebody has it
    with volume(*memory) as models, serving(ground, models) as service:
        _copied(ground, models, "(cat /dev/zero > .rest 2> /dev/null || true)")
        service.wait_until_served()
        line = _training_says(ground, f"{models}:/app/models", "No space left on device")
        service.answers_rightly(*FEW)
        _shell(ground, "test \"$(cd models && ls -d [a-z]*/*)\" = 'linear/1\ntanh-3/1'", f"{models}:/app/models:ro")
    return line


def memory_limit(ground: Ground) -> str:
    """Ask for more than fits: the kernel ends a worker, and another one takes its place.

    Without health checks: while the worker's memory is being freed, one that is just being started can still have the
    kernel end the arbiter, and so the container. Compose starts it again then.
    """
    options = ("--memory=220m", "--memory-swap=220m", "--env=WEB_CONCURRENCY=1", "--no-healthcheck")
    with serving(ground, ground.stack.volume(), *options) as service:
        service.answers_rightly(*FEW)
        large = f"{service.url}/boundary?resolution=2000&width=2000&format=png"
        with suppress(requests.ConnectionError):  # what it was asked is lost with the worker
            requests.get(large, timeout=TIMEOUT)
        line = service.line("out of memory")
        deadline = time.monotonic() + TIMEOUT
        while True:
            try:
                service.answers_rightly(*FEW)
            except requests.ConnectionError:
                if time.monotonic() > deadline:
                    raise FaultError("it does not answer any more") from None
                time.sleep(0.1)
            else:
                return line


CASES: dict[str, Callable[[Ground], str]] = {
    "a container at its memory limit": memory_limit,
    "a full disk in the volume": full_disk,
    "a models volume that is empty": empty_volume,
    "a models volume that is read-only": read_only_volume,
    "a models volume that is half-written": half_written,
    "a wrong environment name": wrong_name,
}
