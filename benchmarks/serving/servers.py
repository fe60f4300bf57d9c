"""Runs a contestant's server for as long as a `with` block lasts."""

import contextlib
import http.client
import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import free_port
from benchmarks.serving.contestants import MODEL, ROOT, Contestant, Points, Values
from benchmarks.serving.processes import end
from bundle import layout

MODELS = ROOT / "models"
LONGEST_START = 120


class NotMeasuredError(Exception):
    """A contestant that cannot be measured; the message is the reason, for the table."""


@dataclass(frozen=True)
class Question:
    """Points, and what the engine says of them."""

    points: Points
    expected: Values


@dataclass(frozen=True)
class Server:
    port: int
    pid: int
    seconds_to_ready: float


def bundle() -> Path:
    return MODELS / MODEL / str(layout.versions(MODELS, MODEL)[-1])


def ask(port: int, path: str, body: bytes | None = None) -> tuple[int, http.client.HTTPMessage, bytes]:
    """Ask over a connection of its own; returns status, headers and content.

    Raises:
        OSError: nobody answers.
        http.client.HTTPException: what answers is not HTTP.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    with contextlib.closing(connection):
        headers = {} if body is None else {"Content-Type": "application/json"}
        connection.request("GET" if body is None else "POST", path, body, headers)
        response = connection.getresponse()
        return response.status, response.headers, response.read()


@contextlib.contextmanager
def running(contestant: Contestant, question: Question, directory: Path, **settings: str) -> Iterator[Server]:
    """Start a server, wait until it answers the question rightly, and end it in the end, whatever happens.

    Raises:
        NotMeasuredError: it is not installed, does not start, or answers wrongly.
    """
    port, log = free_port(), directory / f"{contestant.name}.log"
    command, environment = contestant.command(port), _environment(contestant, port, directory) | settings
    if not Path(command[0]).is_file():
        raise NotMeasuredError("not installed")
    with log.open("wb") as output:
        start = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603
            command,
            cwd=ROOT if contestant.peer is None else directory,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    try:
        _wait(contestant, question, port, process, log)
        yield Server(port, process.pid, time.perf_counter() - start)
    finally:
        end(process)


def _environment(contestant: Contestant, port: int, directory: Path) -> dict[str, str]:
    dropped = ("SERVICE_", "WEB_CONCURRENCY", "PYTHONDONTWRITEBYTECODE")  # settings of other runs of the service
    kept = {k: v for k, v in os.environ.items() if not k.startswith(dropped)}
    return kept | {
        "HOST": "127.0.0.1",
        "TMPDIR": str(directory),
        "SERVICE_MODELS_DIR": str(MODELS),
        "BENCHMARK_BUNDLE": str(bundle()),
        "PYTHONPATH": str(ROOT),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        **contestant.environment(port, directory),
    }


def _wait(contestant: Contestant, question: Question, port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    end_of_patience = time.monotonic() + LONGEST_START
    while not _answers(contestant, question, port):
        if process.poll() is not None:
            raise NotMeasuredError(f"ended at its start: {_last_line(log)}")
        if time.monotonic() > end_of_patience:
            raise NotMeasuredError(f"no right answer within {LONGEST_START} s: {_last_line(log)}")
        time.sleep(0.005)


def _answers(contestant: Contestant, question: Question, port: int) -> bool:
    try:
        if contestant.ready is not None:
            return ask(port, contestant.ready)[0] == 200
        status, _, answer = ask(port, contestant.form.path, contestant.form.write(question.points))
    except (OSError, http.client.HTTPException):
        return False
    if status == 200 and not contestant.right(question.points, question.expected, answer):
        raise NotMeasuredError("wrong answer")
    return status == 200


def _last_line(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1][:200] if lines else "it said nothing"
