"""1,000 and 90,000 points in every request format: this service beside the peers, and what is to be reached."""

import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import median

from benchmarks.request_formats import (
    ALL_REQUEST_FORMATS,
    PREDICT,
    V1_COLUMNS,
    V1_ROWS,
    V2_BINARY,
    V2_JSON,
    RequestFormat,
)
from benchmarks.serving.contestants import PEERS, ROOT, SERVICE, Contestant
from benchmarks.serving.measurement import LARGE, ONE, PROBLEMS, THOUSAND, Bench, Round, Visit
from benchmarks.serving.processes import processor_ms
from benchmarks.serving.rounds import Rounds
from benchmarks.serving.servers import NotMeasuredError, Server, running_together
from benchmarks.serving.tables import markdown, new_table, ratio, value_range

ENGINE = "engine"
MLSERVER = "mlserver"
GRPC = "grpc"
CONNECTIONS = {THOUSAND: 16, LARGE: 1}


def measure_bodies(bench: Bench, contestants: Sequence[Contestant], rounds: int) -> Iterator[Round]:
    """Run all servers together; in each round ask every one in turn, size by size and format by format."""
    with running_together(contestants, bench.samples[ONE], bench.directory) as servers:
        for _ in range(rounds):
            visits = {ENGINE: bench.engine_alone()} | {contestant.name: Visit() for contestant in contestants}
            for n, request_format, contestant in product(CONNECTIONS, ALL_REQUEST_FORMATS, contestants):
                spoken, server = contestant.variant_of(request_format), servers[contestant.name]
                if isinstance(server, NotMeasuredError):
                    visits[contestant.name].problem = str(server)
                elif spoken is not None:
                    _ask(bench, contestant, spoken, n, server, visits[contestant.name])
                    if contestant.peer == MLSERVER and n == LARGE:
                        _ask_by_grpc(bench, server, visits[contestant.name])
            yield visits


def _load(request_format: RequestFormat, n: int) -> str:
    return f"{n}-{request_format.key}"


def _ask(
    bench: Bench, contestant: Contestant, request_format: RequestFormat, n: int, server: Server, visit: Visit
) -> None:
    load = _load(request_format, n)
    try:
        bench.check(contestant, request_format, server, n)
        before = processor_ms(server.pid)
        requests = bench.measure(server, load, bench.prediction(contestant, request_format, n, CONNECTIONS[n]), visit)
        visit.values[f"{load} processor"] = (processor_ms(server.pid) - before) / max(1, requests)
    except PROBLEMS as error:
        visit.faults[load] = str(error)


def _ask_by_grpc(bench: Bench, server: Server, visit: Visit) -> None:
    """Time raw tensors over gRPC, by a client in the peer's own environment."""
    points = bench.directory / "points"
    points.write_bytes(bench.samples[LARGE].points.astype("<f4").tobytes())
    client = [
        str(PEERS / MLSERVER / "bin" / "python"),
        "-m",
        "benchmarks.serving.apps.mlserver_grpc",
        str(server.grpc_port),
        str(points),
    ]
    done = subprocess.run(  # noqa: S603
        [*client, str(bench.seconds)], cwd=Path(ROOT), capture_output=True, text=True, timeout=bench.seconds + 60
    )
    milliseconds, _, is_right = done.stdout.strip().partition(" ")
    if done.returncode or is_right != "True":
        visit.faults[GRPC] = (done.stderr.strip().splitlines() or ["wrong prediction"])[-1][:80]
    else:
        visit.values[f"{GRPC} p50"] = float(milliseconds)


@dataclass(frozen=True)
class Bound:
    """How long 90,000 points in some request formats may take, in times of another's time."""

    most: float
    request_formats: tuple[RequestFormat, ...]
    title: str
    value: str


BOUNDS = (
    Bound(0.6, (PREDICT, V2_JSON, V1_ROWS, V1_COLUMNS), "MLServer's time for its JSON", f"{_load(V2_JSON, LARGE)} p50"),
    Bound(0.5, (V2_BINARY,), "MLServer's time over gRPC", f"{GRPC} p50"),
)
LEAST, MOST_OF_ENGINE = 3.0, 3.0


def bodies_section(rounds: Rounds) -> str:
    return "\n\n".join(["\n".join(_verdicts(rounds)), _table(rounds, THOUSAND), _table(rounds, LARGE)])


def _verdicts(rounds: Rounds) -> Iterator[str]:
    parts = []
    for request_format in ALL_REQUEST_FORMATS:
        rate = f"{_load(request_format, THOUSAND)} rate"
        peer = _best(rounds, rate, highest=True)
        if peer is not None and (ratios := rounds.ratios(SERVICE.name, rate, peer.name)):
            parts.append(_said(request_format.title, median(ratios), median(ratios) >= LEAST))
    yield f"- 1,000 points, ≥ {LEAST:g} × the rate of the best peer in that format: {', '.join(parts)}."
    for bound in BOUNDS:
        peer = _best(rounds, bound.value, highest=False, name=MLSERVER)
        parts = []
        for request_format in bound.request_formats:
            ours = f"{_load(request_format, LARGE)} p50"
            ratios = [] if peer is None else rounds.ratios(SERVICE.name, ours, peer.name, bound.value)
            parts += [_said(request_format.title, median(ratios), median(ratios) <= bound.most)] if ratios else []
        yield f"- 90,000 points, ≤ {bound.most:g} × {bound.title}: {', '.join(parts) or 'not measured'}."
    ratios = rounds.ratios(SERVICE.name, f"{_load(V2_BINARY, LARGE)} p50", ENGINE, "large p50")
    if ratios:
        said = _said(V2_BINARY.title, median(ratios), median(ratios) <= MOST_OF_ENGINE)
        yield f"- 90,000 points, ≤ {MOST_OF_ENGINE:g} × the engine: {said}."


def _said(title: str, found: float, is_reached: bool) -> str:
    return f"{title} {found:.2f}" if is_reached else f"**{title} {found:.2f}, not reached**"


def _best(rounds: Rounds, value: str, *, highest: bool, name: str | None = None) -> Contestant | None:
    """Return the peer, of one product or of all, with the best median of a value."""
    peers = [c for c in rounds.contestants if c.peer is not None and name in (None, c.peer)]
    measured = [peer for peer in peers if rounds.series(peer.name, value)]
    sign = -1 if highest else 1
    return min(measured, key=lambda peer: sign * median(rounds.series(peer.name, value)), default=None)


def _table(rounds: Rounds, n: int) -> str:
    heading = f"{n:,} points, {CONNECTIONS[n]} connection{'s' * (CONNECTIONS[n] > 1)}"
    table = new_table(heading, "", "requests/s", "p50, ms", "range, ms", "processor, ms", "this service ×")
    for request_format, contestant in product(ALL_REQUEST_FORMATS, rounds.contestants):
        load = _load(request_format, n)
        times = rounds.series(contestant.name, f"{load} p50")
        if times:
            processor = rounds.series(contestant.name, f"{load} processor")
            table.add_row(
                request_format.title,
                contestant.title + rounds.fault_note(contestant.name, load),
                f"{median(rounds.series(contestant.name, f'{load} rate')):,.0f}",
                f"{median(times):.2f}",
                value_range(times, ".2f"),
                f"{median(processor):.2f}" if processor else "",
                ratio(rounds.ratios(SERVICE.name, f"{load} rate", contestant.name)),
            )
        elif contestant.variant_of(request_format) is not None and (
            contestant.peer is not None or contestant is SERVICE
        ):
            table.add_row(
                request_format.title, contestant.title, f"not measured: {rounds.problem(contestant.name, load)}"
            )
    for contestant in rounds.contestants if n == LARGE else ():
        if times := rounds.series(contestant.name, f"{GRPC} p50"):
            table.add_row("gRPC, raw", contestant.title, "", f"{median(times):.2f}", value_range(times, ".2f"))
    return markdown(table)
