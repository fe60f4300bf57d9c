"""Whatever a client of the two standards sends, it is told what is wrong as they have it, and the next is answered."""

import gzip
import json
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.app_server import AppServer, serving_app
from harness.bundles import copy
from tests.conftest import Server
from tests.service.edges.standards import HEADER_LENGTH, POINTS, exchange, tensor, with_bytes

INFER, PREDICT = "/v2/models/linear/infer", "/v1/models/linear:predict"
BOTH = pytest.mark.parametrize("path", [INFER, PREDICT])
LONGEST = 2000
"""Characters of an error, whatever was sent."""


pytestmark = pytest.mark.usefixtures("unharmed")


def infer(**changes: object) -> dict[str, object]:
    """Return a body of infer; `changes` are of its input."""
    return {"inputs": [tensor(**changes)]}  # type: ignore[arg-type]


def assert_error(answer: requests.Response, status: int, *words: str) -> None:
    assert answer.status_code == status, answer.text[:LONGEST]
    assert answer.headers["Content-Type"] == "application/json"
    document = answer.json()
    assert list(document) == ["error"]
    for word in words:
        assert word in document["error"]
    assert len(document["error"]) <= LONGEST
    assert "Traceback" not in answer.text
    assert "/site-packages/" not in answer.text


def nested(depth: int, opening: str, closing: str, within: str = "") -> str:
    return opening * depth + within + closing * depth


LISTS, OBJECTS = ("[", "]"), ('{"a":', "}")
DEEP = [(depth, *brackets) for depth in (100, 990, 250_000) for brackets in (LISTS, OBJECTS)]


@BOTH
@pytest.mark.parametrize(
    "body",
    [b"", b" ", b"{", b"nonsense", b"\xff\xfe", b'{"inputs": [1,]}', b"{'inputs': 1}", b"\x00", b'{"inputs": [' * 9]
    + [bracket * depth for bracket in (b"[", b'{"a":') for depth in (100, 250_000)],
)
def test_malformed_json_is_400(server: Server, path: str, body: bytes) -> None:
    assert_error(server.post(path, data=body), 400, "JSON")


@BOTH
@pytest.mark.parametrize("body", ["[]", "[1]", "7", "null", '"x"', "true", "NaN"])
def test_json_that_is_no_object_is_400(server: Server, path: str, body: str) -> None:
    assert_error(server.post(path, data=body), 400)


@pytest.mark.parametrize(("depth", "opening", "closing"), DEEP)
def test_deep_json_is_400_wherever_it_stands(server: Server, depth: int, opening: str, closing: str) -> None:
    deep = nested(depth, opening, closing, "1" if opening != "[" else "")
    tensors = [json.dumps(tensor(**{name: "DEEP"})) for name in ("name", "shape", "datatype", "data")]  # type: ignore[arg-type]
    parameters = json.dumps(tensor(data=None, parameters={"binary_data_size": "DEEP"}))
    whole = json.dumps(tensor())
    bodies = [f'{{"inputs": [{given}]}}' for given in (*tensors, parameters)]
    bodies += [f'{{"inputs": [{whole}], "{name}": "DEEP"}}' for name in ("id", "outputs", "parameters")]
    bodies += [f'{{"inputs": [{whole}], "parameters": {{"binary_data_output": "DEEP"}}}}', '{"inputs": "DEEP"}']
    for body in bodies:
        answer = server.post(INFER, data=body.replace('"DEEP"', deep))
        if depth > 1000:
            assert_error(answer, 400)
        assert answer.status_code in (200, 400), answer.text[:LONGEST]
    for body in (
        '{"instances": "DEEP"}',
        '{"instances": ["DEEP"]}',
        '{"instances": [{"points": "DEEP"}]}',
        '{"inputs": "DEEP"}',
        '{"inputs": {"points": "DEEP"}}',
        '{"signature_name": "at", "inputs": {"points": [[0, 0]], "replicate": "DEEP", "snapshot": 0}}',
        '{"signature_name": "DEEP", "inputs": 1}',
    ):
        assert_error(server.post(PREDICT, data=body.replace('"DEEP"', deep)), 400)


@pytest.mark.parametrize(
    "shape",
    [
        [2**60, 2],
        [2**32, 2**32],
        [2**63, 2],
        [3, 2**62],
        [10**30, 2],
        [-1, 2],
        [-3, -2],
        [0, 2],
        [3, 0],
        [3],
        [6],
        [],
        [3, 2, 1],
        [1, 3, 2],
        [2, 3],
        [3, 1],
        [4, 2],
        [3.0, 2],
        [3.5, 2],
        ["3", 2],
        [True, 2],
        [None, 2],
        [[3], 2],
        "3,2",
        3,
        None,
        {"0": 3},
        [3, 2] * 1000,
        [{}] * 1000,
    ],
)
def test_a_shape_that_is_not_the_points_own_is_an_error(server: Server, shape: object) -> None:
    too_many = isinstance(shape, list) and shape[1:] == [2] and type(shape[0]) is int and shape[0] > 100_000
    status = 413 if too_many and shape != [10**30, 2] else 400  # orjson reads that as a float
    assert_error(
        server.post(INFER, json=infer(shape=shape) if shape else {"inputs": [{**tensor(), "shape": shape}]}), status
    )
    content, headers = with_bytes()
    head = json.loads(content[: int(headers[HEADER_LENGTH])])
    head["inputs"][0]["shape"] = shape
    changed = json.dumps(head).encode()
    body = changed + POINTS.tobytes()
    assert_error(server.post(INFER, data=body, headers={HEADER_LENGTH: str(len(changed))}), status)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({}, "inputs: Missing data"),
        ({"inputs": []}, "the input points is missing"),
        ({"inputs": None}, "inputs"),
        ({"inputs": {}}, "inputs"),
        ({"inputs": [tensor(), tensor()]}, "points is given 2 times; give it once"),
        ({"inputs": [tensor(), tensor(name="other")]}, "there is no input 'other'; there is points"),
        ({"inputs": [tensor()] * 9000}, "9000 entries"),
        ({"inputs": [{}] * 30_000}, "30000 entries"),
        ({"inputs": [7]}, "inputs.0"),
        ({"inputs": [{}]}, "inputs.0.name: Missing data"),
        (infer(name="x" * 10**6), "there is no input 'xxx"),
        (infer(name=["points"]), "inputs.0.name"),
        (infer(datatype="BYTES"), "datatype FP32, not 'BYTES'; numbers may also come as FP64, "),
        (infer(datatype="BOOL"), "datatype FP32"),
        (infer(datatype="fp32"), "datatype FP32"),
        (infer(datatype=""), "datatype FP32"),
        (infer(datatype="x" * 10**6), "datatype FP32"),
        (infer(datatype=32), "inputs.0.datatype"),
        (infer(data=None), "has no data"),
        (infer(data="AAAA"), "must be a list of numbers"),
        (infer(data=[]), "its data has 0"),
        (infer(data=[1, 2, 3, 4, 5]), "its data has 5"),
        (infer(data=[1] * 7), "its data has 7"),
        (infer(data=[[1, 2], [3, 4]]), "has the shape [2, 2], not [3, 2]"),
        (infer(data=[[1, 2, 3], [4, 5, 6]]), "has the shape [2, 3], not [3, 2]"),
        (infer(data=[[1, 2], [3], [4, 5]]), "points: point 1"),
        (infer(data=[[1, 2], 3, [4, 5]]), "points: point 1"),
        (infer(data=[[[1, 2], [3, 4], [5, 6]]]), "points: point 0"),
        (infer(data=[1, 2, 3, 4, 5, "6"]), "must hold numbers only"),
        (infer(data=["1", "2", "3", "4", "5", "6"]), "must hold numbers only"),
        (infer(data=[1, 2, 3, 4, 5, True]), "must hold numbers only"),
        (infer(data=[1, 2, 3, 4, 5, None]), "must hold numbers only"),
        (infer(data=[1, 2, 3, 4, 5, [6]]), "must hold numbers only"),
        (infer(data=[1, 2, 3, 4, 5, 10**40]), "finite"),
        (infer(data=[1, 2, 3, 4, 5, -(10**400)]), "finite"),
        (infer(data={"0": 1}), "must be a list of numbers"),
        (infer(parameters=[]), "inputs.0.parameters"),
        (infer(parameters="x"), "inputs.0.parameters"),
        (infer(parameters={"binary_data_size": 24}), "both data and binary_data_size"),
        (infer(data=None, parameters={"binary_data_size": 24}), "0 bytes are behind the JSON"),
        (infer(data=None, parameters={"binary_data_size": 23}), "has 24 bytes; its binary_data_size says 23"),
        (infer(data=None, parameters={"binary_data_size": "24"}), "says '24'"),
        (infer(data=None, parameters={"binary_data_size": 24.0}), "says 24.0"),
        (infer(data=None, parameters={"binary_data_size": True}), "says True"),
        (infer(data=None, parameters={"binary_data_size": None}), "says None"),
        (infer(data=None, parameters={"binary_data_size": -24}), "says -24"),
        (infer(data=None, parameters={"binary_data_size": [24]}), "says [24]"),
        (infer(data=None, parameters={"binary_data_size": "9" * 10**6}), "binary_data_size says"),
        (infer(data=None, parameters={"shared_memory_region": "x"}), "shared memory is not offered"),
        (infer(parameters={"shared_memory_byte_size": 24}), "shared memory is not offered"),
        ({**infer(), "id": 7}, "id: Not a valid string"),
        ({**infer(), "id": ["x"]}, "id: Not a valid string"),
        ({**infer(), "parameters": []}, "parameters"),
        ({**infer(), "parameters": {"binary_data_output": "true"}}, "binary_data_output must be true or false"),
        ({**infer(), "parameters": {"binary_data_output": 1}}, "binary_data_output must be true or false"),
        ({**infer(), "outputs": {}}, "outputs"),
        ({**infer(), "outputs": [7]}, "outputs.0"),
        ({**infer(), "outputs": [{}]}, "outputs.0.name: Missing data"),
        ({**infer(), "outputs": [{}] * 30_000}, "30000 entries"),
        ({**infer(), "outputs": [{"name": "logits"}]}, "there is no output 'logits'; there is probabilities"),
        ({**infer(), "outputs": [{"name": "probabilities"}] * 2}, "probabilities is given 2 times"),
        ({**infer(), "outputs": [{"name": "probabilities", "parameters": [1]}]}, "outputs.0.parameters"),
        *(
            ({**infer(), "outputs": [{"name": "probabilities", "parameters": given}]}, words)
            for given, words in (
                ({"binary_data": "yes"}, "binary_data must be true or false"),
                ({"binary_data": None}, "binary_data must be true or false"),
                ({"classification": 2}, "classification is not offered"),
                ({"shared_memory_region": "x", "shared_memory_byte_size": 12}, "shared memory is not offered"),
            )
        ),
    ],
)
def test_what_is_no_request_of_infer_is_400_and_named(server: Server, document: object, words: str) -> None:
    assert_error(server.post(INFER, data=json.dumps(document)), 400, words)


@pytest.mark.parametrize(
    "length", ["-1", "1_0", "+5", "٣", "0x10", "", "1e2", "5.0", "nan", "9" * 19, "9" * 4000, "1000", "5 5", "five"]
)
def test_a_header_length_that_is_no_length_of_the_body_is_400(server: Server, length: str) -> None:
    body = json.dumps(infer()).encode()
    request = f"POST {INFER} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n"
    status, answer = exchange(server, f"{request}{HEADER_LENGTH}: {length}\r\n\r\n".encode() + body)
    assert status == 400
    assert HEADER_LENGTH in answer or length == "٣"  # of which gunicorn thinks alike
    assert "Content-Type: application/json" in answer or length == "٣"


def test_two_header_lengths_are_400(server: Server) -> None:
    body = json.dumps(infer()).encode()
    twice = f"{HEADER_LENGTH}: {len(body)}\r\n" * 2
    request = f"POST {INFER} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n{twice}\r\n"
    assert exchange(server, request.encode() + body)[0] == 400


@pytest.mark.parametrize(
    ("tail", "words"),
    [
        (b"", "0 bytes are behind the JSON"),
        (POINTS.tobytes()[:-1], "23 bytes are behind the JSON"),
        (POINTS.tobytes() + b"x", "25 bytes are behind the JSON"),
        (POINTS.tobytes() * 2, "48 bytes are behind the JSON"),
        (struct.pack("<6f", 1, 2, 3, 4, 5, float("nan")), "point 2 must hold finite numbers"),
        (struct.pack("<6f", 1, 2, float("inf"), 4, 5, 6), "point 1 must hold finite numbers"),
        (struct.pack("<6f", float("-inf"), 2, 3, 4, 5, 6), "point 0 must hold finite numbers"),
        (struct.pack("<6f", 1, 2, 3, 4, 5, 3e38), "point 2 must hold finite numbers"),
    ],
)
def test_bytes_that_are_not_the_points_are_400(server: Server, tail: bytes, words: str) -> None:
    content, headers = with_bytes()
    head = content[: int(headers[HEADER_LENGTH])]
    assert_error(server.post(INFER, data=head + tail, headers=headers), 400, words)
    if words.startswith("point"):
        assert_error(server.post(INFER, data=tail, headers={HEADER_LENGTH: "0"}), 400, words)


def test_bytes_that_nothing_names_are_400(server: Server) -> None:
    head = json.dumps(infer()).encode()
    answer = server.post(INFER, data=head + b"x", headers={HEADER_LENGTH: str(len(head))})
    assert_error(answer, 400, "1 bytes are left after the JSON")
    for raw in (b"", b"x", b"x" * 7, b"x" * 12):
        assert_error(server.post(INFER, data=raw, headers={HEADER_LENGTH: "0"}), 400, "are not points")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "1" + "0" * 400, "-1e31"])
def test_numbers_that_are_not_finite_are_400_and_named(server: Server, number: str) -> None:
    flat, rows = f"[0, 0, 0, 0, 0, {number}]", f"[[0, 0], [0, 0], [0, {number}]]"
    whole = json.dumps(infer(data="DATA"))
    for data in (flat, rows):
        assert_error(server.post(INFER, data=whole.replace('"DATA"', data)), 400, "finite")
    for body in (f'{{"instances": {rows}}}', f'{{"inputs": {rows}}}', f'{{"inputs": {{"points": {rows}}}}}'):
        assert_error(server.post(PREDICT, data=body), 400, "finite")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999", "1" + "0" * 30, "1" + "0" * 5000, "0.5", "-0"])
def test_a_number_that_is_no_size_is_400(server: Server, number: str) -> None:
    content, headers = with_bytes()
    head = content[: int(headers[HEADER_LENGTH])]
    for old in (b'"binary_data_size":24', b'"shape":[3'):
        changed = head.replace(old, old.rstrip(b"0123456789") + number.encode())
        assert changed != head
        body, length = changed + POINTS.tobytes(), {HEADER_LENGTH: str(len(changed))}
        assert_error(server.post(INFER, data=body, headers=length), 400)


@pytest.mark.parametrize("half", [b"\\ud800", b"\\udc00x", b"\xed\xa0\x80"])
@pytest.mark.parametrize("special", [b"", b', "y": NaN'])
def test_half_a_surrogate_pair_is_400_wherever_it_stands(server: Server, half: bytes, special: bytes) -> None:
    """In a name, an id or a datatype it could not be given back; NaN is what only the slower reader takes."""
    whole = json.dumps({**infer(), "id": "ID", "outputs": [{"name": "probabilities"}]}).encode()
    for old in (b'"ID"', b'"points"', b'"FP32"', b'"probabilities"', b'"id"', b'"shape"'):
        body = whole.replace(old, b'"' + half + b'"')[:-1] + special + b"}"
        assert_error(server.post(INFER, data=body), 400, "JSON")
    for body in (b'{"signature_name": "X", "instances": [[0, 0]]', b'{"instances": [{"X": [0, 0]}]', b'{"inputs": "X"'):
        assert_error(server.post(PREDICT, data=body.replace(b"X", half) + special + b"}"), 400, "JSON")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "latin-1"])
@BOTH
def test_json_in_another_encoding_is_400(server: Server, path: str, encoding: str) -> None:
    document = {**infer(), "id": "ü", "instances": [[0, 0]]}
    del document["inputs" if path == PREDICT else "instances"]
    body = json.dumps(document, ensure_ascii=False)
    assert_error(server.post(path, data=body.encode(encoding)), 400, "JSON")
    for readable in ("utf-8", "utf-8-sig"):
        assert server.post(path, data=body.encode(readable)).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", INFER),
        ("PUT", INFER),
        ("DELETE", "/v2/models/linear"),
        ("POST", "/v2/health/live"),
        ("GET", "/v2/repository/index"),
        ("GET", "/v2/repository/models/linear/load"),
        ("PATCH", PREDICT),
        ("POST", "/v1/models/linear/metadata"),
    ],
)
def test_another_method_is_405_and_says_which_is_taken(server: Server, method: str, path: str) -> None:
    answer = requests.request(method, server.url + path, timeout=30)
    if path == PREDICT:
        assert_error(answer, 405, "does not take PATCH")
    else:
        assert_error(answer, 405, f"does not take {method}; it takes")
    assert answer.headers["Allow"]


NAMES = [
    "nothing",
    "..",
    "%2e%2e",
    ".",
    "_experiments",
    "%00",
    "a%00b",
    "..%2f..%2fetc",
    "%2f",
    "%FF",
    "x" * 3000,
    "linear%0a",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("method", "pattern"),
    [
        ("POST", "/v2/models/{}/infer"),
        ("POST", "/v2/models/{}/versions/1/infer"),
        ("GET", "/v2/models/{}"),
        ("GET", "/v2/models/{}/ready"),
        ("GET", "/v2/models/{}/stats"),
        ("POST", "/v1/models/{}:predict"),
        ("POST", "/v1/models/{}/versions/1:predict"),
        ("GET", "/v1/models/{}"),
        ("GET", "/v1/models/{}/metadata"),
    ],
)
def test_a_name_that_is_no_models_is_404(server: Server, method: str, pattern: str, name: str) -> None:
    request = requests.Request(method, server.url, json=infer()).prepare()
    request.url = server.url + pattern.format(name)  # as it is: requests would tidy the path up
    with requests.Session() as session:
        answer = session.send(request, timeout=30)
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/json"
    assert list(answer.json()) == ["error"]


@pytest.mark.parametrize("path", ["/v2//health/live", "/v1/models//metadata", "/v2/health/live/", "/v2/", "/v1/"])
def test_a_slash_too_many_is_404_and_leads_nowhere_else(server: Server, path: str) -> None:
    answer = server.get(path, allow_redirects=False)
    assert_error(answer, 404, "there is nothing at")


@pytest.mark.parametrize("version", ["-1", "abc", "1.0", "01", "+1", "%31%00", "٣", "9", str(10**30), "1" * 3000])
def test_a_version_that_is_none_is_404(server: Server, version: str) -> None:
    for method, path in (
        ("POST", f"/v2/models/linear/versions/{version}/infer"),
        ("GET", f"/v2/models/linear/versions/{version}"),
        ("GET", f"/v2/models/linear/versions/{version}/ready"),
        ("GET", f"/v2/models/linear/versions/{version}/stats"),
        ("POST", f"/v1/models/linear/versions/{version}:predict"),
        ("GET", f"/v1/models/linear/versions/{version}"),
        ("GET", f"/v1/models/linear/versions/{version}/metadata"),
    ):
        answer = requests.request(method, server.url + path, json=infer(), timeout=30)
        assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/json"), path
        assert list(answer.json()) == ["error"]
    assert_error(server.get("/v2/models/linear/versions/0"), 404, "versions are numbers from 1")


COMPRESS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "deflate": zlib.compress}

VALID = {INFER: json.dumps(infer()).encode(), PREDICT: b'{"instances": [[0.1, 0.2]]}'}


@BOTH
@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_body_that_is_not_compressed_as_it_says_is_400(server: Server, path: str, coding: str) -> None:
    compress = COMPRESS[coding]
    whole = compress(VALID[path])
    headers = {"Content-Encoding": coding}
    assert server.post(path, data=whole, headers=headers).status_code == 200
    assert_error(server.post(path, data=VALID[path], headers=headers), 400, f"is not {coding}")
    assert_error(server.post(path, data=b"", headers=headers), 400)
    assert_error(server.post(path, data=whole + b"x", headers=headers), 400, "go on after their end")
    for cut in (1, 5, len(whole) // 2):
        assert_error(server.post(path, data=whole[:-cut], headers=headers), 400, "end too early")
    spoiled = bytearray(whole)
    spoiled[-1] ^= 1  # the checksum
    assert_error(server.post(path, data=bytes(spoiled), headers=headers), 400)


@BOTH
@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_body_that_grows_beyond_the_limit_is_413(server: Server, path: str, coding: str) -> None:
    compress = COMPRESS[coding]
    bomb = compress(b" " * (64 * 2**20))
    assert len(bomb) < 2**17
    assert_error(server.post(path, data=bomb, headers={"Content-Encoding": coding}), 413, str(16 * 2**20))


@BOTH
@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "x", ""])
def test_an_unknown_content_encoding_is_415_and_says_which_is_taken(server: Server, path: str, coding: str) -> None:
    answer = server.post(path, data=VALID[path], headers={"Content-Encoding": coding})
    assert_error(answer, 415, "gzip or deflate")


@BOTH
def test_a_body_over_the_limit_is_413(server: Server, path: str) -> None:
    assert_error(server.post(path, data=b" " * (16 * 2**20 + 1)), 413, str(16 * 2**20))


@pytest.fixture
def few(models_dir: Path, tmp_path: Path) -> Iterator[AppServer]:
    """The service within this process, where it takes three points."""
    with serving_app(copy(models_dir, tmp_path / "models", "linear"), max_points=3) as started:
        yield started


def test_more_points_than_are_taken_are_413_in_every_form(few: AppServer) -> None:
    for n, status in ((3, 200), (4, 413)):
        points = np.zeros((n, 2), np.float32)
        content, headers = with_bytes(points)
        for answer in (
            few.post(INFER, json={"inputs": [tensor(points)]}),
            few.post(INFER, json={"inputs": [tensor(points, data=points.tolist())]}),
            few.post(INFER, data=content, headers=headers),
            few.post(INFER, data=points.tobytes(), headers={HEADER_LENGTH: "0"}),
            few.post(PREDICT, json={"instances": points.tolist()}),
            few.post(PREDICT, json={"instances": [{"points": row} for row in points.tolist()]}),
            few.post(PREDICT, json={"inputs": points.tolist()}),
        ):
            assert answer.status_code == status, answer.text
            if status == 413:
                assert_error(answer, 413, "4 points are more than the 3 taken at once")
    many = [[0, 0]] * 200_001
    assert_error(few.post(PREDICT, json={"instances": many}), 413, "more than 3 points")
    assert_error(few.post(INFER, json=infer(data=many)), 413, "more than 3 points")


@pytest.mark.parametrize("body", ["[", "[]", "7", '{"ready": "true"}', '{"ready": null}', "{" * 250_000])
def test_a_body_that_asks_nothing_of_the_index_is_400(server: Server, body: str) -> None:
    assert_error(server.post("/v2/repository/index", data=body), 400)


@pytest.mark.parametrize("path", ["/v2/repository/index", "/v2/models/linear/infer", PREDICT])
def test_a_body_of_far_too_many_lists_is_refused_unread(server: Server, path: str) -> None:
    """Parsed, they would take 25 times the memory, and seconds."""
    assert_error(server.post(path, data=b'{"x": [' + b",".join([b"[]"] * 5_000_000) + b"]}"), 413, "holds more than")


VALUES: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    2**64,
    10**30,
    "",
    "points",
    "\x00",
    [],
    {},
    [[]],
    [0, 0],
    {"points": [[0, 0]]},
]
documents = st.sampled_from(
    [
        (
            INFER,
            {**infer(), "id": "x", "parameters": {"binary_data_output": True}, "outputs": [{"name": "probabilities"}]},
        ),
        (INFER, infer(data=POINTS.tolist(), parameters={"binary_data_size": 24})),
        (PREDICT, {"signature_name": "serving_default", "instances": [{"points": [0, 0]}, {"points": [1, 1]}]}),
        (PREDICT, {"signature_name": "at", "inputs": {"points": [[0, 0]], "replicate": 0, "snapshot": 0}}),
    ]
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, child in inner for place in _places(child, (*path, key)))]


def _changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _changed(value[path[0]], path[1:], new)
    return copy


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), asked=documents, compress=st.booleans(), length=st.none() | st.integers(0, 400))
def test_whatever_is_changed_in_a_body_is_answered_or_refused(
    server: Server, data: st.DataObject, asked: tuple[str, Any], compress: bool, length: int | None
) -> None:
    path, document = asked
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from(_places(document)))
        document = _changed(document, place, data.draw(st.sampled_from(VALUES) | st.text() | st.floats()))
    body = json.dumps(document).encode() + data.draw(st.sampled_from([b"", b"\x00" * 24, b"x"]))
    headers = {} if length is None else {HEADER_LENGTH: str(length)}
    if compress:
        body, headers = gzip.compress(body, 1), {**headers, "Content-Encoding": "gzip", "Accept-Encoding": "gzip"}
    answer = server.post(path, data=body, headers=headers)
    if answer.status_code == 200:
        assert answer.content
    else:
        assert answer.status_code in (400, 413)
        assert_error(answer, answer.status_code)
