"""A study as JSON: what it asks, how far it is, its cells, failures and claims, and the rows that were asked for."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from marshmallow import Schema, fields

from bundle.records import schema_of
from bundle.study import Claim, Failure, Study, ordered
from bundle.study_rows import Column
from service.dataplane.studies import Studies
from service.dataplane.study_query import StudyQuery
from service.dataplane.study_rows import MapFacts, StudySnapshot
from service.errors import TooLargeError
from service.http.responses import to_json
from service.registry.studies import StudyFolder
from verdicts.cells import count_of
from verdicts.claim_comparison import Compared
from verdicts.claims import Judged

MAX_JSON_VALUES = 1_000_000
"""Of the rows of a document: 15 MB."""

ROWS_AT_ONCE = 2_000
"""That are lists at one time."""

LEVEL = {"type": ["string", "number", "boolean"]}
NULLABLE_LEVEL = {"type": ["string", "number", "boolean", "null"]}


class ProgressSchema(Schema):
    cells = fields.Integer(required=True)
    finished = fields.Integer(required=True, metadata={"description": "cells of which all replicates are there"})
    failed = fields.Integer(required=True, metadata={"description": "others of which some came to nothing"})


class OutcomeSchema(Schema):
    text = fields.String(required=True)
    outcome = fields.String(required=True, metadata={"enum": ["holds", "does not hold", "undecided"]})
    sentence = fields.String(required=True)


class ClaimOutcomeSchema(OutcomeSchema, schema_of(Claim)):  # type: ignore[misc]
    details = fields.List(fields.Nested(schema_of(Compared)), metadata={"description": "its comparisons"})


class ListedSchema(ProgressSchema):
    name = fields.String(required=True)
    title = fields.String(required=True)
    replicates = fields.Integer(required=True)
    started_at = fields.AwareDateTime(required=True)
    claims = fields.List(fields.Nested(OutcomeSchema), required=True)


class StudiesSchema(Schema):
    studies = fields.List(fields.Nested(ListedSchema), required=True)


class FactsSchema(schema_of(Study)):  # type: ignore[misc]
    class Meta:
        exclude = ("cells", "claims", "factors", "overlap")

    metrics = fields.List(fields.String(), required=True, metadata={"description": "the columns that are measured"})
    epochs = fields.List(fields.Integer(), required=True, metadata={"description": "that any cell records"})


class FactorSchema(Schema):
    name = fields.String(required=True)
    levels = fields.List(fields.Raw(allow_none=True, metadata=LEVEL), required=True)


class CellSchema(Schema):
    digest = fields.String(required=True, metadata={"description": "as the rows' column `cell` has it"})
    name = fields.String(required=True)
    factors = fields.Dict(required=True, metadata={"additionalProperties": NULLABLE_LEVEL})
    hidden_layers = fields.List(fields.Integer(), required=True)
    model = fields.String(required=True, allow_none=True, metadata={"description": "that it is served as"})
    experiment = fields.String(required=True, allow_none=True, metadata={"description": "of the model"})
    replicates = fields.Integer(required=True, metadata={"description": "that are finished"})
    failed = fields.Integer(required=True, metadata={"description": "replicates that came to nothing"})
    map = fields.Integer(required=True, allow_none=True, metadata={"description": "position among `maps`"})


class MapSchema(Schema):
    features = fields.List(fields.String(), required=True)
    domain = fields.List(fields.List(fields.Float()), required=True, metadata={"description": "of x, then of y"})
    scale = fields.List(fields.Float(), required=True, metadata={"description": "what 0 and 255 stand for"})
    classes = fields.List(
        fields.Integer(), required=True, allow_none=True, metadata={"description": "positions of labels; null of two"}
    )


class StudySchema(Schema):
    study = fields.Nested(FactsSchema, required=True)
    progress = fields.Nested(ProgressSchema, required=True)
    factors = fields.List(fields.Nested(FactorSchema), required=True)
    cells = fields.List(fields.Nested(CellSchema), required=True)
    maps = fields.List(fields.Nested(MapSchema), required=True)
    resolution = fields.Integer(required=True, metadata={"description": "points a side of the boundaries' maps"})
    failures = fields.List(fields.Nested(schema_of(Failure)), required=True)
    claims = fields.List(fields.Nested(ClaimOutcomeSchema), required=True)
    metric = fields.String(required=True, metadata={"description": "that groups are summed up by"})
    columns = fields.List(fields.String(), required=True)
    rows = fields.List(
        fields.List(fields.Raw(allow_none=True, metadata=LEVEL)),
        required=True,
        metadata={"description": "below their columns, as pandas' `split` has them"},
    )


def listed(folder: StudyFolder, claims: list[Judged]) -> dict[str, Any]:
    """Return a study as it stands in the list."""
    study = folder.study
    return {
        "name": study.name,
        "title": study.title,
        "replicates": study.replicates,
        "started_at": study.started_at,
        **folder.progress,
        "claims": [{"text": c.text, "outcome": c.outcome, "sentence": c.sentence} for c in claims],
    }


def table_of(studies: Studies, folder: StudyFolder, query: StudyQuery) -> tuple[str, dict[str, Column]]:
    """Return the metric, and the rows that are asked for.

    Raises:
        InvalidError: no rows can be chosen, or grouped, so.
        TooLargeError: they are more than JSON is made of.
    """
    if query.group is not None:
        metric, columns = studies.summaries(folder, query)
    else:
        metric, columns = (*query.metrics, folder.study.metric)[0], studies.rows(folder, query)
    _check_size(columns)
    return metric, columns


def facts_of(studies: Studies, folder: StudyFolder, exported: Mapping[str, str | None]) -> dict[str, Any]:
    """Return what there is to say of a study beside its rows; `exported` has the experiment of each served model.

    Raises:
        TooLargeError: its claims take more rows than are read at once.
    """
    study, known = folder.study, studies.known(folder)
    maps = list(dict.fromkeys(known.maps.values()))
    return {
        "study": _facts(study, known),
        "progress": folder.progress,
        "factors": [
            {"name": name, "levels": ordered(cell.factors.get(name) for cell in study.cells)} for name in study.factors
        ],
        "cells": _cells(folder, known, maps, exported),
        "maps": [_map(facts) for facts in maps],
        "resolution": max((facts.nodes for facts in maps), default=0),
        "failures": folder.failures,
        "claims": [
            {**asdict(claim), **asdict(judged)}
            for claim, judged in zip(study.claims, studies.claims(folder), strict=True)
        ],
    }


def json_chunks(facts: Mapping[str, Any], metric: str, columns: Mapping[str, Column]) -> list[bytes]:
    """Return a study with its rows as JSON in pieces."""
    head = {**facts, "metric": metric, "columns": list(columns)}
    return [to_json(head)[:-1], b',"rows":[', *_rows(columns), b"]}"]


def _facts(study: Study, known: StudySnapshot) -> dict[str, Any]:
    names = ("name", "title", "text", "recipe", "replicates", "metric", "axes", "task", "started_at")
    return {
        **{name: getattr(study, name) for name in names},
        "metrics": known.metrics(study),
        "epochs": known.all_epochs(),
    }


def _cells(
    folder: StudyFolder, known: StudySnapshot, maps: list[MapFacts], exported: Mapping[str, str | None]
) -> list[dict[str, Any]]:
    places = {facts: i for i, facts in enumerate(maps)}
    factors = folder.study.factors
    return [
        {
            "digest": cell.digest,
            "name": cell.name,
            "factors": {name: cell.factors.get(name) for name in factors},
            "hidden_layers": cell.hidden_layers,
            "model": cell.model if cell.model in exported else None,
            "experiment": exported.get(cell.model or ""),
            "replicates": folder.replicates[cell.digest],
            "failed": folder.failed.get(cell.digest, 0),
            "map": places[known.maps[cell.digest]] if cell.digest in known.maps else None,
        }
        for cell in folder.study.cells
    ]


def _map(facts: MapFacts) -> dict[str, Any]:
    classes = None if facts.classes is None else list(range(facts.classes))
    return {"features": facts.features, "domain": facts.domain, "scale": facts.scale, "classes": classes}


def _check_size(columns: Mapping[str, Column]) -> None:
    count = count_of(columns)
    if count * len(columns) > MAX_JSON_VALUES:
        raise TooLargeError(
            f"these are {count:,} rows of {len(columns)} columns, too many for JSON; ask for fewer by where=, such as "
            "epoch:last, for one metric by metric=, for what groups sum up to by group=cell, or for format=parquet"
        )


def _rows(columns: Mapping[str, Column]) -> Iterator[bytes]:
    """Yield the rows as JSON in pieces; NaN and infinity are null."""
    count = count_of(columns)
    for first in range(0, count, ROWS_AT_ONCE):
        part = [column[first : first + ROWS_AT_ONCE] for column in columns.values()]
        rows = zip(*(column if isinstance(column, list) else column.tolist() for column in part), strict=True)
        yield (b"," if first else b"") + to_json(list(rows))[1:-1]
