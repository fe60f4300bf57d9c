"""The whole test of the deployment, as findings."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import requests

from chaos.deploy.faults import CLIENTS, FRESH_SECONDS, RETRYING_CLIENTS, FaultResult, inject_faults
from chaos.deploy.hostile_environments import CASES, POINTS, BrokenPromiseError, Fixture
from chaos.deploy.port_exhaustion import PortExhaustion, exhaust_ports
from chaos.deploy.proxy_cache import CacheRates, measure_cache
from chaos.deploy.reference import Reference
from chaos.deploy.slow_clients import measure_slow_clients
from chaos.deploy.stack import Stack, StackError
from chaos.findings import Finding
from chaos.soak.slow_clients import SLOW_CONNECTIONS, Pair, p99
from chaos.soak.workload import TOLERANCE
from harness.ports import free_port

MIN_OVER_REPLICA = 5.0
MIN_OVER_FILE = 0.6
"""The limit where nginx cannot serve a plain file MIN_OVER_REPLICA times as fast as a replica its own boundary."""
MIN_RATE_KEPT = 0.7
MAX_SLOW_RATIO = 1.2
MAX_LINES = 10
"""Of each kind of requests that went wrong, as many are printed."""


def run_deployment(seed: int, tell: Callable[[str], None]) -> Iterator[Finding]:
    """Bring the stack up, break it, and take it down; `tell` takes lines on progress and on what went wrong."""
    stack = Stack(f"boundary-deploy-{os.getpid()}", port=free_port())
    with tempfile.TemporaryDirectory(prefix="deploy-") as name:
        directory = Path(name)
        try:
            tell("docker compose up --build --wait, and a prediction")
            yield _first_prediction(stack)
            stack.scale(2)
            faults = inject_faults(stack, directory, seed, tell)
            for kind, lines in _unwanted(faults).items():
                for line in lines[:MAX_LINES]:
                    tell(f"{kind}: {line}")
            yield from _of_faults(faults)
            tell("cached boundaries")
            yield from _of_cache(measure_cache(stack, rounds=3, seconds=3))
            tell("many connections")
            yield from _of_ports(exhaust_ports(stack, requests=70_000, seconds=5))
            tell("slow clients")
            yield from _of_slow_clients(measure_slow_clients(stack, directory, rounds=8, seconds=3, seed=seed))
            yield from _in_hostile_environments(Fixture(stack, Reference(stack, directory)), tell)
        finally:
            stack.down()


def _first_prediction(stack: Stack) -> Finding:
    start = time.monotonic()
    stack.up()
    prediction = requests.post(f"{stack.url}/predict", json={"points": POINTS.tolist()}, timeout=30).json()
    seconds = time.monotonic() - start
    with tempfile.TemporaryDirectory(prefix="deploy-") as directory:
        expected = Reference(stack, Path(directory)).expected(prediction["model"], prediction["version"], POINTS)
    correct = bool(np.abs(np.array(prediction["probabilities"]) - expected).max() <= TOLERANCE)
    metric = "`docker compose up --build --wait` to a correct prediction"
    return Finding("a", metric, f"{seconds:.0f} s", "correct", correct)


def _unwanted(result: FaultResult) -> dict[str, list[str]]:
    outcomes = result.outcomes
    return {
        "wrong": result.wrong + outcomes.wrong,
        "lost": outcomes.unavailable + outcomes.server_errors + outcomes.stale + outcomes.failed,
        "limited": outcomes.limited,
        "lost to the project's client": result.retrying_errors,
    }


def _of_faults(result: FaultResult) -> Iterator[Finding]:
    outcomes, unwanted = result.outcomes, _unwanted(result)
    during = ", ".join(result.faults)
    yield Finding("b", f"requests of {len(CLIENTS)} clients during: {during}", f"{outcomes.requests:,}")
    yield Finding.none_of("b", "wrong responses, also to the project's client", len(unwanted["wrong"]))
    yield Finding.none_of("b", "lost, 503 included, except with the killed replica", len(unwanted["lost"]))
    yield Finding.none_of("b", "refused by the proxy's limit (429)", len(unwanted["limited"]))
    yield Finding("b", "lost with the killed replica", str(outcomes.killed))
    retrying = f"requests of {RETRYING_CLIENTS} of the project's clients, with retries"
    yield Finding("b", retrying, f"{result.retrying_requests:,}")
    yield Finding.none_of("b", "lost", len(result.retrying_errors))
    yield Finding(
        "b",
        "old boundaries from the cache after every worker has a new version",
        f"{result.stale_seconds:.1f} s",
        f"≤ {FRESH_SECONDS} s",
        result.stale_seconds <= FRESH_SECONDS,
    )


def _of_cache(rates: dict[str, CacheRates]) -> Iterator[Finding]:
    for variant, row in rates.items():
        medians = " / ".join(f"{np.median(side):,.0f}" for side in (row.proxy, row.replica, row.file))
        yield Finding("c", f"{variant}: requests/s of the proxy / one replica / nginx with a plain file", medians)
        limited = variant.endswith("gzip")
        yield Finding(
            "c",
            f"{variant}: the proxy over the replica; over the file",
            f"{row.over_replica:.1f}; {row.over_file:.2f}",
            f"≥ {MIN_OVER_REPLICA:g}, or ≥ {MIN_OVER_FILE:g}" if limited else "",
            not limited or row.over_replica >= MIN_OVER_REPLICA or row.over_file >= MIN_OVER_FILE,
        )


def _of_ports(result: PortExhaustion) -> Iterator[Finding]:
    first, last = f"{result.proxy[0]:,.0f}", f"{result.proxy[-1]:,.0f}"
    passed = result.rate_kept >= MIN_RATE_KEPT
    yield Finding("d", "requests/s through the proxy at first, each over a connection of its own to a replica", first)
    yield Finding("d", f"requests/s after {result.requests:,} of them", last)
    kept = "the rate that is kept, each over that of a replica asked directly at the time"
    yield Finding("d", kept, f"{result.rate_kept:.2f}", f"≥ {MIN_RATE_KEPT:g}", passed)


def _of_slow_clients(result: Pair) -> Iterator[Finding]:
    slow = f"beside {SLOW_CONNECTIONS} connections at a byte a second"
    for what, rounds in (("of normal clients alone", result.alone), (slow, result.beside)):
        yield Finding("e", f"p99 {what}", f"{p99(rounds) * 1000:.1f} ms")
    passed = result.ratio <= MAX_SLOW_RATIO
    yield Finding("e", "ratio of the two", f"{result.ratio:.2f}", f"≤ {MAX_SLOW_RATIO:g}", passed)
    outcomes = result.outcomes
    yield Finding.none_of("e", "wrong responses and failed requests", outcomes.requests - outcomes.correct)


def _in_hostile_environments(fixture: Fixture, tell: Callable[[str], None]) -> Iterator[Finding]:
    for name, case in CASES.items():
        tell(name)
        try:
            line, passed = case(fixture), True
        except (BrokenPromiseError, StackError) as error:
            line, passed = str(error), False
        tell(line)
        yield Finding(
            "f", name, "passed" if passed else "failed", "logged in one line, the service keeps running", passed
        )
