"""A compose project: its containers, what is done to them, and load from inside its network."""

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
LOCAL = ("PUBLISH", "WEB_CONCURRENCY", "COMPOSE_FILE", "COMPOSE_PROFILES", "COMPOSE_PROJECT_NAME")
"""What the environment of whoever runs this must not decide."""

PATIENCE_SECONDS = 60

WRK = """\
FROM nginx:stable
RUN apt-get -qq update && apt-get -qq install -y --no-install-recommends wrk
ENTRYPOINT ["wrk"]
"""
WRK_IMAGE = "boundary-wrk"


class StackError(Exception):
    """A command failed, or what it should have brought about did not come true; the message has all that was said."""


def run(*command: str, timeout: float = 60, given: str | None = None, **environment: str) -> str:
    """Run a command and return what it printed.

    Raises:
        StackError: it failed.
    """
    inherited = {name: value for name, value in os.environ.items() if name not in LOCAL}
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


def wait_for(condition: Callable[[], object], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise StackError(f"not within {seconds:g} s: {what}")
        time.sleep(0.1)


@dataclass
class Stack:
    """The stack under a project name of its own, published on a port of 127.0.0.1; a target for the soak's clients."""

    project: str
    port: int = 8080
    files: tuple[str, ...] = ("docker-compose.yml",)
    environment: dict[str, str] = field(default_factory=dict)
    _kills: list[tuple[float, float]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def compose(self, *arguments: str, timeout: float = 60) -> str:
        return run("docker", "compose", *arguments, timeout=timeout, **self._variables())

    def _variables(self) -> dict[str, str]:
        return {
            "COMPOSE_PROJECT_NAME": self.project,
            "COMPOSE_FILE": os.pathsep.join(self.files),
            "PUBLISH": str(self.port),
            **self.environment,
        }

    def up(self, *arguments: str) -> None:
        """Do what `docker compose up` does, and return when the service and the proxy are healthy."""
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
        """Run a shell script in a service's container; in one of its own for the training, which has ended."""
        if service == "training":
            return self.compose("run", "--rm", "--no-deps", "-T", "--entrypoint", "sh", service, "-c", script)
        return run("docker", "exec", self.containers(service)[0], "sh", "-c", script)

    def containers(self, service: str) -> list[str]:
        return self.compose("ps", "--all", "--quiet", service).split()

    def inspect(self, service: str) -> dict[str, Any]:
        return inspected(self.containers(service)[0])

    def image(self, service: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(run("docker", "image", "inspect", self.inspect(service)["Image"]))[0]
        return found

    def volume(self) -> str:
        """Return the engine's name of the volume with the models."""
        return f"{self.project}_models"

    def wait_until_healthy(self, service: str) -> None:
        for container in self.containers(service):
            wait_until_healthy(container)

    def kill(self, container: str) -> None:
        """SIGKILL a container's first process, and with it all others: Docker restarts it."""
        before = inspected(container)
        # Docker takes its own `kill` as the wish to stop, and a process 1 cannot be killed from inside.
        killer = ("docker", "run", "--rm", "--privileged", "--pid=host", "--network=none", "--entrypoint=sh")
        began = time.monotonic()
        run(*killer, "nginx:stable", "-c", f"kill -9 {before['State']['Pid']}")
        self._kills.append((began, time.monotonic()))
        wait_for(lambda: inspected(container)["RestartCount"] > before["RestartCount"], f"{container} is restarted")
        wait_until_healthy(container)

    def restart(self, container: str) -> None:
        """Stop a container as its orchestrator does, and start it again."""
        run("docker", "restart", container, timeout=PATIENCE_SECONDS)
        wait_until_healthy(container)

    def reload_proxy(self) -> None:
        """Have the proxy read its configuration anew."""
        run("deploy/reload", timeout=PATIENCE_SECONDS, **self._variables())

    def was_cut(self, port: int, opened: float, failed: float) -> bool:
        """Say whether a request failed just when a replica was killed; the client's connection is with the proxy."""
        return any(began <= failed <= ended + 1 for began, ended in self._kills)

    def roll(self) -> None:
        """Replace the replicas one at a time."""
        run("deploy/roll", timeout=300, **self._variables())

    def retrain(self, *arguments: str) -> str:
        """Train again, and return when every worker of every replica serves what was written."""
        said = self.compose("run", "--rm", "-T", "training", "train", *arguments, timeout=300)
        expected = int(self.shell("service", "ls -d models/[a-z]*/[0-9]* | wc -l"))

        def follow() -> bool:
            return all(versions_served(container) >= expected for container in self.containers("service"))

        wait_for(follow, f"every worker serves {expected} versions")
        return said


def inspected(container: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("docker", "inspect", container))[0]
    return found


def wait_until_healthy(container: str) -> None:
    def healthy() -> bool:
        state = inspected(container)["State"]
        return bool(state["Running"] and state["Health"]["Status"] == "healthy")

    wait_for(healthy, f"{container} is healthy")


def versions_served(container: str) -> int:
    """Return how many versions each worker of a replica serves, the least of them."""
    script = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:8000/metrics').read().decode())"
    found = re.search(
        r"^boundary_versions (\S+)$", run("docker", "exec", container, "python", "-c", script), re.MULTILINE
    )
    return int(float(found[1])) if found else 0


def build_wrk() -> None:
    run("docker", "build", "--quiet", "--tag", WRK_IMAGE, "-", timeout=300, given=WRK)


def requests_a_second(container: str, url: str, headers: Sequence[str] = (), seconds: int = 3) -> float:
    """Put wrk's 16 connections on a container from inside its own network, where nothing stands between.

    Raises:
        StackError: it did not answer everything with 200.
    """
    asked = [part for header in headers for part in ("-H", header)]
    command = (
        "docker",
        "run",
        "--rm",
        "--network",
        f"container:{container}",
        WRK_IMAGE,
        "-t1",
        "-c16",
        f"-d{seconds}s",
    )
    said = run(*command, *asked, url)
    found = re.search(r"Requests/sec: +([0-9.]+)", said)
    if found is None or "Non-2xx" in said or "Socket errors" in said:
        raise StackError(f"{url}: {said}")
    return float(found[1])
