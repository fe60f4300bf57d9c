"""Faults under steady load through the proxy: a killed replica, a restart, a retraining, a reload, and a new image.

There are two kinds of clients: some send each request once, the others are the project's own client with its retries.
"""

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson
import requests
from numpy.typing import NDArray

from chaos.deploy.reference import DeferredChecks, Reference
from chaos.deploy.stack import LONG_TIMEOUT_SECONDS, ROOT, Stack, inspect, run
from chaos.soak.clients import ClientProfile, Outcomes, background_load
from chaos.soak.workload import TOLERANCE, Workload
from client import BoundaryClient
from client.errors import ClientError

KEEP_ALIVE = ClientProfile(reconnects=0.02, think_seconds=0.03, max_idle_seconds=1.5)
ONE_REQUEST_EACH = ClientProfile(keep_alive=False, think_seconds=0.03)
CLIENTS = (*[KEEP_ALIVE] * 6, *[ONE_REQUEST_EACH] * 2)
RETRYING_CLIENTS = 2
PAUSE_SECONDS = 2
FRESH_SECONDS = 2
"""The greatest age of a cached response: proxy_cache_valid counts whole seconds, and the last one in full."""


@dataclass(frozen=True)
class FaultResult:
    """`retrying` clients are the project's own. For `stale_seconds` after every worker served a new version, the proxy
    still returned an old boundary.
    """

    outcomes: Outcomes
    wrong: list[str]
    retrying_requests: int
    retrying_errors: list[str]
    stale_seconds: float
    faults: list[str]


class RetryingClient(threading.Thread):
    """The project's client, which asks for points and grids one after the other."""

    def __init__(self, url: str, models: list[str], seed: int, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.responses: list[tuple[str, int, NDArray[np.float32], NDArray[np.float32]]] = []
        self.errors: list[str] = []
        self._url, self._models, self._stop_sending = url, models, stop
        self._random = np.random.default_rng(seed)

    def run(self) -> None:
        with BoundaryClient(self._url) as client:
            while not self._stop_sending.wait(0.03):
                try:
                    self._send(client)
                except ClientError as error:
                    self.errors.append(f"{error!r} at {time.time():.3f}")

    def _send(self, client: BoundaryClient) -> None:
        name = str(self._random.choice(self._models))
        if self._random.random() < 0.7:
            points = self._random.uniform(-1.5, 1.5, (5, 2)).astype(np.float32)
            prediction = client.predict(points, model=name)
            self.responses.append((prediction.model, prediction.version, points, prediction.probabilities))
        else:
            grid = client.boundary(name, resolution=int(self._random.integers(2, 30)))
            nodes = np.stack(np.meshgrid(grid.x, grid.y), -1).reshape(-1, 2).astype(np.float32)
            self.responses.append((grid.model, grid.version, nodes, grid.values.ravel()))

    def wrong(self, reference: Reference) -> Iterator[str]:
        for name, version, points, values in self.responses:
            error = float(np.abs(values - reference.expected(name, version, points)).max())
            if error > TOLERANCE:
                yield f"the client: {name} {version}: values are {error:.1e} off"


class FreshnessProbe(threading.Thread):
    """Requests the same boundary from the proxy again and again, and notes the version and time of each response."""

    def __init__(self, url: str, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self._seen: list[tuple[float, int]] = []
        self._url, self._stop_sending = f"{url}/boundary?resolution=20", stop

    def run(self) -> None:
        with requests.Session() as session:
            while not self._stop_sending.wait(0.02):
                try:
                    document = session.get(self._url, timeout=30).json()
                    grid = session.get(self._url + "&format=npy", timeout=30).headers["Boundary-Grid"]
                except (requests.RequestException, KeyError):  # the other clients count lost requests
                    continue
                now = time.monotonic()
                self._seen += [(now, document["version"]), (now, orjson.loads(grid)["version"])]

    def stale_seconds(self, version: int, since: float) -> float:
        """Return how long after a moment an older version was last seen."""
        return max([0.0, *(when - since for when, seen in self._seen if seen < version)])


def inject_faults(stack: Stack, directory: Path, seed: int, tell: Callable[[str], None]) -> FaultResult:
    """Put a steady load on a stack of two replicas, and inject each fault once."""
    reference, checks, stop = Reference(stack, directory), DeferredChecks(), threading.Event()
    clients = [(checks.deferring(Workload(reference, seed + i)), profile) for i, profile in enumerate(CLIENTS)]
    retrying = [RetryingClient(stack.url, reference.models, seed + i, stop) for i in range(RETRYING_CLIENTS)]
    probe, rolled_out_at = FreshnessProbe(stack.url, stop), [0.0]

    def retrain() -> None:
        stack.retrain(*another_experiment(stack, directory))
        rolled_out_at[0] = time.monotonic()
        reference.update()
        time.sleep(FRESH_SECONDS)
        reference.mark_rolled_out(2)

    faults: dict[str, Callable[[], None]] = {
        "a replica killed": lambda: stack.kill(stack.containers("service")[0]),
        "a replica restarted": lambda: stack.restart(stack.containers("service")[1]),
        "nginx reloaded": stack.reload_proxy,
        "all models retrained": retrain,
        "the image replaced": lambda: replace_image(stack),
    }
    with background_load(stack, clients) as outcomes, _running(*retrying, probe, stop=stop):
        for name, inject in faults.items():
            time.sleep(PAUSE_SECONDS)
            tell(name)
            inject()
            stack.wait_until_healthy("service")
        time.sleep(PAUSE_SECONDS)
    return FaultResult(
        outcomes(),
        checks.errors() + [error for client in retrying for error in client.wrong(reference)],
        sum(len(client.responses) + len(client.errors) for client in retrying),
        [error for client in retrying for error in client.errors],
        probe.stale_seconds(2, rolled_out_at[0]),
        list(faults),
    )


@contextmanager
def _running(*threads: threading.Thread, stop: threading.Event) -> Iterator[None]:
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def another_experiment(stack: Stack, directory: Path) -> tuple[str, ...]:
    """Write the experiment with another seed into the stack's volume; return the arguments that train it.

    The same seed would give the same probabilities, and versions could not be told apart.
    """
    text = (ROOT / "training/experiments/gaussian-quantiles.toml").read_text()
    again = directory / "again.toml"
    again.write_text(re.sub(r"^seed = \d+$", "seed = 4", text, flags=re.MULTILINE))
    carrier = run("docker", "create", "--volume", f"{stack.volume()}:/models", "nginx:stable").strip()
    run("docker", "cp", str(again), f"{carrier}:/models/.again.toml")
    run("docker", "rm", carrier)
    return ("models/.again.toml", "--replicates", "2")


def replace_image(stack: Stack) -> None:
    """Build another version of the service's image, and replace the replicas one at a time."""
    before = {inspect(container)["Image"] for container in stack.containers("service")}
    stack.compose("build", "--build-arg", "VERSION=0.1.0+next", "service", timeout=LONG_TIMEOUT_SECONDS)
    stack.roll()
    after = {inspect(container)["Image"] for container in stack.containers("service")}
    if before & after or len(after) != 1:
        raise RuntimeError(f"images {before} before, {after} after")
