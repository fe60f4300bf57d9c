"""Where a request ends, whatever it looks like: so that one which gunicorn has to parse is there as a whole by then."""

import re
from enum import Enum, auto

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

MAX_LINE_BYTES = 4096
"""Of a first line; gunicorn takes 4,094."""

MAX_HEAD_BYTES = 2**20
"""More than gunicorn takes: 100 fields of 8,190 bytes."""

MAX_FRAMING = 2
"""A chunked body may have so many times as many bytes as are in its chunks at most."""

READ_AHEAD_BYTES = 1024
"""So far beyond what it is asked for gunicorn reads a body; to it a chunked one that ends before that is broken off."""

_END_OF_HEAD = re.compile(rb"\n\r?\n")


class Extent(Enum):
    """How much of a request has come in."""

    PART = auto()
    ENOUGH = auto()
    """All of it, or all that is needed to refuse it."""
    TOO_MUCH = auto()
    """No request has so many bytes, whatever is still to come."""


class Framing:
    """Follows one request with llhttp until it has come in.

    Attributes:
        is_whole: whether nothing of the request is still to come.
        is_refused_head: whether llhttp refused the head, which has ended.
        expects_continue: whether the client waits to be told that it may send the body.
    """

    def __init__(self, max_body_bytes: int) -> None:
        self.is_whole = self.is_refused_head = self.expects_continue = False
        self._max_body_bytes = max_body_bytes
        self._parser: HttpRequestParser | None = HttpRequestParser(self)
        self._tail = b""  # of what came in before, as far as it may end a head
        self._n_received = self._n_body = 0
        self._has_line = self._has_head = self._is_refused = self._is_hopeless = False
        self._expect: bytes | None = None
        self._n_declared = 0

    def receive_data(self, data: bytes | bytearray) -> Extent:
        """Follow on, and return how much of the request has come in."""
        self._n_received += len(data)
        self._has_line = self._has_line or b"\n" in data
        if not self._is_refused and self._parser is not None:
            try:
                self._parser.feed_data(data)
            except HttpParserUpgrade:
                self._is_hopeless = True
            except HttpParserError:
                self._is_refused = True
        extent = self._extent(self._tail + data if self._is_refused else b"")
        self._tail = bytes(data[-2:])
        if extent is not Extent.PART:
            self._parser = None  # the two refer to each other, and would stay until the garbage collector runs
        return extent

    def _extent(self, newest: bytes) -> Extent:
        if self.is_whole or self._is_hopeless:
            return Extent.ENOUGH
        if self._has_head:
            if self._is_refused or max(self._n_body - READ_AHEAD_BYTES, self._n_declared) > self._max_body_bytes:
                return Extent.ENOUGH
            too_many = MAX_FRAMING * self._max_body_bytes + MAX_HEAD_BYTES
            return Extent.TOO_MUCH if self._n_received > too_many else Extent.PART
        if self._n_received > (MAX_HEAD_BYTES if self._has_line else MAX_LINE_BYTES):
            return Extent.ENOUGH
        self.is_refused_head = self._is_refused and _END_OF_HEAD.search(newest) is not None
        return Extent.ENOUGH if self.is_refused_head else Extent.PART

    # The parser calls these, for the next request too where it is there already.

    def on_header(self, name: bytes, value: bytes) -> None:
        key = name.lower()
        if key == b"expect":
            self._expect = value.lower()
        elif key == b"content-length":
            self._n_declared = int(value)

    def on_headers_complete(self) -> None:
        if self.is_whole or self._parser is None:
            return
        self._has_head = True
        self.expects_continue = self._expect == b"100-continue" and self._parser.get_http_version() == "1.1"
        self._is_hopeless = self._expect not in (None, b"100-continue")

    def on_body(self, piece: bytes) -> None:
        if not self.is_whole:
            self.expects_continue = False
            self._n_body += len(piece)

    def on_message_complete(self) -> None:
        self.is_whole, self.expects_continue = True, False
