"""Slow clients: connections that drip a byte a second at the proxy, beside usual ones, in rounds without and with."""

import statistics
from dataclasses import dataclass
from pathlib import Path

from chaos.deploy.reference import Reference
from chaos.deploy.stack import Stack
from chaos.soak.clients import Tally
from chaos.soak.questions import Questions
from chaos.soak.slowness import CLIENTS, DRIPPING, drips, usual


@dataclass(frozen=True)
class Slowness:
    """What the usual clients got in each round: without slow ones, and with them."""

    without: list[Tally]
    dripping: list[Tally]

    @property
    def ratio(self) -> float:
        return p99(self.dripping) / p99(self.without)


def p99(rounds: list[Tally]) -> float:
    """Return the median of the rounds' 99th percentiles, in seconds."""
    return statistics.median(tally.percentile(99) for tally in rounds)


def slow_down(stack: Stack, directory: Path, rounds: int, seconds: float, seed: int) -> Slowness:
    reference = Reference(stack, directory)
    reference.served_everywhere(max(reference.plausible(reference.models[0], 1)))
    questions = [Questions(reference, seed + i) for i in range(CLIENTS)]
    usual(stack, questions, seconds)  # warms up
    found = Slowness([], [])
    for i in range(rounds):
        for slow in (i % 2 == 0, i % 2 == 1):  # either first in turn
            if slow:
                with drips(stack, DRIPPING):
                    found.dripping.append(usual(stack, questions, seconds))
            else:
                found.without.append(usual(stack, questions, seconds))
    return found
