"""What came of a claim in a sentence. It speaks of the cells as they were trained, never of an architecture alone."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bundle.study import Claim, Outcome
from verdicts.cells import NONE, is_share
from verdicts.claim_comparison import Compared
from verdicts.power import POWER
from verdicts.words import TUNED, Basis, counted, number

METRICS = {
    "loss": "training loss",
    "accuracy": "training accuracy",
    "mae": "training mean absolute error",
    "validation_loss": "validation loss",
    "validation_accuracy": "validation accuracy",
    "validation_mae": "validation mean absolute error",
    "test_loss": "test loss",
    "test_accuracy": "test accuracy",
    "test_mae": "test mean absolute error",
    "test_r2": "test R²",
    "exact_accuracy": "exact accuracy",
    "affine_share": "the share of the logit that an affine function explains",
    "learning_rate": "the chosen learning rate",
    "chosen_epoch": "the chosen number of epochs",
}

_OF_A_LAYER = {
    "gradient_norm": "the gradient norm of layer {}",
    "weight_norm": "the weight norm of layer {}",
    "dead": "the share of dead units in layer {}",
    "saturated": "the share of saturated units in layer {}",
}


def metric_name(metric: str) -> str:
    """Return a metric's name in words, or as it is where there are none."""
    found = re.fullmatch(r"(\w+)_([1-9]\d*)", metric)
    if found and found[1] in _OF_A_LAYER:
        return _OF_A_LAYER[found[1]].format(found[2])
    return METRICS.get(metric, metric)


def named(conditions: Mapping[str, Any]) -> str:
    """Return conditions in words: "width 3 or 10, no activation"."""
    return ", ".join(_condition(factor, level) for factor, level in conditions.items())


def _condition(factor: str, level: Any) -> str:
    if isinstance(level, list | tuple):
        return f"{factor} {' or '.join('none' if _is_none(each) else _level(each) for each in level)}"
    return f"no {factor}" if _is_none(level) else f"{factor} {_level(level)}"


def _is_none(level: Any) -> bool:
    return level is None or level == NONE


def _level(level: Any) -> str:
    if isinstance(level, bool):
        return str(level).lower()
    return f"{level:g}" if isinstance(level, float) else str(level)


def sentence(claim: Claim, outcome: Outcome, compared: Sequence[Compared], rope: float, recipe: str = "") -> str:
    """Say what came of a claim, and the comparison that decides it, with its numbers and what they rest on."""
    told = _deciding(outcome, compared)
    said = f"{_said(claim, told, rope)}{_among(claim.where)}{_trained(claim.where, recipe)}"
    return f"{outcome}: {said}: {_numbers(claim, told)}{_tally(claim, outcome, compared)}"


def _trained(where: Mapping[str, Any], recipe: str) -> str:
    if where.get("epoch") == 0:
        return ", before training"
    return f", each {TUNED}" if recipe == TUNED else f" {recipe}" if recipe else ", as trained here"


def _among(where: Mapping[str, Any]) -> str:
    others = {factor: level for factor, level in where.items() if factor != "epoch"}
    at = f" at {named({'epoch': where['epoch']})}" if where.get("epoch") else ""
    return f"{at}{f' for {named(others)}' if others else ''}"


def _deciding(outcome: Outcome, compared: Sequence[Compared]) -> Compared:
    """Return the one that a claim fails by most clearly, or that is the least sure."""
    alike = [each for each in compared if each.outcome == outcome]
    return min(alike, key=lambda each: 0 if each.probability is None else each.probability)


def _said(claim: Claim, told: Compared, rope: float) -> str:
    verb = {"holds": "is", "does not hold": "is not", "undecided": "may or may not be"}[told.outcome]
    subject = f"{metric_name(claim.metric)}{_with(told.a) if told.a else ''}"
    if claim.expect == "within":
        return f"the mean of {subject} {verb} {_range(claim)}"
    margin = _margin(claim, rope)
    if claim.expect == "same":
        return f"{subject} {verb} within {margin} of that{_with(told.b)}"
    more = "higher" if claim.expect == "more" else "lower"
    return f"{subject} {verb} {more}{f' by more than {margin}' if rope else ''} than{_with(told.b)}"


def _with(side: str | None) -> str:
    return f" {'at' if str(side).startswith('epoch ') else 'with'} {side}"


def _range(claim: Claim) -> str:
    if claim.low is None:
        return f"at most {claim.high:g}"
    return f"at least {claim.low:g}" if claim.high is None else f"from {claim.low:g} to {claim.high:g}"


def _margin(claim: Claim, rope: float) -> str:
    if claim.log:
        return f"a factor of {10**rope:,.3g}" if rope < 3 else f"a factor of {10**rope:,.0f}"
    if not is_share(claim.metric):
        return f"{rope:g}"
    points = f"{100 * rope:g}"
    return f"{points} point" if points == "1" else f"{points} points"


def _numbers(claim: Claim, told: Compared) -> str:
    basis = Basis(told.runs).few if told.outcome != "undecided" else ""
    parts = [_difference(claim, told), *([counted(told.runs, "run")] if told.runs else [])]
    if told.settings > 1:
        parts.append(f"each the mean over {told.settings} settings")
    if told.lost:
        parts.append(f"{counted(told.lost, 'run')} that diverged left out")
    return f"{', '.join(part for part in parts if part)}{basis}{_advice(told)}"


def _difference(claim: Claim, told: Compared) -> str:
    if told.difference is None:
        return ""
    is_mean = told.b is None
    unit = "points" if is_share(claim.metric) and not is_mean else ""
    text = number(told.difference, unit) + (" points" if unit else "")
    interval = f" [{', '.join(number(end, unit) for end in told.ci95)}]" if told.ci95 else ""
    if is_mean:
        return f"{'geometric mean' if claim.log else 'mean'} {text}{interval}"
    return f"{text} times that{interval}" if claim.log else f"difference {text}{interval}"


def _advice(told: Compared) -> str:
    same = told.ci95 is not None and told.ci95[0] == told.ci95[1]
    if told.outcome != "undecided":
        return "; the same in all runs, and taken for certain" if same else ""
    if told.why:
        return f"; {told.why}" if told.runs or told.lost else told.why
    if told.runs_needed is None:
        return "; more runs would hardly tell"
    return f"; about {counted(told.runs_needed, 'run')} would tell ({POWER:.0%} power)"


def _tally(claim: Claim, outcome: Outcome, compared: Sequence[Compared]) -> str:
    if len(compared) == 1:
        return ""
    one = "pair" if claim.expect == "same" else "step"
    if outcome == "holds":
        return f"; all {counted(len(compared), one)} along {claim.along} hold, this is the least clear"
    counts = {each: sum(told.outcome == each for told in compared) for each in ("holds", "does not hold", "undecided")}
    parts = [
        f"{counts['holds']} {'holds' if counts['holds'] == 1 else 'hold'}" if counts["holds"] else "",
        f"{counts['does not hold']} {'does' if counts['does not hold'] == 1 else 'do'} not"
        if counts["does not hold"]
        else "",
        f"{counts['undecided']} {'is' if counts['undecided'] == 1 else 'are'} undecided" if counts["undecided"] else "",
    ]
    return f"; of {counted(len(compared), one)} along {claim.along} {', '.join(part for part in parts if part)}"
