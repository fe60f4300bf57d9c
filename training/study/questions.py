"""What a study's file asks of its rows: claims, the metric that is shown, the cells that are exported.

Whatever names a factor, a level, an epoch or a metric is held against those that there are.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args, get_type_hints

from marshmallow import ValidationError, fields, validate, validates_schema

from bundle.card import Task
from bundle.records import StrictRecordSchema
from bundle.study import Claim, Level
from training.protocol_spec import one_of
from training.study.parts import shown
from verdicts import claim_rules
from verdicts.cells import LAST, NONE

_BY_TASK: dict[bool, tuple[str, ...]] = {
    True: ("mae", "validation_mae", "test_mae", "test_r2"),
    False: ("accuracy", "validation_accuracy", "test_accuracy", "exact_accuracy"),
}
_OF_ALL = ("loss", "validation_loss", "test_loss", "affine_share")
_OF_KERNELS, _OF_HIDDEN_LAYERS = ("gradient_norm", "weight_norm"), ("dead", "saturated")

_COMPARISON = re.compile(r"(>=|<=|!=|>|<)\s*\S.*")
MAX_LISTED_LEVELS = 30


def metric_of(task: Task) -> str:
    """Return what is shown of a study that does not say."""
    return "test_r2" if task == "regression" else "test_accuracy"


@dataclass(frozen=True)
class StudyTerms:
    """The terms in which a study's rows may be asked for.

    `epochs` are those that some cell records; `layers` are hidden ones.
    """

    levels: Mapping[str, Sequence[Level]]
    mixed: frozenset[str]
    epochs: Sequence[int]
    task: Task
    layers: int

    def metric(self, name: str) -> str:
        """Return the name of a metric. Raises ValidationError if there is none of that name."""
        plain = (*_BY_TASK[self.task == "regression"], *_OF_ALL)
        layered = {f"{each}_{i + 1}" for each in _OF_KERNELS for i in range(self.layers + 1)}
        layered |= {f"{each}_{i + 1}" for each in _OF_HIDDEN_LAYERS for i in range(self.layers)}
        if name not in plain and name not in layered:
            kernels, hidden = " and ".join(_OF_KERNELS), " and ".join(_OF_HIDDEN_LAYERS)
            raise ValidationError(
                f"must be one of {', '.join(plain)}, or {kernels} of a layer from _1 to _{self.layers + 1}, "
                f"{hidden} of a hidden one up to _{self.layers}, not {name}"
            )
        return name

    def conditions(self, said: Mapping[str, Any], *, plain: bool = False) -> dict[str, Any]:
        """Return conditions with their levels as the rows have them; `plain` are of factors, by levels alone.

        Raises:
            ValidationError: there is no such factor or level, by its key.
        """
        checked, errors = {}, {}
        for key, value in said.items():
            try:
                checked[key] = self.condition(key, value, plain=plain)
            except ValidationError as error:
                errors[key] = error.messages
        if errors:
            raise ValidationError(errors)
        return checked

    def condition(self, key: str, value: Any, *, plain: bool = False) -> Any:
        """Return one level, or a list of those of which any will do."""
        self.column(key, plain=plain)
        if isinstance(value, list):
            return [self.level(key, each, plain=plain) for each in value]
        return self.level(key, value, plain=plain)

    def column(self, key: str, *, plain: bool = False) -> str:
        """Return the name of a factor, or of what else tells rows apart."""
        known = (*self.levels, *(() if plain else ("epoch", "replicate")))
        if key not in known:
            raise ValidationError(f"is no factor of this study; there are {', '.join(known) or 'none'}")
        return key

    def level(self, key: str, value: Any, *, plain: bool = False) -> Level:
        """Return a level as the rows have it. Raises ValidationError where no cell has it."""
        is_condition = isinstance(value, str) and (value == NONE or _COMPARISON.fullmatch(value))
        if is_condition and not plain:
            return str(value)
        if key == "replicate" or (key == "epoch" and value == LAST):
            return shown(key, value)
        known: Sequence[Level] = self.epochs if key == "epoch" else self.levels[key]
        level = str(value) if key in self.mixed and _is_number(value) else shown(key, value)
        if level not in known or isinstance(level, str) != isinstance(known[known.index(level)], str):
            listed = ", ".join(NONE if each is None else str(each) for each in known[:MAX_LISTED_LEVELS])
            more = " …" if len(known) > MAX_LISTED_LEVELS else ""
            what = "recorded epochs are" if key == "epoch" else "levels are"
            raise ValidationError(f"has no level {level}; {what} {listed}{more}")
        return level


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _conditions(default: type[dict[str, Any]] | None) -> fields.Dict:
    return fields.Dict(keys=fields.String(), values=fields.Raw(), load_default=default)


_EXPECTED = get_args(get_type_hints(Claim)["expect"])


class ClaimSchema(StrictRecordSchema[Claim]):
    """`[[claims]]`, as far as they can be checked by themselves."""

    record = Claim
    text = fields.String(required=True, validate=validate.Length(min=1, error="must say what is claimed"))
    metric = fields.String(required=True)
    expect = fields.String(required=True, validate=one_of(_EXPECTED))
    where = _conditions(dict)
    along = fields.String(load_default=None)
    levels = fields.List(fields.Raw(), load_default=None, validate=validate.Length(min=2, error="must be two or more"))
    better = _conditions(None)
    than = _conditions(None)
    rope = fields.Float(load_default=None, validate=validate.Range(min=0, error="must be at least 0, not {input}"))
    low = fields.Float(load_default=None)
    high = fields.Float(load_default=None)
    log = fields.Boolean(load_default=False)

    @validates_schema
    def compares_in_one_way(self, data: dict[str, Any], **_: object) -> None:
        pair = [key for key in ("better", "than") if data[key] is not None]
        if len(pair) == 1:
            raise ValidationError("better and than go together", pair[0])
        if pair and data["along"] is not None:
            raise ValidationError("does not go with better and than", "along")
        if data["levels"] is not None and data["along"] is None:
            raise ValidationError("are those of a factor: along says which", "levels")
        if data["expect"] != "within" and not pair and data["along"] is None:
            raise ValidationError("needs along, or better and than: what to compare", "expect")

    @validates_schema
    def is_within_bounds(self, data: dict[str, Any], **_: object) -> None:
        bounds = [key for key in ("low", "high") if data[key] is not None]
        if data["expect"] != "within":
            if bounds:
                raise ValidationError('is for expect = "within"', bounds[0])
        elif data["better"] is not None or data["along"] is not None:
            raise ValidationError("within is of one mean: it goes with low and high alone", "expect")
        elif not bounds:
            raise ValidationError("within needs low, high or both", "expect")
        elif len(bounds) == 2 and not data["low"] < data["high"]:
            raise ValidationError(f"must be below high, {data['high']:g}, not {data['low']:g}", "low")


def resolved(claim: Claim, terms: StudyTerms) -> Claim:
    """Return a claim with its levels as the rows have them.

    Raises:
        ValidationError: it asks for what there is not, by its keys.
    """
    fixed: dict[str, Any] = {}
    errors: dict[str, Any] = {}

    def levels(said: list[Any]) -> list[Level]:
        return [terms.level(claim.along or "", each) for each in said]

    finds: dict[str, Callable[[Any], Any]] = {
        "metric": terms.metric,
        "where": terms.conditions,
        "along": terms.column,
        "levels": levels,
        "better": terms.conditions,
        "than": terms.conditions,
    }
    for key, find in finds.items():
        said = getattr(claim, key)
        if said is None or (key == "levels" and "along" in errors):
            continue
        try:
            fixed[key] = find(said)
        except ValidationError as error:
            errors[key] = error.messages
    if errors:
        raise ValidationError(errors)
    claim = replace(claim, **fixed)
    try:
        claim_rules.check(claim, terms.levels)
    except ValueError as error:
        raise ValidationError(str(error)) from error
    return claim
