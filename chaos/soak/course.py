"""The whole soak, as figures: what was measured, what was promised, and whether it was kept."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from chaos.soak.clients import Tally
from chaos.soak.disturbances import POLL_SECONDS, Disturbed, Numbers, disturb
from chaos.soak.memory import Memory, exhaust
from chaos.soak.slowness import DRIPPING, IDLE, Slowness, slow_down

MEBIBYTE = 2**20


@dataclass(frozen=True)
class Extent:
    """How much is asked, and how far what is measured may stray."""

    numbers: Numbers
    pause_seconds: float
    polls: int
    predictions: int
    grids: int
    memory_growth: float
    slow_rounds: int
    slow_seconds: float
    idle_seconds: float
    slow_ratio: float | None
    """None: slow clients' effect is not judged, since so few answers say little of the slowest hundredth."""


LONGEST_SECONDS = 1.0
"""Of any answer while connections are idle: a stall of the service shows here, and is in no percentile of its clients,
who wait for it."""


FULL = Extent(Numbers(swaps=20, broken=5, kills=5, restarts=5), 1.0, 2, 1_000_000, 2_000, 0.05, 2, 10, 45, 2.0)
SHORT = Extent(Numbers(swaps=4, broken=5, kills=1, restarts=2), 0.2, 4, 60_000, 150, 0.10, 1, 2, 2, None)


@dataclass(frozen=True)
class Figure:
    """`part` is the promise's letter; `promised` is empty for what is only told."""

    part: str
    what: str
    measured: str
    promised: str = ""
    kept: bool = True


def soak(source: Path, extent: Extent, seed: int, tell: Callable[[str], None]) -> list[Figure]:
    """Run all three parts, each on a server of its own; `tell` is told what goes on and what went wrong."""
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="soak-") as directory:
        places = [Path(directory, name) for name in ("disturbances", "memory", "slowness")]
        for place in places:
            place.mkdir()
        tell("versions, broken ones, kills and restarts under steady load")
        disturbed = disturb(source, places[0], extent.numbers, seed, extent.pause_seconds)
        figures += _of_disturbances(disturbed, extent)
        tell("memory over many predictions and grids")
        memory = exhaust(source, places[1], extent.predictions, extent.grids, seed)
        figures += _of_memory(memory, extent)
        tell("slow clients")
        slowness = slow_down(source, places[2], extent.slow_rounds, extent.slow_seconds, extent.idle_seconds, seed)
        figures += _of_slowness(slowness, extent)
    for tally in (disturbed.tally, memory.tally, slowness.without, slowness.dripping, slowness.idle):
        for line in (*tally.wrong, *tally.errors, *tally.stale, *tally.failed)[:10]:
            tell(line)
    return figures


def _none(part: str, what: str, count: int) -> Figure:
    return Figure(part, what, str(count), "0", count == 0)


def _faults(part: str, tally: Tally) -> Iterator[Figure]:
    yield _none(part, "wrong answers", len(tally.wrong))
    yield _none(part, "5xx other than 503", len(tally.errors))
    yield _none(part, "requests that failed otherwise", len(tally.failed) + len(tally.stale))


def _of_disturbances(found: Disturbed, extent: Extent) -> list[Figure]:
    tally, numbers = found.tally, found.happened
    longest, allowed = max(found.swap_seconds), extent.polls * POLL_SECONDS
    return [
        Figure(
            "a",
            f"requests during {numbers.swaps} swaps, {numbers.broken} broken versions, {numbers.kills} kills, "
            f"{numbers.restarts} graceful restarts",
            f"{tally.requests:,}",
        ),
        _none("a", "wrong answers", len(tally.wrong)),
        _none("a", "5xx other than 503", len(tally.errors)),
        Figure("a", "503", str(tally.refused)),
        Figure("a", "failed on a connection that a killed worker held", str(tally.cut)),
        _none("a", "stale keep-alive: closed while a request was sent", len(tally.stale)),
        _none("a", "failed otherwise", len(tally.failed)),
        _none("a", "errors that the service did not expect, in its log", found.tracebacks),
        Figure(
            "b",
            "until every worker serves a new version, the longest",
            f"{longest:.2f} s",
            f"{allowed:g} s",
            longest <= allowed,
        ),
    ]


def _of_memory(found: Memory, extent: Extent) -> list[Figure]:
    tally = found.tally
    return [
        Figure("c", "points predicted", f"{tally.predictions:,}"),
        Figure("c", "grids", f"{tally.grids:,}"),
        Figure("c", "503", str(tally.refused)),
        *_faults("c", tally),
        Figure(
            "c",
            "memory of the workers' own after it, against warm",
            f"{_mebibytes(found.own_before, found.own_after)}, {found.growth:+.1%}",
            f"within {extent.memory_growth:.0%}",
            abs(found.growth) <= extent.memory_growth,
        ),
        Figure("c", "with their share of libraries (PSS)", _mebibytes(found.before, found.after)),
    ]


def _of_slowness(found: Slowness, extent: Extent) -> list[Figure]:
    everything = found.without + found.dripping + found.idle
    judged = extent.slow_ratio is not None
    return [
        Figure("d", "requests beside slow connections", f"{found.dripping.requests + found.idle.requests:,}"),
        Figure("d", "503", str(everything.refused)),
        *_faults("d", everything),
        Figure("d", "p99 without slow connections", _milliseconds(found.without)),
        Figure("d", f"p99 with {DRIPPING} that drip ({found.drips_alive} to the end)", _milliseconds(found.dripping)),
        Figure(
            "d",
            "the one over the other",
            f"{found.ratio:.2f}",
            f"≤ {extent.slow_ratio:g}" if extent.slow_ratio is not None else "",
            not judged or found.ratio <= (extent.slow_ratio or 0),
        ),
        Figure("d", f"p99 with {IDLE} that are idle", _milliseconds(found.idle)),
        Figure(
            "d",
            f"the longest in {extent.idle_seconds:g} s with {IDLE} that are idle",
            f"{max(found.idle.seconds):.2f} s",
            f"≤ {LONGEST_SECONDS:g} s" if judged else "",
            not judged or max(found.idle.seconds) <= LONGEST_SECONDS,
        ),
    ]


def _mebibytes(before: int, after: int) -> str:
    return f"{before / MEBIBYTE:.0f} → {after / MEBIBYTE:.0f} MiB"


def _milliseconds(tally: Tally) -> str:
    return f"{tally.percentile(99) * 1000:.1f} ms"
