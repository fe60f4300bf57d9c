"""The values of all rounds, and ratios that are taken within a round."""

from collections.abc import Sequence
from statistics import median

from benchmarks.request_formats import RequestFormat
from benchmarks.serving.contestants import Contestant
from benchmarks.serving.measurement import Round, Visit, one_point_load


class Rounds:
    def __init__(self, contestants: Sequence[Contestant], rounds: Sequence[Round]) -> None:
        self.contestants, self._rounds = contestants, rounds

    def series(self, name: str, value: str) -> list[float]:
        """Return a contestant's values, one for each round that measured it."""
        return [visit.values[value] for visit in self._visits(name) if value in visit.values]

    def ratios(self, name: str, value: str, to: str, to_value: str | None = None) -> list[float]:
        """Divide a contestant's value by another's of the same round."""
        both = [(r[name].values, r[to].values) for r in self._rounds if name in r and to in r]
        pairs = [(ours.get(value), theirs.get(to_value or value)) for ours, theirs in both]
        return [a / b for a, b in pairs if a is not None and b]

    def best_peer(self, request_format: RequestFormat) -> Contestant | None:
        """Return the peer with the highest median rate for one point; None if no measured peer takes the format."""
        rate = f"{one_point_load(request_format)} rate"
        measured = [c for c in self.contestants if c.peer is not None and self.series(c.name, rate)]
        return max(measured, key=lambda peer: median(self.series(peer.name, rate)), default=None)

    def problem(self, name: str, load: str) -> str:
        """Return why a contestant has no value for a load."""
        return next(iter(self._faults(name, load)), "no value")

    def fault_note(self, name: str, load: str) -> str:
        """Return the faults of a load in parentheses, to stand beside its value; empty if there were none."""
        faults = self._faults(name, load)
        return f" (faults: {'; '.join(faults)})" if faults else ""

    def _faults(self, name: str, load: str) -> list[str]:
        return [fault for visit in self._visits(name) if (fault := visit.problem or visit.faults.get(load))]

    def _visits(self, name: str) -> list[Visit]:
        return [r[name] for r in self._rounds if name in r]
