"""A verdict in a sentence. It speaks of the recipe: the same architecture, trained otherwise, may do otherwise."""

from collections.abc import Mapping
from dataclasses import replace

from bundle.comparison import Comparison, ModelResult, Pair, ProtocolSummary, Verdict
from verdicts.power import POWER

TUNED = "tuned on validation data"

_OTHER: dict[Verdict, Verdict] = {"better": "worse", "worse": "better"}


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


def sentence(pair: Pair, recipes: Mapping[str, str], unit: str = "points") -> str:
    """Say a pair's verdict, the better one first: what it is, with which recipe, and what it rests on.

    Shares are told in points of a hundred, other scores as they are.
    """
    if pair.verdict == "worse":
        pair = _turned(pair)
    a, b, how = _named(pair, recipes)
    return f"{_said(pair, a, b, how, unit)}: {_counted(pair)}{_difference(pair, unit)}{_tested(pair)}{_advice(pair)}"


def _said(pair: Pair, a: str, b: str, how: str, unit: str) -> str:
    if pair.verdict == "better":
        margin = f" by more than {_amount(pair.rope, unit)}" if pair.rope else ""
        return f"{a} is better than {b}{margin}{how}"
    if pair.verdict == "equivalent":
        return f"{a} and {b} are equivalent within {_amount(pair.rope, unit)}{how}"
    return f"{a} and {b} are undecided{how}"


def _named(pair: Pair, recipes: Mapping[str, str]) -> tuple[str, str, str]:
    """Return the two names, each with its recipe where they differ, and the recipe that both have."""
    its, other = recipes.get(pair.a, ""), recipes.get(pair.b, "")
    if its == other:
        each = ", each " if its == TUNED else " "
        return pair.a, pair.b, f"{each}{its}" if its else ""
    return *(f"{name} ({how})" if how else name for name, how in ((pair.a, its), (pair.b, other))), ""


def _turned(pair: Pair) -> Pair:
    """Return the same pair with b in a's place."""
    return replace(
        pair,
        a=pair.b,
        b=pair.a,
        mean_difference=-pair.mean_difference,
        ci95=None if pair.ci95 is None else [-end for end in reversed(pair.ci95)],
        wins=pair.losses,
        losses=pair.wins,
        verdict=_OTHER.get(pair.verdict, pair.verdict),
    )


def _counted(pair: Pair) -> str:
    if not _runs(pair):
        return ""
    return f"{_count(pair.wins, 'win')}, {_count(pair.ties, 'tie')}, {_count(pair.losses, 'loss', 'losses')}; "


def _runs(pair: Pair) -> int:
    return pair.wins + pair.ties + pair.losses


def _count(count: int, one: str, more: str = "") -> str:
    return f"{count} {one if count == 1 else more or one + 's'}"


def _difference(pair: Pair, unit: str) -> str:
    interval = "" if pair.ci95 is None else f" [{', '.join(_number(end, unit) for end in pair.ci95)}]"
    return f"difference {_amount(pair.mean_difference, unit)}{interval}"


def _tested(pair: Pair) -> str:
    if pair.p_value is None:
        return ""
    return f", {_p(pair.p_value)} ({_p(pair.p_value_holm)} over all pairs)" if pair.p_value_holm is not None else ""


def _p(value: float | None) -> str:
    return "" if value is None else "p < 0.001" if value < 0.001 else f"p = {value:.{2 if value >= 0.0995 else 3}f}"


def _advice(pair: Pair) -> str:
    if pair.verdict != "undecided":
        return ""
    if pair.p_value is None:
        return "; one run of each does not tell"
    there = f", there are {_runs(pair)}" if _runs(pair) else ""
    if pair.runs_needed is None:
        return "; more runs would hardly tell" + there
    return f"; about {pair.runs_needed:,} runs would tell ({POWER:.0%} power){there}"


def _amount(value: float, unit: str) -> str:
    return f"{_number(value, unit)} points" if unit == "points" else _number(value, unit)


def _number(value: float, unit: str) -> str:
    """Return points of a hundred with one digit, or two where one would be nothing; other scores with three digits."""
    if unit != "points":
        return f"{value:.3g}".replace("-", "−")
    points = 100 * value
    digits = 1 if abs(points) >= 0.05 or points == 0 else 2
    return f"{points:.{digits}f}".replace("-", "−") if round(points, digits) else "0.0"
