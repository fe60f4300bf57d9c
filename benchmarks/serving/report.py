"""The tables: medians over the rounds, their ranges, and ratios to the echo of the same round."""

from collections.abc import Callable, Sequence
from statistics import median

from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from benchmarks.serving.contestants import ECHO, SERVICE, Contestant
from benchmarks.serving.measurement import FORMATS, Visit

ENGINE = "engine"
MIB = 2**20

Round = dict[str, Visit]


class Report:
    """What the rounds say, a table at a time."""

    def __init__(self, contestants: Sequence[Contestant], rounds: Sequence[Round]) -> None:
        self._contestants, self._rounds = contestants, rounds

    def tables(self) -> dict[str, str]:
        return {
            "One point": self._loads("one"),
            "1,000 points": self._loads("thousand"),
            "90,000 points": self._large(),
            "Boundaries": self._boundaries(),
            "Start and memory": self._resources(),
            "Memory of a large answer": self._huge(),
        }

    def _series(self, name: str, value: str) -> list[float]:
        return [r[name].values[value] for r in self._rounds if name in r and value in r[name].values]

    def _ratios(self, name: str, value: str, to: str, to_value: str | None = None) -> list[float]:
        """Divide by another contestant's value of the same round."""
        pairs = [(r[name].values.get(value), r[to].values.get(to_value or value)) for r in self._rounds if to in r]
        return [a / b for a, b in pairs if a is not None and b]

    def _rows(self, table: Table, value: str, cells: Callable[[str], list[str]]) -> str:
        """Fill a table with a row a contestant; what was not measured says why."""
        for contestant in self._contestants:
            if self._series(contestant.name, value):
                fault = self._faults(contestant.name, value.split()[0])
                first, *rest = cells(contestant.name)
                table.add_row(contestant.title, first + fault, *rest)
            else:
                table.add_row(contestant.title, f"not measured: {self._problem(contestant.name, value.split()[0])}")
        return _text(table)

    def _problem(self, name: str, load: str) -> str:
        visits = [r[name] for r in self._rounds if name in r]
        return next((v.problem or v.faults[load] for v in visits if v.problem or load in v.faults), "no value")

    def _faults(self, name: str, load: str) -> str:
        visits = [r[name] for r in self._rounds if name in r]
        found = [why for v in visits if (why := v.problem or v.faults.get(load))]
        return f" (faults: {'; '.join(found)})" if found else ""

    def _loads(self, load: str) -> str:
        def cells(name: str) -> list[str]:
            rates, shares = self._series(name, f"{load} rate"), self._ratios(name, f"{load} rate", ECHO.name)
            latencies = [f"{median(self._series(name, f'{load} {p}')):.2f}" for p in ("p50", "p99")]
            return [f"{median(rates):,.0f}", _range(rates, ",.0f"), *latencies, _ratio(shares)]

        table = _table("", "requests/s", "range", "p50, ms", "p99, ms", "share of the echo")
        return self._rows(table, f"{load} rate", cells)

    def _large(self) -> str:
        def cells(name: str) -> list[str]:
            times = self._series(name, "large p50")
            return [f"{median(times):.1f}", _range(times, ".1f"), _ratio(self._ratios(name, "large p50", ECHO.name))]

        table = _table("", "ms a request", "range", "× the echo")
        alone = self._series(ENGINE, "large p50")
        table.add_row("the engine alone, in process", f"{median(alone):.1f}", _range(alone, ".1f"))
        return self._rows(table, "large p50", cells)

    def _boundaries(self) -> str:
        table = _table("300 × 300 nodes", "connections", "requests/s", "ms a request", "range, ms", "beside it")
        for form in FORMATS:
            self._boundary(table, f"{form}, another grid each time", 1, f"grid {form}", "× the engine", ENGINE)
        self._boundary(table, "npy, the same grid again", 16, "cached", "of the echo's rate for as many bytes")
        self._boundary(table, "304, the client has it", 16, "unchanged", "of the echo's rate for a 304")
        return _text(table)

    def _boundary(self, table: Table, title: str, connections: int, load: str, beside: str, to: str = "") -> None:
        times = self._series(SERVICE.name, f"{load} p50")
        if not times:
            table.add_row(title, str(connections), "not measured")
            return
        if to:
            ratios = self._ratios(SERVICE.name, f"{load} p50", to, "large p50")
        else:
            ratios = self._ratios(SERVICE.name, f"{load} rate", ECHO.name)
        rate = f"{median(self._series(SERVICE.name, f'{load} rate')):,.0f}{self._faults(SERVICE.name, load)}"
        table.add_row(
            title, str(connections), rate, f"{median(times):.2f}", _range(times, ".2f"), f"{_ratio(ratios)} {beside}"
        )

    def _resources(self) -> str:
        def cells(name: str) -> list[str]:
            starts, workers = self._series(name, "start"), self._series(name, "worker memory")
            return [
                f"{median(starts):.2f}",
                _range(starts, ".2f"),
                f"{median(self._series(name, 'memory')) / MIB:,.0f}",
                f"{median(self._series(name, 'processes')):.0f}",
                f"{median(workers) / MIB:,.0f}" if workers else "",
            ]

        table = _table("", "s to ready", "range", "memory, MiB", "processes", "MiB a worker")
        return self._rows(table, "start", cells)

    def _huge(self) -> str:
        table = _table("2000 × 2000 nodes", "answer, MiB", "peak above idle, MiB", "range", "× the answer")
        for form in FORMATS:
            peaks, sizes = (self._series(SERVICE.name, f"huge {form} {value}") for value in ("peak", "bytes"))
            if not peaks:
                table.add_row(form, "not measured")
                continue
            ratios = [a / b for a, b in zip(peaks, sizes, strict=True)]
            scaled = [value / MIB for value in peaks]
            table.add_row(
                form, f"{median(sizes) / MIB:.1f}", f"{median(scaled):.0f}", _range(scaled, ".0f"), _ratio(ratios)
            )
        return _text(table)


def _table(*headings: str) -> Table:
    table = Table(box=MARKDOWN)
    for i, heading in enumerate(headings):
        table.add_column(heading, justify="right" if i else "left", no_wrap=True)
    return table


def _text(table: Table) -> str:
    console = Console(width=300)
    with console.capture() as captured:
        console.print(table)
    return "\n".join(line.rstrip() for line in captured.get().strip().splitlines())


def _range(values: Sequence[float], form: str) -> str:
    return f"{min(values):{form}} – {max(values):{form}}"


def _ratio(ratios: Sequence[float]) -> str:
    """Return the median and range, with three digits after the point where the first two would say little."""
    if not ratios:
        return ""
    form = ".2f" if median(ratios) >= 0.1 else ".3f"
    return f"{median(ratios):{form}} ({_range(ratios, form)})"
