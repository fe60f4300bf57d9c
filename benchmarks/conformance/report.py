"""Has every client ask a server, and shows what came of it as tables in Markdown."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.table import Table

from benchmarks.conformance.asking import NO, YES, Result, Target
from benchmarks.conformance.operations import OPEN_INFERENCE, STANDARDS, TENSORFLOW_SERVING, Section
from benchmarks.serving.tables import markdown, new_table

ROOT = Path(__file__).parents[2]
PEERS = ROOT / ".venv-peers"
SECONDS = 300

Seen = Mapping[str, Mapping[str, Result]]
"""Results by column and operation."""

NOT_ASKED = "–"
"""The client has no call for it."""


@dataclass(frozen=True)
class Client:
    """A module of `benchmarks.conformance.clients`; `environment` is the peer's that has it; None: this program's."""

    module: str
    title: str
    standard: str
    environment: str | None = None

    @property
    def python(self) -> Path:
        return PEERS / self.environment / "bin/python" if self.environment else Path(sys.executable)


CLIENTS = (
    Client("triton", "tritonclient", OPEN_INFERENCE),
    Client("kserve", "KServe's", OPEN_INFERENCE, "kserve"),
    Client("tensorflow_serving", "TensorFlow Serving's", TENSORFLOW_SERVING),
    Client("ovms", "OpenVINO Model Server's", TENSORFLOW_SERVING, "ovmsclient"),
)


class NotAskedError(Exception):
    """A client cannot ask; the message says why."""


def ask(client: Client, target: Target) -> Seen:
    """Run a client.

    Raises:
        NotAskedError: it is not installed, or ends in an error of its own.
    """
    if not client.python.is_file():
        raise NotAskedError("not installed")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3", "GRPC_VERBOSITY": "NONE"}
    command = [str(client.python), "-m", f"benchmarks.conformance.clients.{client.module}", json.dumps(asdict(target))]
    done = subprocess.run(  # noqa: S603
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    if done.returncode:
        raise NotAskedError((done.stderr.strip().splitlines() or ["it says nothing"])[-1][:200])
    columns = json.loads(done.stdout.splitlines()[-1])
    return {
        column: {operation: Result(**found) for operation, found in results.items()}
        for column, results in columns.items()
    }


def ask_all(target: Target, clients: Iterable[Client] = CLIENTS) -> dict[str, Seen | NotAskedError]:
    """Have each client ask in turn; return what it saw, or why it did not ask, by its module."""
    seen: dict[str, Seen | NotAskedError] = {}
    for client in clients:
        try:
            seen[client.module] = ask(client, target)
        except NotAskedError as error:
            seen[client.module] = error
    return seen


def columns_of(standard: str, seen: Mapping[str, Seen | NotAskedError]) -> dict[str, Mapping[str, Result]]:
    """Return the columns of a standard, with all that failed as not offered where a server does not speak it at all."""
    columns: dict[str, Mapping[str, Result]] = {}
    for client in CLIENTS:
        found = seen.get(client.module)
        if client.standard == standard and found is not None and not isinstance(found, NotAskedError):
            columns.update(found)
    return {name: results for name, results in columns.items() if _is_spoken(standard, results)}


def _is_spoken(standard: str, results: Mapping[str, Result]) -> bool:
    """Say whether a server answers anything at all: it refuses everything where it does not know the standard."""
    answered = STANDARDS[standard][0].operations
    return any(results[operation].answer == YES for operation in answered if operation in results)


def failures(seen: Mapping[str, Seen | NotAskedError]) -> list[str]:
    """Name what failed, of the standards that the server speaks."""
    return [
        f"{column}: {operation}: {result.reason}"
        for standard in STANDARDS
        for column, results in columns_of(standard, seen).items()
        for operation, result in results.items()
        if result.answer == NO
    ]


def text(seen: Mapping[str, Seen | NotAskedError], level: str = "##") -> str:
    """Return the tables, and the reasons below them."""
    parts = [_standard(standard, seen, level) for standard in STANDARDS]
    missing = [f"{client.title} client: {seen[client.module]}" for client in CLIENTS
               if isinstance(seen.get(client.module), NotAskedError)]  # fmt: skip
    if missing:
        parts.append("Not asked by " + "; ".join(missing) + ".")
    return "\n\n".join(parts)


def _standard(standard: str, seen: Mapping[str, Seen | NotAskedError], level: str) -> str:
    columns = columns_of(standard, seen)
    if not columns:
        return f"{level} {standard}\n\nNot spoken."
    table, notes = new_table("", *columns), list[str]()
    for section in STANDARDS[standard]:
        _add(table, section, columns, notes)
    unspoken = [name for client in CLIENTS if client.standard == standard for name in _names(seen, client)
                if name not in columns]  # fmt: skip
    remarks = [f"{i}. {note}" for i, note in enumerate(notes, 1)]
    said = [f"Nothing is answered to {', '.join(unspoken)}."] if unspoken else []
    return "\n\n".join([f"{level} {standard}", markdown(table), *said, *(["\n".join(remarks)] if remarks else [])])


def _names(seen: Mapping[str, Seen | NotAskedError], client: Client) -> list[str]:
    found = seen.get(client.module)
    return [] if found is None or isinstance(found, NotAskedError) else list(found)


def _add(table: Table, section: Section, columns: Mapping[str, Mapping[str, Result]], notes: list[str]) -> None:
    """Add a section's rows, of those operations that any client asks for; reasons become notes, each once."""
    rows = [name for name in section.operations if any(name in results for results in columns.values())]
    if not rows:
        return
    table.add_row(f"**{section.title}**")
    for name in rows:
        table.add_row(name, *(_cell(results.get(name), notes) for results in columns.values()))


def _cell(result: Result | None, notes: list[str]) -> str:
    if result is None:
        return NOT_ASKED
    word = f"**{result.answer}**" if result.answer == NO else result.answer
    if not result.reason:
        return word
    note = result.reason.replace("|", "\\|")
    if note not in notes:
        notes.append(note)
    return f"{word} ({notes.index(note) + 1})"
