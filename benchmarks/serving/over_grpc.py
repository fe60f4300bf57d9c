"""The Open Inference Protocol over gRPC, this service beside MLServer: `make benchmark-grpc`.

All servers run together, and each round asks each of them in turn, so that other work on the machine slows all alike.
"""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median

import click
import grpc
import numpy as np
from tritonclient.grpc import service_pb2

from benchmarks.machine import machine
from benchmarks.request_formats import MODEL
from benchmarks.serving import h2load
from benchmarks.serving.contestants import MLSERVER, MLSERVER_SINGLE, SERVICE, SERVICE_WITH_GRPC, Contestant
from benchmarks.serving.measurement import LARGE, ONE, THOUSAND
from benchmarks.serving.processes import adopt_orphans
from benchmarks.serving.servers import NotMeasuredError, Sample, bundle, running_together
from benchmarks.serving.tables import markdown, new_table, ratio, value_range
from bundle import layout
from service.engines.litert import LiteRTEngine

RESULTS = Path(__file__).parents[1] / "GRPC.md"
SPEAKING = [SERVICE_WITH_GRPC, MLSERVER, MLSERVER_SINGLE]
LIBRARIES = ("grpcio", "protobuf", "gunicorn", "ai-edge-litert", "numpy")
ENGINE = "engine"
ENGINE_SECONDS, LARGE_SECONDS = 1.0, 3.0

LOADS = {
    "one point, 16 connections": (ONE, 16, 1),
    "one point, 16 streams of one connection": (ONE, 1, 16),
    "1,000 points, 16 connections": (THOUSAND, 16, 1),
}
"""Points, connections, and calls at a time on each."""

PROTOCOL = """\
Every contestant serves the same network, tanh-10-10, on loopback, with the same LiteRT engine, and is sent the points
as `raw_input_contents`. h2load puts the loads on them; 90,000 points are asked for by one Python client that reads no
message. Answers are first compared with the engine's. A connection stays with one of this service's workers, of which
there is one for each core; MLServer is one process. This service logs every call, MLServer none. Numbers are medians of
the rounds, with the range; a ratio is taken within its round first."""


@dataclass(frozen=True)
class Load:
    """A request as h2load sends it, and how long its answer is."""

    body: Path
    request: bytes
    expected: np.ndarray


@dataclass
class LoadValues:
    """The values of all rounds, by the contestant's name and the load's."""

    values: dict[tuple[str, str], list[float]] = field(default_factory=dict)

    def add(self, name: str, load: str, value: float) -> None:
        self.values.setdefault((name, load), []).append(value)

    def ratios(self, one: tuple[str, str], other: tuple[str, str]) -> list[float]:
        return [a / b for a, b in zip(self.values[one], self.values[other], strict=True)]


def _request(points: np.ndarray) -> bytes:
    request = service_pb2.ModelInferRequest(model_name=MODEL)
    request.inputs.add(name="points", datatype="FP32", shape=points.shape)
    request.raw_input_contents.append(points.tobytes())
    return bytes(request.SerializeToString())


def _loads(engine: LiteRTEngine, directory: Path) -> dict[int, Load]:
    random = np.random.default_rng(0)
    loads = {}
    for n in (ONE, THOUSAND, LARGE):
        points = random.uniform(-1.5, 1.5, (n, 2)).astype(np.float32)
        body, request = directory / f"points-{n}", _request(points)
        body.write_bytes(h2load.framed(request))
        loads[n] = Load(body, request, engine.run("serving_default", points)["probabilities"])
    return loads


def _ask(channel: grpc.Channel, load: Load) -> bytes:
    answer: bytes = channel.unary_unary(h2load.METHOD)(load.request, timeout=60)
    return answer


def _check(channel: grpc.Channel, load: Load) -> int:
    """Compare an answer with the engine's; return its length on the wire."""
    answer = _ask(channel, load)
    (content,) = service_pb2.ModelInferResponse.FromString(answer).raw_output_contents
    if not np.allclose(np.frombuffer(content, "<f4"), load.expected, atol=1e-5):
        raise NotMeasuredError(f"wrong prediction for {len(load.expected)} points")
    return len(h2load.framed(answer))


@contextmanager
def _running(
    contestants: list[Contestant], sample: Sample, directory: Path
) -> Iterator[Mapping[str, tuple[int, grpc.Channel]]]:
    """Start all; yield the port and a channel of each."""
    with running_together(contestants, sample, directory) as servers, ExitStack() as channels:
        found = {}
        for name, server in servers.items():
            if isinstance(server, NotMeasuredError):
                raise server
            assert server.grpc_port is not None  # noqa: S101 (all of these speak it)
            options = [("grpc.max_receive_message_length", -1)]
            channel = channels.enter_context(grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}", options))
            found[name] = server.grpc_port, channel
        yield found


def _median_ms(call: Callable[[], object], seconds: float) -> float:
    """Return the median milliseconds of a call that is made again and again for so long."""
    times, until = [], time.monotonic() + seconds
    while time.monotonic() < until:
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return 1000 * median(times)


def _measure(contestants: list[Contestant], directory: Path, rounds: int, seconds: int) -> LoadValues:
    engine = LiteRTEngine((bundle() / layout.COMPILED).read_bytes())
    loads, load_values = _loads(engine, directory), LoadValues()
    many = np.random.default_rng(0).uniform(-1.5, 1.5, (LARGE, 2)).astype(np.float32)
    points = np.zeros((1, 2), np.float32)
    sample = Sample(points, engine.run("serving_default", points)["probabilities"])
    with _running(contestants, sample, directory) as servers:
        for _ in range(rounds):
            load_values.add(ENGINE, "large", _median_ms(lambda: engine.run("serving_default", many), ENGINE_SECONDS))
            for name, (n, connections, streams) in LOADS.items():
                for contestant in contestants:
                    port, channel = servers[contestant.name]
                    length = _check(channel, loads[n])
                    rate = h2load.run(port, loads[n].body, length, connections, streams, seconds)
                    load_values.add(contestant.name, name, rate)
            for contestant in contestants:
                channel = servers[contestant.name][1]
                _check(channel, loads[LARGE])
                ask = partial(_ask, channel, loads[LARGE])
                load_values.add(contestant.name, "large", _median_ms(ask, LARGE_SECONDS))
    return load_values


def _report(contestants: list[Contestant], load_values: LoadValues) -> str:
    texts = []
    for load in LOADS:
        table = new_table("", "calls/s", "range", "this service ×")
        for contestant in contestants:
            rates = load_values.values[contestant.name, load]
            ratios = load_values.ratios((SERVICE.name, load), (contestant.name, load))
            table.add_row(contestant.title, f"{median(rates):,.0f}", value_range(rates, ",.0f"), ratio(ratios))
        texts.append(f"## {load.capitalize()}\n\n{markdown(table)}")
    table = new_table("", "ms per call", "range", "× the engine", "this service's time ×")
    for contestant in contestants:
        times = load_values.values[contestant.name, "large"]
        of_engine = load_values.ratios((contestant.name, "large"), (ENGINE, "large"))
        ratios = load_values.ratios((SERVICE.name, "large"), (contestant.name, "large"))
        cells = f"{median(times):.1f}", value_range(times, ".1f"), ratio(of_engine), ratio(ratios)
        table.add_row(contestant.title, *cells)
    alone = load_values.values[ENGINE, "large"]
    table.add_row("the engine alone, in process", f"{median(alone):.1f}", value_range(alone, ".1f"))
    return "\n\n".join([*texts, f"## 90,000 points\n\n{markdown(table)}"])


@click.command()
@click.option("--rounds", type=click.IntRange(min=1), default=3, show_default=True)
@click.option("--seconds", type=click.IntRange(min=1), default=5, show_default=True, help="Length of each load.")
@click.option("--write/--no-write", default=True, show_default=True, help="Write benchmarks/GRPC.md.")
def main(rounds: int, seconds: int, write: bool) -> None:
    """Print the tables."""
    if shutil.which("h2load") is None:
        raise click.ClickException("h2load is needed: apt install nghttp2-client, or dnf install nghttp2")
    adopt_orphans()
    with tempfile.TemporaryDirectory(prefix="grpc-", ignore_cleanup_errors=True) as directory:
        load_values = _measure(SPEAKING, Path(directory), rounds, seconds)
    report = f"""# Serving over gRPC

{datetime.now(UTC):%Y-%m-%d}, `make benchmark-grpc`, {rounds} rounds; {machine(LIBRARIES)}.

{PROTOCOL}

{_report(SPEAKING, load_values)}
"""
    click.echo(report)
    if write:
        RESULTS.write_text(report)


if __name__ == "__main__":
    main()
