"""A verdict in a sentence. It speaks of the recipe: the same architecture, trained otherwise, may do otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from bundle.comparison import Comparison, ModelResult, Pair, ProtocolSummary
from verdicts.power import POWER

FEW_RUNS = 7
"""So few runs of a model that ends in one of two ways may all end in the same; a verdict on them is told with that.
Where the difference is the same in so few, there is none.
"""

BEGINNING = 0.7
"""The share of a shortened name that is its beginning; names that begin alike may differ at their ends."""

TUNED = "tuned on validation data"


Unit: TypeAlias = Literal["run", "data set"]


@dataclass(frozen=True)
class Basis:
    """What a pair's verdict rests on: so many runs or data sets, of models with nothing in common the fewer.

    Left out are those that only one of the two has a score of, such as runs in which the other diverged.
    """

    count: int
    of: Unit = "run"
    left_out: int = 0

    @property
    def few(self) -> str:
        if not 0 < self.count < FEW_RUNS:
            return ""
        known = counted(self.count, self.of)
        return f"; {known} may not show all that training does" if self.of == "run" else f"; {known} are few"


def recipe(result: ModelResult, protocol: ProtocolSummary) -> str:
    """Return how a model was trained: "at rate 0.001 and 500 epochs", nothing where it is not known."""
    chosen = result.protocol
    if chosen is not None and chosen.is_tuned:
        return TUNED
    rate = protocol.learning_rate if chosen is None else chosen.learning_rates[0]
    epochs = result.epochs if chosen is None else chosen.epochs[0]
    return "" if rate is None else f"at rate {rate:g} and {epochs:,} epochs"


def recipe_of_all(recipes: Mapping[str, str]) -> str:
    """Return the recipe that most of the models have, with those that have another."""
    told = list(recipes.values())
    if not told:
        return ""
    usual = max(dict.fromkeys(told), key=told.count)
    others = [f"{name} {its}" for name, its in recipes.items() if its not in (usual, "")]
    text = f"each {TUNED}" if usual == TUNED and len(told) > 1 else usual
    return f"{text}; {', '.join(others)}" if others else text


def recipes_of(comparison: Comparison) -> dict[str, str]:
    """Return how each of the models was trained, by name."""
    return {result.model: recipe(result, comparison.protocol) for result in comparison.models}


def sentence(pair: Pair, recipes: Mapping[str, str], unit: str = "points", basis: Basis | None = None) -> str:
    """Say a pair's verdict, the better one first: what it is, with which recipe, and what it rests on.

    Shares are told in points of a hundred, other scores as they are. Without a basis it rests on the runs counted.
    """
    basis = basis or Basis(_runs(pair))
    first, second = (pair.b, pair.a) if pair.verdict == "worse" else (pair.a, pair.b)
    a, b, how = _named(first, second, recipes)
    tested = f"{_difference(pair, unit)}{_tested(pair)}"
    return f"{_said(pair, a, b, how, unit)}: {_tally(pair, basis)}{tested}{_advice(pair, basis)}"


def _said(pair: Pair, a: str, b: str, how: str, unit: str) -> str:
    if pair.verdict == "equivalent":
        return f"{a} and {b} are equivalent within {_rope(pair, unit)}{how}"
    margin = f" by more than {_rope(pair, unit)}" if pair.rope else ""
    if pair.verdict == "undecided":
        return f"it is undecided whether {a} and {b} differ{margin}{how}"
    return f"{a} is better than {b}{margin}{how}"


def _rope(pair: Pair, unit: str) -> str:
    """Return the rope as it was asked for, with all of its digits."""
    if unit != "points":
        return f"{pair.rope:g}"
    points = f"{100 * pair.rope:g}"
    return f"{points} point" if points == "1" else f"{points} points"


def _named(a: str, b: str, recipes: Mapping[str, str]) -> tuple[str, str, str]:
    """Return the two names, each with its recipe where they differ, and the recipe that both have."""
    its, other = recipes.get(a, ""), recipes.get(b, "")
    if its == other:
        each = ", each " if its == TUNED else " "
        return a, b, f"{each}{its}" if its else ""
    return f"{a} ({its})" if its else a, f"{b} ({other})" if other else b, ""


def _tally(pair: Pair, basis: Basis) -> str:
    if not _runs(pair):
        return ""
    wins, losses = (pair.losses, pair.wins) if pair.verdict == "worse" else (pair.wins, pair.losses)
    left_out = f", {counted(basis.left_out, basis.of)} left out" if basis.left_out else ""
    return f"{counted(wins, 'win')}, {counted(pair.ties, 'tie')}, {counted(losses, 'loss', 'losses')}{left_out}; "


def _runs(pair: Pair) -> int:
    return pair.wins + pair.ties + pair.losses


def without_middle(line: str, characters: int) -> str:
    """Return a line of which so many characters are kept, from its beginning and its end."""
    first = max(1, int(BEGINNING * characters))
    return f"{line[:first].rstrip()}…{line[len(line) - (characters - first) :].lstrip() if characters > first else ''}"


def counted(count: int, one: str, more: str = "") -> str:
    return f"{count:,} {one if count == 1 else more or one + 's'}"


def _difference(pair: Pair, unit: str) -> str:
    sign = -1 if pair.verdict == "worse" else 1
    ends = [] if pair.ci95 is None else sorted(sign * end for end in pair.ci95)
    interval = f" [{', '.join(number(end, unit) for end in ends)}]" if ends else ""
    return f"difference {amount(sign * pair.mean_difference, unit)}{interval}"


def _tested(pair: Pair) -> str:
    if pair.p_value is None or pair.p_value_holm is None:
        return ""
    return f", p {p_value(pair.p_value)} (Holm {p_value(pair.p_value_holm).removeprefix('= ')})"


def p_value(value: float) -> str:
    """Return "= 0.03", or "< 0.001" where it is."""
    return "< 0.001" if value < 0.001 else f"= {value:.{2 if value >= 0.0995 else 3}f}"


def _advice(pair: Pair, basis: Basis) -> str:
    if pair.verdict != "undecided":
        same = pair.ci95 is not None and pair.ci95[0] == pair.ci95[1]
        constant = "; the difference is the same in all runs, and taken for certain" if same else ""
        return (constant if basis.of == "run" else constant.replace("runs", "data sets")) + basis.few
    if pair.p_value is None:
        return f"; {_unknown(pair, basis)}"
    there = f", there are {_runs(pair)}" if _runs(pair) else ""
    if pair.runs_needed is None:
        return f"; more {basis.of}s would hardly tell{there}"
    of_each = "" if _runs(pair) else " of each"
    return f"; about {counted(pair.runs_needed, basis.of)}{of_each} would tell ({POWER:.0%} power){there}"


def _unknown(pair: Pair, basis: Basis) -> str:
    """Say why there is no interval."""
    if pair.wins_ci95 is not None and not _runs(pair):
        return f"they have no {basis.of} in common"
    if basis.count < 2:
        return f"one {basis.of} does not tell"
    all_of = f"all {counted(basis.count, basis.of)}"
    same = f"the difference is the same in {all_of}" if _runs(pair) else f"scores are the same in {all_of} of each"
    return f"{same}, too few to take it for certain"


def amount(value: float, unit: str) -> str:
    return f"{number(value, unit)} points" if unit == "points" else number(value, unit)


def number(value: float, unit: str) -> str:
    """Return points of a hundred with one digit, or two where one would be nothing; other scores with three digits."""
    if unit != "points":
        return f"{value:.3g}".replace("-", "−")
    for digits in (1, 2):
        text = f"{100 * value:.{digits}f}"
        if float(text):
            return text.replace("-", "−")
    return "0.0"
