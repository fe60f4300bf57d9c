"""Asks this service and others, each with the same network, and writes docs/conformance.md: `make conformance`."""

import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import click
import numpy as np

from benchmarks.conformance import operations as op
from benchmarks.conformance.asking import NO, NOT_OFFERED, YES, Target
from benchmarks.conformance.report import CLIENTS, NotAskedError, Seen, ask, ask_all, columns_of, text
from benchmarks.request_formats import MODEL, V2_JSON
from benchmarks.serving.contestants import APPS, MLSERVER_SINGLE, PEERS, ROOT, SERVICE_WITH_GRPC, Contestant
from benchmarks.serving.processes import adopt_orphans
from benchmarks.serving.servers import NotMeasuredError, Sample, bundle, running
from benchmarks.serving.tables import markdown, new_table
from bundle import layout
from service import keys
from service.engines.litert import LiteRTEngine

PAGE = ROOT / "docs/conformance.md"
POINTS = [[0.1, 0.2], [0.9, -0.4], [-1.2, 0.7]]

TRITON = Contestant(
    "triton",
    "Triton",
    lambda port: [str(PEERS / "triton/bin/python"), "-m", f"{APPS}.triton_app", str(port)],
    lambda *_: {},
    (V2_JSON,),
    peer="triton",
    grpc_variable="TRITON_GRPC_PORT",
)


OWN_NOTES = """\
Models are loaded and unloaded for those who have an API key; the two rows are of a second run, with one.
Classification and regression take examples, which this service has not got: it takes points as tensors. Versions have
numbers and no labels."""

TRITONS_NOTES = """\
Triton runs from PyTriton's wheel, which keeps repository and statistics to itself. It ran under Debian's Python 3.11.2,
and did not under 3.11.7: PyTriton 0.7.0 runs models in a Python 3.11 of its own, which has not got what the newer
standard library calls (`RLock._recursion_count`)."""


@dataclass(frozen=True)
class TestedServer:
    """A server, and the package that is it."""

    title: str
    contestant: Contestant
    package: str = ""
    notes: tuple[str, ...] = ()


SERVERS = (
    TestedServer("This service", SERVICE_WITH_GRPC, notes=(OWN_NOTES,)),
    TestedServer("MLServer", MLSERVER_SINGLE, "mlserver"),
    TestedServer("Triton", TRITON, "nvidia-pytriton", (TRITONS_NOTES,)),
)

INTRODUCTION = """\
Published clients ask each server for every operation of the Open Inference Protocol v2 and of TensorFlow Serving, over
HTTP and over gRPC. The servers serve the same network, tanh-10-10, through the same engine. MLServer and Triton call it
by a few lines of Python ([benchmarks/serving/apps](../benchmarks/serving/apps)), which leave it to the server to check
what it is given; MLServer's settings declare no tensors.

- **yes**: what came back is what the standard says. Predictions are the engine's, to 0.0001; a wrong request is
  refused.
- **no**: it is not, for the reason in the note.
- *not offered*: a server may leave it out, and this one does.
- –: the client has no call for it.

Both standards let any error refuse a request; a note says where a server calls a client's mistake its own fault.
`python -m benchmarks.conformance URL --grpc HOST:PORT --model NAME` asks any other server: with `-o FILE` it writes the
same tables, and its exit status is 1 where an operation fails."""


@contextmanager
def _running(server: TestedServer, sample: Sample, directory: Path, **settings: str) -> Iterator[Target]:
    """Start a server for the length of the block; give what to ask it."""
    with running(server.contestant, sample, directory, **settings) as found:
        expected = sample.expected.tolist()
        yield Target(
            f"http://127.0.0.1:{found.port}", f"127.0.0.1:{found.grpc_port}", MODEL, "points", "probabilities", POINTS,
            expected, may_unload=True,
        )  # fmt: skip


def _ask(server: TestedServer, sample: Sample, directory: Path) -> Mapping[str, Seen | NotAskedError]:
    with _running(server, sample, directory) as target:
        seen = ask_all(target)
    if server.contestant is not SERVICE_WITH_GRPC:
        return seen
    key, line = keys.make("conformance")
    (directory / "keys").write_text(line + "\n")
    with _running(server, sample, directory, SERVICE_API_KEYS_FILE=str(directory / "keys")) as target:
        with_key = ask(CLIENTS[0], replace(target, key=key))
    return {**seen, CLIENTS[0].module: _loaded_with_key(seen[CLIENTS[0].module], with_key)}


def _loaded_with_key(seen: Seen | NotAskedError, with_key: Seen) -> Seen | NotAskedError:
    if isinstance(seen, NotAskedError):
        return seen
    loads = (op.LOAD, op.UNLOAD)
    return {column: {**results, **{name: with_key[column][name] for name in loads}} for column, results in seen.items()}


def _sample() -> Sample:
    points = np.array(POINTS, np.float32)
    engine = LiteRTEngine((bundle() / layout.COMPILED).read_bytes())
    return Sample(points, engine.run("serving_default", points)["probabilities"])


def _summary(seen: Mapping[str, Mapping[str, Seen | NotAskedError]]) -> str:
    """Count the answers of each server to each client."""
    names = list(dict.fromkeys(name for found in seen.values() for name in _columns(found)))
    table = new_table("yes / no / not offered", *seen)
    for name in names:
        table.add_row(name, *(_counted(found, name) for found in seen.values()))
    return markdown(table)


def _columns(found: Mapping[str, Seen | NotAskedError]) -> list[str]:
    return [name for standard in op.STANDARDS for name in columns_of(standard, found)]


def _counted(found: Mapping[str, Seen | NotAskedError], name: str) -> str:
    for standard in op.STANDARDS:
        results = columns_of(standard, found).get(name)
        if results is not None:
            answers = [result.answer for result in results.values()]
            return " / ".join(str(answers.count(answer)) for answer in (YES, NO, NOT_OFFERED))
    return "not spoken"


def _version(python: Path, package: str) -> str:
    """Return the version of a package in the environment of this interpreter."""
    script = f"import importlib.metadata as m; print(m.version({package!r}))"
    done = subprocess.run([str(python), "-c", script], capture_output=True, text=True, check=False)  # noqa: S603
    return done.stdout.strip() or "not installed"


def _versions() -> str:
    own = Path(sys.executable)
    asked = {
        "tritonclient": own,
        "tensorflow-serving-api": own,
        "kserve": PEERS / "kserve/bin/python",
        "ovmsclient": PEERS / "ovmsclient/bin/python",
        **{server.package: PEERS / server.contestant.name.removesuffix("-single") / "bin/python"
           for server in SERVERS if server.package},
    }  # fmt: skip
    return ", ".join(f"{package} {_version(python, package)}" for package, python in asked.items() if python.is_file())


@click.command()
@click.option("--write/--no-write", default=True, show_default=True, help="Write docs/conformance.md.")
def main(write: bool) -> None:
    """Print the page."""
    adopt_orphans()
    sample = _sample()
    seen: dict[str, Mapping[str, Seen | NotAskedError]] = {}
    parts = []
    for server in SERVERS:
        with tempfile.TemporaryDirectory(prefix="conformance-", ignore_cleanup_errors=True) as directory:
            try:
                found = seen[server.title] = _ask(server, sample, Path(directory))
            except NotMeasuredError as error:
                parts.append(f"## {server.title}\n\nNot asked: {error}.")
                continue
        parts.append("\n\n".join([f"## {server.title}", *server.notes, text(found, "###")]))
    page = "\n\n".join(
        [
            "# Conformance",
            f"{datetime.now(UTC):%Y-%m-%d}, `make conformance`; Python {platform.python_version()}, {_versions()}.",
            INTRODUCTION,
            _summary(seen),
            *parts,
        ]
    )
    click.echo(page)
    if write:
        PAGE.write_text(page + "\n")


if __name__ == "__main__":
    main()
