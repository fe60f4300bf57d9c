"""A record's schema is derived from its dataclass: what its types allow is read, and nothing else."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import validate

from bundle.records import schema_of


@dataclass(frozen=True)
class Leaf:
    width: float


@dataclass(frozen=True)
class Tree:
    name: Annotated[str, "what it is called", validate.Length(min=1)]
    kind: Literal["oak", "elm"]
    rings: list[Annotated[int, validate.Range(min=1)]]
    heights: dict[str, float | None]
    felled: datetime | None
    leaves: list[Leaf]
    tallest: Leaf | None


TREE = Tree("old", "oak", [1, 2], {"1990": 1.5, "1991": None}, datetime(2020, 1, 2, tzinfo=UTC), [Leaf(0.1)], None)


def test_what_was_written_is_read_as_it_was(tmp_path: Path) -> None:
    for tree in (TREE, replace(TREE, felled=None, tallest=Leaf(2.0), heights={})):
        schema_of(Tree)().write(tree, tmp_path / "tree.json")
        assert schema_of(Tree)().read(tmp_path / "tree.json") == tree


@pytest.mark.parametrize(
    ("field", "value", "where"),
    [
        ("name", None, "name"),
        ("name", "", "name"),
        ("kind", "pine", "kind"),
        ("rings", [1, 0], "rings"),
        ("rings", 1, "rings"),
        ("heights", {"1990": "tall"}, "heights"),
        ("felled", "2020-01-02T00:00:00", "felled"),
        ("leaves", [{"width": "wide"}], "width"),
        ("leaves", [None], "leaves"),
        ("tallest", {}, "width"),
    ],
)
def test_a_value_of_another_type_is_refused_by_name(field: str, value: object, where: str) -> None:
    document: dict[str, Any] = {**schema_of(Tree)().dump(TREE), field: value}
    with pytest.raises(ValueError, match=where):
        schema_of(Tree)().parse(json.dumps(document).encode(), "tree.json")


@pytest.mark.parametrize("field", [*Tree.__dataclass_fields__])
def test_a_field_that_is_missing_is_an_error(field: str) -> None:
    document = schema_of(Tree)().dump(TREE)
    del document[field]
    with pytest.raises(ValueError, match=rf"{field}.*Missing data"):
        schema_of(Tree)().parse(json.dumps(document).encode(), "tree.json")


def test_a_field_that_a_later_writer_added_is_left_out() -> None:
    assert schema_of(Tree)().load({**schema_of(Tree)().dump(TREE), "moss": True}) == TREE


def test_the_openapi_document_has_its_name_and_descriptions() -> None:
    plugin = MarshmallowPlugin()
    spec = APISpec("", "", "3.1.0", plugins=[plugin])
    spec.components.schema("Tree", schema=schema_of(Tree))
    schemas = spec.to_dict()["components"]["schemas"]
    assert set(schemas) == {"Tree", "Leaf"}
    assert schemas["Tree"]["properties"]["name"]["description"] == "what it is called"
    assert schemas["Tree"]["properties"]["kind"]["enum"] == ["oak", "elm"]
