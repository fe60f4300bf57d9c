"""Cards and comparisons of every form that was released are read, and versions that have such a card are served.

Form 1 is the first. Form 2 added `replication`, `diverged` and `true_boundary`.
"""

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from bundle import layout
from bundle.card import Card, CardSchema, TrueBoundary
from bundle.comparison import ComparisonSchema
from bundle.records import FileSchema
from harness.app_server import serving_app
from harness.bundles import copy

FIXTURES = Path(__file__).parent / "fixtures"
FORMS = (1, 2)
SCHEMAS: dict[str, type[FileSchema[Any]]] = {"card": CardSchema, "comparison": ComparisonSchema}
Document = dict[str, Any]


def fixture(kind: str, form: int) -> Document:
    document: Document = json.loads((FIXTURES / f"{kind}-{form}.json").read_text())
    return document


def test_a_card_of_the_first_form_is_of_data_drawn_anew_that_nothing_else_is_known_of() -> None:
    card = CardSchema().read(FIXTURES / "card-1.json")
    assert (card.replication, card.diverged, card.true_boundary) == ("redrawn", [], None)


def test_a_card_of_the_second_form_says_it_itself() -> None:
    card = CardSchema().read(FIXTURES / "card-2.json")
    assert (card.replication, card.diverged) == ("redrawn", [])
    assert isinstance(card.true_boundary, TrueBoundary)


@pytest.mark.parametrize("form", FORMS)
def test_a_comparison_of_each_form_is_read(form: int) -> None:
    comparison = ComparisonSchema().read(FIXTURES / f"comparison-{form}.json")
    assert [result.model for result in comparison.models] == ["linear", "tanh-3"]
    assert comparison.dataset.replication == "redrawn"
    assert (comparison.dataset.true_boundary is None) == (form == 1)


def cut(document: Any, form: Any) -> Any:
    """Return the document with the fields that the form has, in nested records too."""
    if isinstance(document, dict) and isinstance(form, dict):
        return {name: cut(document[name], inner) for name, inner in form.items() if name in document}
    return document


@pytest.mark.parametrize("form", FORMS)
def test_a_version_with_a_card_of_each_form_is_served(form: int, models_dir: Path, tmp_path: Path) -> None:
    models = copy(models_dir, tmp_path / "models", "tanh-3", layout.EXPERIMENTS)
    comparison = layout.experiment_dir(models, "gaussian-quantiles") / layout.COMPARISON
    for kind, path in (("card", models / "tanh-3" / "1" / layout.CARD), ("comparison", comparison)):
        path.write_text(json.dumps(cut(json.loads(path.read_text()), fixture(kind, form))))
    with serving_app(models, default_model="tanh-3") as server:
        model = server.get("/models/tanh-3").json()
        assert [status["state"] for status in model["versions"]] == ["AVAILABLE"]
        assert set(model["card"]) == set(Card.__dataclass_fields__)
        assert server.predict(points=[[0.1, 0.2]]).status_code == 200
        assert server.get("/comparison").json()["dataset"]["replication"] == "redrawn"


def fields_of(document: Document, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path to every field, except the keys of what is no record."""
    for name, value in document.items():
        yield (*path, name)
        if isinstance(value, dict) and name not in {"libraries", "max_difference", "parameters", "sizes"}:
            yield from fields_of(value, (*path, name))


@pytest.mark.parametrize(
    ("kind", "path"), [(kind, path) for kind in ("card", "comparison") for path in fields_of(fixture(kind, 1))]
)
def test_what_the_first_form_had_is_still_required(kind: str, path: tuple[str, ...]) -> None:
    document = deepcopy(fixture(kind, 1))
    parent = document
    for name in path[:-1]:
        parent = parent[name]
    del parent[path[-1]]
    with pytest.raises(ValueError, match=rf"old\.json.*{path[-1]}.*Missing data"):
        SCHEMAS[kind]().parse(json.dumps(document).encode(), "old.json")
