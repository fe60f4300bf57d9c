"""`[[grid]]` and `[[cell]]` of a study's file, checked key by key and level by level."""

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import ValidationError

from training.dataset_spec import SCHEMAS
from training.study.grids import Grid
from training.study.parts import ARCHITECTURE, DATASET, FACTORS, RECIPE, Said, dataset_schema, field_of

Table = tuple[str, int, Said]
"""`grid` or `cell`, its position among those, and what it says."""

UNCHECKED = frozenset({"positive"})
"""What is checked with the data set as a whole: a class may be a number, which its field alone does not take."""


def check_dataset(dataset: Said, tables: Sequence[Said]) -> None:
    """Raise ValidationError where `[dataset]` says what no data set of the study has."""
    generators = _generators(dataset, *tables)
    if not generators:
        raise ValidationError(
            {"dataset": {"generator": [f"is missing; there are {', '.join(SCHEMAS)}"]}},
        )
    errors: dict[str, Any] = {}
    for key, value in dataset.items():
        try:
            _level(key, value, generators)
        except ValidationError as error:
            errors[key] = error.messages
    if errors:
        raise ValidationError({"dataset": errors})


def combinations(tables: Sequence[Table], dataset: Said, architecture: Said) -> tuple[Grid, ...]:
    """Return the grids of a study; one that varies nothing is one cell.

    Raises:
        ValidationError: a key is no factor, or a level none of its factor; by where it stands.
    """
    grids, errors = [], dict[str, dict[int, Any]]()
    for kind, position, table in tables:
        try:
            grids.append(_grid(kind, position, table, dataset, architecture))
        except ValidationError as error:
            errors.setdefault(kind, {})[position] = error.messages
    if errors:
        raise ValidationError(errors)
    return tuple(grids) or (Grid("the study", {}, {}),)


def _grid(kind: str, position: int, table: Said, dataset: Said, architecture: Said) -> Grid:
    _check_architecture(table, architecture)
    generators = _generators(dataset, table)
    levels: dict[str, list[Any]] = {}
    errors: dict[str, Any] = {}
    for key, value in table.items():
        many = value if isinstance(value, list) and kind == "grid" else [value]
        try:
            levels[key] = _levels(key, many, generators)
        except ValidationError as error:
            is_one = kind == "cell" or not isinstance(value, list)
            messages = error.messages
            errors[key] = messages[0] if is_one and isinstance(messages, dict) and set(messages) == {0} else messages
    if errors:
        raise ValidationError(errors)
    data = {key: found for key, found in levels.items() if key in DATASET}
    network = {key: found for key, found in levels.items() if key not in DATASET}
    return Grid(f"{kind}[{position + 1}]", data, network)


def _check_architecture(table: Said, architecture: Said) -> None:
    said = [key for key in ("width", "depth") if key in table]
    if said and "hidden_layers" in table:
        raise ValidationError("does not go with width and depth, which say the same", "hidden_layers")
    if said and "hidden_layers" in architecture:
        raise ValidationError("does not go with hidden_layers in [model]; give width or depth there", said[0])


def _levels(key: str, values: list[Any], generators: Sequence[str]) -> list[Any]:
    if not values:
        raise ValidationError("has no level: the list is empty")
    levels, errors, seen = [], dict[int, Any](), set[str]()
    for i, value in enumerate(values):
        try:
            level = _level(key, value, generators)
        except ValidationError as error:
            errors[i] = error.messages
            continue
        if repr(level) in seen:
            errors[i] = [f"{value} is there already; list each level once"]
        seen.add(repr(level))
        levels.append(value if key in DATASET else level)
    if errors:
        raise ValidationError(errors)
    return levels


def _level(key: str, value: Any, generators: Sequence[str]) -> Any:
    """Return a level as its field has it."""
    if key in ARCHITECTURE or key in RECIPE:
        return field_of(key).deserialize(value)
    if key not in DATASET:
        raise ValidationError(f"unknown factor; there are {', '.join(FACTORS)}")
    if key == "generator":
        if not isinstance(value, str) or value not in SCHEMAS:
            raise ValidationError(f"must be one of {', '.join(SCHEMAS)}, not {value}")
        return value
    return value if key in UNCHECKED else _of_data(key, value, generators)


def _of_data(key: str, value: Any, generators: Sequence[str]) -> Any:
    """Return a level as the first kind of data set has it that takes it."""
    having = [generator for generator in generators if key in dataset_schema(generator).fields]
    if not having:
        has = "; ".join(f"{each} has {', '.join(dataset_schema(each).fields)}" for each in generators)
        raise ValidationError(f"no data set here has it; {has or 'none is named: generator is missing'}")
    refused = []
    for generator in having:
        try:
            return field_of(key, generator).deserialize(value)
        except ValidationError as error:
            refused.append(error)
    raise refused[0]


def _generators(*tables: Mapping[str, Any]) -> list[str]:
    """Return the kinds of data set that some tables name."""
    named = [each for table in tables for each in _listed(table.get("generator"))]
    return list(dict.fromkeys(each for each in named if isinstance(each, str) and each in SCHEMAS))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
