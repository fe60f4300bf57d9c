"""What the keys of an experiment's file may be: the fields and ranges that its tables share."""

from typing import Any

from marshmallow import fields, validate


class Tuple(fields.List[Any]):
    """A TOML array of numbers as a tuple."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        return tuple(super()._deserialize(value, attr, data, **options))


def at_least(minimum: int) -> validate.Range:
    return validate.Range(min=minimum, error="must be at least {min}, not {input}")


SIZE = at_least(1)
SEED = validate.Range(min=0, max=2**32 - 1, error="must be from 0 to {max}, not {input}")
FRACTION = validate.Range(0, 1, min_inclusive=False, max_inclusive=False, error="must lie between 0 and 1")
ABOVE_ZERO = validate.Range(min=0, min_inclusive=False, error="must be above 0, not {input}")
