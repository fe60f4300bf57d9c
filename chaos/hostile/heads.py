"""Whole requests as bytes: over every path of the OpenAPI document and some beside it, with odd heads around bodies."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from chaos.hostile import bodies

Field = tuple[bytes, bytes]

PAGES = ("/", "/explorer/main.js", "/docs", "/docs/docs.js", "/nothing", "/v1", "/v2/models", "/metrics")
NAMES = (
    "linear",
    "tanh-3",
    "nobody",
    "..",
    "%2e%2e",
    "%00",
    "a%2Fb",
    "x" * 300,
    "%ff",
    "é",
    "linear%0d%0a",
    "*",
    "~",
    "linear;x",
)
NUMBERS = ("1", "0", "-1", "01", "1e3", "9" * 40, "٣", "latest", "%31", "1.0", "")
QUERIES = (
    "model",
    "version",
    "resolution",
    "epoch",
    "replicate",
    "x_min",
    "x_max",
    "format",
    "statistic",
    "minus",
    "layer",
    "unit",
    "width",
    "experiment",
    "colour",
)
QUERY_VALUES = (
    "linear",
    "1",
    "2",
    "-1",
    "0",
    "9" * 400,
    "1e400",
    "nan",
    "inf",
    "-0.0",
    "5e-324",
    "csv",
    "png",
    "npy",
    "std",
    "٣",
    "%00",
    "%ff",
    "%",
    "+",
    "true",
    "x" * 500,
)

FIELD_NAMES = (
    "Accept",
    "Accept-Encoding",
    "Accept-Language",
    "Authorization",
    "Connection",
    "Content-Encoding",
    "Content-Type",
    "Cookie",
    "Expect",
    "Forwarded",
    "Host",
    "If-None-Match",
    "If-Modified-Since",
    "Inference-Header-Content-Length",
    "Origin",
    "Range",
    "TE",
    "Traceparent",
    "Transfer-Encoding",
    "Upgrade",
    "X-API-Key",
    "X-Forwarded-For",
    "X-Forwarded-Prefix",
    "X-Forwarded-Proto",
    "X-Forwarded-Ssl",
    "X-HTTP-Method-Override",
    "X-Request-ID",
    "PATH_INFO",
    "SCRIPT_NAME",
    "Content_Length",
)
FIELD_VALUES = (
    b"",
    b"*",
    b"*/*;q=nan",
    b"a/b;q=1e9",
    b"gzip;q=-1",
    b"\xff\xfe",
    b'"',
    b'W/"',
    b"Bearer",
    b"Basic :",
    b"=;=",
    b"\t",
    b"x" * 3000,
    b"bytes=0-,1-",
    b"null",
    b"http://[",
    b"/x",
    b"application/json; charset=utf-16",
    b"application/x-npy",
    b"multipart/form-data; boundary=",
    b"100-continue",
    b"h2c",
    b"chunked",
    b"close",
    b"keep-alive, te",
    b"00-0-0-00",
)
TYPES = (
    b"application/json",
    b"application/json;charset=latin-1",
    b"text/plain",
    b"",
    b"application/octet-stream",
    b";",
    b"a",
)


@dataclass(frozen=True)
class HostileInput:
    """What is sent. A `whole` request is one that has to be answered."""

    kind: str
    content: bytes
    is_whole: bool = True


def inputs(paths: Sequence[tuple[str, str]]) -> SearchStrategy[HostileInput]:
    """Return inputs for these methods and paths, whose parameters stand in braces."""
    posts = [path for method, path in paths if method == "POST"]
    calls = [*paths, *(("GET", page) for page in PAGES)]
    kinds = {
        "target": targets(calls),
        "fields": odd_fields(calls),
        "JSON": st.sampled_from(posts).flatmap(json_requests),
        "coding": st.sampled_from(posts).flatmap(coded_requests),
        "binary": binary_requests(),
        "raw": raw(posts),
    }
    return st.sampled_from([*kinds]).flatmap(
        lambda kind: kinds[kind].map(lambda content: HostileInput(kind, content, is_whole=kind != "raw"))
    )


def request(method: str, target: bytes, fields: Sequence[Field] = (), body: bytes = b"") -> bytes:
    lines = [method.encode() + b" " + target + b" HTTP/1.1", b"Host: x", b"Connection: close"]
    lines += [name + b": " + value for name, value in fields]
    if body or method == "POST":
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join([*lines, b"", body])


def _paths(template: str) -> SearchStrategy[str]:
    names = [st.sampled_from(NAMES if name == "name" else NUMBERS) for name in re.findall(r"{(\w+)}", template)]
    return st.tuples(*names).map(lambda chosen: _filled(template, iter(chosen)))


def _filled(template: str, chosen: Iterator[str]) -> str:
    return re.sub(r"{\w+}", lambda _: next(chosen), template)


@st.composite
def targets(draw: DrawFn, calls: Sequence[tuple[str, str]]) -> bytes:
    """A path with odd parameters or tricks in it, and an odd query; as one that the parser takes."""
    method, template = draw(st.sampled_from(calls))
    path = draw(_paths(template))
    place = draw(st.integers(0, len(path)))
    trick = draw(
        st.sampled_from(["", "", "/", "//", "/..", "/./", "%2f", "%5c", "\\", ";", "%", "%u002f", "%c0%af", ":", "@"])
    )
    pairs = st.tuples(
        st.sampled_from(QUERIES), st.one_of(st.sampled_from(QUERY_VALUES), st.text(max_size=5).map(quote))
    )
    query = "&".join(f"{name}={value}" for name, value in draw(st.lists(pairs, max_size=4)))
    spelt = f"/{(path[:place] + trick + path[place:]).lstrip('/')}" + (f"?{query}" if query else "")
    other = draw(st.sampled_from([method, method, "HEAD", "OPTIONS", "DELETE", "PATCH", "TRACE"]))
    return request(other, quote(spelt, safe="/%?=&;:@\\+~*").encode())


@st.composite
def odd_fields(draw: DrawFn, calls: Sequence[tuple[str, str]]) -> bytes:
    method, template = draw(st.sampled_from(calls))
    values = st.one_of(st.sampled_from(FIELD_VALUES), st.binary(max_size=12).map(_printable))
    names = st.sampled_from(FIELD_NAMES).map(str.encode)
    fields = draw(st.lists(st.tuples(names, values), min_size=1, max_size=4))
    path = re.sub(r"{name}", "linear", template)
    return request(method, re.sub(r"{\w+}", "1", path).encode(), fields)


def _printable(value: bytes) -> bytes:
    return re.sub(rb"[\x00-\x1f\x7f]", b"?", value)


def _examples(path: str) -> list[dict[str, object]]:
    if path.startswith("/v1/"):
        return bodies.TENSORFLOW_SERVING
    return bodies.OPEN_INFERENCE if path.startswith("/v2/") else bodies.PREDICT


def _known(path: str) -> bytes:
    return path.replace("{name}", "tanh-3").replace("{version}", "1").replace("{number}", "1").encode()


def json_requests(path: str) -> SearchStrategy[bytes]:
    types = st.one_of(st.just(TYPES[0]), st.sampled_from(TYPES))
    return st.tuples(bodies.texts(_examples(path)), types).map(
        lambda made: request("POST", _known(path), [(b"Content-Type", made[1])], made[0])
    )


def coded_requests(path: str) -> SearchStrategy[bytes]:
    """A compressed body."""
    return (
        bodies.texts(_examples(path))
        .flatmap(bodies.compressed)
        .map(
            lambda made: request(
                "POST", _known(path), [(b"Content-Type", TYPES[0]), (b"Content-Encoding", made[1])], made[0]
            )
        )
    )


def binary_requests() -> SearchStrategy[bytes]:
    return st.tuples(
        bodies.binary(), st.sampled_from([b"/v2/models/tanh-3/infer", b"/v2/models/linear/versions/1/infer"])
    ).map(lambda made: request("POST", made[1], [(b"Inference-Header-Content-Length", made[0][1])], made[0][0]))


def raw(posts: Sequence[str]) -> SearchStrategy[bytes]:
    """Bytes that are hardly HTTP: spoiled requests, broken chunks, other protocols, several requests at once."""
    plain = st.sampled_from(posts).flatmap(json_requests)
    chunked = st.lists(
        st.tuples(
            st.sampled_from([b"0", b"3", b"-1", b"FFFFFFFFFFFFFFFFF", b"3;x", b"", b"0x3", b"a\r\n"]),
            st.binary(max_size=5),
        ),
        max_size=4,
    ).map(_chunked)
    others = st.sampled_from(
        [
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            b"\r\n" * 50,
            b"PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n",
            b"GET /" + b"a" * 70_000,
            b"A" * 70_000,
            b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
        ]
    )
    return st.one_of(
        plain.flatmap(bodies.spoiled),
        plain.map(lambda one: one.replace(b"Connection: close\r\n", b"") * 3 + one),
        st.tuples(plain, st.binary(max_size=30)).map(lambda how: how[0].replace(b"Host: x", b"X" + how[1] + b": y")),
        chunked,
        others,
        st.binary(max_size=200),
    )


def _chunked(chunks: Sequence[tuple[bytes, bytes]]) -> bytes:
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"".join(size + b"\r\n" + data + b"\r\n" for size, data in chunks)
