"""One point in every request format: this service beside the echo and the best peer, the verdicts, and tables."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from benchmarks.request_formats import REQUEST_FORMATS, RequestFormat
from benchmarks.serving.contestants import GTHREAD_ECHO, SERVICE, Contestant
from benchmarks.serving.measurement import one_point_load
from benchmarks.serving.rounds import Rounds
from benchmarks.serving.tables import markdown, new_table, ratio, value_range


@dataclass(frozen=True)
class Target:
    """How many times the rate of another contestant this service should reach in every request format."""

    ratio: float
    title: str
    rival: Callable[[Rounds, RequestFormat], Contestant | None]


TARGETS = (
    Target(3.0, "the echo under gunicorn's threaded worker", lambda *_: GTHREAD_ECHO),
    Target(2.5, "the best peer in that format", Rounds.best_peer),
)


def one_point_section(rounds: Rounds) -> str:
    verdicts = "\n".join(_verdict(rounds, target) for target in TARGETS)
    tables = [f"### {request_format.title}\n\n{_table(rounds, request_format)}" for request_format in REQUEST_FORMATS]
    return "\n\n".join([_comparison(rounds), verdicts, *tables])


def _ratios(rounds: Rounds, request_format: RequestFormat, rival: Contestant) -> list[float]:
    return rounds.ratios(SERVICE.name, f"{one_point_load(request_format)} rate", rival.name)


def _comparison(rounds: Rounds) -> str:
    table = new_table("requests/s", "this service", "echo, threaded worker", "× the echo", "best peer", "× the peer")
    for request_format in REQUEST_FORMATS:
        rate, peer = f"{one_point_load(request_format)} rate", rounds.best_peer(request_format)
        table.add_row(
            request_format.title,
            _median(rounds.series(SERVICE.name, rate)),
            _median(rounds.series(GTHREAD_ECHO.name, rate)),
            ratio(_ratios(rounds, request_format, GTHREAD_ECHO)),
            "none speaks it" if peer is None else f"{peer.title}: {_median(rounds.series(peer.name, rate))}",
            "" if peer is None else ratio(_ratios(rounds, request_format, peer)),
        )
    return markdown(table)


def _median(rates: list[float]) -> str:
    return f"{median(rates):,.0f}" if rates else "not measured"


def _verdict(rounds: Rounds, target: Target) -> str:
    """Say in which request formats the median ratio reaches a target."""
    reached, missed, not_compared = [], [], []
    for request_format in REQUEST_FORMATS:
        rival = target.rival(rounds, request_format)
        ratios = [] if rival is None else _ratios(rounds, request_format, rival)
        if not ratios:
            not_compared.append(request_format.title)
        elif median(ratios) >= target.ratio:
            reached.append(f"{request_format.title} ({median(ratios):.2f})")
        else:
            missed.append(f"{request_format.title} ({median(ratios):.2f})")
    outcomes = (("reached in", reached), ("**not reached** in", missed), ("nothing to compare with in", not_compared))
    parts = [f"{words} {', '.join(request_formats)}" for words, request_formats in outcomes if request_formats]
    return f"- ≥ {target.ratio:g} × {target.title}: {'; '.join(parts)}."


def _table(rounds: Rounds, request_format: RequestFormat) -> str:
    load = one_point_load(request_format)
    table = new_table("", "requests/s", "range", "p50, ms", "p99, ms", "this service ×")
    for contestant in rounds.contestants:
        if contestant.variant_of(request_format) is None:
            continue
        rates = rounds.series(contestant.name, f"{load} rate")
        if not rates:
            table.add_row(contestant.title, f"not measured: {rounds.problem(contestant.name, load)}")
            continue
        table.add_row(
            contestant.title,
            f"{median(rates):,.0f}{rounds.fault_note(contestant.name, load)}",
            value_range(rates, ",.0f"),
            *(f"{median(rounds.series(contestant.name, f'{load} {p}')):.2f}" for p in ("p50", "p99")),
            ratio(_ratios(rounds, request_format, contestant)),
        )
    return markdown(table)
