"""`[protocol]` of an experiment's file, and `[models.protocol]`: the recipe by which a network is trained.

Names and meanings are Keras'. Nothing here knows TensorFlow; a test holds the names to those of the installed Keras.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from bundle.card import Task
from bundle.records import StrictRecordSchema
from training.keys import ABOVE_ZERO, SIZE, OneOrMore, at_least

_ADAM = ("beta_1", "beta_2", "epsilon")
OPTIMIZERS: dict[str, tuple[str, ...]] = {
    "sgd": ("momentum", "nesterov"),
    "rmsprop": ("rho", "momentum", "epsilon", "centered"),
    "adam": (*_ADAM, "amsgrad"),
    "adamw": (*_ADAM, "amsgrad"),
    "adamax": _ADAM,
    "nadam": _ADAM,
    "adagrad": ("initial_accumulator_value", "epsilon"),
    "adadelta": ("rho", "epsilon"),
    "lion": ("beta_1", "beta_2"),
}
"""Keras' optimizers that treat each weight by itself, and their options."""

OPTIONS_OF_ALL = ("weight_decay", "clipnorm", "clipvalue", "global_clipnorm")

_INITIAL = "initial_learning_rate"
SCHEDULES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "ExponentialDecay": (("decay_steps", "decay_rate"), (_INITIAL, "staircase")),
    "InverseTimeDecay": (("decay_steps", "decay_rate"), (_INITIAL, "staircase")),
    "PolynomialDecay": (("decay_steps",), (_INITIAL, "end_learning_rate", "power", "cycle")),
    "CosineDecay": (("decay_steps",), (_INITIAL, "alpha", "warmup_target", "warmup_steps")),
    "CosineDecayRestarts": (("first_decay_steps",), (_INITIAL, "t_mul", "m_mul", "alpha")),
    "PiecewiseConstantDecay": (("boundaries", "values"), ()),
}
"""Keras' learning-rate schedules: what each needs, and what it may have."""

ACTIVATIONS = (
    *("linear", "tanh", "relu", "sigmoid", "gelu", "silu", "swish", "elu", "selu", "celu", "softplus", "softsign"),
    *("leaky_relu", "relu6", "exponential", "hard_sigmoid", "hard_silu", "hard_swish", "hard_tanh", "log_sigmoid"),
    *("mish", "squareplus", "hard_shrink", "soft_shrink", "tanh_shrink", "sparse_plus", "sparse_sigmoid"),
    *("softmax", "log_softmax", "sparsemax"),  # of all units of a layer together
)
"""Keras' activations that give a number a unit and need no others than the layer's."""

INITIALIZERS = (
    *("glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_uniform", "lecun_normal", "orthogonal"),
    *("random_uniform", "random_normal", "truncated_normal", "variance_scaling", "zeros", "ones"),
)
BIAS_INITIALIZERS = ("zeros", "ones", "random_uniform", "random_normal", "truncated_normal")

LOSSES: dict[Task, tuple[str, ...]] = {
    "binary": ("binary_crossentropy", "mean_squared_error"),
    "multiclass": ("sparse_categorical_crossentropy",),
    "regression": ("mean_squared_error", "mean_absolute_error", "huber", "log_cosh"),
}
"""Keras' losses that fit a task, the default first."""


@dataclass(frozen=True)
class Schedule:
    """A learning-rate schedule of Keras'; it starts at `learning_rate` unless `config` says otherwise."""

    class_name: str
    config: Mapping[str, Any]


@dataclass(frozen=True)
class EarlyStopping:
    """Keras' `EarlyStopping` on the validation loss, `restore_best_weights` included."""

    patience: int
    min_delta: float = 0.0
    start_from_epoch: int = 0


@dataclass(frozen=True)
class ProtocolSpec:
    """How a network is trained; `l1` and `l2` are of all kernels, the others of the hidden layers.

    Where each replicate chooses among `learning_rates`, `learning_rate` is the first of them; else there are none.
    """

    optimizer: str = "adam"
    learning_rate: float = 0.001
    batch_size: int = 32
    optimizer_options: Mapping[str, float | bool] = field(default_factory=dict)
    learning_rate_schedule: Schedule | None = None
    loss: str | None = None
    l1: float = 0.0
    l2: float = 0.0
    dropout: float = 0.0
    batch_normalization: bool = False
    kernel_initializer: str = "glorot_uniform"
    bias_initializer: str = "zeros"
    class_weight: Literal["balanced"] | Mapping[str, float] | None = None
    early_stopping: EarlyStopping | None = None
    learning_rates: tuple[float, ...] = ()

    def loss_for(self, task: Task) -> str:
        """Return the loss that a task is trained with.

        Raises:
            ValueError: the loss asked for does not fit.
        """
        fitting = LOSSES[task]
        if self.loss is not None and self.loss not in fitting:
            raise ValueError(f"protocol.loss: must be one of {', '.join(fitting)} for this data, not {self.loss}")
        return self.loss or fitting[0]

    def class_weights_for(self, classes: Sequence[str]) -> Mapping[str, float] | Literal["balanced"] | None:
        """Return the weights by the classes' positions among `classes`, "0", "1", …; a class not named weighs 1.

        Raises:
            ValueError: a weight is of no class, or there are no classes.
        """
        if self.class_weight is None:
            return None
        if not classes:
            raise ValueError("protocol.class_weight: is for classes; this data has a number to predict")
        if isinstance(self.class_weight, str):
            return self.class_weight
        unknown = [name for name in self.class_weight if name not in classes]
        if unknown:
            raise ValueError(f"protocol.class_weight: no class {', '.join(unknown)}; classes: {', '.join(classes)}")
        return {str(classes.index(name)): weight for name, weight in self.class_weight.items()}


Recipe: TypeAlias = Mapping[str, Any]
"""What a `[protocol]` says: `ProtocolSpec`'s keys that stand there, and perhaps `epochs` and `activation`. Where there
is a choice, `learning_rate` and `epochs` are tuples."""


def merge(base: Recipe, own: Recipe) -> Recipe:
    """Return a model's recipe: its own keys before those of all; another optimizer has options of its own."""
    if own.get("optimizer", base.get("optimizer")) != base.get("optimizer"):
        base = {key: value for key, value in base.items() if key != "optimizer_options"}
    return {**base, **own}


_NOT_WITH_LISTS = {
    "learning_rate_schedule": "does not go with a list of {}: a schedule is made for one rate and one number "
    "of epochs; give one value of each, or leave the schedule out",
    "early_stopping": "does not go with a list of {}: the list already chooses the best epoch on validation data; "
    "give one value of each, or leave early_stopping out",
}


def protocol_of(recipe: Recipe) -> ProtocolSpec:
    """Return a recipe as a record, defaults filled in.

    Raises:
        ValidationError: the optimizer has no such option, or a list does not go with another key.
    """
    lists = [key for key in ("learning_rate", "epochs") if isinstance(recipe.get(key), tuple)]
    wrong = {key: why.format(" and ".join(lists)) for key, why in _NOT_WITH_LISTS.items() if lists and key in recipe}
    if wrong:
        raise ValidationError(wrong)
    known = {key: value for key, value in recipe.items() if key not in {"epochs", "activation"}}
    if "learning_rate" in lists:
        known |= {"learning_rate": recipe["learning_rate"][0], "learning_rates": recipe["learning_rate"]}
    protocol = ProtocolSpec(**known)
    valid = (*OPTIMIZERS[protocol.optimizer], *OPTIONS_OF_ALL)
    unknown = [name for name in protocol.optimizer_options if name not in valid]
    if unknown:
        raise ValidationError(
            f"{protocol.optimizer} has no {', '.join(unknown)}; its options: {', '.join(valid)}", "optimizer_options"
        )
    return protocol


def one_of(names: Sequence[str]) -> validate.OneOf:
    return validate.OneOf(names, error=f"must be one of {', '.join(names)}, not {{input}}")


_NOT_NEGATIVE = validate.Range(min=0, error="must be at least 0, not {input}")


class _ScheduleSchema(StrictRecordSchema[Schedule]):
    record = Schedule
    class_name = fields.String(required=True, validate=one_of(tuple(SCHEDULES)))
    config = fields.Dict(fields.String(), fields.Raw(), load_default=dict)

    @validates_schema
    def keys_of_the_class(self, data: dict[str, Any], **_: object) -> None:
        needed, optional = SCHEDULES[data["class_name"]]
        missing = [key for key in needed if key not in data["config"]]
        unknown = [key for key in data["config"] if key not in (*needed, *optional)]
        if missing or unknown:
            reason = f"needs {', '.join(missing)}" if missing else f"has no {', '.join(unknown)}"
            raise ValidationError(
                f"{data['class_name']} {reason}; its keys: {', '.join((*needed, *optional))}", "config"
            )
        wrong = [
            key for key, value in data["config"].items() if not _is_numeric(value, key in ("boundaries", "values"))
        ]
        if wrong:
            raise ValidationError(
                f"{', '.join(wrong)}: must be a number, or numbers in boundaries and values", "config"
            )
        if data["config"].get("decay_steps", data["config"].get("first_decay_steps", 1)) <= 0:
            raise ValidationError("the number of steps must be above 0", "config")


def _is_numeric(value: object, is_list: bool) -> bool:
    entries = value if isinstance(value, list) else [value]
    is_right = isinstance(value, list) == is_list and bool(entries)
    return is_right and all(isinstance(entry, int | float) and math.isfinite(entry) for entry in entries)


class _EarlyStoppingSchema(StrictRecordSchema[EarlyStopping]):
    record = EarlyStopping
    patience = fields.Integer(required=True, strict=True, validate=SIZE)
    min_delta = fields.Float(load_default=0.0, validate=_NOT_NEGATIVE)
    start_from_epoch = fields.Integer(load_default=0, strict=True, validate=at_least(0))


class _Option(fields.Field[float | bool]):
    """An optimizer's option: a number, or true or false."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> float | bool:
        if not isinstance(value, int | float) or not math.isfinite(value):
            raise ValidationError(f"must be a number, true or false, not {value}")
        return value


def _check_options(options: Mapping[str, float | bool]) -> None:
    """Refuse what Keras refuses only when it trains, passes over, or divides by."""
    for name, value in options.items():
        if value < 0 or (name.endswith(("clipnorm", "clipvalue")) and value == 0):
            raise ValidationError(f"{name} must be {'above' if value == 0 else 'at least'} 0, not {value}")
        if (name in ("momentum", "rho") and value > 1) or (name.startswith("beta") and value >= 1):
            raise ValidationError(f"{name} must be {'below' if name.startswith('beta') else 'at most'} 1, not {value}")


class _ClassWeight(fields.Field[str | Mapping[str, float]]):
    """`"balanced"`, or a table of weights by class name."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str | Mapping[str, float]:
        if value == "balanced":
            return "balanced"
        if not isinstance(value, dict):
            raise ValidationError(f'must be "balanced" or a table of weights by class, not {value}')
        weights: Mapping[str, float] = fields.Dict(fields.String(), fields.Float(validate=ABOVE_ZERO)).deserialize(
            value
        )
        return weights


class Activation(fields.Field[str | tuple[str, ...]]):
    """One name for all hidden layers, or a list of names, one a layer."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str | tuple[str, ...]:
        names = value if isinstance(value, list) else [value]
        for name in names:
            if name not in ACTIVATIONS:
                raise ValidationError(f"must be one of {', '.join(ACTIVATIONS)}, not {name}")
        return tuple(names) if isinstance(value, list) else names[0]


class RecipeSchema(StrictRecordSchema[Recipe]):
    """Any of the keys; a model's recipe says only what differs."""

    optimizer = fields.String(validate=one_of(tuple(OPTIMIZERS)))
    learning_rate = OneOrMore(fields.Float(validate=ABOVE_ZERO))
    batch_size = fields.Integer(strict=True, validate=SIZE)
    optimizer_options = fields.Dict(fields.String(), _Option(), validate=_check_options)
    learning_rate_schedule = fields.Nested(_ScheduleSchema)
    loss = fields.String(validate=one_of(tuple(dict.fromkeys(loss for losses in LOSSES.values() for loss in losses))))
    l1 = fields.Float(validate=_NOT_NEGATIVE)
    l2 = fields.Float(validate=_NOT_NEGATIVE)
    dropout = fields.Float(validate=validate.Range(0, 1, max_inclusive=False, error="must be from 0 to below 1"))
    batch_normalization = fields.Boolean()
    kernel_initializer = fields.String(validate=one_of(INITIALIZERS))
    bias_initializer = fields.String(validate=one_of(BIAS_INITIALIZERS))
    class_weight = _ClassWeight()
    early_stopping = fields.Nested(_EarlyStoppingSchema)
    epochs = OneOrMore(fields.Integer(strict=True, validate=SIZE))
    activation = Activation()

    @post_load
    def make(self, data: Mapping[str, Any], **_: object) -> Recipe:
        return data
