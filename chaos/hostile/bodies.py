"""Bodies: documents that the interfaces take, with one thing or another wrong in them."""

import gzip
import json
import zlib
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

POINTS = [[0.1, 0.2], [0.9, -0.4]]
TENSOR: dict[str, Any] = {"name": "points", "shape": [2, 2], "datatype": "FP32"}

PREDICT: list[dict[str, Any]] = [
    {"points": POINTS, "model": "tanh-3", "version": 1, "threshold": 0.5},
    {"points": POINTS, "models": ["linear", "tanh-3"]},
]
TENSORFLOW_SERVING: list[dict[str, Any]] = [
    {"instances": POINTS, "signature_name": "serving_default"},
    {"inputs": {"points": POINTS, "replicate": 1, "snapshot": 2}, "signature_name": "at"},
]
OPEN_INFERENCE: list[dict[str, Any]] = [
    {"id": "1", "inputs": [{**TENSOR, "data": POINTS}], "outputs": [{"name": "probabilities"}]},
    {"inputs": [{**TENSOR, "parameters": {"binary_data_size": 16}}], "parameters": {"binary_data_output": True}},
    {"inputs": [{**TENSOR, "datatype": "FP64", "data": POINTS}]},
    {"inputs": [{**TENSOR, "shape": [1, 2], "datatype": "INT64", "parameters": {"binary_data_size": 16}}]},
]
BINARY = np.array(POINTS, "<f4").tobytes()

ODD: SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from(
        [-1, 0, 2**31, 2**63, 2**64, 10**400, 1e308, -1e39, 5e-324, "", "NaN", "\0", "\ud800", "constructor"]
    ),
    st.floats(),
    st.text(max_size=20),
    st.lists(st.one_of(st.integers(), st.floats(), st.text(max_size=3)), max_size=4),
    st.dictionaries(st.text(max_size=8), st.integers(), max_size=3),
    st.integers(1, 3000).map(lambda depth: _nested(depth)),
)
"""Values that are hardly ever right; hypothesis knows the odd ones of each type."""

ANY_JSON = st.recursive(ODD, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=8), inner), max_leaves=8)


def _nested(depth: int) -> Any:
    value: Any = []
    for _ in range(min(depth, 300)):  # json.dumps itself goes no deeper; `deep` does
        value = [value]
    return value


@st.composite
def documents(draw: DrawFn, examples: list[dict[str, Any]]) -> Any:
    """A document of which one value, or two, are odd, missing, or doubled."""
    document = json.loads(json.dumps(draw(st.sampled_from(examples))))
    for _ in range(draw(st.integers(1, 2))):
        places = list(_places(document))
        holder, key = draw(st.sampled_from(places)) if places else (document, "new")
        what = draw(st.sampled_from(["replace", "remove", "add", "double"]))
        if what == "remove":
            del holder[key]
        elif what == "add" and isinstance(holder, dict):
            holder[draw(st.text(max_size=8))] = draw(ODD)
        elif what == "double" and isinstance(holder, list):
            holder += holder[:50]
        else:
            holder[key] = draw(ODD)
    return document


def _places(value: Any) -> Any:
    """Yield every place in a document, as what holds it and its key there."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield value, key
        if isinstance(inner, dict | list):
            yield from _places(inner)


def deep(depth: int) -> bytes:
    return b'{"points":' + b"[" * depth + b"]" * depth + b"}"


def texts(examples: list[dict[str, Any]]) -> SearchStrategy[bytes]:
    """JSON, or nearly."""
    proper = st.one_of(documents(examples), ANY_JSON).map(lambda value: json.dumps(value).encode())
    special = st.sampled_from(
        [
            *(b"", b"null", b"{", b"[[", b"\0", b"\xff\xfe{", b'{"points": [[1, 2],]}', b'{"points": [[1e999, 0]]}'),
            *(deep(10), deep(1000), deep(30_000), b"[" * 60_000, b'{"a":' * 20_000),
            *(b'{"points": [[' + b"9" * 5000 + b", 0]]}", b'{"points": "' + b"x" * 70_000 + b'"}'),
            *(b'{"points": [[0, 0]], "points": 1}', b'{"model": "\xed\xa0\x80"}', b'{"model": "\\ud800"}'),
        ]
    )
    return st.one_of(proper, proper.flatmap(spoiled), special)


def spoiled(content: bytes) -> SearchStrategy[bytes]:
    """The same bytes: cut off, with some changed, put in or repeated, or in another encoding."""
    place = st.integers(0, len(content))
    return st.one_of(
        place.map(lambda at: content[:at]),
        st.tuples(place, st.binary(min_size=1, max_size=4)).map(
            lambda how: content[: how[0]] + how[1] + content[how[0] :]
        ),
        st.tuples(place, st.binary(min_size=1, max_size=4)).map(
            lambda how: content[: how[0]] + how[1] + content[how[0] + len(how[1]) :]
        ),
        st.tuples(place, place).map(lambda span: content + content[min(span) : max(span)]),
        st.sampled_from([b"\xef\xbb\xbf" + content, content.decode("latin-1").encode("utf-16"), content[::-1]]),
    )


@st.composite
def binary(draw: DrawFn) -> tuple[bytes, bytes]:
    """A body of JSON and tensors, and the length that it says its JSON has; one of them is often wrong."""
    examples = [example for example in OPEN_INFERENCE if "parameters" in example]
    text = json.dumps(draw(st.one_of(st.sampled_from(examples), documents(examples)))).encode()
    floats = st.lists(st.floats(width=32), max_size=6).map(lambda numbers: np.array(numbers, "<f4").tobytes())
    tensor = draw(st.one_of(st.just(BINARY), floats, st.binary(max_size=40), spoiled(BINARY)))
    lengths = st.one_of(
        st.integers().map(str), st.sampled_from(["", " ", "0x10", "1e2", "+5", "٣", "-0", "9" * 30, "a,b"])
    )
    length = draw(st.one_of(st.just(str(len(text))), lengths))
    return text + tensor, length.encode()


def compressed(content: bytes) -> SearchStrategy[tuple[bytes, bytes]]:
    """The content with a coding, right or wrong, and that coding's name."""
    packed = st.sampled_from(
        [gzip.compress(content, mtime=0), zlib.compress(content), content, gzip.compress(b" " * 2**20)]
    )
    names = st.sampled_from([b"gzip", b"deflate", b"GZIP", b"identity", b"br", b"gzip, gzip", b"", b"x-gzip"])
    return st.tuples(st.one_of(packed, packed.flatmap(spoiled)), names)
