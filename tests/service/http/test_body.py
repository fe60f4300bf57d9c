"""A body is read whole and within its limit, decompressed, and is JSON to the letter; or it is refused, and why."""

import gzip
import io
import math
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from service import CONTEXT
from service.app import create_app
from service.errors import MalformedError, TooLargeError, UnsupportedMediaTypeError
from service.http.body import check_json, parse_json, read_body, refuse_excess
from service.http.context import Call, Context
from service.request_record import RequestRecord
from service.settings import Settings

LIMIT = 1000
SPACES = b" " * (LIMIT + 1)

Send = Callable[..., Call]


@pytest.fixture(scope="module")
def send(tmp_path_factory: pytest.TempPathFactory) -> Send:
    nothing: Path = tmp_path_factory.mktemp("nothing")
    context: Context = create_app(Settings(models_dir=nothing, max_body_bytes=LIMIT)).extensions[CONTEXT]
    return lambda body, **headers: Call(
        "",
        {name.replace("_", "-"): value for name, value in headers.items()},
        io.BytesIO(body),
        RequestRecord("id", 0),
        context,
        context.plane,
    )


def test_a_body_is_read_up_to_its_length_or_to_its_end(send: Send) -> None:
    assert read_body(send(b"[1] and the next request", content_length="3")) == b"[1]"
    assert read_body(send(b"[1]")) == b"[1]"  # in chunks


@pytest.mark.parametrize(
    ("coding", "compress"),
    [("gzip", gzip.compress), ("deflate", zlib.compress), ("GZIP", gzip.compress), ("identity", bytes)],
)
def test_a_compressed_body_is_decompressed(send: Send, coding: str, compress: Callable[[bytes], bytes]) -> None:
    assert read_body(send(compress(b"[1]"), content_encoding=coding)) == b"[1]"


@pytest.mark.parametrize(
    ("body", "headers", "error", "words"),
    [
        (b"", {"content_length": "1001"}, TooLargeError, "1001 bytes; at most 1000"),
        (SPACES, {}, TooLargeError, "more than 1000 bytes"),
        (gzip.compress(SPACES), {"content_encoding": "gzip"}, TooLargeError, "when decompressed"),
        (b"[1", {"content_length": "3"}, MalformedError, "has 2 bytes, fewer"),
        (b"[1]", {"content_encoding": "gzip"}, MalformedError, "not gzip"),
        (gzip.compress(b"[1]")[:-1], {"content_encoding": "gzip"}, MalformedError, "end too early"),
        (gzip.compress(b"[1]") + b"x", {"content_encoding": "gzip"}, MalformedError, "go on after their end"),
        (b"[1]", {"content_encoding": "br"}, UnsupportedMediaTypeError, "gzip or deflate"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",  # gzip's bytes hold the time
)
def test_what_is_too_long_or_not_what_it_says_is_refused(
    send: Send, body: bytes, headers: dict[str, str], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        read_body(send(body, **headers))


@pytest.mark.parametrize(
    ("kind", "is_json"),
    [
        ("application/json", True),
        ("Application/JSON; charset=utf-8", True),
        ("text/plain", False),
        ("application/jsonl", False),
        (None, False),
    ],
)
def test_only_what_is_declared_as_json_is_taken_as_json(send: Send, kind: str | None, is_json: bool) -> None:
    call = send(b"{}", **({} if kind is None else {"content_type": kind}))
    if is_json:
        check_json(call)
    else:
        with pytest.raises(UnsupportedMediaTypeError, match="application/json"):
            check_json(call)


def test_special_numbers_are_let_through_and_anything_else_that_is_no_json_is_not() -> None:
    nan, infinity = parse_json(b"[NaN, -Infinity]")
    assert math.isnan(nan)
    assert infinity == -math.inf
    for body in (b"", b"[1,]", b"{'a': 1}", b'"\\ud800 and NaN"', "[1]".encode("utf-16"), b"[" * 100_000):
        with pytest.raises(MalformedError, match="not valid JSON"):
            parse_json(body)


def test_as_many_points_as_are_taken_pass_and_far_more_do_not() -> None:
    def points(count: int) -> bytes:
        return b"[" + b",".join([b"[1,2]"] * count) + b"]"

    refuse_excess(points(1000), 1000, 2)
    for body in (points(1100), b"[" * 2000, b"[" + b"1," * 3000 + b"1]"):
        with pytest.raises(TooLargeError, match="more than 1000 points"):
            refuse_excess(body, 1000, 2)
