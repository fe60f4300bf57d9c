"""Names in pictures: shortened where there is no room for them, so that none is cut and none covers the picture."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bundle import layout
from harness.app_server import AppServer, serving_app
from harness.bundles import change_card, publish
from service.rendering.lettering import in_two_lines, shortened
from tests.service.edges.own.test_boundary import pixels

LONG = "a name that somebody has given to a class or a column, with commas, and more and more words"
MODEL = "a-model-of-as-many-letters-as-a-name-of-one-can-have-0123456789"


@pytest.fixture(scope="module")
def server(kinds_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    """Models whose names, and those of their features and classes, are long."""
    models = tmp_path_factory.mktemp("long") / "models"
    for name, bundle in ((MODEL, "flowers"), ("two", "survival")):
        published = publish(kinds_models / bundle / "1", models, name, 1)
        card = json.loads((published / layout.CARD).read_bytes())
        features = [{**feature, "name": f"{LONG} {i}"} for i, feature in enumerate(card["features"])]
        change_card(published, features=features, classes=[f"{i} {LONG}" for i in range(len(card["classes"]))])
    with serving_app(models) as started:
        yield started


@pytest.mark.parametrize("width", [300, 800])
@pytest.mark.parametrize(
    "query",
    [f"model={MODEL}", f"model={MODEL}&statistic=std&class=0 {LONG}", f"model={MODEL}&layer=1&unit=1", "model=two"],
)
def test_no_name_is_cut_by_the_edge_or_covers_what_is_drawn(server: AppServer, query: str, width: int) -> None:
    answer = server.get(f"/boundary?format=png&resolution=100&width={width}&{query}")
    assert answer.status_code == 200, answer.text
    picture = pixels(answer.content)
    edges = [picture[:1], picture[-1:], picture[:, :1], picture[:, -1:]]
    assert [bool((edge == 1).all()) for edge in edges] == [True] * 4
    coloured = (picture.max(axis=2) - picture.min(axis=2) > 0.05).mean()
    assert coloured > 0.05


def test_a_name_is_shortened_in_its_middle() -> None:
    assert shortened("short", 800) == "short"
    first, second = (shortened(f"{LONG} {i}", 160) for i in (1, 2))
    assert first != second
    assert first == "a name that s…ords 1"
    assert shortened("two\nlines", 800) == "two lines"
    assert all(len(line) <= 20 for line in in_two_lines(LONG, 160).splitlines())
