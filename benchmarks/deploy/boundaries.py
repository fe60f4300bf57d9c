"""Cached boundaries: the proxy's answers beside one replica's own, for the same 300 × 300 grid, measured in turn.

Each is asked from inside its own network by the same program with the same connections, so that neither Docker's port
nor its bridge stands between. The service compresses nothing here; the proxy does, once, for clients that take it.
"""

from collections import defaultdict
from dataclasses import dataclass

from benchmarks.deploy.stack import Stack, build_wrk, median_ratio, requests_a_second

GZIP = ("Accept-Encoding: gzip",)


@dataclass(frozen=True)
class Cached:
    """Requests a second, by form: (the proxy's, one replica's) in each round."""

    rounds: dict[str, list[tuple[float, float]]]

    def ratio(self, form: str) -> float:
        return median_ratio(self.rounds[form])


def measure(stack: Stack, rounds: int, seconds: int) -> Cached:
    build_wrk()
    replica, proxy = stack.containers("service")[0], stack.containers("proxy")[0]
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for _ in range(rounds):
        for form in ("npy", "json"):
            path = f"/boundary?resolution=300&format={form}"
            own = requests_a_second(replica, f"http://127.0.0.1:8000{path}", GZIP, seconds)
            small = requests_a_second(proxy, f"http://127.0.0.1:8080{path}", GZIP, seconds)
            plain = requests_a_second(proxy, f"http://127.0.0.1:8080{path}", (), seconds)
            found[f"{form}, gzip"].append((small, own))
            found[f"{form}, plain"].append((plain, own))
    return Cached(dict(found))
