"""Infer's bodies: what is written is read back, with bytes or without."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from service.edges.open_inference import tensors
from service.edges.open_inference.checks import TensorNames
from service.edges.open_inference.messages import InferRequest
from service.edges.open_inference.tensors import InferCall, decode, encode, header_length
from service.engines import Tensor
from service.errors import InvalidError, MalformedError
from tests.service.edges.standards import HEADER_LENGTH, Floats, tensor, with_bytes

coordinates = st.floats(-100, 100, width=32)
any_points = st.tuples(st.integers(1, 60), st.integers(1, 5)).flatmap(
    lambda shape: arrays.arrays(np.float32, shape, elements=coordinates)
)
texts = st.text()

OWN = Tensor("dense_input", "float32", (-1, 2), "dense_input:0"), Tensor("dense", "float32", (-1, 1), "dense:0")
NAMES = TensorNames("probabilities", lambda: OWN)


@given(points=any_points, given_id=st.none() | texts, binary=st.none() | st.booleans())
def test_every_form_of_a_request_is_read_as_the_same(points: Floats, given_id: str | None, binary: bool | None) -> None:
    n, d = points.shape
    rest = {**({} if given_id is None else {"id": given_id}), "parameters": {"binary_data_output": bool(binary)}}
    behind, headers = with_bytes(points, **rest)
    bodies = [
        (orjson.dumps({"inputs": [tensor(points, data=data)], **rest}), None)
        for data in (points.tolist(), points.ravel().tolist())
    ]
    for body, length in (*bodies, (behind, int(headers[HEADER_LENGTH]))):
        asked = decode(body, length, d, n, NAMES)
        assert np.array_equal(asked.points, points)
        assert (asked.id, asked.binary) == (given_id, bool(binary))
    raw = decode(points.astype("<f4").tobytes(), 0, d, n, NAMES)
    assert np.array_equal(raw.points, points)
    assert (raw.id, raw.binary) == (None, True)


@given(values=arrays.arrays(np.float32, st.integers(1, 200), elements=st.floats(0, 1, width=32)), given_id=texts)
def test_an_answer_says_the_same_in_json_and_in_bytes(values: Floats, given_id: str) -> None:
    points = np.zeros((len(values), 2), np.float32)
    plain, none = encode("linear", 3, values, InferCall(points, output_name="probabilities", id=given_id))
    content, length = encode(
        "linear", 3, values, InferCall(points, output_name="probabilities", id=given_id, binary=True)
    )
    assert none is None
    assert length is not None
    in_json, in_bytes = orjson.loads(plain), orjson.loads(content[:length])
    assert np.array_equal(np.array(in_json["outputs"][0].pop("data"), np.float32), values)
    assert np.array_equal(np.frombuffer(content[length:], "<f4"), values)
    assert in_bytes["outputs"][0].pop("parameters") == {"binary_data_size": 4 * len(values)}
    assert in_json == in_bytes
    assert (in_json["model_name"], in_json["model_version"], in_json["id"]) == ("linear", "3", given_id)
    assert in_json["outputs"] == [{"name": "probabilities", "datatype": "FP32", "shape": [len(values)]}]


@given(length=st.integers(-5, 40), size=st.integers(0, 30))
def test_a_header_length_is_a_number_of_bytes_that_are_there(length: int, size: int) -> None:
    body = b"x" * size
    if 0 <= length <= size:
        assert header_length(str(length), body) == length
    else:
        with pytest.raises(MalformedError, match=f"from 0 to the body's {size}"):
            header_length(str(length), body)
    assert header_length(None, body) is None


@given(text=st.text())
def test_a_header_length_is_digits_and_nothing_else(text: str) -> None:
    try:
        found = header_length(text, b"x" * 10)
    except MalformedError:
        return
    assert set(text) <= set("0123456789")
    assert found == int(text) <= 10


numbers = st.integers() | st.floats()
data = st.one_of(
    st.lists(numbers, max_size=4),
    st.lists(st.lists(numbers, min_size=2, max_size=2), max_size=3),
    st.lists(st.lists(numbers, max_size=3), max_size=3),
    st.none() | st.booleans() | st.text(max_size=3),
)
confusing = st.none() | st.text(st.sampled_from('"data[]{}:1, \\'), max_size=12)
edits = st.none() | st.tuples(
    st.integers(0, 200), st.sampled_from([*(bytes([c]) for c in b'[],{}"-+.0e1 :nN\xff'), b""])
)


@settings(max_examples=500, deadline=None)
@given(
    data=data, given_id=confusing, name=confusing, parameters=st.none() | st.dictionaries(confusing, data), edit=edits
)
@example(data=[1.5], given_id="data", name="points", parameters={"data": [1]}, edit=None)
@example(data=[1.5], given_id='"data":[3]', name="points", parameters=None, edit=None)
@example(data=[[1, 2], [3, 4]], given_id=None, name="points", parameters=None, edit=(60, b"]"))
@example(data=[True], given_id=None, name="points", parameters=None, edit=None)
def test_numbers_parsed_apart_make_the_same_request(
    data: Any, given_id: Any, name: Any, parameters: Any, edit: tuple[int, bytes] | None
) -> None:
    one = {"name": name, "shape": [1, 2], "datatype": "FP32", "parameters": parameters, "data": data}
    body = json.dumps({"id": given_id, "inputs": [one]}).encode()
    if edit is not None:
        at, character = edit
        body = body[:at] + character + body[at + 1 :]
    assert outcome(lambda content: tensors._read_request(content, lambda: (1000, 2)), body) == outcome(
        lambda content: (tensors._load(content), None), body
    )


def outcome(read: Callable[[bytes], tuple[InferRequest, Any]], body: bytes) -> str:
    """Return a request with its numbers as float32, or what is said of it."""
    try:
        request, numbers = read(body)
    except (InvalidError, MalformedError) as error:
        return error.detail
    given = [(entry, as_floats(entry.data if numbers is None else numbers)) for entry in request.inputs]
    return repr(replace(request, inputs=[replace(entry, data=floats) for entry, floats in given]))


def as_floats(data: Any) -> Any:
    try:
        with np.errstate(over="ignore"):
            numbers = np.array(data, np.float64).astype(np.float32)
    except (TypeError, ValueError, OverflowError):  # something else, ragged, or too large for a float
        return data
    return numbers.tolist() if isinstance(data, np.ndarray) or are_lists_of_numbers(data) else data


def are_lists_of_numbers(data: Any) -> bool:
    return all(map(are_lists_of_numbers, data)) if isinstance(data, list) else type(data) in (int, float)
