"""What the keys of an experiment's file may be: the fields and ranges that its tables share."""

from typing import Any

from marshmallow import ValidationError, fields, validate


class Tuple(fields.List[Any]):
    """A TOML array of numbers as a tuple."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        return tuple(super()._deserialize(value, attr, data, **options))


class OneOrMore(fields.Field[Any]):
    """One value, or a list to choose from as a tuple. A list of one value is that value."""

    def __init__(self, value: fields.Field[Any], **options: Any) -> None:
        super().__init__(**options)
        self.value = value

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        if not isinstance(value, list):
            return self.value.deserialize(value)
        if not value:
            raise ValidationError("must be one value, or a list of those to choose from; this list is empty")
        found = [self.value.deserialize(each) for each in value]
        twice = [str(each) for each in dict.fromkeys(found) if found.count(each) > 1]
        if twice:
            raise ValidationError(f"has {', '.join(twice)} more than once; list each value once")
        return tuple(found) if len(found) > 1 else found[0]


def at_least(minimum: int) -> validate.Range:
    return validate.Range(min=minimum, error="must be at least {min}, not {input}")


SIZE = at_least(1)
SEED = validate.Range(min=0, max=2**32 - 1, error="must be from 0 to {max}, not {input}")
FRACTION = validate.Range(0, 1, min_inclusive=False, max_inclusive=False, error="must lie between 0 and 1")
ABOVE_ZERO = validate.Range(min=0, min_inclusive=False, error="must be above 0, not {input}")
