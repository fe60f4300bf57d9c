"""The whole of it, as figures: what was measured, what was promised, and whether it was kept."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import requests

from benchmarks.machine import free_port
from chaos.deploy.adversity import CASES, POINTS, FaultError, Ground
from chaos.deploy.boundaries import Cached, measure
from chaos.deploy.connections import Lasting, wear_down
from chaos.deploy.disturbances import CLIENTS, FRESH_SECONDS, PATIENT_CLIENTS, Disturbed, disturb
from chaos.deploy.reference import Reference
from chaos.deploy.slowness import Slowness, p99, slow_down
from chaos.deploy.stack import Stack, StackError
from chaos.soak.clients import Tally
from chaos.soak.course import Figure
from chaos.soak.questions import TOLERANCE
from chaos.soak.slowness import DRIPPING

LEAST_RATIO = 5.0
LEAST_OF_A_FILE = 0.6
"""Where nginx cannot give a plain file LEAST_RATIO times as fast as a replica its own answer, this share of that."""
LEAST_AFTER_MANY = 0.7
MOST_SLOWER = 1.2


def deploy(seed: int, tell: Callable[[str], None]) -> Iterator[Figure]:
    """Bring the stack up, put it to the test, and take it down; `tell` is told what goes on and what went wrong."""
    stack = Stack(f"boundary-deploy-{os.getpid()}", port=free_port())
    with tempfile.TemporaryDirectory(prefix="deploy-") as directory:
        try:
            yield _first_answer(stack, tell)
            stack.scale(2)
            yield from _under_load(stack, Path(directory), seed, tell)
            tell("cached boundaries")
            yield from _of_boundaries(measure(stack, rounds=3, seconds=3))
            tell("many connections")
            yield from _of_connections(wear_down(stack, requests=70_000, seconds=5))
            tell("slow clients")
            yield from _of_slowness(slow_down(stack, Path(directory), rounds=8, seconds=3, seed=seed))
            yield from _in_adversity(Ground(stack, Reference(stack, Path(directory))), tell)
        finally:
            stack.down()


def _first_answer(stack: Stack, tell: Callable[[str], None]) -> Figure:
    tell("docker compose up --build --wait, then a question")
    began = time.monotonic()
    stack.up()
    answer = requests.post(f"{stack.url}/predict", json={"points": POINTS.tolist()}, timeout=30).json()
    seconds = time.monotonic() - began
    with tempfile.TemporaryDirectory(prefix="deploy-") as directory:
        expected = Reference(stack, Path(directory)).expected(answer["model"], answer["version"], POINTS)
    right = bool(np.abs(np.array(answer["probabilities"]) - expected).max() <= TOLERANCE)
    return Figure("a", "from `docker compose up --build --wait` to a right answer", f"{seconds:.0f} s", "right", right)


def _under_load(stack: Stack, directory: Path, seed: int, tell: Callable[[str], None]) -> Iterator[Figure]:
    found = disturb(stack, directory, seed, tell)
    for line in (*found.wrong, *found.tally.errors, *found.tally.stale, *found.tally.failed, *found.patient_errors)[
        :10
    ]:
        tell(line)
    yield from _of_disturbances(found)


def _none(part: str, what: str, count: int) -> Figure:
    return Figure(part, what, str(count), "0", count == 0)


def _of_disturbances(found: Disturbed) -> Iterator[Figure]:
    tally = found.tally
    lost = tally.refused + len(tally.errors) + len(tally.stale) + len(tally.failed)
    yield Figure("b", f"requests of {len(CLIENTS)} clients during: {', '.join(found.happened)}", f"{tally.requests:,}")
    yield _none("b", "wrong answers, the project's client's among them", len(found.wrong))
    yield _none("b", "lost, 503 among them, but for those in flight on the killed replica", lost)
    yield Figure("b", "in flight on the killed replica, and lost", str(tally.cut))
    yield Figure(
        "b", f"requests of {PATIENT_CLIENTS} of the project's clients, with retries", f"{found.patient_requests:,}"
    )
    yield _none("b", "lost", len(found.patient_errors))
    yield Figure(
        "b",
        "once every worker has a new version, old boundaries out of the cache for",
        f"{found.fresh_seconds:.1f} s",
        f"≤ {FRESH_SECONDS} s",
        found.fresh_seconds <= FRESH_SECONDS,
    )


def _of_boundaries(found: dict[str, Cached]) -> Iterator[Figure]:
    for form, cached in found.items():
        rates = " / ".join(f"{np.median(side):,.0f}" for side in (cached.proxy, cached.replica, cached.file))
        yield Figure("c", f"{form}: requests a second of the proxy / one replica / nginx with a plain file", rates)
        judged = form.endswith("gzip")
        yield Figure(
            "c",
            f"{form}: the proxy over the replica; over the file",
            f"{cached.over_replica:.1f}; {cached.over_file:.2f}",
            f"≥ {LEAST_RATIO:g}, or ≥ {LEAST_OF_A_FILE:g}" if judged else "",
            not judged or cached.over_replica >= LEAST_RATIO or cached.over_file >= LEAST_OF_A_FILE,
        )


def _of_connections(found: Lasting) -> Iterator[Figure]:
    yield Figure(
        "d", "requests a second through the proxy at first, a connection to a replica each", f"{found.first:,.0f}"
    )
    kept = found.last >= LEAST_AFTER_MANY * found.first
    yield Figure("d", f"after {found.asked:,} of them", f"{found.last:,.0f}", f"≥ {LEAST_AFTER_MANY:g} times", kept)


def _of_slowness(found: Slowness) -> Iterator[Figure]:
    for what, rounds in (("without", found.without), (f"beside {DRIPPING} that drip", found.dripping)):
        yield Figure("e", f"p99 of usual clients {what}", f"{p99(rounds) * 1000:.1f} ms")
    kept = found.ratio <= MOST_SLOWER
    yield Figure("e", "the one over the other", f"{found.ratio:.2f}", f"≤ {MOST_SLOWER:g}", kept)
    everything = sum(found.without + found.dripping, Tally())
    yield _none("e", "wrong answers and failed requests", everything.requests - everything.right)


def _in_adversity(ground: Ground, tell: Callable[[str], None]) -> Iterator[Figure]:
    for what, case in CASES.items():
        tell(what)
        try:
            line, kept = case(ground), True
        except (FaultError, StackError) as error:
            line, kept = str(error), False
        tell(line)
        yield Figure("f", what, "as promised" if kept else "broken", "one line says it, and it goes on", kept)
