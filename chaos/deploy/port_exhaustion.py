"""Port exhaustion: the proxy's rate at first, and after more connections to a replica than it has ports.

The proxy opens a connection to a replica for each request. Unless something is done about it, each connection's port
stays taken for a minute after its end (TIME_WAIT).
"""

from dataclasses import dataclass

from chaos.deploy.stack import Stack, build_wrk, requests_per_second

URL = "http://127.0.0.1:8080/health/live"  # passed on to a replica each time, and limited by nothing


@dataclass(frozen=True)
class PortExhaustion:
    """Requests per second at first, and after so many requests."""

    first_rate: float
    requests: int
    last_rate: float


def exhaust_ports(stack: Stack, requests: int, seconds: int) -> PortExhaustion:
    """Send this many requests through the proxy, and measure its rate for a few seconds more."""
    build_wrk()
    proxy = stack.containers("proxy")[0]
    rates: list[float] = []
    while sum(rates) * seconds < requests:
        rates.append(requests_per_second(proxy, URL, seconds=seconds))
    last_rate = requests_per_second(proxy, URL, seconds=seconds)
    return PortExhaustion(rates[0], round(sum(rates) * seconds), last_rate)
