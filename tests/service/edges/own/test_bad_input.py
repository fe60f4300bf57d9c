"""Whatever a client sends, the answer says what to send instead, and the next request is answered."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
import requests

from tests.conftest import Server

pytestmark = pytest.mark.usefixtures("unharmed")


def assert_problem(answer: requests.Response, status: int, *words: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert {"type", "title", "status", "detail", "request_id"} <= set(problem)
    assert problem["status"] == status
    for word in words:
        assert word in problem["detail"], problem
    assert "Traceback" not in answer.text
    assert "/site-packages/" not in answer.text


BAD_POINTS: list[tuple[object, str]] = [
    ([], "list of one or more points"),
    ("[[1, 2]]", "list of one or more points"),
    (None, "null"),
    ({"x": 1}, "list of one or more points"),
    ([1, 2], "point 0"),
    ([[]], "point 0"),
    ([[0.1, 0.2], [0.1]], "point 1"),
    ([[0.1, 0.2], [0.1, "0.2"]], "point 1"),
    ([[0.1, True]], "point 0"),
    ([[0.1, None]], "point 0"),
    ([[[0.1, 0.2]]], "point 0"),
    ([[0.1, 1e39]], "finite"),
    ([[0.1, -(10**400)]], "finite"),
    ([[0.1]], "takes 2 numbers a point (x1, x2), not 1"),
    ([[0.1, 0.2, 0.3]], "takes 2 numbers a point (x1, x2), not 3"),
]


@pytest.mark.parametrize(("points", "words"), BAD_POINTS)
def test_bad_points_are_422_and_named(server: Server, points: object, words: str) -> None:
    answer = server.predict(points=points)
    assert_problem(answer, 422, words)
    assert list(answer.json()["errors"]) == ["points"]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_are_not_finite_are_422(server: Server, number: str) -> None:
    body = f'{{"points": [[0.1, 0.2], [{number}, 0.2]]}}'
    answer = server.post("/predict", data=body, headers={"Content-Type": "application/json"})
    assert_problem(answer, 422, "point 1", "finite")


@pytest.mark.parametrize(
    ("fields", "name", "words"),
    [
        ({"modell": "linear"}, "modell", "valid fields: points, model, version, models, threshold"),
        ({"version": 0}, "version", "greater than or equal to 1"),
        ({"version": 1.5}, "version", "Not a valid integer"),
        ({"threshold": 1.5}, "threshold", "less than or equal to 1"),
        ({"threshold": "0.5"}, "threshold", "Not a valid number"),
        ({"model": 7}, "model", "Not a valid string"),
        ({"models": "some"}, "models", '"all"'),
        ({"models": []}, "models", '"all"'),
        ({"models": ["linear", "linear"]}, "models", "once"),
        ({"models": "all", "model": "linear"}, "model", "cannot be combined with models"),
        ({"models": "all", "version": 1}, "version", "cannot be combined with models"),
    ],
)
def test_bad_fields_are_422_and_named(server: Server, fields: dict[str, object], name: str, words: str) -> None:
    answer = server.predict(points=[[0.1, 0.2]], **fields)
    assert_problem(answer, 422, words)
    assert list(answer.json()["errors"]) == [name]


def test_missing_points_are_422(server: Server) -> None:
    assert_problem(server.predict(model="linear"), 422, "points: Missing data for required field.")


@pytest.mark.parametrize("body", ["[1, 2]", "7", '"points"', "null"])
def test_a_body_that_is_no_object_is_422(server: Server, body: str) -> None:
    answer = server.post("/predict", data=body, headers={"Content-Type": "application/json"})
    assert_problem(answer, 422, "must be an object with the fields points")


@pytest.mark.parametrize(
    "body", ["", "{", '{"points": [[1, 2]', "points=1", b"\xff\xfe", "[" * 100, "[" * 250_000, '{"a":' * 100_000]
)
def test_malformed_json_is_400(server: Server, body: str | bytes) -> None:
    answer = server.post("/predict", data=body, headers={"Content-Type": "application/json"})
    assert_problem(answer, 400, "not valid JSON")


@pytest.mark.parametrize(
    "content_type", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_another_content_type_is_415_and_says_which_is_taken(server: Server, content_type: str | None) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    answer = server.post("/predict", data=b'{"points": [[1, 2]]}', headers=headers)
    assert_problem(answer, 415, "Content-Type: application/json")


def test_too_many_points_are_413(server: Server) -> None:
    assert_problem(server.predict(points=[[0.0, 0.0]] * 100_001), 413, "100001", "100000")


def test_a_body_over_the_limit_is_413(server: Server) -> None:
    answer = server.post("/predict", data=b" " * (16 * 2**20 + 1), headers={"Content-Type": "application/json"})
    assert_problem(answer, 413, str(16 * 2**20))


def test_a_chunked_body_over_the_limit_is_413_not_cut_short(server: Server) -> None:
    valid = json.dumps({"points": [[0.1, 0.2]]}).encode()

    def chunks() -> Iterator[bytes]:
        yield valid
        for _ in range(17):
            yield b" " * 2**20

    answer = server.post("/predict", data=chunks(), headers={"Content-Type": "application/json"})
    assert_problem(answer, 413, str(16 * 2**20))


def test_a_chunked_body_is_413_wherever_what_came_of_it_ends(server: Server) -> None:
    """Here first just behind the limit, before the end of what gunicorn reads at a time."""
    address = urlsplit(server.url)
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    limit, beyond = 16 * 2**20, 24
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        connection.sendall(head + b"%x\r\n" % (limit + 2**20) + b" " * (limit + beyond))
        time.sleep(0.2)  # until it has come in; a service that took it for all there is would answer now
        with suppress(ConnectionError):  # it may be answered before all is sent
            connection.sendall(b" " * (2**20 - beyond) + b"\r\n0\r\n\r\n")
        assert connection.makefile("rb").readline().startswith(b"HTTP/1.1 413 ")


def test_a_chunked_body_is_read_whole(server: Server) -> None:
    parts = iter([b'{"points": [[0.1, ', b"0.2]]}"])
    answer = server.post("/predict", data=parts, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200
    assert answer.json() == server.predict(points=[[0.1, 0.2]]).json()


def test_a_body_shorter_than_its_content_length_is_400(server: Server) -> None:
    """Even if what arrived is valid JSON of its own."""
    address = urlsplit(server.url)
    body = b'{"points": [[0.1, 0.2]]}'
    headers = f"Host: x\r\nContent-Type: application/json\r\nContent-Length: {len(body) + 9}"
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        connection.sendall(f"POST /predict HTTP/1.1\r\n{headers}\r\n\r\n".encode() + body)
        connection.shutdown(socket.SHUT_WR)
        answer = connection.makefile("r", newline="").read()
    assert answer.startswith("HTTP/1.1 400 ")
    assert "Content-Length" in answer.split("\r\n\r\n", 1)[1]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/models/nothing", "there is no model 'nothing'"),
        ("/models/linear/versions/9", "no version 9"),
        ("/models/linear/versions/latest", "nothing at"),
        ("/models/..%2f..%2fetc", "nothing at"),
        ("/models/%00", "there is no model"),
        ("/boundary?model=nothing", "there is no model 'nothing'"),
        ("/boundary?model=..", "there is no model '..'"),
        ("/boundary?model=_experiments", "there is no model '_experiments'"),
        ("/boundary?version=9", "no version 9"),
        ("/comparison?experiment=nothing", "there is no experiment 'nothing'"),
        ("/dataset?experiment=../linear", "there is no experiment '../linear'"),
        ("/nowhere", "GET /openapi.json"),
        ("/docs/../app.py", "nothing at"),
        ("/docs/%2e%2e/app.py", "nothing at"),
    ],
)
def test_what_does_not_exist_is_404_and_says_what_does(server: Server, path: str, words: str) -> None:
    request = requests.Request("GET", server.url).prepare()
    request.url = server.url + path  # as it is: requests would tidy the path up
    with requests.Session() as session:
        assert_problem(session.send(request, timeout=30), 404, words)


def test_an_unknown_model_or_version_in_a_body_is_404(server: Server) -> None:
    assert_problem(server.predict(points=[[0, 0]], model="nothing"), 404, "linear")
    assert_problem(server.predict(points=[[0, 0]], version=7), 404, "available versions: 1")
    assert_problem(server.predict(points=[[0, 0]], models=["linear", "nothing"]), 404, "nothing")


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ("resolution=1", "resolution", "from 2 to 2000"),
        ("resolution=ten", "resolution", "Not a valid integer"),
        ("resolution=", "resolution", "Not a valid integer"),
        ("resolution=5&resolution=6", "resolution", "more than once"),
        ("x_min=nan", "x_min", "Special numeric values"),
        ("x_max=inf", "x_max", "Special numeric values"),
        ("x_min=2", "x_min", "must be less than x_max"),
        ("y_min=1&y_max=1", "y_min", "must be less than y_max"),
        ("y_min=1&y_max=1.00000001", "y_min", "as float32"),
        ("x_max=1e39", "x_max", "within"),
        ("version=0", "version", "greater than or equal to 1"),
        ("format=gif", "format", "json, npy, png"),
        ("width=10", "width", "200"),
        ("width=100000", "width", "2000"),
        ("epohc=3", "epohc", "resolution, average, statistic"),
    ],
)
def test_a_bad_query_is_422_and_named(server: Server, query: str, field: str, words: str) -> None:
    answer = server.get(f"/boundary?{query}")
    assert_problem(answer, 422, words)
    assert list(answer.json()["errors"]) == [field]


@pytest.mark.parametrize("query", ["&".join(f"a{i}=1" for i in range(300)), "&".join(["model=linear"] * 65)])
def test_a_query_of_more_parameters_than_there_are_is_422(server: Server, query: str) -> None:
    answer = server.get(f"/boundary?{query}")
    assert_problem(answer, 422, "the query has", "at most 64")
    assert "body" not in answer.json()["detail"]


def test_too_large_a_grid_is_413(server: Server) -> None:
    assert_problem(server.get("/boundary?resolution=2001"), 413, "2001", "2000")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("GET", "/predict", "POST"), ("POST", "/boundary", "GET"), ("DELETE", "/models", "GET")],
)
def test_another_method_is_405_and_says_which_is_taken(server: Server, method: str, path: str, allowed: str) -> None:
    answer = requests.request(method, server.url + path, timeout=30)
    assert_problem(answer, 405, allowed)
    assert allowed in answer.headers["Allow"]


def test_a_problem_carries_the_request_id_of_the_client(server: Server) -> None:
    given = server.get("/nowhere", headers={"X-Request-ID": "abc-123"})
    assert given.json()["request_id"] == "abc-123"
    first, second = (server.get("/nowhere").json()["request_id"] for _ in range(2))
    assert first != second
