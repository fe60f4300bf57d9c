"""`[[grid]]` and `[[cell]]` of a study's file, checked key by key and level by level."""

from collections.abc import Sequence
from typing import Any

from marshmallow import ValidationError

from training.dataset_spec import SCHEMAS
from training.study.grids import Grid
from training.study.parts import ARCHITECTURE, DATASET, RECIPE, TomlTable, dataset_schema, field_of

TableEntry = tuple[str, int, TomlTable]
"""`grid` or `cell`, its position among those, and what it says."""

OF_LISTS = frozenset({"hidden_layers", "features", "domain"})
"""Factors of which one level is a list."""

UNCHECKED = frozenset({"generator", "positive"})
"""What no field checks by itself: `positive` may be a number, and is checked with the whole data set."""


def check_dataset(dataset: TomlTable, tables: Sequence[TomlTable]) -> None:
    """Raise ValidationError where `[dataset]` says what no data set of the study has."""
    generators = _generators(dataset, *tables)
    if "generator" in dataset or not generators:
        _generator(dataset.get("generator", "nothing"))
    errors: dict[str, Any] = {}
    for key, value in dataset.items():
        try:
            _of_data(key, value, generators)
        except ValidationError as error:
            errors[key] = error.messages
    if errors:
        raise ValidationError(errors)


def combinations(tables: Sequence[TableEntry], dataset: TomlTable, architecture: TomlTable) -> tuple[Grid, ...]:
    """Return the grids of a study; one that varies nothing is one cell.

    Raises:
        ValidationError: a key is no factor, or a level none of its factor; by where it stands.
    """
    grids, errors = [], dict[str, dict[int, Any]]()
    for kind, position, table in tables:
        try:
            grids.append(_grid(kind, position, table, dataset, architecture))
        except ValidationError as error:
            errors.setdefault(kind, {})[position] = error.normalized_messages()  # type: ignore[no-untyped-call]
    if errors:
        raise ValidationError(errors)
    return tuple(grids) or (Grid("all cells", {}, {}),)


def _grid(kind: str, position: int, table: TomlTable, dataset: TomlTable, architecture: TomlTable) -> Grid:
    _check_architecture(table, architecture)
    generators = _generators(table) or _generators(dataset)
    levels: dict[str, list[Any]] = {}
    errors: dict[str, Any] = {}
    for key, value in table.items():
        try:
            _check_factor(key, generators)
            if kind == "grid" and isinstance(value, list):
                levels[key] = _levels(key, value, generators)
            else:
                levels[key] = [_kept(key, value, _level(key, value, generators))]
        except ValidationError as error:
            errors[key] = error.messages
    if errors:
        raise ValidationError(errors)
    data = {key: found for key, found in levels.items() if key in DATASET}
    network = {key: found for key, found in levels.items() if key not in DATASET}
    return Grid(f"{kind}[{position + 1}]", data, network)


def _check_architecture(table: TomlTable, architecture: TomlTable) -> None:
    said = [key for key in ("width", "depth") if key in table]
    if said and "hidden_layers" in table:
        raise ValidationError("does not go with width and depth, which say the same", "hidden_layers")
    if said and "hidden_layers" in architecture:
        raise ValidationError("does not go with hidden_layers in [model]; give width or depth there", said[0])


def _check_factor(key: str, generators: Sequence[str]) -> None:
    """Raise ValidationError where a key is none that can vary, or that no data set of the grid has."""
    of_networks = (*ARCHITECTURE, *RECIPE)
    if key in of_networks or key == "generator":
        return
    has = _keys_of(generators)
    if key not in DATASET:
        raise ValidationError(f"unknown factor; there are {', '.join((*of_networks, *has))}")
    if key not in has:
        raise ValidationError(f"the data set has none: {' and '.join(generators) or 'it'} has {', '.join(has)}")


def _keys_of(generators: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(["generator", *(key for each in generators for key in dataset_schema(each).fields)]))


def _levels(key: str, values: list[Any], generators: Sequence[str]) -> list[Any]:
    if not values:
        raise ValidationError("has no level: the list is empty")
    if key in OF_LISTS and not any(isinstance(value, list | dict) for value in values):
        raise ValidationError(f"a level is a list itself, so give a list of those: [{values}]")
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
        levels.append(_kept(key, value, level))
    if errors:
        raise ValidationError(errors)
    return levels


def _kept(key: str, value: Any, level: Any) -> Any:
    """Return what a grid keeps of a level: of a data set, which is read as a whole later, what the file says."""
    return value if key in DATASET else level


def _level(key: str, value: Any, generators: Sequence[str]) -> Any:
    """Return a level as its field has it."""
    if key not in DATASET:
        return field_of(key).deserialize(value)
    return _generator(value) if key == "generator" else _of_data(key, value, generators)


def _generator(value: Any) -> str:
    if not isinstance(value, str) or value not in SCHEMAS:
        raise ValidationError(f"must be one of {', '.join(SCHEMAS)}, not {value}", "generator")
    return value


def _of_data(key: str, value: Any, generators: Sequence[str]) -> Any:
    """Return a level as the first kind of data set has it that takes it."""
    if key in UNCHECKED:
        return value
    having = [generator for generator in generators if key in dataset_schema(generator).fields]
    refused = []
    for generator in having:
        try:
            return field_of(key, generator).deserialize(value)
        except ValidationError as error:
            refused.append(error)
    if not refused:
        raise ValidationError(
            f"the data set has none: {' and '.join(generators)} has {', '.join(_keys_of(generators))}"
        )
    raise refused[0]


def _generators(*tables: TomlTable) -> list[str]:
    """Return the kinds of data set that some tables name."""
    named = [each for table in tables for each in _listed(table.get("generator"))]
    return list(dict.fromkeys(each for each in named if isinstance(each, str) and each in SCHEMAS))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
