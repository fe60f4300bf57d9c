"""A request, parsed from what a connection has received so far. It knows HTTP and nothing of the service.

Only a plain request is parsed here: whole, short, and alone. All else is delegated to gunicorn's parser, which knows
all of HTTP and words its errors: an unusual head, a body that is long or of unknown length, a request with another
behind it, whatever llhttp (in httptools) refuses.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

MAX_REQUEST_BYTES = 2**16
"""2,000 points in JSON. A longer request takes longer than others should wait."""

MAX_HEAD_BYTES = 4096
"""Gunicorn takes longer ones, within limits that it checks."""

DELEGATED_HEADERS = frozenset({"expect", "transfer-encoding", "upgrade"})
"""Headers that this parser does not implement."""

VERSIONS = frozenset({"1.1", "1.0"})


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


class RequestParser:
    """Parses one request as it comes in."""

    def __init__(self) -> None:
        self.received = b""
        self.state = State.NEED_DATA
        self.request: Request | None = None
        self._parser = HttpRequestParser(self)
        self._has_head = False
        self._target = self._body = b""
        self._headers: dict[str, str] = {}

    def receive_data(self, data: bytes) -> State:
        """Parse on, and return the state."""
        self.received += data
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade):
            self._delegate()
        if len(self.received) > (MAX_REQUEST_BYTES if self._has_head else MAX_HEAD_BYTES):
            self._delegate()
        if self.state is not State.NEED_DATA:
            del self._parser  # the two refer to each other, and would stay until the garbage collector runs
        return self.state

    def _delegate(self) -> None:
        self.state, self.request = State.DELEGATE, None

    # The parser calls these.

    def on_url(self, target: bytes) -> None:
        self._target += target

    def on_header(self, name: bytes, value: bytes) -> None:
        key = name.decode("latin-1").lower()
        if key in self._headers or key in DELEGATED_HEADERS or "_" in key:
            self._delegate()
        self._headers[key] = value.decode("latin-1").strip(" \t")  # llhttp leaves a tab at the end

    def on_headers_complete(self) -> None:
        self._has_head = True
        if int(self._headers.get("content-length", 0)) > MAX_REQUEST_BYTES:
            self._delegate()

    def on_body(self, piece: bytes) -> None:
        self._body += piece

    def on_message_complete(self) -> None:
        head_bytes = self.received.find(b"\r\n\r\n") + 4
        is_alone = len(self.received) == head_bytes + len(self._body)
        is_plain = is_alone and head_bytes <= MAX_HEAD_BYTES and self._parser.get_http_version() in VERSIONS
        if self.state is State.DELEGATE or not is_plain:
            self._delegate()
        else:
            self.request = Request(
                self._parser.get_method().decode(),
                self._target.decode("latin-1"),
                self._headers,
                self._body,
                self._parser.get_http_version(),
                self._parser.should_keep_alive(),
            )
            self.state = State.COMPLETE
