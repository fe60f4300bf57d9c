"""The whole soak, as findings."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from chaos.findings import Finding
from chaos.soak.clients import Outcomes
from chaos.soak.faults import POLL_SECONDS, FaultCounts, FaultResult, inject_faults
from chaos.soak.memory import Kept, Memory, MemoryResult, measure_growth
from chaos.soak.over_grpc import GrpcResult, swap_over_grpc
from chaos.soak.shortages import ShortageResult, run_out
from chaos.soak.slow_clients import (
    IDLE_CONNECTIONS,
    SLOW_CONNECTIONS,
    STALLED_CONNECTIONS,
    Pair,
    SlowClientResult,
    measure_slow_clients,
    p99,
)
from service.edges.own.boundary_plan import MAX_PLANS
from service.settings import Settings

MIB = 2**20
MAX_LINES = 10
"""Of the requests that went wrong, as many of each part are printed."""


@dataclass(frozen=True)
class Scale:
    """How much of everything, and how wide the limits are."""

    faults: FaultCounts
    pause_seconds: float
    calm_seconds: float
    """So much longer do clients pause before each request than they do under a full load."""
    max_polls: int
    warm_up_rounds: int
    """Of predictions by as many clients as a worker has threads, before memory is measured."""
    pictures: bool
    """Whether workers have drawn pictures by then: none is asked for afterwards."""
    predictions: int
    grids: int
    kept: Kept
    max_memory_growth: float
    slow_rounds: int
    slow_seconds: float
    stalled_seconds: float
    idle_seconds: float
    max_slow_ratio: float | None
    """None: no limit on latencies, because so few responses say little about the slowest hundredth; they are not
    compared then."""
    shortage_connections: int
    shortage_seconds: float
    largest_grids: int
    """As many of the largest grids are asked for, at most, while memory is short."""
    max_recovery_seconds: float
    grpc_versions: int
    grpc_restarts: int


MAX_SECONDS_BESIDE_IDLE = 1.0
"""The longest response beside idle connections: a stall of the service shows here, and in no percentile, because the
clients wait for it."""


FULL = Scale(
    FaultCounts(new_versions=20, broken_versions=5, kills=5, restarts=5),
    pause_seconds=1.0,
    calm_seconds=0.0,
    max_polls=2,
    warm_up_rounds=20,
    pictures=True,
    predictions=1_000_000,
    grids=2_000,
    kept=Kept(Settings.cache_bytes, MAX_PLANS),
    max_memory_growth=0.05,
    slow_rounds=6,
    slow_seconds=3,
    stalled_seconds=1,
    idle_seconds=45,
    max_slow_ratio=2.0,
    shortage_connections=2_100,
    shortage_seconds=10,
    largest_grids=10**9,
    max_recovery_seconds=5,
    grpc_versions=20,
    grpc_restarts=5,
)
SHORT = Scale(
    FaultCounts(new_versions=2, broken_versions=5, kills=1, restarts=2),
    pause_seconds=0.2,
    calm_seconds=0.1,
    max_polls=4,
    warm_up_rounds=5,
    pictures=False,
    predictions=20_000,
    grids=60,
    kept=Kept(4 * MIB, plans=0),  # plans take thousands of grids
    max_memory_growth=0.10,
    slow_rounds=1,
    slow_seconds=1,
    stalled_seconds=0.2,
    idle_seconds=0.5,
    max_slow_ratio=None,
    shortage_connections=200,
    shortage_seconds=1,
    largest_grids=6,
    max_recovery_seconds=60,
    grpc_versions=2,
    grpc_restarts=1,
)


def run_soak(source: Path, scale: Scale, seed: int, tell: Callable[[str], None]) -> list[Finding]:
    """Run all parts, each on a server of its own; `tell` takes lines on progress and on what went wrong."""
    findings: list[Finding] = []

    def add(part: Iterator[Finding], *outcomes: Outcomes) -> None:
        findings.extend(part)
        for line in [line for one in outcomes for line in one.faults][:MAX_LINES]:
            tell(line)

    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        directories = [Path(name, part) for part in ("faults", "memory", "slow-clients", "shortages", "grpc")]
        for directory in directories:
            directory.mkdir()
        tell("new and broken versions, kills and restarts under steady load")
        pace = scale.pause_seconds, scale.calm_seconds
        faults = inject_faults(source, directories[0], scale.faults, seed, *pace)
        add(_of_faults(faults, scale), faults.outcomes)
        tell("memory over many predictions and grids")
        load = scale.warm_up_rounds, scale.predictions, scale.grids
        memory = measure_growth(source, directories[1], *load, scale.kept, seed, pictures=scale.pictures)
        add(_of_memory(memory, scale), memory.outcomes)
        tell("slow clients")
        lengths = scale.slow_rounds, scale.slow_seconds, scale.stalled_seconds, scale.idle_seconds
        compare = scale.max_slow_ratio is not None
        slow = measure_slow_clients(source, directories[2], *lengths, seed, compare=compare)
        add(_of_slow_clients(slow, scale), slow.outcomes)
        tell("shortages")
        lack = scale.shortage_connections, scale.shortage_seconds, scale.largest_grids
        shortages = run_out(source, directories[3], *lack, seed)
        add(_of_shortages(shortages, scale), *[result.outcomes for result in shortages.values()])
        tell("new versions and restarts over gRPC")
        counts = scale.grpc_versions, scale.grpc_restarts
        swapped = swap_over_grpc(source, directories[4], *counts, seed, *pace)
        add(_of_grpc(swapped, scale), swapped.outcomes)
    return findings


def _of_faults(result: FaultResult, scale: Scale) -> Iterator[Finding]:
    outcomes, counts = result.outcomes, scale.faults
    slowest, limit = max(result.rollout_seconds), scale.max_polls * POLL_SECONDS
    during = (
        f"{counts.new_versions} new versions, {counts.broken_versions} broken ones, {counts.kills} kills, "
        f"{counts.restarts} graceful restarts"
    )
    yield Finding("a", f"requests during {during}", f"{outcomes.requests:,}")
    yield Finding.none_of("a", "wrong responses", len(outcomes.wrong))
    yield Finding.none_of("a", "5xx other than 503", len(outcomes.server_errors))
    yield Finding("a", "503", str(len(outcomes.unavailable)))
    yield Finding("a", "failed because their worker was killed", str(outcomes.killed))
    yield Finding.none_of("a", "failed on a stale connection, closed while a request was sent", len(outcomes.stale))
    yield Finding.none_of("a", "failed otherwise", len(outcomes.failed))
    yield Finding.none_of("a", "tracebacks in the log", result.tracebacks)
    yield Finding(
        "b", "slowest rollout of a version to every worker", f"{slowest:.2f} s", f"{limit:g} s", slowest <= limit
    )


def _of_memory(result: MemoryResult, scale: Scale) -> Iterator[Finding]:
    yield Finding("c", "points predicted", f"{result.outcomes.predictions:,}")
    yield Finding("c", "grids", f"{result.outcomes.grids:,}")
    yield from _of_outcomes("c", result.outcomes)
    yield Finding(
        "c",
        "private memory of the workers, warm → after",
        f"{_mib(result, lambda memory: memory.private)}, {result.growth:+.1%}",
        f"within {scale.max_memory_growth:.0%}",
        abs(result.growth) <= scale.max_memory_growth,
    )
    yield Finding("c", "with their share of libraries (PSS)", _mib(result, lambda memory: memory.pss))


def _of_slow_clients(result: SlowClientResult, scale: Scale) -> Iterator[Finding]:
    limit, longest = scale.max_slow_ratio, max(result.idle.latencies)
    yield Finding("d", "requests of normal clients", f"{result.outcomes.requests:,}")
    yield from _of_outcomes("d", result.outcomes)
    slow = f"{SLOW_CONNECTIONS} connections at a byte a second ({result.survivors} survived)"
    yield from _of_pair(f"p99 beside {slow}", result.slow, limit)
    for kind, pair in result.stalled.items():
        yield from _of_pair(f"p99 beside {STALLED_CONNECTIONS} connections that stall {kind}", pair, limit)
    yield Finding("d", f"p99 beside {IDLE_CONNECTIONS} idle connections", _ms(result.idle.percentile(99)))
    yield Finding(
        "d",
        f"longest response in {scale.idle_seconds:g} s beside them",
        f"{longest:.2f} s",
        "" if limit is None else f"≤ {MAX_SECONDS_BESIDE_IDLE:g} s",
        limit is None or longest <= MAX_SECONDS_BESIDE_IDLE,
    )


def _of_pair(metric: str, pair: Pair, limit: float | None) -> Iterator[Finding]:
    if limit is None:
        yield Finding("d", metric, _ms(p99(pair.beside)))
        return
    measured = f"{_ms(p99(pair.alone))} → {_ms(p99(pair.beside))}, ratio {pair.ratio:.2f}"
    yield Finding("d", metric, measured, f"ratio ≤ {limit:g}", pair.ratio <= limit)


def _of_shortages(results: dict[str, ShortageResult], scale: Scale) -> Iterator[Finding]:
    for name, result in results.items():
        yield Finding("e", f"requests during a shortage of {name}", f"{result.outcomes.requests:,}")
        yield from _of_outcomes("e", result.outcomes, f", {name}")
        if name == "memory":  # else there was no shortage
            refused = sum("/boundary?resolution=2000" in line for line in result.outcomes.unavailable)
            yield Finding("e", "largest grids that were refused, memory", str(refused), "at least 1", refused > 0)
        yield Finding.none_of("e", f"workers that ended, {name}", result.lost_workers)
        recovery, limit = result.recovery_seconds, max(scale.max_recovery_seconds, 2 * result.replacement_seconds)
        measured = f"{recovery:.1f} s (a killed worker's successor: {result.replacement_seconds:.1f} s)"
        yield Finding("e", f"recovery after it, {name}", measured, f"≤ {limit:.0f} s", recovery <= limit)


def _of_grpc(result: GrpcResult, scale: Scale) -> Iterator[Finding]:
    during = f"{scale.grpc_versions} new versions, {scale.grpc_restarts} graceful restarts"
    yield Finding("f", f"calls over gRPC during {during}", f"{result.outcomes.requests:,}")
    yield from _of_outcomes("f", result.outcomes)
    yield Finding.none_of("f", "tracebacks in the log", result.tracebacks)


def _of_outcomes(part: str, outcomes: Outcomes, when: str = "") -> Iterator[Finding]:
    yield Finding(part, f"503{when}", str(len(outcomes.unavailable)))
    yield Finding.none_of(part, f"wrong responses{when}", len(outcomes.wrong))
    yield Finding.none_of(part, f"5xx other than 503{when}", len(outcomes.server_errors))
    yield Finding.none_of(part, f"failed requests{when}", len(outcomes.failed) + len(outcomes.stale))


def _mib(result: MemoryResult, size: Callable[[Memory], int]) -> str:
    return f"{size(result.warm) / MIB:.0f} → {size(result.after) / MIB:.0f} MiB"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"
