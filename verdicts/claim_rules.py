"""What a claim may say."""

from collections.abc import Iterable

from bundle.comparison import ROPE
from bundle.study import Claim
from verdicts.claim_words import METRICS, metric_name

LOG_ROPE = 0.05
"""Of logarithms to the base 10: a factor of 1.12 is none."""


def check(claim: Claim, names: Iterable[str]) -> None:
    """Check that a claim says one thing, and of factors of these names.

    Raises:
        ValueError: it does not; says what is allowed.
    """
    _check_names(claim, dict.fromkeys([*names, "epoch", "replicate"]))
    if (claim.better is None) != (claim.than is None):
        raise ValueError("better and than go together: one is compared with the other")
    if claim.along and claim.better is not None:
        raise ValueError("give along, or better and than, not both")
    if claim.levels is not None:
        _check_levels(claim)
    if claim.expect == "within":
        _check_bounds(claim)
    else:
        _check_comparison(claim)


def rope_of(claim: Claim) -> float:
    """Return how large a difference is none; of logarithms to the base 10, theirs."""
    if claim.rope is not None:
        return claim.rope
    return LOG_ROPE if claim.log else ROPE


def _check_names(claim: Claim, known: Iterable[str]) -> None:
    asked = [*claim.where, *(claim.better or {}), *(claim.than or {}), *([claim.along] if claim.along else [])]
    unknown = [name for name in dict.fromkeys(asked) if name not in known]
    if unknown:
        raise ValueError(f"no factor {', '.join(unknown)}; there are {', '.join(known)}")
    if metric_name(claim.metric) == claim.metric:
        raise ValueError(f"no metric {claim.metric}; there are {', '.join(METRICS)}, and of a layer gradient_norm_1, …")


def _check_levels(claim: Claim) -> None:
    if not claim.along:
        raise ValueError("levels are those of the factor along, which is not given")
    if len(claim.levels or []) < 2:
        raise ValueError("levels must be at least two to be compared")


def _check_comparison(claim: Claim) -> None:
    if not claim.along and claim.better is None:
        raise ValueError(f"expect = {claim.expect!r} needs along, or better and than: compared with what?")
    if claim.low is not None or claim.high is not None:
        raise ValueError(f"low and high go with expect = 'within', not {claim.expect!r}")
    rope = rope_of(claim)
    if not rope >= 0 or (claim.expect == "same" and rope == 0):
        raise ValueError(f"rope must be {'above' if claim.expect == 'same' else 'at least'} 0, not {rope:g}")


def _check_bounds(claim: Claim) -> None:
    if claim.along or claim.better is not None:
        raise ValueError("expect = 'within' holds one mean against low and high, without along, better and than")
    bounds = [bound for bound in (claim.low, claim.high) if bound is not None]
    if not bounds:
        raise ValueError("expect = 'within' needs low, high or both")
    if bounds[0] > bounds[-1]:
        raise ValueError(f"low must not exceed high: {claim.low} and {claim.high}")
    if claim.log and bounds[0] <= 0:
        raise ValueError("low and high must be above 0 where logarithms are compared")
