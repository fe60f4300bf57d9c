"""The proxy opens a connection to a replica for each request: its rate at first, and after more than it has ports.

Each port is taken for a minute after its connection (TIME_WAIT), where nothing is done about that.
"""

from dataclasses import dataclass

from chaos.deploy.stack import Stack, build_wrk, requests_a_second

PATH = "http://127.0.0.1:8080/health/live"  # asked of a replica each time, and limited by nothing


@dataclass(frozen=True)
class Lasting:
    """Requests a second at first, and after `asked` requests."""

    first: float
    asked: int
    last: float


def wear_down(stack: Stack, requests: int, seconds: int) -> Lasting:
    """Ask through the proxy until so many requests were answered, and for a few seconds more."""
    build_wrk()
    proxy = stack.containers("proxy")[0]
    rates: list[float] = []
    while sum(rates) * seconds < requests:
        rates.append(requests_a_second(proxy, PATH, seconds=seconds))
    return Lasting(rates[0], round(sum(rates) * seconds), requests_a_second(proxy, PATH, seconds=seconds))
