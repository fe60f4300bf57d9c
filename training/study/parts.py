"""What a combination of levels makes: a data set and a recipe, each with what a cell says of it.

A key that has no meaning is left out, as noise where the data have none: so equal cells are one cell.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from marshmallow import ValidationError, fields, post_load, validates_schema

from bundle.card import Task
from bundle.records import StrictRecordSchema
from bundle.study import Level
from training.dataset_spec import SCHEMAS, DatasetSpec, TableSpec, located
from training.datasets import data_source
from training.experiment import ModelSpec, model_of
from training.keys import SIZE, Tuple, at_least
from training.protocol_spec import Recipe, RecipeSchema
from training.study.cells import dataset_content, recipe_content

TomlTable = Mapping[str, Any]
"""Keys and values as a file has them."""

ARCHITECTURE = ("width", "depth", "hidden_layers")
RECIPE = tuple(RecipeSchema().fields)
DATASET = ("generator", *dict.fromkeys(key for schema in SCHEMAS.values() for key in schema().fields))

OF_HIDDEN_LAYERS = ("activation", "dropout", "batch_normalization")
"""What a network without hidden layers has none of."""


class ArchitectureSchema(StrictRecordSchema[TomlTable]):
    """How many hidden layers there are, and how wide. A width of 0 is no hidden layer."""

    width = fields.Integer(strict=True, validate=at_least(0))
    depth = fields.Integer(strict=True, validate=at_least(0))
    hidden_layers = Tuple(fields.Integer(strict=True, validate=SIZE))

    @validates_schema
    def says_it_once(self, data: TomlTable, **_: object) -> None:
        if "hidden_layers" in data and len(data) > 1:
            raise ValidationError("does not go with width and depth, which say the same", "hidden_layers")

    @post_load
    def make(self, data: TomlTable, **_: object) -> TomlTable:
        return data


class ModelSchema(ArchitectureSchema):
    """`[model]` of a study."""

    activation = RecipeSchema().fields["activation"]
    epochs = RecipeSchema().fields["epochs"]


@cache
def field_of(key: str, generator: str = "") -> fields.Field[Any]:
    """Return what checks a level of a factor, or a key of a data set."""
    if key in ARCHITECTURE:
        return _ARCHITECTURE.fields[key]
    return _RECIPE.fields[key] if key in RECIPE else dataset_schema(generator).fields[key]


@cache
def dataset_schema(generator: str) -> StrictRecordSchema[Any]:
    return SCHEMAS[generator]()


_ARCHITECTURE, _RECIPE = ArchitectureSchema(), RecipeSchema()


def shown(key: str, value: Any) -> Level:
    """Return a value as a level: a number or text. A list to choose from is "0.001 or 0.01", hidden layers "10-10"."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None or isinstance(value, str | int | float):
        return value
    if key == "hidden_layers":
        return "-".join(map(str, value)) or "linear"
    if isinstance(value, Mapping):
        return " ".join(f"{name} {shown(key, inner)}" for name, inner in value.items())
    if isinstance(value, Sequence):
        between = {"activation": "-", "domain": " to ", "features": " "}.get(key, " or ")
        return between.join(str(shown(key, inner)) for inner in value)
    return str(value)


@dataclass(frozen=True)
class Data:
    """A data set, with its part of a cell's content and its level of any factor."""

    spec: DatasetSpec
    content: str
    levels: dict[str, Level]

    @property
    def table(self) -> str | None:
        return str(self.spec.path) if isinstance(self.spec, TableSpec) else None


@dataclass(frozen=True)
class Network:
    """A network and its recipe, with its part of a cell's content and its level of any factor."""

    model: ModelSpec
    content: str
    levels: dict[str, Level]


def data_of(said: TomlTable, factors: Iterable[str], directory: Path) -> Data:
    """Return the data set that a combination asks for; its table, if any, is found from the study's directory.

    Raises:
        ValidationError: it is none, by its keys.
        OSError: the table cannot be read.
    """
    generator = said.get("generator")
    if not isinstance(generator, str) or generator not in SCHEMAS:
        raise ValidationError(f"must be one of {', '.join(SCHEMAS)}, not {generator}", "generator")
    schema = dataset_schema(generator)
    spec: DatasetSpec = schema.load({key: value for key, value in said.items() if key in schema.fields})
    known = {"generator": generator, **vars(spec)}
    levels = {key: shown(key, known.get(key)) for key in factors if key in DATASET}
    spec = located(spec, directory)
    return Data(spec, dataset_content(spec), levels)


def task_of(spec: DatasetSpec, seed: int) -> tuple[Task, list[str]]:
    """Return what data are for and their classes. A table is looked at, other data only where they must be.

    Raises:
        ValueError: a table cannot be used, or no feature has the name that a domain is said of.
        OSError: it cannot be read.
    """
    if isinstance(spec, TableSpec) or isinstance(spec.domain, Mapping):
        source = data_source(spec, seed)
        return source.task, source.classes
    count = getattr(spec, "n_classes", 2)
    return "binary" if count == 2 else "multiclass", [str(i) for i in range(count)]


def network_of(architecture: TomlTable, levels: Recipe, of_all: Recipe, factors: Sequence[str]) -> Network:
    """Return the network that a combination asks for: its recipe is `levels`, and else that of all.

    Raises:
        ValidationError: its keys do not go together.
    """
    layers = hidden_layers(architecture)
    own = {"name": "network", "hidden_layers": layers, "notebook_accuracy": None, "protocol": levels}
    model = model_of(own, of_all)
    protocol = model.protocol
    if not layers:
        protocol = replace(protocol, dropout=0.0, batch_normalization=False)
        model = replace(model, protocol=protocol)
    known = {
        **vars(protocol),
        "learning_rate": protocol.learning_rates or protocol.learning_rate,
        "epochs": model.stops or model.epochs,
        "activation": model.activation or model.mixed_activations,
        "hidden_layers": layers,
        "depth": len(layers),
        "width": _width(layers, factors),
        **({} if layers else dict.fromkeys(OF_HIDDEN_LAYERS)),
    }
    mine = {key: shown(key, plain(known[key])) for key in factors if key not in DATASET}
    return Network(model, recipe_content(model), mine)


def hidden_layers(architecture: TomlTable) -> tuple[int, ...]:
    """Return the units of each hidden layer: 10 and 10 where nothing is said, as in an experiment."""
    if "hidden_layers" in architecture:
        return tuple(architecture["hidden_layers"])
    width, depth = architecture.get("width", 10), architecture.get("depth", 2)
    return (width,) * depth if width else ()


def _width(layers: Sequence[int], factors: Sequence[str]) -> int | None:
    """Return the width of all hidden layers, if they have one.

    Where a study varies the width and not the depth, no units are a width too, 0; else a network without hidden layers
    has depth 0 and no width.
    """
    if not layers:
        return None if {"depth", "hidden_layers"} & set(factors) else 0
    return layers[0] if len(set(layers)) == 1 else None


def plain(value: Any) -> Any:
    """Return a record, as early stopping is, as its keys."""
    return vars(value) if hasattr(value, "__dataclass_fields__") else value
