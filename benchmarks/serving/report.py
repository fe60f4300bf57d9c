"""The tables of a report: medians over the rounds, their ranges, and ratios within a round."""

from collections.abc import Callable, Sequence
from statistics import median

from rich.table import Table

from benchmarks.serving.bodies import ENGINE, bodies_section
from benchmarks.serving.contestants import ECHO, SERVICE
from benchmarks.serving.measurement import FORMATS
from benchmarks.serving.one_point import one_point_section
from benchmarks.serving.rounds import Rounds
from benchmarks.serving.tables import markdown, new_table, ratio, value_range

ONE_POINT, BODIES, REST = "one point", "bodies", "rest"
"""The parts of a run."""

MIB = 2**20


def sections(rounds: Rounds, parts: Sequence[str]) -> dict[str, str]:
    """Return the text of each section by its heading."""
    first = {"One point": one_point_section(rounds)} if ONE_POINT in parts else {}
    if BODIES in parts:
        first["Many points in every request format"] = bodies_section(rounds)
    if REST not in parts:
        return first
    return first | {
        "1,000 points": _thousand(rounds),
        "90,000 points": _large(rounds),
        "Boundaries": _boundaries(rounds),
        "Start and memory": _resources(rounds),
        "Memory of a large response": _huge(rounds),
    }


def _fill(rounds: Rounds, table: Table, value: str, cells: Callable[[str], list[str]]) -> str:
    """Add a row for each contestant; one without the value gets the reason instead."""
    load = value.split()[0]
    for contestant in rounds.contestants:
        if rounds.series(contestant.name, value):
            first, *rest = cells(contestant.name)
            table.add_row(contestant.title, first + rounds.fault_note(contestant.name, load), *rest)
        else:
            table.add_row(contestant.title, f"not measured: {rounds.problem(contestant.name, load)}")
    return markdown(table)


def _thousand(rounds: Rounds) -> str:
    def cells(name: str) -> list[str]:
        rates, shares = rounds.series(name, "thousand rate"), rounds.ratios(name, "thousand rate", ECHO.name)
        latencies = [f"{median(rounds.series(name, f'thousand {p}')):.2f}" for p in ("p50", "p99")]
        return [f"{median(rates):,.0f}", value_range(rates, ",.0f"), *latencies, ratio(shares)]

    table = new_table("", "requests/s", "range", "p50, ms", "p99, ms", "share of the echo")
    return _fill(rounds, table, "thousand rate", cells)


def _large(rounds: Rounds) -> str:
    def cells(name: str) -> list[str]:
        times = rounds.series(name, "large p50")
        return [
            f"{median(times):.1f}",
            value_range(times, ".1f"),
            ratio(rounds.ratios(name, "large p50", ECHO.name)),
        ]

    table = new_table("", "ms per request", "range", "× the echo")
    alone = rounds.series(ENGINE, "large p50")
    table.add_row("the engine alone, in process", f"{median(alone):.1f}", value_range(alone, ".1f"))
    return _fill(rounds, table, "large p50", cells)


def _boundaries(rounds: Rounds) -> str:
    table = new_table("300 × 300 nodes", "connections", "requests/s", "ms per request", "range, ms", "compared")

    def add_row(title: str, connections: int, load: str, ratios: list[float], compared: str) -> None:
        times = rounds.series(SERVICE.name, f"{load} p50")
        if not times:
            table.add_row(title, str(connections), f"not measured: {rounds.problem(SERVICE.name, load)}")
            return
        rate = f"{median(rounds.series(SERVICE.name, f'{load} rate')):,.0f}{rounds.fault_note(SERVICE.name, load)}"
        latency = f"{median(times):.2f}", value_range(times, ".2f")
        table.add_row(title, str(connections), rate, *latency, f"{ratio(ratios)} {compared}")

    for form in FORMATS:
        ratios = rounds.ratios(SERVICE.name, f"grid {form} p50", ENGINE, "large p50")
        add_row(f"{form}, another grid each time", 1, f"grid {form}", ratios, "× the engine")
    for title, load, compared in (
        ("npy, the same grid again", "cached", "of the echo's rate for as many bytes"),
        ("304, the client's copy is current", "unchanged", "of the echo's rate for a 304"),
    ):
        add_row(title, 16, load, rounds.ratios(SERVICE.name, f"{load} rate", ECHO.name), compared)
    return markdown(table)


def _resources(rounds: Rounds) -> str:
    def cells(name: str) -> list[str]:
        starts, workers = rounds.series(name, "start"), rounds.series(name, "worker memory")
        return [
            f"{median(starts):.2f}",
            value_range(starts, ".2f"),
            f"{median(rounds.series(name, 'memory')) / MIB:,.0f}",
            f"{median(rounds.series(name, 'processes')):.0f}",
            f"{median(workers) / MIB:,.0f}" if workers else "",
        ]

    table = new_table("", "s to ready", "range", "memory, MiB", "processes", "MiB per worker")
    return _fill(rounds, table, "memory", cells)


def _huge(rounds: Rounds) -> str:
    table = new_table("2000 × 2000 nodes", "response, MiB", "peak above idle, MiB", "range", "× the response")
    for form in FORMATS:
        peaks, sizes = (rounds.series(SERVICE.name, f"huge {form} {value}") for value in ("peak", "bytes"))
        if not peaks:
            table.add_row(form, "not measured")
            continue
        scaled, ratios = [size / MIB for size in peaks], [a / b for a, b in zip(peaks, sizes, strict=True)]
        table.add_row(
            form, f"{median(sizes) / MIB:.1f}", f"{median(scaled):.0f}", value_range(scaled, ".0f"), ratio(ratios)
        )
    return markdown(table)
