"""A compose project: its containers, commands for them, and load from inside its network."""

import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
IGNORED_VARIABLES = (
    *("PUBLISH", "GRPC_PUBLISH", "WEB_CONCURRENCY"),
    *("COMPOSE_FILE", "COMPOSE_PROFILES", "COMPOSE_PROJECT_NAME"),
)
"""Variables of the caller's environment that would change the stack."""

TIMEOUT_SECONDS = 60

LONG_TIMEOUT_SECONDS = 1200
"""For what builds or trains, on a machine that is busy with much else."""

WRK = """\
FROM nginx:stable
RUN apt-get -qq update && apt-get -qq install -y --no-install-recommends wrk
ENTRYPOINT ["wrk"]
"""
WRK_IMAGE = "boundary-wrk"


class StackError(Exception):
    """A command failed, or had no effect in time; the message holds its output."""


def run(*command: str, timeout: float = 60, given: str | None = None, **environment: str) -> str:
    """Run a command and return its output.

    Raises:
        StackError: it failed.
    """
    inherited = {name: value for name, value in os.environ.items() if name not in IGNORED_VARIABLES}
    done = subprocess.run(  # noqa: S603 (commands of this package alone)
        command,
        cwd=ROOT,
        env={**inherited, **environment},
        input=given,
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    if done.returncode:
        raise StackError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout


def wait_for(condition: Callable[[], object], what: str, seconds: float = TIMEOUT_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise StackError(f"not after {seconds:g} s: {what}")
        time.sleep(0.1)


@dataclass
class Stack:
    """The stack under a project name of its own, published on a port of 127.0.0.1: a `Target` of the soak's clients."""

    project: str
    port: int = 8080
    files: tuple[str, ...] = ("docker-compose.yml",)
    environment: dict[str, str] = field(default_factory=dict)
    _kills: list[tuple[float, float]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def grpc_port(self) -> int:
        return self.port + 10

    def compose(self, *arguments: str, timeout: float = 60) -> str:
        return run("docker", "compose", *arguments, timeout=timeout, **self._variables())

    def _variables(self) -> dict[str, str]:
        return {
            "COMPOSE_PROJECT_NAME": self.project,
            "COMPOSE_FILE": os.pathsep.join(self.files),
            "PUBLISH": str(self.port),
            "GRPC_PUBLISH": f"127.0.0.1:{self.grpc_port}",
            **self.environment,
        }

    def up(self, *arguments: str) -> None:
        """Run `docker compose up`, and return when the service and the proxy are healthy."""
        try:
            self.compose("up", "--build", "--detach", "--wait", *arguments, timeout=1500)
        except StackError as error:
            raise StackError(f"{error}\n{self.compose('logs')}") from None

    def down(self) -> None:
        self.compose("down", "--volumes", "--remove-orphans", "--rmi", "local", "--timeout", "5", timeout=120)

    def scale(self, replicas: int) -> None:
        self.compose(
            "up", "--detach", "--wait", "--no-deps", "--no-recreate", "--scale", f"service={replicas}", "service"
        )

    def shell(self, service: str, script: str) -> str:
        """Run a shell script in a service's container, or in a new one for the training, whose own has ended."""
        if service == "training":
            return self.compose("run", "--rm", "--no-deps", "-T", "--entrypoint", "sh", service, "-c", script)
        return run("docker", "exec", self.containers(service)[0], "sh", "-c", script)

    def containers(self, service: str) -> list[str]:
        return self.compose("ps", "--all", "--quiet", service).split()

    def inspect(self, service: str) -> dict[str, Any]:
        return inspect(self.containers(service)[0])

    def image(self, service: str) -> dict[str, Any]:
        image: dict[str, Any] = json.loads(run("docker", "image", "inspect", self.inspect(service)["Image"]))[0]
        return image

    def volume(self) -> str:
        """Return the name of the volume with the models."""
        return f"{self.project}_models"

    def wait_until_healthy(self, service: str) -> None:
        for container in self.containers(service):
            wait_until_healthy(container)

    def kill(self, container: str) -> None:
        """SIGKILL a container's first process, and with it all others: Docker restarts it."""
        before = inspect(container)
        # `docker kill` would stop the container for good, and process 1 cannot be killed from inside.
        killer = ("docker", "run", "--rm", "--privileged", "--pid=host", "--network=none", "--entrypoint=sh")
        began = time.monotonic()
        run(*killer, "nginx:stable", "-c", f"kill -9 {before['State']['Pid']}")
        self._kills.append((began, time.monotonic()))
        wait_for(lambda: inspect(container)["RestartCount"] > before["RestartCount"], f"{container} is restarted")
        wait_until_healthy(container)

    def restart(self, container: str) -> None:
        """Stop a container as an orchestrator does, and start it again."""
        run("docker", "restart", container, timeout=TIMEOUT_SECONDS)
        wait_until_healthy(container)

    def reload_proxy(self) -> None:
        """Have the proxy reread its configuration."""
        run("deploy/reload", timeout=TIMEOUT_SECONDS, **self._variables())

    def was_killed(self, client_port: int, opened: float, failed: float) -> bool:
        """Say whether a request failed just when a replica was killed; its own connection was to the proxy."""
        return any(began <= failed <= ended + 1 for began, ended in self._kills)

    def roll(self) -> None:
        """Replace the replicas one at a time."""
        run("deploy/roll", timeout=LONG_TIMEOUT_SECONDS, **self._variables())

    def retrain(self, *arguments: str) -> str:
        """Train again, and return the output once every worker of every replica serves the new versions."""
        output = self.compose("run", "--rm", "-T", "training", "train", *arguments, timeout=LONG_TIMEOUT_SECONDS)
        expected = int(self.shell("service", "ls -d models/[a-z]*/[0-9]* | wc -l"))

        def rolled_out() -> bool:
            return all(versions_served(container) >= expected for container in self.containers("service"))

        wait_for(rolled_out, f"every worker serves {expected} versions")
        return output


def inspect(container: str) -> dict[str, Any]:
    state: dict[str, Any] = json.loads(run("docker", "inspect", container))[0]
    return state


def wait_until_healthy(container: str) -> None:
    def healthy() -> bool:
        state = inspect(container)["State"]
        return bool(state["Running"] and state["Health"]["Status"] == "healthy")

    wait_for(healthy, f"{container} is healthy")


def versions_served(container: str) -> int:
    """Return how many versions every worker of a replica serves."""
    script = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:8000/metrics').read().decode())"
    metrics = run("docker", "exec", container, "python", "-c", script)
    line = re.search(r"^boundary_versions (\S+)$", metrics, re.MULTILINE)
    return int(float(line[1])) if line else 0


def build_wrk() -> None:
    run("docker", "build", "--quiet", "--tag", WRK_IMAGE, "-", timeout=LONG_TIMEOUT_SECONDS, given=WRK)


def requests_per_second(container: str, url: str, headers: Sequence[str] = (), seconds: int = 3) -> float:
    """Put wrk's 16 connections on a container from inside its own network, with nothing in between.

    Raises:
        StackError: a response was not 200.
    """
    command = ["docker", "run", "--rm", f"--network=container:{container}", WRK_IMAGE, "-t1", "-c16", f"-d{seconds}s"]
    output = run(*command, *(part for header in headers for part in ("-H", header)), url)
    rate = re.search(r"Requests/sec: +([0-9.]+)", output)
    if rate is None or "Non-2xx" in output or "Socket errors" in output:
        raise StackError(f"{url}: {output}")
    return float(rate[1])
