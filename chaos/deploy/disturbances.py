"""Under steady load through the proxy: a replica killed, one restarted, a retraining, a reload, a new image.

Two kinds of clients: ones that send each request once, and the project's own with its retries.
"""

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import orjson
import requests
from numpy.typing import NDArray

from chaos.deploy.reference import Answers, Reference
from chaos.deploy.stack import ROOT, Stack, inspected, run
from chaos.soak.clients import Habits, Tally, asking
from chaos.soak.questions import TOLERANCE, Questions
from client import BoundaryClient
from client.errors import ClientError

KEEPING = Habits(changes=0.02, thinks=0.03, ponders=1.5)
NOT_KEEPING = Habits(keeps=False, thinks=0.03)
CLIENTS = (*[KEEPING] * 6, *[NOT_KEEPING] * 2)
PATIENT_CLIENTS = 2
PAUSE_SECONDS = 2
FRESH_SECONDS = 2
"""How old an answer of the proxy's cache may be: proxy_cache_valid counts whole seconds, and the last one in full."""


@dataclass
class Disturbed:
    """What came of it. `patient` are the project's clients; `fresh_seconds` is for how long after every worker served
    a new version the proxy still gave an old boundary.
    """

    tally: Tally
    wrong: list[str]
    patient_requests: int
    patient_errors: list[str]
    fresh_seconds: float
    happened: list[str] = field(default_factory=list)


class Patient(threading.Thread):
    """The project's client, asking points and grids one after the other."""

    def __init__(self, url: str, models: list[str], seed: int, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.answers: list[tuple[str, int, NDArray[np.float32], NDArray[np.float32]]] = []
        self.errors: list[str] = []
        self._url, self._models, self._stop_asking = url, models, stop
        self._random = np.random.default_rng(seed)

    def run(self) -> None:
        with BoundaryClient(self._url) as client:
            while not self._stop_asking.wait(0.03):
                try:
                    self._ask(client)
                except ClientError as error:
                    self.errors.append(f"{error!r} at {time.time():.3f}")

    def _ask(self, client: BoundaryClient) -> None:
        name = str(self._random.choice(self._models))
        if self._random.random() < 0.7:
            points = self._random.uniform(-1.5, 1.5, (5, 2)).astype(np.float32)
            prediction = client.predict(points, model=name)
            self.answers.append((prediction.model, prediction.version, points, prediction.probabilities))
        else:
            grid = client.boundary(name, resolution=int(self._random.integers(2, 30)))
            nodes = np.stack(np.meshgrid(grid.x, grid.y), -1).reshape(-1, 2).astype(np.float32)
            self.answers.append((grid.model, grid.version, nodes, grid.values.ravel()))

    def wrong(self, reference: Reference) -> Iterator[str]:
        for name, version, points, numbers in self.answers:
            apart = float(np.abs(numbers - reference.expected(name, version, points)).max())
            if apart > TOLERANCE:
                yield f"the client: {name} {version}: numbers are {apart:.1e} off"


class Watch(threading.Thread):
    """Asks the proxy for the same boundary all the time, in both forms, and notes which version it was of and when."""

    def __init__(self, url: str, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.seen: list[tuple[float, int]] = []
        self._url, self._stop_asking = f"{url}/boundary?resolution=20", stop

    def run(self) -> None:
        with requests.Session() as session:
            while not self._stop_asking.wait(0.02):
                try:
                    document = session.get(self._url, timeout=30).json()
                    grid = session.get(self._url + "&format=npy", timeout=30).headers["Boundary-Grid"]
                except (requests.RequestException, KeyError):  # what is lost, others count
                    continue
                now = time.monotonic()
                self.seen += [(now, document["version"]), (now, orjson.loads(grid)["version"])]

    def seconds_until_none_below(self, version: int, since: float) -> float:
        return max([0.0, *(when - since for when, found in self.seen if found < version)])


def disturb(stack: Stack, directory: Path, seed: int, tell: Callable[[str], None]) -> Disturbed:
    """Load a stack of two replicas steadily, and disturb it."""
    reference, answers, stop = Reference(stack, directory), Answers(), threading.Event()
    asks = [(answers.keeping(Questions(reference, seed + i)), habits) for i, habits in enumerate(CLIENTS)]
    patient = [Patient(stack.url, reference.models, seed + i, stop) for i in range(PATIENT_CLIENTS)]
    watch, since = Watch(stack.url, stop), [0.0]
    happened: list[str] = []

    def retrain() -> None:
        stack.retrain(*another_experiment(stack, directory))
        since[0] = time.monotonic()
        reference.read()
        time.sleep(FRESH_SECONDS)
        reference.served_everywhere(2)

    steps: dict[str, Callable[[], None]] = {
        "a replica's processes killed": lambda: stack.kill(stack.containers("service")[0]),
        "a replica restarted": lambda: stack.restart(stack.containers("service")[1]),
        "nginx reloaded": stack.reload_proxy,
        "trained again": retrain,
        "the image replaced": lambda: replace_image(stack),
    }
    with asking(stack, asks) as tally, _running(*patient, watch, stop=stop):
        for what, step in steps.items():
            time.sleep(PAUSE_SECONDS)
            tell(what)
            step()
            stack.wait_until_healthy("service")
            happened.append(what)
        time.sleep(PAUSE_SECONDS)
    return Disturbed(
        tally(),
        answers.wrong() + [text for one in patient for text in one.wrong(reference)],
        sum(len(one.answers) + len(one.errors) for one in patient),
        [text for one in patient for text in one.errors],
        watch.seconds_until_none_below(2, since[0]),
        happened,
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
    """Write the experiment with another seed into the stack's volume; what trains it. The same seed would give the same
    numbers, and versions could not be told apart.
    """
    text = (ROOT / "training/experiments/gaussian-quantiles.toml").read_text()
    again = directory / "again.toml"
    again.write_text(re.sub(r"^seed = \d+$", "seed = 4", text, flags=re.MULTILINE))
    carrier = run("docker", "create", "--volume", f"{stack.volume()}:/models", "nginx:stable").strip()
    run("docker", "cp", str(again), f"{carrier}:/models/.again.toml")
    run("docker", "rm", carrier)
    return ("models/.again.toml", "--replicates", "2")


def replace_image(stack: Stack) -> None:
    """Build the service's image anew, as another version, and replace the replicas one at a time."""
    before = {inspected(container)["Image"] for container in stack.containers("service")}
    stack.compose("build", "--build-arg", "VERSION=0.1.0+next", "service", timeout=300)
    stack.roll()
    after = {inspected(container)["Image"] for container in stack.containers("service")}
    if before & after or len(after) != 1:
        raise RuntimeError(f"images {before} before, {after} after")
