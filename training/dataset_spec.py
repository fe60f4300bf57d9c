"""`[dataset]` of an experiment's file: which data are asked for, and what is asked of them.

Nothing here reads data or knows TensorFlow.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias, get_args

from marshmallow import ValidationError, fields, post_load, pre_load, validate, validates_schema

from bundle.card import Task
from bundle.records import StrictRecordSchema
from training.keys import ABOVE_ZERO, FRACTION, SEED, SIZE, Tuple, at_least

Interval: TypeAlias = tuple[float, float]

TEST_FRACTION, VALIDATION_FRACTION = 0.3, 0.2


@dataclass(frozen=True, kw_only=True)
class _Spec:
    """What every data set has. Without a `domain`, one for all features or some by name, it comes from the data."""

    domain: Interval | Mapping[str, Interval] | None = None
    scale: bool = True
    test_fraction: float = TEST_FRACTION
    validation_fraction: float = VALIDATION_FRACTION


@dataclass(frozen=True, kw_only=True)
class TableSpec(_Spec):
    """A CSV or Parquet file. Every replicate splits it anew. `features` are all but the label where None."""

    path: Path
    label: str = "label"
    features: tuple[str, ...] | None = None
    missing: str = "refuse"
    positive: str | None = None
    task: Task | None = None


@dataclass(frozen=True, kw_only=True)
class DrawnSpec(_Spec):
    """Data that every replicate draws anew. `random_state` is that of replicate 0.

    Where they `stratify`, each split has the classes in equal parts, as a table's have.
    """

    n_samples: int = 1000
    random_state: int = 0
    stratify: bool = True


@dataclass(frozen=True, kw_only=True)
class GaussianQuantilesSpec(DrawnSpec):
    """scikit-learn's `make_gaussian_quantiles`: one normal distribution of variance `cov`, cut into nested shells."""

    scale: bool = False
    stratify: bool = False
    n_samples: int = 2000
    n_features: int = 2
    n_classes: int = 2
    cov: float = 0.1


@dataclass(frozen=True, kw_only=True)
class MoonsSpec(DrawnSpec):
    """scikit-learn's `make_moons`: two half circles that lie in each other; `noise` is a standard deviation."""

    noise: float = 0.2


@dataclass(frozen=True, kw_only=True)
class CirclesSpec(DrawnSpec):
    """scikit-learn's `make_circles`: two circles with one centre, the inner one (y = 1) smaller by `factor`."""

    noise: float = 0.1
    factor: float = 0.5


@dataclass(frozen=True, kw_only=True)
class XorSpec(DrawnSpec):
    """The square from -1 to 1, y = 1 where the signs of x1 and x2 differ; then `noise` moves the points."""

    noise: float = 0.1


@dataclass(frozen=True, kw_only=True)
class SpiralSpec(DrawnSpec):
    """`n_classes` arms that wind about the origin `turns` times, out to the radius 1."""

    n_classes: int = 2
    turns: float = 1.5
    noise: float = 0.02


@dataclass(frozen=True, kw_only=True)
class BlobsSpec(DrawnSpec):
    """scikit-learn's `make_blobs`: a normal distribution a class, of standard deviation `noise`, about its centre.

    The centres, drawn by `random_state` between -10 and 10, are those of all replicates.
    """

    n_features: int = 2
    n_classes: int = 3
    noise: float = 2.0


DatasetSpec: TypeAlias = TableSpec | DrawnSpec


class _Domain(fields.Field[Any]):
    """`[low, high]` for all features, or a table of such by feature."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._interval(inner, f"{name}: ") for name, inner in value.items()}
        return self._interval(value)

    def _interval(self, value: Any, name: str = "") -> Interval:
        if not isinstance(value, list) or len(value) != 2 or not all(map(_is_finite, value)):
            raise ValidationError(f"{name}must be [low, high], two finite numbers")
        low, high = map(float, value)
        if not low < high:
            raise ValidationError(f"{name}must be [low, high] with low < high, not [{low}, {high}]")
        return low, high


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")


def number_name(value: float) -> str:
    """Return the name of a class that is a number: whole ones without a point."""
    return str(int(value)) if value == value // 1 else repr(float(value))


class _Boolean(fields.Boolean):
    """A TOML boolean: 1, "yes" and "on" are none."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("must be true or false")
        return value


def _integer(default: int, minimum: int = 1) -> fields.Integer:
    return fields.Integer(strict=True, validate=at_least(minimum) if minimum > 1 else SIZE, load_default=default)


def _noise(default: float) -> fields.Float:
    return fields.Float(load_default=default, validate=validate.Range(min=0, error="must be at least 0, not {input}"))


class _SplitSchema(StrictRecordSchema[Any]):
    domain = _Domain(load_default=None)
    scale = _Boolean(load_default=True)
    test_fraction = fields.Float(load_default=TEST_FRACTION, validate=FRACTION)
    validation_fraction = fields.Float(load_default=VALIDATION_FRACTION, validate=FRACTION)


class _DrawnSchema(_SplitSchema):
    n_samples = _integer(DrawnSpec.n_samples, 10)
    random_state = fields.Integer(strict=True, validate=SEED, load_default=DrawnSpec.random_state)
    stratify = _Boolean(load_default=DrawnSpec.stratify)


class _GaussianQuantilesSchema(_DrawnSchema):
    record = GaussianQuantilesSpec
    scale = _Boolean(load_default=False)
    stratify = _Boolean(load_default=False)
    n_samples = _integer(GaussianQuantilesSpec.n_samples, 10)
    n_features = _integer(GaussianQuantilesSpec.n_features)
    n_classes = _integer(GaussianQuantilesSpec.n_classes, 2)
    cov = fields.Float(load_default=GaussianQuantilesSpec.cov, validate=ABOVE_ZERO)


class _MoonsSchema(_DrawnSchema):
    record = MoonsSpec
    noise = _noise(MoonsSpec.noise)


class _CirclesSchema(_DrawnSchema):
    record = CirclesSpec
    noise = _noise(CirclesSpec.noise)
    factor = fields.Float(load_default=CirclesSpec.factor, validate=FRACTION)


class _XorSchema(_DrawnSchema):
    record = XorSpec
    noise = _noise(XorSpec.noise)


class _SpiralSchema(_DrawnSchema):
    record = SpiralSpec
    n_classes = _integer(SpiralSpec.n_classes, 2)
    turns = fields.Float(load_default=SpiralSpec.turns, validate=ABOVE_ZERO)
    noise = _noise(SpiralSpec.noise)


class _BlobsSchema(_DrawnSchema):
    record = BlobsSpec
    n_features = _integer(BlobsSpec.n_features)
    n_classes = _integer(BlobsSpec.n_classes, 2)
    noise = fields.Float(load_default=BlobsSpec.noise, validate=ABOVE_ZERO)


class _TableSchema(_SplitSchema):
    record = TableSpec
    path = fields.String(required=True, metadata={"description": "relative to the experiment's file"})
    label = fields.String(load_default=TableSpec.label)
    features = Tuple(fields.String(), load_default=None, validate=validate.Length(min=1, error="must name a column"))
    missing = fields.String(load_default=TableSpec.missing, validate=validate.OneOf(["refuse", "drop", "median"]))
    positive = fields.String(load_default=None)
    task = fields.String(load_default=None, validate=validate.OneOf(get_args(Task)))

    @pre_load
    def name_the_positive_class(self, data: Any, **_: object) -> Any:
        """A class may be a number or a boolean; its name is text."""
        positive = data.get("positive")
        if isinstance(positive, bool):
            return {**data, "positive": str(positive).lower()}
        return {**data, "positive": number_name(positive)} if isinstance(positive, int | float) else data

    @validates_schema
    def features_are_other_columns(self, data: dict[str, Any], **_: object) -> None:
        features = data["features"] or ()
        if len(set(features)) < len(features):
            raise ValidationError("names a column twice", "features")
        if data["label"] in features:
            raise ValidationError(f"must not name the label, {data['label']}", "features")

    @post_load
    def make(self, data: Mapping[str, Any], **_: object) -> TableSpec:
        return TableSpec(**{**data, "path": Path(data["path"])})


SCHEMAS: dict[str, type[_SplitSchema]] = {
    "gaussian_quantiles": _GaussianQuantilesSchema,
    "moons": _MoonsSchema,
    "circles": _CirclesSchema,
    "xor": _XorSchema,
    "spiral": _SpiralSchema,
    "blobs": _BlobsSchema,
    "table": _TableSchema,
}
"""Each kind of data set, by the name of its `generator`."""


def generator_of(spec: DatasetSpec) -> str:
    """Return the name under which an experiment's file asks for a data set."""
    return next(name for name, schema in SCHEMAS.items() if schema.record is type(spec))


def parameters_of(spec: DatasetSpec) -> dict[str, float]:
    """Return the numbers that say how the data were drawn, by their keys."""
    return {
        key: value
        for key, value in asdict(spec).items()
        if isinstance(value, int | float) and not isinstance(value, bool) and "fraction" not in key
    }


def located(spec: DatasetSpec, directory: Path) -> DatasetSpec:
    """Return the data set with the path of its table, if any, taken from the directory of the experiment's file."""
    return replace(spec, path=directory / spec.path) if isinstance(spec, TableSpec) else spec


class DatasetField(fields.Field[DatasetSpec]):
    """The `[dataset]` table: its `generator` says which other keys there are."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> DatasetSpec:
        if not isinstance(value, dict):
            raise ValidationError("must be a table: [dataset]")
        generator = value.get("generator")
        if not isinstance(generator, str) or generator not in SCHEMAS:
            raise ValidationError({"generator": [f"must be one of {', '.join(SCHEMAS)}, not {generator}"]})
        others = {key: inner for key, inner in value.items() if key != "generator"}
        spec: DatasetSpec = SCHEMAS[generator]().load(others)
        return spec
