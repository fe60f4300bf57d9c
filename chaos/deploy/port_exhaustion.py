"""Port exhaustion: the proxy's rate at first, and after more connections to a replica than it has ports.

The proxy opens a connection to a replica for each request. Unless something is done about it, each connection's port
stays taken for a minute after its end (TIME_WAIT). A replica is asked directly in each round, over connections that are
kept: what the machine has to do beside this slows both.
"""

import statistics
from dataclasses import dataclass

from chaos.deploy.stack import Stack, build_wrk, requests_per_second

PROXY_URL = "http://127.0.0.1:8080/health/live"  # passed on to a replica each time, and limited by nothing
REPLICA_URL = "http://127.0.0.1:8000/health/live"

COMPARED_ROUNDS = 3
"""At first, and once the ports would have been used up."""


@dataclass(frozen=True)
class PortExhaustion:
    """Requests per second in each round, the proxy's and a replica's, and how many requests the proxy was sent before
    the last COMPARED_ROUNDS.
    """

    proxy: list[float]
    replica: list[float]
    requests: int

    @property
    def rate_kept(self) -> float:
        """The proxy's rate over the replica's in the last rounds, over the same at first."""
        ratios = [proxy / replica for proxy, replica in zip(self.proxy, self.replica, strict=True)]
        return statistics.median(ratios[-COMPARED_ROUNDS:]) / statistics.median(ratios[:COMPARED_ROUNDS])


def exhaust_ports(stack: Stack, requests: int, seconds: int) -> PortExhaustion:
    """Send at least this many requests through the proxy, for so many seconds a round, and go on for a few rounds."""
    build_wrk()
    proxy, replica = stack.containers("proxy")[0], stack.containers("service")[0]
    rates: tuple[list[float], list[float]] = [], []

    def measure_round() -> None:
        rates[0].append(requests_per_second(proxy, PROXY_URL, seconds=seconds))
        rates[1].append(requests_per_second(replica, REPLICA_URL, seconds=seconds))

    while len(rates[0]) < COMPARED_ROUNDS or sum(rates[0]) * seconds < requests:
        measure_round()
    sent = round(sum(rates[0]) * seconds)
    for _ in range(COMPARED_ROUNDS):
        measure_round()
    return PortExhaustion(*rates, sent)
