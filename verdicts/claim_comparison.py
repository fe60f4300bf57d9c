"""One of a claim's comparisons, judged: for the rule that judges it and for the words that tell it."""

from dataclasses import dataclass
from typing import Annotated

from bundle.study import Outcome


@dataclass(frozen=True)
class Compared:
    """One of a claim's comparisons: a against b, or a alone where its mean is held against bounds.

    Of logarithms `difference` is the ratio of the geometric means.
    """

    a: str
    b: str | None
    outcome: Outcome
    difference: Annotated[float | None, "of the means, or the mean"]
    ci95: Annotated[list[float] | None, "of it"]
    probability: Annotated[float | None, "that it is as expected"]
    runs: int
    lost: Annotated[int, "runs left out since either has no value, as one that diverged"] = 0
    settings: Annotated[int, "combinations of the other factors that both have; each run is the mean over them"] = 1
    runs_needed: Annotated[int | None, "about how many would tell with 80% power, where it is undecided"] = None
    why: Annotated[str, "why it cannot be told, if so"] = ""
