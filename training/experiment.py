"""An experiment as its TOML file states it: one data set, one protocol, the models compared.

Nothing here trains or knows TensorFlow; a file that is wrong is refused before anything heavy is loaded.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from bundle import layout
from bundle.records import StrictRecordSchema, by_path

DIRECTORY = Path(__file__).parent / "experiments"
DEFAULT = DIRECTORY / "gaussian-quantiles.toml"


@dataclass(frozen=True)
class GaussianQuantilesSpec:
    """scikit-learn's `make_gaussian_quantiles`, drawn by every replicate; `random_state` is that of replicate 0."""

    n_samples: int
    n_features: int
    n_classes: int
    cov: float
    random_state: int
    domain: tuple[float, float]
    test_fraction: float
    validation_fraction: float


@dataclass(frozen=True)
class TableSpec:
    """A CSV file: one column a feature, the last one `label`, 0 or 1. Every replicate splits it anew."""

    path: Path
    domain: tuple[float, float]
    test_fraction: float
    validation_fraction: float


DatasetSpec: TypeAlias = GaussianQuantilesSpec | TableSpec


@dataclass(frozen=True)
class ProtocolSpec:
    optimizer: str
    learning_rate: float
    batch_size: int


@dataclass(frozen=True)
class ModelSpec:
    """An architecture (hidden layer sizes) with its activation, and the accuracy the notebook printed, if any."""

    name: str
    hidden_layers: tuple[int, ...]
    activation: str | None
    epochs: int
    notebook_accuracy: float | None


@dataclass(frozen=True)
class Experiment:
    """`is_part` where not all of the models that stand in its file are to be trained."""

    name: str
    seed: int
    replicates: int
    dataset: DatasetSpec
    protocol: ProtocolSpec
    models: tuple[ModelSpec, ...]
    is_part: bool = False

    def only(self, names: tuple[str, ...]) -> "Experiment":
        """Return the experiment with the named models alone.

        Raises:
            ValueError: a name is not one of the experiment's models.
        """
        known = [model.name for model in self.models]
        unknown = [name for name in names if name not in known]
        if unknown:
            raise ValueError(
                f"no model {', '.join(unknown)} in experiment {self.name}; available models: {', '.join(known)}"
            )
        chosen = tuple(model for model in self.models if model.name in names)
        return replace(self, models=chosen, is_part=len(chosen) < len(self.models))


class _Tuple(fields.List[Any]):
    """A TOML array of numbers as a tuple."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        return tuple(super()._deserialize(value, attr, data, **options))


def _at_least(minimum: int) -> validate.Range:
    return validate.Range(min=minimum, error="must be at least {min}, not {input}")


_SIZE = _at_least(1)
_SEED = validate.Range(min=0, max=2**32 - 1, error="must be from 0 to {max}, not {input}")
_FRACTION = validate.Range(0, 1, min_inclusive=False, max_inclusive=False, error="must lie between 0 and 1")
_ABOVE_ZERO = validate.Range(min=0, min_inclusive=False, error="must be above 0, not {input}")


def _name(name: str) -> None:
    """Check a model's or an experiment's name by the one rule for names; the whole of it, unlike `validate.Regexp`."""
    if not layout.NAME.fullmatch(name):
        raise ValidationError(
            f"must be 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-', beginning with a letter or digit, not {name!r}"
        )


class _SplitSchema(StrictRecordSchema[Any]):
    """What every data set has."""

    domain = _Tuple(fields.Float(), required=True, validate=validate.Length(equal=2, error="must be [low, high]"))
    test_fraction = fields.Float(required=True, validate=_FRACTION)
    validation_fraction = fields.Float(required=True, validate=_FRACTION)

    @validates_schema
    def low_before_high(self, data: dict[str, Any], **_: object) -> None:
        low, high = data["domain"]
        if not low < high:
            raise ValidationError(f"must be [low, high] with low < high, not [{low}, {high}]", "domain")


class _GaussianQuantilesSchema(_SplitSchema):
    record = GaussianQuantilesSpec
    n_samples = fields.Integer(required=True, strict=True, validate=_at_least(10))
    n_features = fields.Integer(required=True, strict=True, validate=_SIZE)
    n_classes = fields.Integer(
        required=True, strict=True, validate=validate.Equal(2, error="must be 2: these are binary classifiers")
    )
    cov = fields.Float(required=True, validate=_ABOVE_ZERO)
    random_state = fields.Integer(required=True, strict=True, validate=_SEED)


class _TableSchema(_SplitSchema):
    record = TableSpec
    path = fields.String(required=True, metadata={"description": "relative to the experiment's file"})

    @post_load
    def make(self, data: Mapping[str, Any], **_: object) -> TableSpec:
        return TableSpec(**{**data, "path": Path(data["path"])})


_DATASETS: dict[str, type[_SplitSchema]] = {"gaussian_quantiles": _GaussianQuantilesSchema, "table": _TableSchema}


def generator_of(spec: DatasetSpec) -> str:
    """Return the name under which an experiment's file asks for a data set."""
    return next(name for name, schema in _DATASETS.items() if schema.record is type(spec))


class _DatasetField(fields.Field[DatasetSpec]):
    """The `[dataset]` table: its `generator` says which other keys there are."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> DatasetSpec:
        if not isinstance(value, dict):
            raise ValidationError("must be a table: [dataset]")
        generator = value.get("generator")
        if generator not in _DATASETS:
            raise ValidationError({"generator": [f"must be one of {', '.join(_DATASETS)}, not {generator}"]})
        others = {key: inner for key, inner in value.items() if key != "generator"}
        spec: DatasetSpec = _DATASETS[generator]().load(others)
        return spec


class _ProtocolSchema(StrictRecordSchema[ProtocolSpec]):
    record = ProtocolSpec
    optimizer = fields.String(required=True)
    learning_rate = fields.Float(required=True, validate=_ABOVE_ZERO)
    batch_size = fields.Integer(required=True, strict=True, validate=_SIZE)


class _ModelSchema(StrictRecordSchema[ModelSpec]):
    record = ModelSpec
    name = fields.String(required=True, validate=_name)
    hidden_layers = _Tuple(fields.Integer(strict=True, validate=_SIZE), required=True)
    activation = fields.String(load_default=None)
    epochs = fields.Integer(required=True, strict=True, validate=_SIZE)
    notebook_accuracy = fields.Float(load_default=None, validate=validate.Range(0, 1))

    @validates_schema
    def activation_where_there_are_units(self, data: dict[str, Any], **_: object) -> None:
        if bool(data["hidden_layers"]) != (data["activation"] is not None):
            raise ValidationError("is for models with hidden layers, and needed there", "activation")


class _ExperimentSchema(StrictRecordSchema[Experiment]):
    record = Experiment
    name = fields.String(required=True, validate=_name)
    seed = fields.Integer(required=True, strict=True, validate=_SEED)
    replicates = fields.Integer(required=True, strict=True, validate=_SIZE)
    dataset = _DatasetField(required=True)
    protocol = fields.Nested(_ProtocolSchema, required=True)
    models = _Tuple(fields.Nested(_ModelSchema), required=True, validate=validate.Length(min=1))

    @validates_schema
    def names_differ(self, data: dict[str, Any], **_: object) -> None:
        names = [model.name for model in data["models"]]
        if len(set(names)) < len(names):
            raise ValidationError("two models have the same name", "models")


def read(path: Path) -> Experiment:
    """Return the experiment in a TOML file.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not TOML or not an experiment; the message names the file, the key and what is allowed.
    """
    try:
        experiment: Experiment = _ExperimentSchema().load(tomllib.loads(path.read_text()))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not TOML: {error}") from error
    except ValidationError as error:
        found = [(_key(steps), message) for steps, messages in by_path(error.messages) for message in messages]
        lines = "\n".join(f"  {key}: {message}" for key, message in found)
        raise ValueError(f"{path}:\n{lines}") from error
    if isinstance(experiment.dataset, TableSpec):
        return replace(experiment, dataset=replace(experiment.dataset, path=path.parent / experiment.dataset.path))
    return experiment


def _key(path: Iterable[str | int]) -> str:
    """Return where in a file something stands: dotted, positions in lists counted from 1."""
    return "".join(f"[{step + 1}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")
