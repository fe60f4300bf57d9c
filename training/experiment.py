"""An experiment as its TOML file states it: one data set, one protocol, the models compared.

Nothing here trains or knows TensorFlow; a file that is wrong is refused before anything heavy is loaded.
"""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from bundle import layout
from bundle.records import StrictRecordSchema, by_path
from training.dataset_spec import DatasetField, DatasetSpec, located
from training.keys import ABOVE_ZERO, SEED, SIZE, Tuple

DIRECTORY = Path(__file__).parent / "experiments"
DEFAULT = DIRECTORY / "gaussian-quantiles.toml"


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


def _name(name: str) -> None:
    """Check a model's or an experiment's name by the one rule for names; the whole of it, unlike `validate.Regexp`."""
    if not layout.NAME.fullmatch(name):
        raise ValidationError(
            f"must be 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-', beginning with a letter or digit, not {name!r}"
        )


class _ProtocolSchema(StrictRecordSchema[ProtocolSpec]):
    record = ProtocolSpec
    optimizer = fields.String(required=True)
    learning_rate = fields.Float(required=True, validate=ABOVE_ZERO)
    batch_size = fields.Integer(required=True, strict=True, validate=SIZE)


class _ModelSchema(StrictRecordSchema[ModelSpec]):
    record = ModelSpec
    name = fields.String(required=True, validate=_name)
    hidden_layers = Tuple(fields.Integer(strict=True, validate=SIZE), required=True)
    activation = fields.String(load_default=None)
    epochs = fields.Integer(required=True, strict=True, validate=SIZE)
    notebook_accuracy = fields.Float(load_default=None, validate=validate.Range(0, 1))

    @validates_schema
    def activation_where_there_are_units(self, data: dict[str, Any], **_: object) -> None:
        if bool(data["hidden_layers"]) != (data["activation"] is not None):
            raise ValidationError("is for models with hidden layers, and needed there", "activation")


class _ExperimentSchema(StrictRecordSchema[Experiment]):
    record = Experiment
    name = fields.String(required=True, validate=_name)
    seed = fields.Integer(required=True, strict=True, validate=SEED)
    replicates = fields.Integer(required=True, strict=True, validate=SIZE)
    dataset = DatasetField(required=True)
    protocol = fields.Nested(_ProtocolSchema, required=True)
    models = Tuple(fields.Nested(_ModelSchema), required=True, validate=validate.Length(min=1))

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
    return replace(experiment, dataset=located(experiment.dataset, path.parent))


def _key(path: Iterable[str | int]) -> str:
    """Return where in a file something stands: dotted, positions in lists counted from 1."""
    return "".join(f"[{step + 1}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")
