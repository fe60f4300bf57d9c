"""`[dataset]` of an experiment's file: which data are asked for, and what is asked of them.

Nothing here reads data or knows TensorFlow.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from bundle.records import StrictRecordSchema
from training.keys import ABOVE_ZERO, FRACTION, SEED, SIZE, Tuple, at_least


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


class _SplitSchema(StrictRecordSchema[Any]):
    """What every data set has."""

    domain = Tuple(fields.Float(), required=True, validate=validate.Length(equal=2, error="must be [low, high]"))
    test_fraction = fields.Float(required=True, validate=FRACTION)
    validation_fraction = fields.Float(required=True, validate=FRACTION)

    @validates_schema
    def low_before_high(self, data: dict[str, Any], **_: object) -> None:
        low, high = data["domain"]
        if not low < high:
            raise ValidationError(f"must be [low, high] with low < high, not [{low}, {high}]", "domain")


class _GaussianQuantilesSchema(_SplitSchema):
    record = GaussianQuantilesSpec
    n_samples = fields.Integer(required=True, strict=True, validate=at_least(10))
    n_features = fields.Integer(required=True, strict=True, validate=SIZE)
    n_classes = fields.Integer(
        required=True, strict=True, validate=validate.Equal(2, error="must be 2: these are binary classifiers")
    )
    cov = fields.Float(required=True, validate=ABOVE_ZERO)
    random_state = fields.Integer(required=True, strict=True, validate=SEED)


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
        if generator not in _DATASETS:
            raise ValidationError({"generator": [f"must be one of {', '.join(_DATASETS)}, not {generator}"]})
        others = {key: inner for key, inner in value.items() if key != "generator"}
        spec: DatasetSpec = _DATASETS[generator]().load(others)
        return spec
