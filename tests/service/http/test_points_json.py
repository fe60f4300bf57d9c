"""Rows read as an array say what they say read as lists, whatever the body; and so do the errors.

The pieces in which a body is read are made a few bytes long here, and read by simdjson and by orjson in turn.
"""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from service.dataplane.points import PointsError, from_rows
from service.errors import MalformedError, TooLargeError
from service.http import points_json
from service.http.body import parse_json
from service.http.points_json import PIECE_BYTES, parse_points_json

WRITTEN = [
    *("0", "-0", "-0.0", "1", "01", "1.", ".5", "+1", "-1", "1e2", "1E+2", "1e-2", "1e", "0x1", "1_0", "0.1"),
    *("1e400", "-1e400", "1e-400", "4.9e-324", "1.7e308", "3e38", "4e38", "1e20", "1.00000000001e20", "9.9e19"),
    *("9007199254740993", "18446744073709551615", "18446744073709551616", "-9223372036854775809"),
    *("0.30000000000000004", "123456789.123456789012345", "NaN", "Infinity", "-Infinity", "null", "true"),
    *('"1"', '"\\u0031"', "[]", "[1]", "{}", "1,2", ""),
]
"""What numbers may be written as, and what is taken for none."""

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


@pytest.fixture(params=["simdjson", "orjson", "simdjson, in one piece"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read in pieces, by this parser, what would be read in one, and as long bodies are."""
    monkeypatch.setattr(points_json, "ARRAY_PARSE_MIN_BYTES", 0)
    if "one piece" not in request.param:
        monkeypatch.setattr(points_json, "PIECE_BYTES", 5)
    if request.param == "orjson":
        monkeypatch.setattr(points_json, "simdjson", None)


def read(body: bytes | bytearray, *names: str) -> tuple[str, Any]:
    """Return the points and what stands beside them, or what is said of the body."""
    try:
        document = parse_points_json(body, *names) if names else parse_json(body)
        if not isinstance(document, dict) or "points" not in document:
            return "else", repr(document)
        points = from_rows(document.pop("points"))
    except (MalformedError, PointsError) as error:
        return "error", str(error)
    return repr(document), (points.dtype, points.shape, points.tobytes())


@pytest.mark.usefixtures("parser")
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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
    assert read(bytearray(body), "points") == read(body)


@st.composite
def written_rows(draw: st.DrawFn) -> str:
    """Rows as somebody may write them: most are numbers, of most rows as many, and some of it has gone wrong."""
    width = draw(st.integers(1, 3))
    usual = st.sampled_from(["1", "-2.5", "3e-1", "0.1", "12345"])
    number = st.one_of(usual, usual, usual, st.sampled_from(WRITTEN))
    space = st.sampled_from(["", "", " ", "\n\t", "\r"])
    row = st.lists(number, min_size=width, max_size=width)
    rows = draw(st.lists(st.one_of(row, row, row, st.lists(number, max_size=4)), min_size=1, max_size=6))
    comma, opens, closes = (draw(space) + mark + draw(space) for mark in ",[]")
    text = opens + comma.join(opens + comma.join(row) + closes for row in rows) + closes
    at, change = draw(st.integers(0, len(text))), draw(st.sampled_from(["", "", "", "", ",", "[", "]", "1", " "]))
    return text[:at] + change + text[at:]


@pytest.mark.usefixtures("parser")
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=written_rows(), before=st.sampled_from(["", '"model": "a", ', '"models": ["a"], ', '"points": 3, ']))
@example(rows="[[1,2],[3,4],]", before="")
@example(rows="[[1,2],3[,4]]", before="")
@example(rows="[[1,2]5,[3,4]]", before="")
@example(rows="[[1],[2,3,4]]", before="")
@example(rows="[[[1,2],[3,4]],[[5,6],[7,8]]]", before="")
@example(rows="[[1,2,[3,4]],[5,6,7,8]]", before="")
@example(rows="[[1,2],[3,4]", before="")
@example(rows="[1,2],[3,4]", before="")
@example(rows="[1,[2],[3,4]]", before="")
@example(rows="[[1,2],[3],4]", before="")
@example(rows="[[1,2],[3,4],5,[6]]", before="")
@example(rows="[[1,2],[3],4,[5,6]]", before="")
@example(rows="[[1,2],[3],[4,5,6]]", before="")
@example(rows="[[1,2],[3],[4,5],[6]]", before="")
@example(rows="[[1,2],[3,4],5[,6]]", before="")
@example(rows="[[1,2],[3,4Y,[5,6]]", before="")
def test_an_array_says_what_lists_say_however_they_are_written(rows: str, before: str) -> None:
    for after in ("", ', "b": null', ', "b": ["[1]"]', ', "points": [[9]]'):
        body = f'{{{before}"points": {rows}{after}}}'.encode()
        assert read(body, "points") == read(body)


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize("form", ["[[1,2],[{},4],[5,6]]", "[[1],[{}],[3]]", "[{},[1]]", "[ [ 1 , 2 ] ,\n[ 3 , {} ] ]"])
def test_a_number_is_one_in_an_array_if_it_is_one_in_a_list(form: str) -> None:
    for number in WRITTEN:
        body = f'{{"points": {form.format(number)}}}'.encode()
        assert read(body, "points") == read(body), number


def flat(body: bytes, *, as_array: bool) -> tuple[Any, ...]:
    """Return the numbers of a flat list as float32, or that they are none."""
    if not as_array:
        try:
            data = parse_json(body)["data"]
            good = isinstance(data, list) and data and {*map(type, data)} <= {int, float}
            return tuple(from_rows([data])[0]) if good else ()
        except (MalformedError, PointsError, TypeError):
            return ()
    found, rest = points_json.cut_numbers(body, "data")
    assert (found is None) == (rest is body)
    try:
        assert found is None or parse_json(rest)["data"] == points_json.PLACEHOLDER
    except MalformedError:  # as will be seen
        return ()
    return () if found is None or found.ndim != 1 else tuple(found)


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(
    "form", ["[1,2,{},4,5]", "[{}]", "[ 1 ,\t{} ]", "[1,2,{},]", "[1,,{}]", "[1,2,3,4{}", "[1],{}]"]
)
def test_numbers_of_a_flat_list_are_what_a_list_says_or_are_left_in_it(form: str) -> None:
    for number in WRITTEN:
        body = f'{{"data": {form.format(number)}, "b": 1}}'.encode()
        as_array, as_list = flat(body, as_array=True), flat(body, as_array=False)
        assert as_array in (as_list, ()), number
        if number.isdecimal() and len(number) < 18:
            assert as_array == as_list, number


@pytest.mark.usefixtures("parser")
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


@pytest.mark.parametrize("form", [{}, {"separators": (",", ":")}, {"separators": (",\r\n    ", ": ")}, {"indent": 4}])
@pytest.mark.parametrize("length", [10, 1000, PIECE_BYTES // 5])
def test_rows_are_an_array_exact_to_the_last_bit(length: int, form: dict[str, Any]) -> None:
    points = np.random.default_rng(length).normal(0, 10.0 ** np.arange(-9, 10, 6), (length, 4))
    body = json.dumps({"model": "tanh-10", "rows": points.tolist()}, **form).encode()
    document = parse_points_json(body, "points", "rows")
    assert isinstance(document["rows"], np.ndarray)
    np.testing.assert_array_equal(document["rows"], points.astype(np.float32), strict=True)
    assert document["model"] == "tanh-10"


@pytest.mark.parametrize("row", ["[1,2]", "[-0.25,1e-3,7]", "[4]"])
@pytest.mark.parametrize("n", [2, 3, PIECE_BYTES // 5, PIECE_BYTES])
def test_short_rows_are_an_array(row: str, n: int) -> None:
    body = f'{{"points": [{",".join([row] * n)}]}}'.encode()
    numbers, _ = points_json.cut_numbers(body, "points")
    assert numbers is not None
    assert numbers.tolist() == np.array([json.loads(row)] * n, np.float32).tolist()


def test_rows_in_an_object_are_an_array_where_they_may_be() -> None:
    points = np.random.default_rng(1).normal(size=(100, 2)).astype(np.float32)
    body = json.dumps({"models": ["a", "b"], "inputs": {"points": points.tolist(), "replicate": 3}, "x": [1]}).encode()
    document = parse_points_json(body, "inputs", objects=("inputs",))
    np.testing.assert_array_equal(document["inputs"]["points"], points, strict=True)
    assert document["models"] == ["a", "b"]
    assert isinstance(parse_points_json(body, "inputs")["inputs"]["points"], list)


def test_what_is_far_too_much_is_refused_before_it_is_read_as_lists() -> None:
    many = b'{"points": [' + b",".join([b"[1,2]"] * 300_000) + b"]}"
    for body in (many, many.replace(b"[1,2]]}", b'["a"]]}'), many.replace(b"points", b"others")):
        with pytest.raises(TooLargeError, match="more than 1000 points"):
            parse_points_json(body, "points", limits=lambda: (1000, 2))
        assert len(parse_points_json(body, limits=lambda: (300_000, 2))) == 1


def test_threads_do_not_get_each_others_numbers() -> None:
    bodies = {i: json.dumps({"points": [[i, i + 0.5]] * (i * 10 + 100)}).encode() for i in range(100)}

    def right(i: int) -> bool:
        found = parse_points_json(bodies[i], "points")["points"]
        return isinstance(found, np.ndarray) and bool((found == [i, i + 0.5]).all()) and len(found) == i * 10 + 100

    with ThreadPoolExecutor(16) as threads:
        assert all(threads.map(right, list(bodies) * 20))
