"""A study as its TOML file states it: what all cells have, what is varied, what is kept, and what is claimed.

Nothing here trains or knows TensorFlow. A file that is wrong is refused before anything runs, with every data set and
every recipe looked at.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from bundle.card import Task
from bundle.records import StrictRecordSchema
from bundle.study import Claim, Level, Study, StudyCell, ordered
from training.experiment import check_name, error_lines
from training.keys import SEED, SIZE, Tuple, at_least
from training.protocol_spec import RecipeSchema, one_of
from training.study.cells import Cell
from training.study.combinations import check_dataset, combinations
from training.study.grids import Grids, Inventory, KeepSpec
from training.study.parts import ARCHITECTURE, ModelSchema, TomlTable
from training.study.questions import ClaimSchema, StudyTerms, metric_of, resolved
from verdicts.words import TUNED

MAX_CELLS = 200_000
"""Of one study: its cells are one file of 30 to 50 MB, which 0.5 GB of memory write. More are several studies."""

MAX_MAP_POINTS = 200
_MAP = f"must be from 2 to {MAX_MAP_POINTS} points a side, or 0 for none, not {{input}}"

_TEXT_FILE = re.compile(r"\S[^\n]*\.md")


@dataclass(frozen=True)
class StudyFile:
    """What a file says. `export` are conditions on factors: of each all cells that meet it are exported."""

    name: str
    title: str
    text: str
    seed: int
    replicates: int
    metric: str
    axes: tuple[str, ...]
    claims: tuple[Claim, ...]
    export: tuple[Mapping[str, Any], ...]
    grids: Grids
    inventory: Inventory

    @property
    def factors(self) -> tuple[str, ...]:
        return self.grids.factors

    @property
    def task(self) -> Task:
        return _task_of(self.inventory)

    def cells(self) -> Iterator[Cell]:
        """Yield each cell, made as it is asked for; equal ones once."""
        return self.grids.cells(self.inventory.mixed)

    def exported(self) -> Iterator[Cell]:
        """Yield the cells that are to be exported.

        Raises:
            ValueError: no cell is as one of the entries says.
        """
        met = set[int]()
        for cell in self.cells() if self.export else ():
            fits = {i for i, conditions in enumerate(self.export) if _meets(cell.factors, conditions)}
            met |= fits
            if fits:
                yield cell
        for i, conditions in enumerate(self.export):
            if i not in met:
                raise ValueError(f"export[{i + 1}]: no cell has {', '.join(f'{k} {v}' for k, v in conditions.items())}")

    def record(self, started_at: datetime, models: Mapping[str, str] | None = None) -> Study:
        """Return the study as it is written beside its rows.

        Args:
            started_at: when.
            models: by cells' digests what they are exported as.
        """
        models = models or {}
        return Study(
            name=self.name,
            title=self.title,
            text=self.text,
            replicates=self.replicates,
            factors=list(self.factors),
            metric=self.metric,
            axes=list(self.axes),
            cells=[
                StudyCell(cell.digest, cell.name, cell.factors, cell.hidden_layers, models.get(cell.digest))
                for cell in self.cells()
            ],
            claims=list(self.claims),
            task=self.task,
            started_at=started_at,
            recipe=recipe_in_words(self.inventory, self.factors),
            overlap=self.inventory.overlap,
        )


def _meets(levels: Mapping[str, Level], conditions: Mapping[str, Any]) -> bool:
    return all(
        levels[factor] in (wanted if isinstance(wanted, list) else [wanted]) for factor, wanted in conditions.items()
    )


def recipe_in_words(inventory: Inventory, factors: tuple[str, ...]) -> str:
    """Return how all cells are trained, nothing of what is a factor: "at rate 0.001 and 500 epochs"."""
    if inventory.tuned == {True}:
        return TUNED
    said = []
    if len(inventory.rates) == 1 and "learning_rate" not in factors:
        said.append(f"rate {min(inventory.rates):g}")
    if len(inventory.lengths) == 1 and "epochs" not in factors:
        said.append(f"{min(inventory.lengths):,} epochs")
    return f"at {' and '.join(said)}" if said else ""


class _KeepSchema(StrictRecordSchema[KeepSpec]):
    record = KeepSpec
    epochs = fields.Raw(load_default=KeepSpec.epochs)
    map = fields.Integer(
        strict=True,
        load_default=KeepSpec.map,
        validate=[validate.Range(0, MAX_MAP_POINTS, error=_MAP), validate.NoneOf([1], error=_MAP)],
    )
    exact = fields.String(load_default=KeepSpec.exact, validate=one_of(("last", "all", "none")))

    @post_load
    def make(self, data: Mapping[str, Any], **_: object) -> KeepSpec:
        epochs = data["epochs"]
        kind: fields.Field[Any] = fields.Integer(strict=True, validate=SIZE)
        if isinstance(epochs, list):
            kind = Tuple(fields.Integer(strict=True, validate=at_least(0)), validate=validate.Length(min=1))
        try:
            return KeepSpec(**{**data, "epochs": kind.deserialize(epochs)})
        except ValidationError as error:
            raise ValidationError({"epochs": error.messages}) from error


def _table() -> fields.Dict:
    return fields.Dict(keys=fields.String(), values=fields.Raw(), load_default=dict)


class _StudySchema(StrictRecordSchema[TomlTable]):
    """What the tables say is looked at when all of them are known."""

    name = fields.String(required=True, validate=check_name)
    title = fields.String(validate=validate.Length(min=1, error="must say what the study is about"))
    text = fields.String(load_default="")
    seed = fields.Integer(load_default=0, strict=True, validate=SEED)
    replicates = fields.Integer(load_default=30, strict=True, validate=SIZE)
    dataset = _table()
    protocol = fields.Nested(RecipeSchema, load_default=dict)
    model = fields.Nested(ModelSchema, load_default=dict)
    grid = fields.List(_table(), load_default=list)
    cell = fields.List(_table(), load_default=list)
    keep = fields.Nested(_KeepSchema, load_default=KeepSpec)
    claims = fields.List(fields.Nested(ClaimSchema), load_default=list)
    metric = fields.String(load_default=None)
    axes = fields.List(fields.String(), load_default=None)
    export = fields.List(_table(), load_default=list)

    @validates_schema
    def data_are_known(self, data: dict[str, Any], **_: object) -> None:
        try:
            check_dataset(data["dataset"], [*data["grid"], *data["cell"]])
        except ValidationError as error:
            raise ValidationError({"dataset": error.normalized_messages()}) from error  # type: ignore[no-untyped-call]

    @post_load
    def make(self, data: TomlTable, **_: object) -> TomlTable:
        return data


def read(path: Path) -> StudyFile:
    """Return the study in a TOML file.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not TOML or not a study; the message names the file, the key and what is allowed.
    """
    try:
        return _study(tomllib.loads(path.read_text()), path.parent)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not TOML: {error}") from error
    except ValidationError as error:
        raise ValueError(f"{path}:\n{error_lines(error)}") from error
    except _CombinationError as error:
        raise ValueError(f"{path}:\n{error}") from error


class _CombinationError(ValueError):
    """Some combinations of levels cannot be trained, a line each, or there are too many."""


def _study(document: TomlTable, directory: Path) -> StudyFile:
    content: dict[str, Any] = _StudySchema().load(document)
    model = content["model"]
    architecture = {key: value for key, value in model.items() if key in ARCHITECTURE}
    recipe = {**content["protocol"], **{key: value for key, value in model.items() if key not in ARCHITECTURE}}
    tables = [(key, i, table) for key in document if key in ("grid", "cell") for i, table in enumerate(content[key])]
    grids = combinations(tables, content["dataset"], architecture)
    factors = tuple(dict.fromkeys(key for *_, table in tables for key in table))
    keep_spec, seed = content["keep"], content["seed"]
    of_all = Grids(content["dataset"], architecture, recipe, grids, factors, keep_spec, seed, directory)
    if of_all.most > MAX_CELLS:  # before each of them is looked at
        raise _CombinationError(f"  {of_all.most:,} cells are more than the {MAX_CELLS:,} of one study; make several")
    inventory, errors = of_all.check()
    if errors:
        raise _CombinationError("\n".join(errors))
    terms = StudyTerms(
        {factor: _as_rows_have(inventory, factor) for factor in factors},
        inventory.mixed,
        sorted(inventory.epochs),
        _task_of(inventory),
        inventory.layers,
    )
    return StudyFile(
        name=content["name"],
        title=content.get("title", content["name"]),
        text=_text(content["text"], directory),
        seed=seed,
        replicates=content["replicates"],
        **_resolved_questions(content, terms),
        grids=of_all,
        inventory=inventory,
    )


def _as_rows_have(inventory: Inventory, factor: str) -> list[Level]:
    """Return a factor's levels, as text where some are text."""
    is_text = factor in inventory.mixed
    return ordered(str(level) if is_text and level is not None else level for level in inventory.levels[factor])


def _task_of(inventory: Inventory) -> Task:
    tasks = {task for task, _ in inventory.tasks}
    if "regression" in tasks and len(tasks) > 1:
        raise ValidationError("some data are for regression, others for classes: they have no metric in common", "grid")
    return "multiclass" if len(tasks) > 1 else next(iter(tasks))


def _resolved_questions(content: TomlTable, terms: StudyTerms) -> dict[str, Any]:
    """Return what is asked of the rows, in their own words. Raises ValidationError, by keys, where it cannot be."""
    errors: dict[str, Any] = {}

    def each(key: str, find: Any) -> tuple[Any, ...]:
        done = []
        for i, one in enumerate(content[key]):
            try:
                done.append(find(one))
            except ValidationError as error:
                errors.setdefault(key, {})[i] = error.messages
        return tuple(done)

    questions: dict[str, Any] = {
        "claims": each("claims", lambda claim: resolved(claim, terms)),
        "export": each("export", lambda conditions: terms.conditions(conditions, plain=True)),
        "axes": _axes(terms.levels),
    }
    if content["axes"] is not None:
        questions["axes"] = each("axes", lambda factor: terms.column(factor, plain=True))
        if not errors and (len(questions["axes"]) > 2 or len(set(questions["axes"])) < len(questions["axes"])):
            errors["axes"] = ["must be one factor, or two different ones: x, y"]
    try:
        questions["metric"] = terms.metric(content["metric"] or metric_of(terms.task))
    except ValidationError as error:
        errors["metric"] = error.messages
    if errors:
        raise ValidationError(errors)
    return questions


def _axes(levels: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a heat map has, if nobody says it: width and depth, else two factors that vary, numbers first."""
    varied = [factor for factor, found in levels.items() if len(found) > 1]
    if {"width", "depth"} <= set(varied):
        return "width", "depth"
    varied.sort(key=lambda factor: any(isinstance(level, str) for level in levels[factor]))
    return tuple(varied[:2])


def _text(said: str, directory: Path) -> str:
    """Return the text, from the file beside the study's if it is the name of one."""
    if not _TEXT_FILE.fullmatch(said):
        return said
    try:
        return (directory / said).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValidationError(f"{said} cannot be read: {error}", "text") from error
