"""Requests are parsed on the loop as gunicorn's own parser does, however they come in; what is no plain request is left
to it.
"""

import string

import pytest
from gunicorn.config import Config
from gunicorn.http import get_parser
from hypothesis import example, given
from hypothesis import strategies as st

from service.server import framing
from service.server.request_parser import (
    MAX_HEAD_BYTES,
    RECEIVE_BYTES,
    Request,
    RequestParser,
    State,
    agrees_with,
)

HEAD = b"POST /predict?a=1 HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n"
MAX_BODY_BYTES = 200_000
PLAIN = HEAD + b'{"points":[[]]}'

CHUNKED = HEAD.replace(b"Content-Length: 15", b"Transfer-Encoding: chunked")

TOKENS = st.text(string.ascii_letters + string.digits + "-_", min_size=1, max_size=12)
VALUES = st.text(st.characters(min_codepoint=9, max_codepoint=255), max_size=20)


def parsed(*pieces: bytes) -> RequestParser:
    parser = RequestParser(MAX_BODY_BYTES)
    for piece in pieces:
        assert parser.state is State.NEED_DATA
        parser.receive_data(piece)
    return parser


def as_gunicorn_parses(content: bytes) -> tuple[str, str, list[tuple[str, str]], bytes, bool]:
    """Return method, target, headers, body, and whether the connection is kept, by gunicorn's parser in Python.

    Raises:
        Exception: whatever it refuses the request with.
    """
    config = Config()
    config.set("http_parser", "python")
    message = next(get_parser(config, iter([content]), ("127.0.0.1", 1)))
    return message.method, message.uri, message.headers, message.body.read(), not message.should_close()


def test_a_request_is_parsed_whole() -> None:
    headers = {"host": "x", "content-type": "application/json", "content-length": "15"}
    assert parsed(PLAIN).request == Request("POST", "/predict?a=1", headers, b'{"points":[[]]}', "1.1", keep_alive=True)


@pytest.mark.parametrize("cut", range(1, len(PLAIN)))
def test_a_request_in_two_pieces_is_the_same(cut: int) -> None:
    whole, parser = parsed(PLAIN), parsed(PLAIN[:cut])
    assert parser.state is State.NEED_DATA
    assert parser.receive_data(PLAIN[cut:]) is State.COMPLETE
    assert parser.request == whole.request
    assert parser.received == PLAIN


@pytest.mark.parametrize("first", [0, 1, 1000])
@pytest.mark.parametrize("follows", [b"", b"G"])
def test_a_long_body_is_received_piece_by_piece(first: int, follows: bytes) -> None:
    body = bytes(range(256)) * (3 * RECEIVE_BYTES // 256)
    head = HEAD.replace(b"Length: 15", b"Length: %d" % len(body))
    rest = body + follows
    pieces = [head + rest[:first]] + [rest[at : at + 50_000] for at in range(first, len(rest), 50_000)]
    parser = parsed(*pieces)
    assert parser.received == head + rest
    assert parser.n_received == len(head + rest)
    assert parser.is_whole
    if follows:
        assert (parser.state, parser.request) == (State.DELEGATE, None)
    else:
        assert parser.state is State.COMPLETE
        assert parser.request is not None
        assert parser.request.body == body


def test_a_client_holds_no_more_than_eight_times_what_it_has_sent() -> None:
    length = 100 * RECEIVE_BYTES
    head = HEAD.replace(b"Length: 15", b"Length: %d" % length)
    parser = RequestParser(length)
    parser.receive_data(head)
    sent = 0
    while parser.state is State.NEED_DATA:
        room = parser.room()
        if room is None:
            parser.receive_data(bytes(1000))
            sent += 1000
        else:
            room[:50_000] = b"x" * len(room[:50_000])
            parser.receive_data(room[:50_000])
            sent += len(room[:50_000])
        assert parser.n_held <= len(head) + 8 * sent
        assert parser.n_received == len(head) + sent
    assert parser.request is not None
    assert len(parser.request.body) == sent == length


@pytest.mark.parametrize(
    ("content", "keep_alive"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", True),
        (b"GET / HTTP/1.0\r\n\r\n", False),
        (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nConnection: Close\r\n\r\n", False),
    ],
)
def test_the_client_says_whether_the_connection_is_kept(content: bytes, keep_alive: bool) -> None:
    request = parsed(content).request
    assert request is not None
    assert request.keep_alive is keep_alive


@pytest.mark.parametrize(
    "content",
    [
        PLAIN + PLAIN,
        PLAIN + b"G",
        PLAIN.replace(b"Host: x", b"Expect: 100-continue"),
        PLAIN.replace(b"Host: x", b"Expect: something else"),
        CHUNKED + b"f\r\n" + b'{"points":[[]]}' + b"\r\n0\r\n\r\n",
        CHUNKED + b"no number\r\n",
        CHUNKED + b"40000\r\n" + b" " * (MAX_BODY_BYTES + framing.READ_AHEAD_BYTES + 1),
        PLAIN.replace(b"Host: x", b"Upgrade: h2c\r\nConnection: upgrade"),
        PLAIN.replace(b"Host: x", b"Accept: a\r\nAccept: b"),
        PLAIN.replace(b"Host: x", b"Content_Length: 3"),
        PLAIN.replace(b"Host: x", b"Host : x"),
        PLAIN.replace(b"Host: x", b"Host: x\r\n y"),
        PLAIN.replace(b"Host: x", b"Long: " + b"x" * MAX_HEAD_BYTES),
        PLAIN.replace(b"Length: 15", b"Length: +15"),
        PLAIN.replace(b"Length: 15", b"Length: 15\r\nContent-Length: 15"),
        PLAIN.replace(b"Length: 15", b"Length: %d" % (MAX_BODY_BYTES + 1)),
        PLAIN.replace(b"HTTP/1.1", b"HTTP/2.0"),
        PLAIN.replace(b"\r\n", b"\n"),
        b"GET /" + b"x" * MAX_HEAD_BYTES,
        b"GET / HTTP/1.1\r\n" + b"x" * framing.MAX_HEAD_BYTES,
        b"\x16\x03\x01 this is TLS\n\n",
        b"nonsense\r\n\r\n",
        PLAIN.replace(b"HTTP/1.1", b"RTSP/1.0"),
        PLAIN.replace(b"POST ", b"POST  "),
        PLAIN.replace(b"?a=1", b"?a=1#b"),
        PLAIN.replace(b"/predict", b"http://x/predict"),
        PLAIN.replace(b"Host: x", b"Connection: keep-alive, te"),
        PLAIN.replace(b"Host: x", b"X-Forwarded-Ssl: on"),
        PLAIN.replace(b"Host: x", b"\r\n".join(b"X-%d: y" % i for i in range(99))),
        b"\r\n" + PLAIN,
    ],
)
def test_what_is_no_plain_request_is_delegated_to_gunicorn_untouched(content: bytes) -> None:
    parser = parsed(content)
    assert parser.state is State.DELEGATE
    assert parser.request is None
    assert parser.received == content


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"G",
        b"\r\n",
        b"\x16\x03",
        b"GET  / RTSP/1.0\r\nno field\r\n",
        HEAD[:-1],
        PLAIN[:-1],
        b"GET / HTTP/1.1\r\nLong: " + b"x" * 2 * MAX_HEAD_BYTES,
        b"UNKNOWN / HTTP/1.1\r\nHost:",
        HEAD.replace(b"Length: 15", b"Length: %d" % MAX_BODY_BYTES) + b"{",
        HEAD.replace(b"Host: x", b"Expect: 100-continue"),
        CHUNKED,
        CHUNKED + b"f\r\n{",
        CHUNKED + b"f\r\n" + b'{"points":[[]]}' + b"\r\n0\r\n",
    ],
)
def test_what_gunicorn_would_have_to_wait_for_is_delegated_once_it_is_there(content: bytes) -> None:
    assert parsed(content).state is State.NEED_DATA


def test_who_sends_much_around_little_is_refused() -> None:
    extended = b"1;" + b"x" * 60_000 + b"\r\n \r\n"
    parser = parsed(CHUNKED)
    while parser.state is State.NEED_DATA:
        parser.receive_data(extended)
    assert parser.state is State.TOO_LONG
    assert len(parser.received) < 10 * MAX_BODY_BYTES


def test_a_client_that_waits_to_be_told_to_go_on_is_told_once() -> None:
    expecting = HEAD.replace(b"Host: x", b"Expect: 100-Continue")
    assert parsed(expecting).expects_continue()
    assert not parsed(HEAD).expects_continue()
    assert not parsed(expecting + b"{").expects_continue()
    assert not parsed(expecting.replace(b"HTTP/1.1", b"HTTP/1.0")).expects_continue()


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("limit_request_line", 100),
        ("limit_request_fields", 5),
        ("limit_request_field_size", 50),
        ("secure_scheme_headers", {"X-TLS": "1"}),
        ("proxy_protocol", "v1"),
    ],
)
def test_where_gunicorn_is_set_to_read_requests_otherwise_it_reads_them_all(setting: str, value: object) -> None:
    config = Config()
    assert agrees_with(config)
    config.set(setting, value)
    assert not agrees_with(config)


def test_where_gunicorn_takes_a_prefix_from_each_path_it_reads_them_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCRIPT_NAME", "/boundaries")
    assert not agrees_with(Config())


@example("GET", {"Accept": "\t a/b \t"}, b"")
@given(st.sampled_from(["GET", "POST", "DELETE"]), st.dictionaries(TOKENS, VALUES, max_size=4), st.binary(max_size=30))
def test_a_request_is_read_as_gunicorn_parses_it(method: str, headers: dict[str, str], body: bytes) -> None:
    lines = [f"{method} /boundary?x=%20 HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items())]
    content = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode("latin-1") + body
    request = parsed(content).request
    if request is None:
        return
    fields = [(name.upper(), value) for name, value in request.headers.items()]
    assert (request.method, request.target, fields, request.body, request.keep_alive) == as_gunicorn_parses(content)
