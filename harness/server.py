"""A real gunicorn that runs the service: started with an environment of its own, asked, looked at, and stopped."""

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import MappingProxyType
from typing import Any

import requests

from harness import processes
from harness.ports import free_port
from harness.service_log import MARK, ServiceLog
from harness.waiting import PATIENCE_SECONDS, wait_for

ROOT = Path(__file__).parent.parent
CONSTANTS = ROOT / "harness/constants.py"
HOST = "127.0.0.1"


class HttpServer:
    """What listens on a port of this machine, and how it is asked."""

    port: int

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def address(self) -> tuple[str, int]:
        return HOST, self.port

    def get(self, path: str, **options: Any) -> requests.Response:
        return requests.get(self.url + path, timeout=PATIENCE_SECONDS, **options)

    def post(self, path: str, **options: Any) -> requests.Response:
        return requests.post(self.url + path, timeout=PATIENCE_SECONDS, **options)

    def predict(self, **body: object) -> requests.Response:
        return self.post("/predict", json=body)


@dataclass(frozen=True)
class Server(HttpServer):
    """Gunicorn's arbiter, the port that it listens on, and the file that it and its workers log to."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def wait_until_live(self) -> None:
        """Wait until a worker answers."""
        self._wait_until(lambda: self._status("/health/live") is not None)

    def wait_until_ready(self) -> None:
        """Wait until a worker has models to answer with."""
        self._wait_until(lambda: self._status("/health/ready") == 200)

    def workers(self) -> list[int]:
        """Return the process ids of the workers that live, oldest first."""
        return processes.children(self.process.pid)

    def held_by(self, worker: int) -> set[int]:
        """Return the clients' ports of the connections that a worker holds."""
        return processes.connections(worker, self.port)

    @contextmanager
    def each_worker(self) -> Iterator[list[requests.Session]]:
        """Give a session with each of the workers, on a connection that is kept.

        A new connection goes to the worker with fewer, so what reaches the wrong one is held until all are reached.
        """
        missing, found = set(self.workers()), []
        with ExitStack() as opened:

            def reach_another() -> bool:
                session = opened.enter_context(requests.Session())
                with session.get(self.url + "/health/live", timeout=PATIENCE_SECONDS, stream=True) as answer:
                    connection: Any = answer.raw.connection
                    client = connection.sock.getsockname()[1]
                    owner = next((worker for worker in missing if client in self.held_by(worker)), None)
                    _ = answer.content  # it is kept once this is read
                if owner is not None:
                    missing.remove(owner)
                    found.append(session)
                return not missing

            wait_for(reach_another)
            yield found

    def events(self, event: str) -> list[dict[str, Any]]:
        """Return what the service logged under this name so far."""
        if event == "request":
            self._let_requests_be_logged()
        return self._logged.events(event)

    def tracebacks(self) -> int:
        """Return how many errors the service did not expect stand in its log."""
        return self._logged.tracebacks()

    def stop(self) -> int:
        """Stop it as an orchestrator does, where it still runs: what was asked is answered. Returns the exit status."""
        return self._end(signal.SIGTERM)

    def quit(self) -> int:
        """Stop it at once, where it still runs, which spares the 2 s that connections may linger."""
        return self._end(signal.SIGQUIT)

    def _end(self, how: signal.Signals) -> int:
        self.process.send_signal(how)
        return self.process.wait(timeout=PATIENCE_SECONDS)

    def _let_requests_be_logged(self) -> None:
        """A worker writes its lines together, in their order: so have each write a mark, and wait for all of them."""
        marks = []
        with self.each_worker() as sessions:
            for session in sessions:
                marks.append(uuid.uuid4().hex)
                session.get(self.url + MARK, headers={"X-Request-ID": marks[-1]}, timeout=PATIENCE_SECONDS)
        wait_for(lambda: set(marks) <= {entry["request_id"] for entry in self._logged.events(MARK)})

    @cached_property
    def _logged(self) -> ServiceLog:
        return ServiceLog(self.log)

    def _status(self, path: str) -> int | None:
        with closing(HTTPConnection(*self.address, timeout=5)) as connection:
            with suppress(OSError, HTTPException):  # it does not listen yet, or no worker is there that accepts
                connection.request("GET", path)
                response = connection.getresponse()
                response.read()
                return response.status
            return None

    def _wait_until(self, holds: Callable[[], bool]) -> None:
        try:
            wait_for(lambda: self.process.poll() is not None or holds())
        except TimeoutError:
            pass
        else:
            if self.process.poll() is None:
                return
        raise RuntimeError(f"the server does not get there:\n{self.log.read_text(errors='replace')}")


@contextmanager
def serving(
    directory: Path,
    /,
    *,
    without: Sequence[str] = ("SERVICE_",),
    constants: Mapping[str, float] = MappingProxyType({}),
    command: Sequence[str] = (sys.executable, "-m", "gunicorn"),
    cwd: Path = ROOT,
    within: Sequence[str] = (),
    **environment: str,
) -> Iterator[Server]:
    """Run gunicorn until the block ends, which begins once it answers; its log goes to `directory`.

    It inherits this process's environment, but for the variables that begin with one of `without`. `constants` are the
    service's, by where they stand, where other values than its own are wanted. `within` is a command that becomes the
    command that is given to it, such as `unshare`.
    """
    port = int(environment.get("PORT") or free_port())
    log = directory / f"gunicorn-{port}.log"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(tuple(without))}
    changed = {"HARNESS_CONSTANTS": json.dumps(dict(constants)), "GUNICORN_CMD_ARGS": f"--config {CONSTANTS}"}
    ours = {"HOST": HOST, "PORT": str(port), **(changed if constants else {})}
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 (the callers' own)
            [*within, *command],
            cwd=cwd,
            env={**inherited, **ours, **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    server = Server(process, port, log)
    try:
        server.wait_until_live()
        yield server
    finally:
        server.quit()
