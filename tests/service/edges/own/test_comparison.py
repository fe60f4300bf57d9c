"""`GET /comparison` for any rope, score, table and picture, and `POST /comparison` of scores from elsewhere."""

import csv
import io
import json
from typing import Any

import numpy as np
import pytest
import requests

from tests.conftest import Server
from tests.service.edges.own.test_bad_input import assert_problem
from tests.service.edges.own.test_boundary import pixels

pytestmark = pytest.mark.usefixtures("unharmed")

SCORES = [
    {"model": model, "run": run, "score": score}
    for model, values in {"wide": [0.9, 0.91, 0.92, 0.9], "deep": [0.95, 0.97, 0.96, 0.95]}.items()
    for run, score in enumerate(values)
]
TABLE = "model,seed,accuracy\n" + "".join(f"{s['model']},{s['run']},{s['score']}\n" for s in SCORES)


def compare(
    server: Server, body: object = None, query: str = "", accept: str = "application/json"
) -> requests.Response:
    return server.post(
        f"/comparison{query}", json={"scores": SCORES} if body is None else body, headers={"Accept": accept}
    )


def send_table(server: Server, text: str | bytes, query: str = "") -> requests.Response:
    return server.post(f"/comparison{query}", data=text, headers={"Content-Type": "text/csv"})


def test_a_wider_rope_makes_near_models_equivalent(server: Server) -> None:
    def verdict(query: str) -> Any:
        pairs = server.get(f"/comparison{query}").json()["pairs"]
        (pair,) = [pair for pair in pairs if (pair["a"], pair["b"]) == ("tanh-10-10", "relu-10-10")]
        return pair["verdict"], pair["rope"]

    assert verdict("?rope=0.01") == ("equivalent", 0.01)
    assert verdict("?rope=0")[0] == "better"
    assert verdict("")[1] == 0.005


def test_pairs_can_be_compared_by_another_score(server: Server) -> None:
    plain, brier = (server.get(f"/comparison{query}").json() for query in ("", "?score=brier"))
    assert plain["models"] == brier["models"]
    means = {model["model"]: model["metrics"]["brier"]["mean"] for model in brier["models"]}
    for pair in brier["pairs"]:
        assert pair["mean_difference"] == pytest.approx(means[pair["a"]] - means[pair["b"]])
        if pair["verdict"] == "better":
            assert pair["mean_difference"] < 0


def test_the_values_of_metrics_can_be_left_out(server: Server) -> None:
    whole, summed = (server.get(f"/comparison?values={values}").json() for values in ("true", "false"))
    assert all(len(one["values"]) == 30 for model in whole["models"] for one in model["metrics"].values())
    for model in whole["models"]:
        for one in model["metrics"].values():
            one["values"] = []
    assert summed == whole


def test_a_regressions_score_keeps_its_values(kinds_server: Server) -> None:
    for model in kinds_server.get("/comparison?experiment=prices&values=false").json()["models"]:
        left = {name: len(one["values"]) for name, one in model["metrics"].items()}
        assert left.pop("r2") == model["replicates"]
        assert set(left.values()) == {0}


def test_each_verdict_names_its_recipe(server: Server) -> None:
    for pair in server.get("/comparison").json()["pairs"]:
        assert "at rate 0.001" in pair["words"]
        assert pair["wins"] + pair["ties"] + pair["losses"] == 30


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("score=zzz", 422, "accuracy, "),
        ("rope=-1", 422, "rope"),
        ("rope=nan", 422, "rope"),
        ("table=runs", 422, "models, pairs, sensitivity, variance"),
        ("picture=pie", 422, "runs, forest, map, sensitivity, variance, reliability"),
    ],
)
def test_what_cannot_be_asked_is_said(server: Server, query: str, status: int, words: str) -> None:
    assert_problem(server.get(f"/comparison?{query}"), status, words)


def test_pairs_are_a_table_too(server: Server) -> None:
    pairs = server.get("/comparison").json()["pairs"]
    rows = list(csv.DictReader(io.StringIO(server.get("/comparison?table=pairs&format=csv").text)))
    assert [(row["a"], row["b"], row["verdict"], row["words"]) for row in rows] == [
        (pair["a"], pair["b"], pair["verdict"], pair["words"]) for pair in pairs
    ]
    assert [float(row["simultaneous_ci95_low"]) for row in rows] == [pair["simultaneous_ci95"][0] for pair in pairs]
    lines = server.get("/comparison?table=pairs&format=markdown").text.splitlines()
    assert len(lines) == 2 + len(pairs)
    assert "| 95% interval of the mean | for all pairs at once | wins–ties–losses |" in lines[0]


@pytest.mark.parametrize("picture", ["runs", "forest", "map"])
def test_every_picture_has_its_width(server: Server, picture: str) -> None:
    answer = server.get(f"/comparison?format=png&width=480&picture={picture}")
    assert answer.status_code == 200, answer.text
    assert pixels(answer.content).shape[1] == 480


def test_what_was_not_recorded_cannot_be_drawn(kinds_server: Server) -> None:
    for picture in ("sensitivity", "variance", "reliability"):
        assert_problem(kinds_server.get(f"/comparison?format=png&picture={picture}"), 422, "train it again")
    assert kinds_server.get("/comparison?table=variance&format=csv").status_code == 200


def test_scores_from_elsewhere_get_verdicts(server: Server) -> None:
    body = compare(server).json()
    (pair,) = body["pairs"]
    assert (pair["a"], pair["b"], pair["verdict"], pair["losses"]) == ("wide", "deep", "worse", 4)
    assert pair["words"].startswith("deep is better than wide")
    assert (body["design"], body["rope"]) == ("paired", 0.005)
    direction = "of score more is taken to be better; higher_is_better says otherwise"
    assert body["notes"] == [direction, "runs are paired by name"]
    table = send_table(server, TABLE).json()
    assert [table[key] for key in ("pairs", "models", "design")] == [body[key] for key in ("pairs", "models", "design")]
    assert "score: accuracy, model: model, run: seed" in table["notes"][0]


def test_what_is_asked_of_scores_stands_in_the_body_or_the_query(server: Server) -> None:
    for answer in (
        compare(server, {"scores": SCORES, "rope": 0.2, "score": "error"}),
        compare(server, query="?rope=0.2&score=error"),
        send_table(server, TABLE.replace("accuracy", "error"), "?rope=0.2"),
    ):
        body = answer.json()
        assert (body["rope"], body["score"], body["higher_is_better"]) == (0.2, "error", False)
        assert body["pairs"][0]["verdict"] == "equivalent"


def test_scores_are_answered_as_a_table_or_a_picture_too(server: Server) -> None:
    rows = list(csv.DictReader(io.StringIO(compare(server, accept="text/csv").text)))
    assert [(row["model"], row["runs"]) for row in rows] == [("wide", "4"), ("deep", "4")]
    markdown = compare(server, query="?format=markdown&table=pairs").text
    assert "| wide | deep | -0.050 |" in markdown
    for picture in ("runs", "forest"):
        answer = compare(server, query=f"?picture={picture}&width=400", accept="image/png")
        assert pixels(answer.content).shape[1] == 400
    several = [{**score, "dataset": f"d{score['run']}", "run": None} for score in SCORES]
    assert compare(server, {"scores": several}, "?picture=ranks&format=png").status_code == 200
    assert_problem(compare(server, query="?picture=ranks&format=png"), 422, "several data sets")
    assert compare(server, accept="application/pdf").status_code == 406


RUN = {"model": "a", "score": 0.5}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "scores: Missing data"),
        ({"scores": []}, "one or more objects"),
        ({"scores": "a"}, "one or more objects"),
        ({"scores": [7]}, "score 0"),
        ({"scores": [RUN, {"model": "b"}]}, "score 1"),
        ({"scores": [{**RUN, "seed": 1}]}, "score 0"),
        ({"scores": [{**RUN, "score": "0.5"}]}, "must be a number"),
        ({"scores": [{**RUN, "score": True}]}, "must be a number"),
        ({"scores": [{**RUN, "score": 1e300}]}, "finite"),
        ({"scores": [{**RUN, "score": 10**400}]}, "finite"),
        ({"scores": [{**RUN, "model": ""}]}, "1 to 200 characters"),
        ({"scores": [{**RUN, "run": 1.5}]}, "run must be a text"),
        ({"scores": [{**RUN, "score": None}]}, "no run has a score"),
        ({"scores": [{**RUN, "run": 1}] * 2}, "the run 1 twice"),
        ({"scores": [RUN], "rope": -1}, "rope"),
        ({"scores": [RUN], "rope": "1"}, "rope"),
        ({"scores": [RUN], "higher_is_better": 1}, "higher_is_better"),
        ({"scores": [RUN], "alpha": 1}, "valid fields: scores, rope, higher_is_better, overlap, score"),
    ],
)
def test_bad_scores_are_422_and_named(server: Server, body: dict[str, object], words: str) -> None:
    assert_problem(compare(server, body), 422, words)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_numbers_that_are_not_finite_are_422(server: Server, number: str) -> None:
    body = f'{{"scores": [{{"model": "a", "score": {number}}}]}}'
    answer = server.post("/comparison", data=body, headers={"Content-Type": "application/json"})
    assert_problem(answer, 422, "null for a run that came to nothing")


@pytest.mark.parametrize(
    ("text", "status", "words"),
    [
        (b"\xff\xfe", 400, "UTF-8"),
        (b"", 422, "no table"),
        (b"a\x00b\n1\n", 422, "scores"),
        (b"hello", 422, "no table"),
        (b"model,accuracy\na,1e999\n", 422, "no run has a score"),
        (b"x," * 1_100_000 + b"\n", 413, "cells"),
        (b'"' + b"a" * 200_000, 422, "no table"),
    ],
)
def test_a_table_that_is_none_says_so(server: Server, text: bytes, status: int, words: str) -> None:
    assert_problem(send_table(server, text), status, words)


def test_more_than_is_taken_at_once_is_413(server: Server) -> None:
    many = {"scores": [RUN] * 100_001}
    assert_problem(compare(server, many), 413, "100001 scores")
    assert_problem(compare(server, {"scores": [{**RUN, "model": str(i)} for i in range(251)]}), 413, "251 models")
    body = b'{"scores": [' + b"{}," * 200_000 + b"{}]}"
    answer = server.post("/comparison", data=body, headers={"Content-Type": "application/json"})
    assert_problem(answer, 413, "more than 100000 scores")
    matched = [{"model": f"m{i}", "run": run, "score": 0.5} for i in range(200) for run in range(160)]
    assert_problem(compare(server, {"scores": matched}), 413, "compare fewer")


def test_another_content_type_is_415(server: Server) -> None:
    answer = server.post("/comparison", data=b"a", headers={"Content-Type": "text/plain"})
    assert_problem(answer, 415, "application/json or text/csv")


def test_two_hundred_models_are_answered(server: Server) -> None:
    rng = np.random.default_rng(0)
    scores = [
        {"model": f"m{i}", "run": run, "score": value}
        for i in range(200)
        for run, value in enumerate(rng.normal(0.9, 0.02, 30).tolist())
    ]
    answer = compare(server, {"scores": scores})
    assert len(json.loads(answer.content)["pairs"]) == 199 * 100
    assert compare(server, {"scores": scores}, "?format=png&picture=forest&width=320").status_code == 200
