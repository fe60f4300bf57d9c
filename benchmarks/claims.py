"""How often is a claim's outcome wrong? `make benchmark-claims`, a few minutes of one core.

Real runs are taken for all that there are, as in `benchmarks.verdicts`, and moved so that the truth lies where a claim
is hardest to judge: at the edge of what is claimed. Studies of a few runs are drawn from them and judged.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import click
import numpy as np
from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from benchmarks.real_runs import Floats, redrawn
from bundle.comparison import ROPE
from bundle.study import Claim, Outcome
from verdicts.cells import Columns
from verdicts.claims import judge

RUNS = (3, 5, 7, 10, 30)
PAIRS = (("tanh-10-10", "relu-10-10"), ("tanh-10-10", "tanh-3"), ("tanh-3", "linear"))
NORMAL = "normal"

CHECKED_FROM_RUNS = 30
"""From so many runs on, which is what a study has by default, the rates must hold; fewer may all miss a cluster."""

MAX_EXCESS_PERCENT = 1.0
"""By which a rate may exceed what it should be, for real runs are not normal; and three standard errors."""

Draw = Callable[[np.random.Generator, int], Floats]
"""Of so many runs the values of two levels, [2, n], whose means differ by nothing."""


@dataclass(frozen=True)
class Design:
    """A claim, and by how much each level's mean exceeds the one's before.

    `wrong` is the outcome that would be an error, and may come in at most so many percent.
    """

    name: str
    claim: Claim
    steps: Sequence[float]
    wrong: Outcome | None
    most: float


def _claim(expect: str, **options: object) -> Claim:
    return Claim("", "test_accuracy", expect, along="width", **options)  # type: ignore[arg-type]


FAR_STEP = 0.5
MORE, SAME = _claim("more"), _claim("same")
DESIGNS = (
    Design("more: false, at the edge", MORE, [ROPE], "holds", 2.5),
    Design("more: true, at the edge", MORE, [ROPE], "does not hold", 2.5),
    Design("more, 3 steps: false by one, at the edge", MORE, [FAR_STEP, ROPE, FAR_STEP], "holds", 2.5),
    Design("more, 3 steps: true, each at the edge", MORE, [ROPE, ROPE, ROPE], "does not hold", 2.5),
    Design("same: false, at the edge", SAME, [ROPE], "holds", 5.0),
    Design("same: true, at the edge", SAME, [ROPE], "does not hold", 2.5),
    Design("more: true, by two ropes", MORE, [2 * ROPE], None, 0),
    Design("same: true, no difference", SAME, [0.0], None, 0),
)


def columns_of(values: Floats) -> Columns:
    """Return the rows of a study of one factor: values [levels, runs]."""
    levels, runs = values.shape
    return {
        "cell": [str(level) for level in range(levels) for _ in range(runs)],
        "width": np.repeat(np.arange(levels), runs),
        "replicate": np.tile(np.arange(runs), levels),
        "epoch": np.zeros(levels * runs, np.int64),
        "loss": np.zeros(levels * runs),
        "test_accuracy": values.ravel(),
    }


def outcomes(design: Design, draw: Draw, n: int, experiments: int, rng: np.random.Generator) -> Counter[str]:
    """Return how often each outcome comes: levels in turn are of the first and of the second model."""
    found: Counter[str] = Counter()
    levels = len(design.steps) + 1
    means = np.concatenate([[0.0], np.cumsum(design.steps)])[:, np.newaxis]
    for _ in range(experiments):
        values = draw(rng, n)[np.arange(levels) % 2] + means
        found[judge(design.claim, columns_of(values), ["width"]).outcome] += 1
    return found


def populations(runs: dict[str, Floats]) -> dict[str, Draw]:
    """Return what is drawn from: normal values, and pairs of models run by run."""

    def normal(rng: np.random.Generator, n: int) -> Floats:
        return rng.normal(0, 0.01, (2, n))

    def of(a: str, b: str) -> Draw:
        both = np.stack([runs[b] - runs[b].mean(), runs[a] - runs[a].mean()])
        return lambda rng, n: both[:, rng.integers(0, both.shape[1], n)]

    return {NORMAL: normal, **{f"{a} − {b}": of(a, b) for a, b in PAIRS}}


@click.command()
@click.option("--replicates", default=600, show_default=True, help="Real runs of each model to draw from.")
@click.option("--experiments", default=2_000, show_default=True, help="Drawn for each cell.")
def main(replicates: int, experiments: int) -> None:
    """Print percent of the outcomes; exit with 1 where a wrong one is too frequent."""
    rng = np.random.default_rng(0)
    beyond = []
    table = Table("claim", "runs", *(drawn := populations(redrawn(replicates))), box=MARKDOWN)
    for design in DESIGNS:
        for n in RUNS:
            row = []
            for name, draw in drawn.items():
                found = outcomes(design, draw, n, experiments, rng)
                percent = {each: 100 * count / experiments for each, count in found.items()}
                shown = percent.get(design.wrong or "holds", 0.0)
                row.append(f"{shown:.1f}")
                chance = 3 * np.sqrt(design.most * (100 - design.most) / experiments)
                if design.wrong and n >= CHECKED_FROM_RUNS and shown > design.most + MAX_EXCESS_PERCENT + chance:
                    beyond.append(f"{design.name}, {n} runs of {name}: {shown:.1f}%, not {design.most:g}%")
            table.add_row(f"{design.name}: {design.wrong or 'holds'}", str(n), *row)
    console = Console(width=200)
    console.print(table)
    console.print("\n".join(beyond) or f"with {CHECKED_FROM_RUNS} runs wrong outcomes are as rare as they should be")
    if beyond:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
