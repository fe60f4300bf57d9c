"""Studies as the client gives them: rows as pandas has them, boundaries as NumPy has them."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from client import BoundaryClient, InvalidError, NotFoundError
from harness import study_rows as studies
from harness.app_server import serving_app


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BoundaryClient]:
    models = tmp_path_factory.mktemp("studies")
    studies.save(models)
    with serving_app(models) as server, BoundaryClient(server.url) as client:
        yield client


def test_rows_are_a_data_frame(client: BoundaryClient) -> None:
    frame = client.study_rows("widths", where={"epoch": "last", "activation": [studies.ODD, None]})
    assert frame["width"].value_counts(dropna=False).sort_index().tolist() == [8, 8, 4]
    assert frame["cell"].str.len().eq(16).all()
    assert set(frame["activation"].dropna()) == {studies.ODD}


def test_groups_are_summed_up_by_the_service(client: BoundaryClient) -> None:
    frame = client.study_rows("widths", group=["width", "depth"], where={"width": ">=3"})
    assert frame[["width", "depth", "count"]].to_numpy().tolist() == [[3, 1, 8], [3, 2, 8], [10, 1, 8], [10, 2, 8]]
    with pytest.raises(InvalidError, match="group by some of"):
        client.study_rows("widths", group="loss")


def test_a_study_has_its_claims_boundaries_and_pictures(client: BoundaryClient, tmp_path: Path) -> None:
    assert [study["name"] for study in client.studies()] == ["widths"]
    document = client.study("widths")
    assert document["claims"][0]["outcome"] == "holds"
    assert client.study_boundaries("widths").shape == (len(document["cells"]), 2, 8, 8)
    assert client.study_picture("widths", "curves", x="width").startswith(b"\x89PNG")
    with pytest.raises(NotFoundError, match="widths"):
        client.study("nope")


def test_without_pandas_it_says_what_to_install(client: BoundaryClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="pip install pandas"):
        client.study_rows("widths")
