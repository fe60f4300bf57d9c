"""Do intervals, tests and verdicts hold on real runs? `make benchmark-verdicts`, a few minutes of one core at first.

Many real runs of each model are taken for all that there are, so that the true means are known. Experiments of a few
runs are drawn from them with replacement, thousands of times, and what is found is held against the truth.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import click
import numpy as np
from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from benchmarks.real_runs import Floats, redrawn, resplit
from bundle.comparison import ROPE
from verdicts import student
from verdicts.differences import half_widths, p_values, paired, posterior
from verdicts.intervals import SHARE, mean_interval, standard_error
from verdicts.power import runs_needed

RUNS = (3, 5, 10, 30)
SIMULATED = ("tanh-3", "linear", "tanh-10-10")
PAIRS = (("tanh-10-10", "relu-10-10"), ("tanh-10-10", "tanh-3"), ("tanh-3", "linear"))
BOOTSTRAPS = 400
TOLD = 10
"""From so many runs on words must hold on average over the pairs; fewer may all miss one of two clusters."""

WORDS = ("better", "equivalent", "worse", "undecided")
TRUTHS = (0.0, 0.9 * ROPE, -0.9 * ROPE, ROPE, -ROPE, 1.1 * ROPE, -1.1 * ROPE, 2 * ROPE)
"""True differences that a pair's real ones are shifted to."""

Method = Callable[[Floats], tuple[Floats, Floats]]
"""Of experiments [E, n] the ends of the intervals, [E] each."""

Map = Callable[[Floats], Floats]


@dataclass(frozen=True)
class Check:
    """Something that must hold, with what was found."""

    what: str
    percent: float
    least: float = 0.0
    most: float = 100.0

    @property
    def holds(self) -> bool:
        return self.least <= self.percent <= self.most


def shipped(x: Floats) -> tuple[Floats, Floats]:
    ends = np.array([mean_interval(values, 0, SHARE) for values in x])
    return ends[:, 0], ends[:, 1]


def students(x: Floats) -> tuple[Floats, Floats]:
    return x.mean(axis=1) - _half(x), x.mean(axis=1) + _half(x)


def _half(x: Floats) -> Floats:
    n = x.shape[1]
    return student.ppf(0.975, n - 1) * standard_error(x.std(axis=1, ddof=1), n, 0)


def _transformed(
    scale: Callable[[Floats], Floats], slope: Callable[[Floats], Floats], back: Callable[[Floats], Floats]
) -> Method:
    def method(x: Floats) -> tuple[Floats, Floats]:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            mean = x.mean(axis=1)
            middle, half = scale(mean), slope(mean) * _half(x)
            low, high = back(middle - half), back(middle + half)
        return np.where(mean == 1, 1, np.minimum(low, high)), np.where(mean == 1, 1, np.maximum(low, high))

    return method


def bootstrap_t(x: Floats) -> tuple[Floats, Floats]:
    """Return the intervals by the quantiles of the resampled t statistic (Efron & Tibshirani, 1993, chapter 12)."""
    rng, n = np.random.default_rng(1), x.shape[1]
    lows, highs = [], []
    for some in np.array_split(x, max(1, len(x) // 1000)):
        again = np.take_along_axis(some[:, np.newaxis], rng.integers(0, n, (len(some), BOOTSTRAPS, n)), axis=2)
        error = again.std(axis=2, ddof=1) / np.sqrt(n)
        shift = again.mean(axis=2) - some.mean(axis=1, keepdims=True)
        with np.errstate(divide="ignore", invalid="ignore"):
            t = np.nan_to_num(shift / error, posinf=1e6, neginf=-1e6)
        own = some.std(axis=1, ddof=1) / np.sqrt(n)
        below, above = np.quantile(t, [0.025, 0.975], axis=1)
        lows.append(some.mean(axis=1) - above * own)
        highs.append(some.mean(axis=1) - below * own)
    return np.concatenate(lows), np.concatenate(highs)


def bernstein(x: Floats) -> tuple[Floats, Floats]:
    """Return intervals that hold for any bounded values (Maurer & Pontil, 2009, "Empirical Bernstein bounds")."""
    n, log = x.shape[1], np.log(4 / 0.05)
    half = np.sqrt(2 * x.var(axis=1, ddof=1) * log / n) + 7 * log / (3 * (n - 1))
    return x.mean(axis=1) - half, x.mean(axis=1) + half


METHODS: Mapping[str, Method] = {
    "shipped": shipped,
    "t": students,
    "logit": _transformed(lambda m: np.log(m / (1 - m)), lambda m: 1 / (m * (1 - m)), lambda z: 1 / (1 + np.exp(-z))),
    "arcsine": _transformed(
        lambda m: np.arcsin(np.sqrt(m)),
        lambda m: 0.5 / np.sqrt(m * (1 - m)),
        lambda z: np.sin(np.clip(z, 0, np.pi / 2)) ** 2,
    ),
    "log": _transformed(lambda m: np.log(1 - m), lambda m: 1 / (1 - m), lambda z: 1 - np.exp(z)),
    "bootstrap t": bootstrap_t,
    "Bernstein": bernstein,
}


def coverage(runs: Mapping[str, Floats], experiments: int) -> tuple[Table, list[Check]]:
    """How often intervals hold the true mean; how often they leave [0, 1]; and how wide they are inside of it."""
    table = _table("95% intervals: % that hold the true mean (too high / too low), % that leave [0, 1], mean width")
    checks = []
    for heading in ("model", "runs", *METHODS):
        table.add_column(heading)
    for model in SIMULATED:
        truth = runs[model].mean()
        for n in RUNS:
            cells = []
            x = np.random.default_rng(n).choice(runs[model], (experiments, n))
            for name, method in METHODS.items():
                low, high = method(x[:1000] if name == "bootstrap t" else x)
                misses = (low > truth, high < truth, (low < 0) | (high > 1))
                above, below, outside = (100 * float(np.mean(of)) for of in misses)
                width = np.mean(np.minimum(high, 1) - np.maximum(low, 0))
                holds = 100 - above - below
                cells.append(f"{holds:.1f} ({above:.1f}/{below:.1f}) {outside:.0f} {width:.3f}")
                if name == "shipped":
                    least, most = {5: (92.0, 97.0), 30: (94.0, 96.0)}.get(n, (0.0, 100.0))
                    checks.append(Check(f"coverage, {model}, {n} runs", holds, least, most))
                    checks.append(Check(f"outside [0, 1], {model}, {n} runs", outside, most=0))
            table.add_row(model, str(n), *cells)
    return table, checks


def one_cluster(runs: Floats, n: int) -> float:
    """Return the percentage of experiments whose runs all end on the same side of the gap between two clusters."""
    low = float(np.mean(runs < 0.85))
    return 100 * (low**n + (1 - low) ** n)


def size(runs: Mapping[str, Floats], experiments: int) -> tuple[Table, list[Check]]:
    """How often p < 0.05 for a model against itself, with other runs; and all pairs at once."""
    table = _table("the paired t test of a model against itself, by independent runs: % with p < 0.05")
    checks = []
    for heading in ("model", *(f"{n} runs" for n in RUNS)):
        table.add_column(heading)
    for model in SIMULATED:
        found = {}
        for n in RUNS:
            a, b = np.random.default_rng(n).choice(runs[model], (2, experiments, n))
            found[n] = 100 * float(np.mean(p_values(paired(a - b)) < 0.05))
        checks.append(Check(f"size, {model}, 30 runs", found[30], 4, 6))
        table.add_row(model, *(f"{percent:.1f}" for percent in found.values()))
    return table, checks


def words(runs: Mapping[str, Floats], experiments: int) -> tuple[Table, list[Check]]:
    """How often each verdict is given: for the real difference, for none, and around the edge of the rope."""
    table = _table(f"verdicts within {100 * ROPE:g} points, %, and the t test's power (% with p < 0.05)")
    for heading in ("pair", "true difference, points", "runs", *WORDS, "p < 0.05"):
        table.add_column(heading, justify="left" if heading == "pair" else "right")
    wrong: dict[tuple[str, str, int], list[float]] = {}
    for a, b in PAIRS:
        real = runs[a] - runs[b]
        for truth in (float(real.mean()), *TRUTHS):
            around = real - real.mean() + truth
            for n in RUNS if truth in (real.mean(), 0, ROPE) else (30,):
                found = paired(np.random.default_rng(n).choice(around, (experiments, n)))
                given = posterior(found, ROPE).verdicts
                percent = {word: 100 * given.count(word) / experiments for word in WORDS}
                power = 100 * np.mean(p_values(found) < 0.05)
                table.add_row(
                    f"{a}, {b}", f"{100 * truth:.2f}", str(n), *(f"{x:.1f}" for x in (*percent.values(), power))
                )
                kind = (
                    "the real difference"
                    if truth == real.mean()
                    else "no difference"
                    if truth == 0
                    else "near the edge"
                )
                for word in _untrue(truth):
                    wrong.setdefault((word, f"{kind}, {n} runs", n), []).append(percent[word])
    return table, [
        Check(
            f"{word} where it is not so, difference {where}",
            float(np.mean(each)),
            most=5 if word == "equivalent" else 2.5,
        )
        for (word, where, n), each in wrong.items()
        if n >= TOLD
    ]


def _untrue(truth: float) -> list[str]:
    """Return the words that are wrong of a true difference; on the edge itself, where it is a hair's breadth, none."""
    words = {"better": truth > ROPE, "worse": truth < -ROPE, "equivalent": abs(truth) <= ROPE}
    return [] if abs(truth) == ROPE else [word for word, is_true in words.items() if not is_true]


def advice(runs: Mapping[str, Floats], experiments: int) -> Table:
    """With as many runs as are said to be needed, how often is the verdict given? It should be 80%."""
    table = _table("the runs said to be needed, and how often so many give the verdict, %")
    for heading in ("pair", "true difference, points", "runs needed", "verdict", "given"):
        table.add_column(heading, justify="right")
    d = runs["tanh-10-10"] - runs["relu-10-10"]
    for truth in (0.0, 0.0015, 0.003, 0.008, 0.01):
        around = d - d.mean() + truth
        n = int(runs_needed(truth, d.std(ddof=1), 0, ROPE))
        given = posterior(paired(np.random.default_rng(n).choice(around, (experiments, n))), ROPE).verdicts
        word = "better" if truth > ROPE else "equivalent"
        table.add_row(
            "tanh-10-10, relu-10-10", f"{100 * truth:.2f}", str(n), word, f"{100 * given.count(word) / experiments:.1f}"
        )
    return table


def together(runs: Mapping[str, Floats], experiments: int) -> tuple[Table, list[Check]]:
    """How often all the intervals of all pairs hold at once, with 30 runs."""
    names = list(runs)
    first, second = np.triu_indices(len(names), 1)
    table = np.stack([runs[name] for name in names])
    truth = table.mean(axis=1)[first] - table.mean(axis=1)[second]
    held = {"alone": 0, "simultaneous": 0}
    rng = np.random.default_rng(0)
    for _ in range(experiments):
        x = table[:, rng.integers(0, table.shape[1], 30)]
        found = paired(x[first] - x[second])
        for name, of in (("alone", 1), ("simultaneous", len(first))):
            held[name] += bool(np.all(np.abs(found.mean - truth) <= half_widths(found, of)))
    rows = _table(f"intervals of all {len(first)} pairs, 30 runs: % of experiments in which all hold")
    percent = {name: 100 * count / experiments for name, count in held.items()}
    for name in percent:
        rows.add_column(name, justify="right")
    rows.add_row(*(f"{value:.1f}" for value in percent.values()))
    return rows, [Check("all simultaneous intervals hold", percent["simultaneous"], least=94)]


def correction(data_sets: int, splits: int) -> Table:
    """How wide the corrected interval of resplit data is, against how far means of fresh data sets lie apart."""
    table = _table(f"{data_sets} data sets, each split anew {splits} times: standard error of the mean, points")
    for heading in ("model", "over data sets (true)", "sd / √n", "corrected", "corrected / true"):
        table.add_column(heading, justify="right")
    for model, x in resplit(data_sets, splits).items():
        true = x.mean(axis=1).std(ddof=1)
        sd = np.sqrt(x.var(axis=1, ddof=1).mean())
        plain, corrected = (float(standard_error(sd, splits, overlap)) for overlap in (0, 600 / 1120))
        table.add_row(model, *(f"{100 * e:.2f}" for e in (true, plain, corrected)), f"{corrected / true:.1f}")
    return table


def _table(title: str) -> Table:
    return Table(title=title, box=MARKDOWN, title_justify="left")


@click.command()
@click.option("--replicates", default=600, show_default=True, help="Real runs of each model to draw from.")
@click.option("--experiments", default=10_000, show_default=True, help="Drawn for each row.")
def main(replicates: int, experiments: int) -> None:
    """Print the tables; exit with 1 where something does not hold."""
    console = Console(width=230)
    runs = redrawn(replicates)
    checks: list[Check] = []
    for found, more in (coverage(runs, experiments), size(runs, experiments), words(runs, experiments)):
        console.print(found)
        checks += more
    found, more = together(runs, min(experiments, 4000))
    console.print(found, advice(runs, experiments), correction(40, 10))
    checks += more
    for n in (3, 5):
        blind = one_cluster(runs["tanh-3"], n)
        console.print(f"of {n} runs of tanh-3 all are in one of its two clusters: {blind:.1f}% of experiments")
    failed = [check for check in checks if not check.holds]
    console.print(f"{len(checks) - len(failed)} of {len(checks)} checks hold")
    for check in failed:
        console.print(
            f"does not hold: {check.what}: {check.percent:.2f}%, not within {check.least:g} to {check.most:g}%"
        )
    if failed:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
