"""An experiment as its TOML file states it: one data set, one protocol, the models compared.

Nothing here trains or knows TensorFlow; a file that is wrong is refused before anything heavy is loaded.
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from bundle import layout
from bundle.card import Candidates, Task
from bundle.records import StrictRecordSchema, by_path
from training.dataset_spec import DatasetField, DatasetSpec, located
from training.keys import SEED, SIZE, OneOrMore, Tuple, at_least
from training.protocol_spec import Activation, ProtocolSpec, Recipe, RecipeSchema, merge, protocol_of

DIRECTORY = Path(__file__).parent / "experiments"
DEFAULT = DIRECTORY / "gaussian-quantiles.toml"


@dataclass(frozen=True)
class ModelSpec:
    """An architecture (hidden layer sizes) with its activation, how it is trained, and what the notebook printed.

    `activation` is that of all hidden layers, where they have the same; `mixed_activations` are one a layer otherwise.
    Where each replicate chooses among the epochs in `stops`, `epochs` is the last of them; else there are none.
    """

    name: str
    hidden_layers: tuple[int, ...]
    activation: str | None
    epochs: int
    notebook_accuracy: float | None
    protocol: ProtocolSpec = field(default_factory=ProtocolSpec)
    mixed_activations: tuple[str, ...] = ()
    stops: tuple[int, ...] = ()

    @property
    def candidates(self) -> Candidates:
        """What each replicate chooses from: of one recipe one value of each."""
        rates, stops = self.protocol.learning_rates or (self.protocol.learning_rate,), self.stops or (self.epochs,)
        return Candidates(list(rates), list(stops))

    @property
    def is_tuned(self) -> bool:
        return bool(self.protocol.learning_rates or self.stops)

    @property
    def epochs_in_all(self) -> int:
        """Those of every learning rate."""
        return self.epochs * len(self.candidates.learning_rates)

    @property
    def activations(self) -> tuple[str, ...]:
        """One a hidden layer."""
        return self.mixed_activations if self.activation is None else (self.activation,) * len(self.hidden_layers)


@dataclass(frozen=True)
class Experiment:
    """`is_part` where not all of the models that stand in its file are to be trained.

    `variance_runs` of the replicates are trained once more for each source of luck; see `training.variance`.
    """

    name: str
    seed: int
    replicates: int
    dataset: DatasetSpec
    protocol: ProtocolSpec
    models: tuple[ModelSpec, ...]
    is_part: bool = False
    variance_runs: int = 0

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

    def check_recipes(self, task: Task, classes: Sequence[str]) -> None:
        """Raise ValueError where a model's recipe does not go with data of this task and these classes."""
        for model in self.models:
            try:
                model.protocol.loss_for(task)
                model.protocol.class_weights_for(classes)
            except ValueError as error:
                raise ValueError(f"model {model.name}: {error}") from error


def check_name(name: str) -> None:
    """Check a model's or an experiment's name by the one rule for names; the whole of it, unlike `validate.Regexp`."""
    if not layout.NAME.fullmatch(name):
        raise ValidationError(
            f"must be 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-', beginning with a letter or digit, not {name!r}"
        )


class _ModelSchema(StrictRecordSchema[Mapping[str, Any]]):
    """What a model says of itself; what it leaves out is in the experiment's `[protocol]`, or a default."""

    name = fields.String(required=True, validate=check_name)
    hidden_layers = Tuple(fields.Integer(strict=True, validate=SIZE), load_default=(10, 10))
    activation = Activation()
    epochs = OneOrMore(fields.Integer(strict=True, validate=SIZE))
    notebook_accuracy = fields.Float(load_default=None, validate=validate.Range(0, 1))
    protocol = fields.Nested(RecipeSchema, load_default=dict)

    @post_load
    def make(self, data: Mapping[str, Any], **_: object) -> Mapping[str, Any]:
        return data


def model_of(own: Mapping[str, Any], of_all: Recipe) -> ModelSpec:
    """Return a model with its whole recipe. Raises ValidationError where the two do not go together."""
    recipe = merge(of_all, own["protocol"])
    epochs = own.get("epochs", recipe.get("epochs", 500))
    stops = tuple(sorted(epochs)) if isinstance(epochs, tuple) else ()
    layers, activation = own["hidden_layers"], own.get("activation", recipe.get("activation", "tanh"))
    if "activation" in own and not layers:
        raise ValidationError("is for models with hidden layers", "activation")
    if isinstance(activation, str):
        activation = (activation,) * len(layers)
    if layers and len(activation) != len(layers):
        raise ValidationError(f"must be one name, or one for each of the {len(layers)} hidden layers", "activation")
    is_same = len(set(activation)) == 1
    return ModelSpec(
        name=own["name"],
        hidden_layers=layers,
        activation=activation[0] if layers and is_same else None,
        epochs=stops[-1] if stops else epochs,
        notebook_accuracy=own["notebook_accuracy"],
        protocol=_protocol({**recipe, "epochs": epochs}),
        mixed_activations=activation if layers and not is_same else (),
        stops=stops,
    )


def _protocol(recipe: Recipe) -> ProtocolSpec:
    try:
        return protocol_of(recipe)
    except ValidationError as error:
        messages = error.normalized_messages()  # type: ignore[no-untyped-call]
        raise ValidationError({"protocol": messages}) from error


class _ExperimentSchema(StrictRecordSchema[Experiment]):
    record = Experiment
    name = fields.String(required=True, validate=check_name)
    seed = fields.Integer(load_default=0, strict=True, validate=SEED)
    replicates = fields.Integer(load_default=30, strict=True, validate=SIZE)
    variance_runs = fields.Integer(load_default=0, strict=True, validate=at_least(0))
    dataset = DatasetField(required=True)
    protocol = fields.Nested(RecipeSchema, load_default=dict)
    models = Tuple(fields.Nested(_ModelSchema), required=True, validate=validate.Length(min=1))

    @validates_schema
    def names_differ(self, data: dict[str, Any], **_: object) -> None:
        names = [model["name"] for model in data["models"]]
        if len(set(names)) < len(names):
            raise ValidationError("two models have the same name", "models")

    @post_load
    def make(self, data: Mapping[str, Any], **_: object) -> Experiment:
        models, errors = [], {}
        for position, own in enumerate(data["models"]):
            try:
                models.append(model_of(own, data["protocol"]))
            except ValidationError as error:
                errors[position] = error.normalized_messages()  # type: ignore[no-untyped-call]
        if errors:
            raise ValidationError({"models": errors})
        return Experiment(**{**data, "protocol": _protocol(data["protocol"]), "models": tuple(models)})


MAX_EPOCHS = 60_000
"""So many make a card's history up to 7.2 of the 8 MiB that are read of it (`layout.MAX_JSON_BYTES`)."""


def read(path: Path) -> Experiment:
    """Return the experiment in a TOML file.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not TOML or not an experiment; the message names the file, the key and what is allowed.
    """
    try:
        experiment = experiment_of(tomllib.loads(path.read_text()))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not TOML: {error}") from error
    except ValidationError as error:
        raise ValueError(f"{path}:\n{error_lines(error)}") from error
    long = [f"  {model.name}: {model.epochs:,} epochs" for model in experiment.models if model.epochs > MAX_EPOCHS]
    if long:
        raise ValueError("\n".join([f"{path}: a card lists every epoch, of which it holds {MAX_EPOCHS:,}", *long]))
    return replace(experiment, dataset=located(experiment.dataset, path.parent))


def experiment_of(document: Mapping[str, Any]) -> Experiment:
    """Return the experiment that a file's document is.

    Raises:
        ValidationError: it is none.
    """
    experiment: Experiment = _ExperimentSchema().load(document)
    return experiment


def error_lines(error: ValidationError) -> str:
    """Return what is wrong with a file's document, a line for each key."""
    by_key = error.normalized_messages()  # type: ignore[no-untyped-call]
    found = [(_key(steps), message) for steps, messages in by_path(by_key) for message in messages]
    return "\n".join(f"  {key}: {message}" for key, message in found)


def _key(path: Iterable[str | int]) -> str:
    """Return where in a file something stands: dotted, positions in lists counted from 1."""
    return "".join(f"[{step + 1}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")
