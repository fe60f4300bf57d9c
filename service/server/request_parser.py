"""A request, parsed from what a connection has received so far. It knows HTTP and nothing of the service.

Only a plain request is parsed here: short, and alone. All else is delegated to gunicorn's parser, which knows all of
HTTP and words its errors: an unusual head, a body that is long or of unknown length, a request with another behind it,
whatever llhttp (in httptools) refuses. But here it is seen when such a request is there as a whole, and it is delegated
then, so that no thread waits for a client.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

MAX_REQUEST_BYTES = 2**16
"""2,000 points in JSON. A longer request takes longer than others should wait."""

MAX_HEAD_BYTES = 4096
"""Of a plain request, and of the first line of any. Gunicorn takes longer heads, within limits that it checks."""

MAX_DELEGATED_HEAD_BYTES = 2**20
"""More than gunicorn takes: 100 fields of 8,190 bytes."""

MAX_FRAMING = 2
"""A chunked body may have so many times as many bytes as are in its chunks at most."""

DELEGATED_HEADERS = frozenset({"expect", "transfer-encoding", "upgrade"})
"""Headers that a plain request does not have."""

VERSIONS = frozenset({"1.1", "1.0"})

_END_OF_HEAD = re.compile(rb"\n\r?\n")


@dataclass(slots=True)
class Request:
    """A request. Its target is as it was sent, the names of its headers are in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    version: str
    keep_alive: bool


WireResponse = tuple[str, Sequence[tuple[str, str]], Sequence[bytes]]
"""A response as a server sends it: status line, headers and body."""


class State(Enum):
    """What a parser can do next."""

    NEED_DATA = auto()
    COMPLETE = auto()
    """`request` is there."""
    DELEGATE = auto()
    """This is no plain request; gunicorn's parser has to read what was `received`."""
    TOO_LONG = auto()
    """No request has so many bytes, whatever is still to come."""


class RequestParser:
    """Parses one request as it comes in. One with a body of more than `max_body_bytes` is delegated before it is there.

    Attributes:
        received: all that came in.
        is_whole: whether nothing of the request is still to come.
        expects_continue: whether the client waits to be told that it may send the body.
    """

    def __init__(self, max_body_bytes: int) -> None:
        self.received = bytearray()
        self.state = State.NEED_DATA
        self.request: Request | None = None
        self.is_whole = self.expects_continue = False
        self._max_body_bytes = max_body_bytes
        self._parser = HttpRequestParser(self)
        self._is_plain = True
        self._is_refused = self._has_head = False
        self._n_body = 0
        self._target = self._body = b""
        self._headers: dict[str, str] = {}

    def receive_data(self, data: bytes) -> State:
        """Parse on, and return the state."""
        self.received += data
        if not self._is_refused:
            try:
                self._parser.feed_data(data)
            except HttpParserUpgrade:
                self.state = State.DELEGATE
            except HttpParserError:
                self._is_refused = True
        if self.state is State.NEED_DATA:
            self.state = self._delegated(len(data))
        if self.state is not State.NEED_DATA:
            del self._parser  # the two refer to each other, and would stay until the garbage collector runs
        return self.state

    def _delegated(self, n_new: int) -> State:
        """Say whether a request that is not complete, or not plain, goes to gunicorn now."""
        n_received = len(self.received)
        if self.is_whole or (self._has_head and (self._is_refused or self._n_body > self._max_body_bytes)):
            return State.DELEGATE
        if self._has_head:
            too_many = MAX_FRAMING * self._max_body_bytes + MAX_DELEGATED_HEAD_BYTES
            return State.TOO_LONG if n_received > too_many else State.NEED_DATA
        has_line = b"\n" in self.received[:MAX_HEAD_BYTES]
        if n_received > (MAX_DELEGATED_HEAD_BYTES if has_line else MAX_HEAD_BYTES):
            return State.DELEGATE
        if self._is_refused:  # what is no text will never end a head
            is_over = _END_OF_HEAD.search(self.received, max(0, n_received - n_new - 2))
            return State.DELEGATE if is_over or not self.received[:1].isalpha() else State.NEED_DATA
        return State.NEED_DATA

    # The parser calls these, for the next request too where it is there already.

    def on_url(self, target: bytes) -> None:
        self._target += target

    def on_header(self, name: bytes, value: bytes) -> None:
        key = name.decode("latin-1").lower()
        if key in self._headers or key in DELEGATED_HEADERS or "_" in key:
            self._is_plain = False
        self._headers[key] = value.decode("latin-1").strip(" \t")  # llhttp leaves a tab at the end

    def on_headers_complete(self) -> None:
        if self.is_whole:
            return
        self._has_head = True
        expected = self._headers.get("expect", "100-continue").lower()
        self.expects_continue = "expect" in self._headers and self._parser.get_http_version() == "1.1"
        if int(self._headers.get("content-length", 0)) > self._max_body_bytes or expected != "100-continue":
            self.state = State.DELEGATE

    def on_body(self, piece: bytes) -> None:
        self.expects_continue = False
        self._n_body += len(piece)
        if self._n_body <= MAX_REQUEST_BYTES:
            self._body += piece

    def on_message_complete(self) -> None:
        if self.is_whole:
            return
        self.is_whole, self.expects_continue = True, False
        head_bytes = self.received.find(b"\r\n\r\n") + 4
        is_alone = len(self.received) == head_bytes + self._n_body
        is_short = head_bytes <= MAX_HEAD_BYTES and self._n_body <= MAX_REQUEST_BYTES
        version = self._parser.get_http_version()
        if self._is_plain and is_alone and is_short and version in VERSIONS:
            self.request = Request(
                self._parser.get_method().decode(),
                self._target.decode("latin-1"),
                self._headers,
                self._body,
                version,
                self._parser.should_keep_alive(),
            )
            self.state = State.COMPLETE
        else:
            self.state = State.DELEGATE
