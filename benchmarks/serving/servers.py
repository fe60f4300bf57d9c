"""Run a contestant's server, or all of them together, for the length of a `with` block."""

import contextlib
import http.client
import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.request_formats import MODEL, Message, Values
from benchmarks.serving.contestants import ROOT, Contestant
from benchmarks.serving.processes import end
from bundle import layout
from harness.ports import free_port

MODELS = ROOT / "models"
START_SECONDS = 120


class NotMeasuredError(Exception):
    """A contestant cannot be measured; the message is the reason, for the table."""


@dataclass(frozen=True)
class Sample:
    """Points, and the probabilities that the engine computes for them."""

    points: Values
    expected: Values


@dataclass(frozen=True)
class Server:
    port: int
    grpc_port: int | None
    pid: int
    seconds_to_ready: float


def bundle() -> Path:
    return MODELS / MODEL / str(layout.versions(MODELS, MODEL)[-1])


def send(port: int, path: str, body: Message | None = None) -> tuple[int, Message]:
    """Send one request over a connection of its own; return the status and the response.

    Raises:
        OSError: no server responds.
        http.client.HTTPException: the response is not HTTP.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    with contextlib.closing(connection):
        if body is None:
            connection.request("GET", path)
        else:
            connection.request("POST", path, body.content, dict(body.headers))
        response = connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return response.status, Message(response.read(), headers)


@contextlib.contextmanager
def running(contestant: Contestant, sample: Sample, directory: Path, **settings: str) -> Iterator[Server]:
    """Start a server, wait until it predicts the sample correctly, and end it after the block.

    Raises:
        NotMeasuredError: it is not installed, does not start, or predicts something else.
    """
    started: list[subprocess.Popen[bytes]] = []
    try:
        yield start(contestant, sample, directory, started, _of_this_checkout() | settings)
    finally:
        end(*started)


@contextlib.contextmanager
def running_together(
    contestants: Sequence[Contestant], sample: Sample, directory: Path
) -> Iterator[dict[str, Server | NotMeasuredError]]:
    """Start all servers, yield each or why it does not run by the contestant's name, and end all after the block."""
    started: list[subprocess.Popen[bytes]] = []
    servers: dict[str, Server | NotMeasuredError] = {}
    try:
        for contestant in contestants:
            try:
                servers[contestant.name] = start(contestant, sample, directory, started, _of_this_checkout())
            except NotMeasuredError as error:
                servers[contestant.name] = error
        yield servers
    finally:
        end(*started)


def start(
    contestant: Contestant,
    sample: Sample,
    directory: Path,
    started: list[subprocess.Popen[bytes]],
    settings: Mapping[str, str],
    port: int | None = None,
) -> Server:
    """Start a server, add its process to those that were started, and wait until it predicts the sample correctly.

    `settings` are variables of its environment, which also say which models it serves.

    Raises:
        NotMeasuredError: it is not installed, does not start, or predicts something else.
    """
    port, log = port or free_port(), directory / f"{contestant.name}.log"
    command, environment = contestant.command(port), {**_environment(contestant, port, directory), **settings}
    grpc_port = None if contestant.grpc_variable is None else free_port()
    if contestant.grpc_variable is not None:
        environment[contestant.grpc_variable] = str(grpc_port)
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
            process_group=0,  # not a session of its own: the kernel gives each session a share of the processors
        )
    started.append(process)
    _wait_until_ready(contestant, sample, port, process, log)
    return Server(port, grpc_port, process.pid, time.perf_counter() - start)


def _of_this_checkout() -> dict[str, str]:
    """Return the settings by which the models of this checkout are served."""
    return {"SERVICE_MODELS_DIR": str(MODELS), "BENCHMARK_BUNDLE": str(bundle())}


def _environment(contestant: Contestant, port: int, directory: Path) -> dict[str, str]:
    dropped = ("SERVICE_", "WEB_CONCURRENCY", "PYTHONDONTWRITEBYTECODE")  # settings of other runs of the service
    kept = {k: v for k, v in os.environ.items() if not k.startswith(dropped)}
    return kept | {
        "HOST": "127.0.0.1",
        "TMPDIR": str(directory),
        "PYTHONPATH": str(ROOT),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        **contestant.environment(port, directory),
    }


def _wait_until_ready(
    contestant: Contestant, sample: Sample, port: int, process: subprocess.Popen[bytes], log: Path
) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _is_ready(contestant, sample, port):
        if process.poll() is not None:
            raise NotMeasuredError(f"ended at its start: {_last_line(log)}")
        if time.monotonic() > deadline:
            raise NotMeasuredError(f"no prediction within {START_SECONDS} s: {_last_line(log)}")
        time.sleep(0.005)


def _is_ready(contestant: Contestant, sample: Sample, port: int) -> bool:
    request_format = contestant.request_formats[0]
    try:
        if contestant.ready_path is not None:
            return send(port, contestant.ready_path)[0] == 200
        status, response = send(port, request_format.path, request_format.encode(sample.points))
    except (OSError, http.client.HTTPException):
        return False
    if status == 200 and not contestant.is_correct(request_format, sample.points, sample.expected, response):
        raise NotMeasuredError("wrong prediction")
    return status == 200


def _last_line(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1][:80] if lines else "nothing in its log"
