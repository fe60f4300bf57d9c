"""Many hostile inputs to a server, as findings."""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import BoundedSemaphore, Lock
from urllib.parse import urlsplit

import requests
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded

from chaos.findings import Finding
from chaos.hostile.heads import HostileInput, inputs
from chaos.hostile.sending import send
from harness.server import serving

CLIENTS = 4
MAX_LINES = 20
"""As many faults are printed."""

CHECKED_EVERY = 500
"""After so many inputs the service has to answer what it answered at first."""

QUESTIONS = ("/models", "/boundary?model=tanh-3&resolution=12", "/health/ready")
PREDICTION = {"points": [[0.1, 0.2], [0.9, -0.4]], "models": "all"}

Tell = Callable[[str], None]


@dataclass
class Outcome:
    """What came of the inputs sent so far."""

    sent: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    wrong_afterwards: list[str] = field(default_factory=list)


def run_hostile(models: Path, count: int, seed: int, tell: Tell) -> Iterator[Finding]:
    """Start a gunicorn with these models, send it inputs, and look at its log and its workers too."""
    with (
        tempfile.TemporaryDirectory(prefix="hostile-") as directory,
        serving(Path(directory), SERVICE_MODELS_DIR=str(models.absolute()), WEB_CONCURRENCY="2") as server,
    ):
        server.wait_until_ready()
        workers = server.workers()
        yield from run_against(server.url, count, seed, tell)
        log = server.log.read_text(errors="replace")
        for line in _errors(log)[:MAX_LINES]:
            tell(line)
        yield Finding.none_of("h", "errors in the log, such as tracebacks", len(_errors(log)))
        yield Finding.none_of("h", "workers that ended", len(set(workers) - set(server.workers())))


def run_against(url: str, count: int, seed: int, tell: Tell) -> Iterator[Finding]:
    """Send inputs to the service at an address."""
    outcome = send_all(url, count, seed)
    for line in [*outcome.faults, *outcome.wrong_afterwards][:MAX_LINES]:
        tell(line)
    kinds = ", ".join(f"{kind} {number:,}" for kind, number in sorted(outcome.sent.items()))
    yield Finding("h", f"inputs: {kinds}", f"{outcome.sent.total():,}")
    yield Finding.none_of(
        "h", "5xx other than 503 (and 501 for unknown codings), no or broken answers", len(outcome.faults)
    )
    yield Finding.none_of("h", "wrong answers to proper requests afterwards", len(outcome.wrong_afterwards))


def send_all(url: str, count: int, seed: int) -> Outcome:
    """Send inputs over several connections at once; between them, compare with what the service answered at first."""
    outcome, lock, room = Outcome(), Lock(), BoundedSemaphore(2 * CLIENTS)
    address = (str(urlsplit(url).hostname), urlsplit(url).port or 80)
    document = requests.get(f"{url}/openapi.json", timeout=60).json()
    calls = [(method.upper(), path) for path, methods in document["paths"].items() for method in methods]
    expected = _answers(url)

    def note(sending: Future[str | None], hostile: HostileInput) -> None:
        room.release()
        error = sending.exception() or sending.result()
        if error is not None:
            with lock:
                outcome.faults.append(f"{hostile.kind}: {error} to {hostile.content[:400]!r}")

    with ThreadPoolExecutor(CLIENTS) as pool:

        @seeded(seed)
        @settings(
            max_examples=count,
            phases=[Phase.generate],
            database=None,
            deadline=None,
            suppress_health_check=[*HealthCheck],
        )
        @given(inputs(calls))
        def send_one(hostile: HostileInput) -> None:
            outcome.sent[hostile.kind] += 1
            room.acquire()
            pool.submit(send, address, hostile).add_done_callback(lambda done: note(done, hostile))
            if outcome.sent.total() % CHECKED_EVERY == 0 and _answers(url) != expected:
                outcome.wrong_afterwards.append(f"after {outcome.sent.total()} inputs")

        send_one()
    if _answers(url) != expected:
        outcome.wrong_afterwards.append("at the end")
    return outcome


def _answers(url: str) -> list[tuple[int, bytes]]:
    answers = [requests.get(url + path, timeout=60) for path in QUESTIONS]
    answers.append(requests.post(url + "/predict", json=PREDICTION, timeout=60))
    return [(answer.status_code, answer.content) for answer in answers]


def _errors(log: str) -> list[str]:
    lines = log.splitlines()
    return [line for line in lines if "Traceback" in line or '"level":"error"' in line or "[ERROR]" in line]
