"""`GET /studies` and below: rows, what they sum up to, boundaries and pictures, of studies as they lie on disk."""

import gzip
import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from flask.testing import FlaskClient

from bundle import layout
from harness import study_rows as studies
from service.app import create_app
from service.settings import Settings
from tests.conftest import ALICE, ALICE_LINE
from verdicts.summary import summarize

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("studies")
    studies.save(directory)
    studies.save(directory, "empty", finished=0)
    return directory


@pytest.fixture(scope="module")
def client(models: Path) -> FlaskClient:
    return create_app(Settings(models_dir=models, log_level="ERROR")).test_client()


def document(response: Any) -> Any:
    return response.json


def ask(client: FlaskClient, path: str, **query: object) -> Any:
    response = client.get(path, query_string=query)
    assert response.status_code == 200, response.text
    return response.json


def frame(client: FlaskClient, form: str = "csv", **query: object) -> pd.DataFrame:
    response = client.get("/studies/widths", query_string={"format": form, **query})
    assert response.status_code == 200, response.text
    content = io.BytesIO(response.data)
    if form == "csv":
        return pd.read_csv(content)
    return pd.read_parquet(content) if form == "parquet" else pd.read_feather(content)


@pytest.mark.parametrize("path", ["widths", "widths?format=csv", "widths/boundaries"])
def test_a_client_that_takes_gzip_gets_what_shrinks_in_less(client: FlaskClient, path: str) -> None:
    plain, packed = (client.get(f"/studies/{path}", headers={"Accept-Encoding": coding}) for coding in ("br", "gzip"))
    assert (plain.headers.get("Content-Encoding"), packed.headers["Content-Encoding"]) == (None, "gzip")
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < 0.5 * len(plain.data)


def problem(client: FlaskClient, status: int, **query: object) -> str:
    response = client.get("/studies/widths", query_string=query)
    assert (response.status_code, response.content_type) == (status, "application/problem+json")
    return str(document(response)["detail"])


def test_the_list_says_how_far_studies_are_and_what_came_of_their_claims(client: FlaskClient) -> None:
    empty, widths = ask(client, "/studies")["studies"]
    assert (empty["name"], empty["finished"], empty["failed"]) == ("empty", 0, 1)
    assert (widths["cells"], widths["finished"], widths["failed"]) == (9, 9, 0)
    assert [claim["outcome"] for claim in widths["claims"]] == ["holds"]
    assert [claim["outcome"] for claim in empty["claims"]] == ["undecided"]


def test_a_study_says_its_factors_cells_failures_and_claims(client: FlaskClient) -> None:
    document = ask(client, "/studies/widths", group="cell")
    levels = {factor["name"]: factor["levels"] for factor in document["factors"]}
    assert levels == {"width": [None, 3, 10], "depth": [0, 1, 2], "activation": [None, "tanh", studies.ODD]}
    assert document["study"]["metrics"][0] == "loss"
    assert document["study"]["epochs"] == list(studies.EPOCHS)
    assert [cell["replicates"] for cell in document["cells"]] == [4] * 9
    assert document["failures"][0]["reason"] == "MemoryError: too large"
    assert document["claims"][0]["sentence"].startswith("holds: ")
    assert len(document["rows"]) == 9
    assert (document["resolution"], document["cells"][0]["map"]) == (8, 0)


def test_groups_are_summed_up_as_models_are(client: FlaskClient) -> None:
    table = ask(client, "/studies/widths", group="width", where="depth:1|2")
    row = dict(zip(table["columns"], table["rows"][1], strict=True))
    told = summarize([0.6 + replicate / 1000 for replicate in range(4)] * 4, 0, (0, 1))
    assert (row["width"], row["count"]) == (10, 16)
    for name, value in (("mean", told.mean), ("sd", told.sd), ("median", told.median), ("min", told.min)):
        assert row[name] == pytest.approx(value, rel=1e-12)
    assert [row["ci95_low"], row["ci95_high"]] == pytest.approx(told.ci95)


@pytest.mark.parametrize("form", ["csv", "parquet", "arrow"])
def test_every_form_has_the_same_rows(client: FlaskClient, form: str) -> None:
    found = frame(client, form)
    assert found.shape == (9 * 4 * 3, 12)
    assert found["test_accuracy"].max() == 0.603
    assert found["activation"].dropna().unique().tolist() == ["tanh", studies.ODD]
    assert found.loc[found["depth"] == 0, "width"].isna().all()


@pytest.mark.parametrize(
    ("where", "count"),
    [
        ("epoch:last", 36),
        ("epoch:>=1", 72),
        ("width:none", 12),
        ("width:10,activation:tanh,epoch:last", 8),
        ("width:>3,epoch:0", 16),
        ('activation:relu%2C "a%7Cb"%3A é,epoch:last', 16),
        ("cell:0000000000000001|0000000000000002", 24),
        ("test_accuracy:>=0.6,test_accuracy:<0.602", 8),
        ("replicate:0,epoch:1|10", 18),
    ],
)
def test_conditions_choose_rows(client: FlaskClient, where: str, count: int) -> None:
    assert len(frame(client, where=where)) == count


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"where": "wdth:10"}, "there are: cell, width, depth, activation"),
        ({"where": "width"}, "write column:level"),
        ({"where": "width:wide"}, "width is a number"),
        ({"where": "activation:>3"}, "activation is text"),
        ({"group": "loss"}, "group by some of: cell, width, depth, activation, replicate, epoch"),
        ({"group": "cell", "metric": "speed"}, "must be one of: loss, test_accuracy"),
        ({"metric": "speed"}, "there is no column speed"),
        ({"format": "png", "x": "loss"}, "x must be one of: width, depth, activation"),
        ({"format": "png", "where": "width:99"}, "no such rows"),
        ({"color": "red"}, "unknown field"),
    ],
)
def test_what_cannot_be_answered_says_what_can(client: FlaskClient, query: dict[str, str], words: str) -> None:
    assert words in problem(client, 422, **query)


def test_a_study_that_is_not_there_names_those_that_are(client: FlaskClient) -> None:
    assert "empty, widths" in document(client.get("/studies/none"))["detail"]
    assert client.get("/studies/..%2f..").status_code == 404


def test_boundaries_are_the_cells_in_their_order(client: FlaskClient) -> None:
    found = np.load(io.BytesIO(client.get("/studies/widths/boundaries").data))
    assert (found.shape, found.dtype) == ((9, 2, 8, 8), np.uint8)
    assert found[:, 0, 0].max() == 0
    assert found[:, 0, -1].min() == 255
    assert (found[:, 1] == 254).all()


@pytest.mark.parametrize("picture", ["map", "curves", "gradients"])
def test_pictures_are_drawn_over_any_factors(client: FlaskClient, picture: str) -> None:
    for query in ({}, {"x": "activation", "y": "width"}, {"width": 200}):
        response = client.get("/studies/widths", query_string={"format": "png", "picture": picture, **query})
        assert response.data.startswith(PNG), response.text


def test_a_study_without_rows_is_a_study(client: FlaskClient) -> None:
    assert ask(client, "/studies/empty", group="cell")["rows"] == []
    assert ask(client, "/studies/empty")["columns"][:4] == ["cell", "width", "depth", "activation"]
    assert np.load(io.BytesIO(client.get("/studies/empty/boundaries").data)).shape == (9, 2, 0, 0)


def test_new_rows_appear_and_what_is_the_same_is_not_sent_again(tmp_path: Path) -> None:
    store = studies.save(tmp_path, finished=2)
    client = create_app(Settings(models_dir=tmp_path, log_level="ERROR")).test_client()
    first = client.get("/studies/widths?group=cell")
    same = client.get("/studies/widths?group=cell", headers={"If-None-Match": first.headers["ETag"]})
    assert (same.status_code, same.data) == (304, b"")
    store.write(studies.unit(studies.cells()[2], 0, 3))
    assert (
        document(first)["progress"]["finished"] + 1
        == ask(client, "/studies/widths", group="cell")["progress"]["finished"]
    )
    assert len(ask(client, "/studies/widths", where="epoch:last")["rows"]) == 12


def test_damage_hurts_nothing_else(tmp_path: Path) -> None:
    store = studies.save(tmp_path, finished=2)
    digest = studies.cells()[3].digest
    (store.rows / f"{digest}-0-1.parquet").write_bytes(b"PAR1" * 10)
    os.mkfifo(store.rows / f"{digest}-2-3.parquet")
    broken = studies.save(tmp_path, "broken")
    (broken.directory / layout.STUDY).write_text("{")
    client = create_app(Settings(models_dir=tmp_path, log_level="CRITICAL")).test_client()
    assert len(ask(client, "/studies/widths", where="epoch:last")["rows"]) == 8
    assert [study["name"] for study in ask(client, "/studies")["studies"]] == ["widths"]
    assert client.get("/studies/broken").status_code == 503


def test_a_browser_gets_the_page_also_without_a_key_and_data_only_with_one(models: Path, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text(ALICE_LINE + "\n")
    client = create_app(Settings(models_dir=models, log_level="ERROR", api_keys_file=keys)).test_client()
    for path in ("/studies", "/studies/widths"):
        assert client.get(path, headers={"Accept": "text/html,*/*;q=0.8"}).content_type.startswith("text/html")
        assert client.get(path).status_code == 401
        assert client.get(f"{path}?format=json", headers={"Accept": "text/html"}).status_code == 401
    assert client.get("/studies/widths", headers={"X-API-Key": ALICE}).status_code == 200
