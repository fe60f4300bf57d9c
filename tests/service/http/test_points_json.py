"""Rows read as an array say what they say read as lists, whatever the body; and so do the errors."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.dataplane.points import PointsError, from_rows
from service.errors import MalformedError
from service.http.body import parse_json
from service.http.points_json import POOL_MAX_BYTES, parse_points_json

numbers = st.integers() | st.floats()
rows = st.lists(st.lists(numbers, max_size=3), max_size=4)
regular = st.integers(1, 3).flatmap(
    lambda d: st.lists(st.lists(numbers, min_size=d, max_size=d), min_size=1, max_size=5)
)
anything = st.recursive(st.none() | st.booleans() | numbers | st.text(), lambda inner: st.lists(inner, max_size=3))
documents = st.dictionaries(st.sampled_from(["points", "model", "[", "]"]), regular | rows | anything, max_size=3)
spaces = st.sampled_from([None, 1, "\t"])
edits = st.none() | st.tuples(
    st.integers(0, 200), st.sampled_from([b"", *(bytes([c]) for c in b'[],{}"-+.0e1 :nN\xff')])
)


def read(body: bytes, *names: str) -> tuple[str, Any]:
    """Return the points and what stands beside them, or what is said of the body."""
    try:
        document = parse_points_json(body, *names) if names else parse_json(body)
        if not isinstance(document, dict) or "points" not in document:
            return "else", repr(document)
        points = from_rows(document.pop("points"))
    except (MalformedError, PointsError) as error:
        return "error", str(error)
    return repr(document), (points.dtype, points.shape, points.tobytes())


@settings(max_examples=500, deadline=None)
@given(document=documents, indent=spaces, edit=edits)
@example(document={"points": [[1, 2], [3, 4]]}, indent=None, edit=(17, b"3"))  # [[1, 2]3 …
@example(document={"points": [[1], [2, 3, 4]]}, indent=None, edit=None)  # as many numbers as in two rows of two
@example(document={"points": [[1], []]}, indent=None, edit=None)
@example(document={"points": [[1.5, 2]], "model": "[[,]]"}, indent=None, edit=None)
@example(document={"points": [[2**64, -(2**64)]]}, indent=None, edit=None)
@example(document={"points": [[True, 1]]}, indent=None, edit=None)
@example(document={"points": [[[1, 2]], [[3, 4]]]}, indent=None, edit=None)
def test_an_array_says_what_lists_say(document: dict[str, Any], indent: Any, edit: tuple[int, bytes] | None) -> None:
    body = json.dumps(document, indent=indent).encode()
    if edit is not None:
        at, character = edit
        body = body[:at] + character + body[at + 1 :]
    assert read(body, "points") == read(body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"points": [[1, 2]], "points": 3}',
        b'{"points": 3, "points": [[1, 2]]}',
        b'{"points": [[1, 2]], "points": [[3, 4]]}',
        b'{"a": {"points": [[1, 2]]}, "points": 1}',
        b'[{"points": [[1, 2]]}]',
        b"[[1, 2]]",
        b'{"points": [[1, 2]]} ]',
        b'{"points": [[0.1, 1e400]]}',
        b'{"points": [[NaN, 1]]}',
        b'{"points": ' + b"[" * 5000 + b"]" * 5000 + b"}",
        b"",
    ],
)
def test_of_bodies_that_mislead_both_say_the_same(body: bytes) -> None:
    assert read(body, "points") == read(body)


@pytest.mark.parametrize("length", [1, 1000, POOL_MAX_BYTES // 20])
def test_rows_are_an_array_exact_to_the_last_bit(length: int) -> None:
    points = np.random.default_rng(length).normal(0, 10.0 ** np.arange(-9, 10, 6), (length, 4))
    document = parse_points_json(json.dumps({"model": "tanh-10", "rows": points.tolist()}).encode(), "points", "rows")
    assert isinstance(document["rows"], np.ndarray)
    np.testing.assert_array_equal(document["rows"], points)
    assert document["model"] == "tanh-10"


def test_threads_do_not_get_each_others_numbers() -> None:
    bodies = {i: json.dumps({"points": [[i, i + 0.5]] * (i * 10 + 1)}).encode() for i in range(100)}

    def right(i: int) -> bool:
        found = parse_points_json(bodies[i], "points")["points"]
        return isinstance(found, np.ndarray) and bool((found == [i, i + 0.5]).all()) and len(found) == i * 10 + 1

    with ThreadPoolExecutor(16) as threads:
        assert all(threads.map(right, list(bodies) * 20))
