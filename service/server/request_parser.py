"""A request, read from what a connection has received so far. It knows HTTP and nothing of the service.

Only a plain request is read here: whole, short, and alone. All else is left to gunicorn's parser, which knows all of
HTTP and words its errors: an unusual head, a body that is long or of unknown length, a request with another behind it,
whatever llhttp (in httptools) refuses.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

MOST_BYTES = 2**16
"""Of a request: 2,000 points in JSON. What is longer takes longer than others should wait."""

MOST_BYTES_OF_HEAD = 4096
"""Gunicorn takes longer ones, within limits that it checks."""

UNUSUAL = frozenset({"expect", "transfer-encoding", "upgrade"})
"""Headers with which more is to be done than to read on."""

VERSIONS = frozenset({"1.1", "1.0"})


@dataclass(slots=True)
class Request:
    """A request. Its target is as it was sent, the names of its headers are in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    keep_alive: bool


Answer = tuple[str, Sequence[tuple[str, str]], Sequence[bytes]]
"""What answers a request: status line, headers and body."""


class Reading:
    """What a connection has `received` of a request.

    Once it `is_over` there is nothing more to wait for: `request` is the request, or None where it is no plain one.
    """

    def __init__(self) -> None:
        self.received = b""
        self.is_over = False
        self.request: Request | None = None
        self._parser = HttpRequestParser(self)
        self._has_head = False
        self._target = self._body = b""
        self._headers: dict[str, str] = {}

    def feed(self, data: bytes) -> None:
        """Read on."""
        self.received += data
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade):
            self._leave()
        if len(self.received) > (MOST_BYTES if self._has_head else MOST_BYTES_OF_HEAD):
            self._leave()
        if self.is_over:
            del self._parser  # it and this one hold each other, and would stay until garbage is looked for

    def _leave(self) -> None:
        self.is_over, self.request = True, None

    # The parser calls these.

    def on_url(self, target: bytes) -> None:
        self._target += target

    def on_header(self, name: bytes, value: bytes) -> None:
        key = name.decode("latin-1").lower()
        if key in self._headers or key in UNUSUAL or "_" in key:
            self._leave()
        self._headers[key] = value.decode("latin-1").strip(" \t")  # llhttp leaves a tab at the end

    def on_headers_complete(self) -> None:
        self._has_head = True
        if int(self._headers.get("content-length", 0)) > MOST_BYTES:
            self._leave()

    def on_body(self, piece: bytes) -> None:
        self._body += piece

    def on_message_complete(self) -> None:
        head_bytes = self.received.find(b"\r\n\r\n") + 4
        is_alone = len(self.received) == head_bytes + len(self._body)
        if self.is_over or not is_alone or head_bytes > MOST_BYTES_OF_HEAD:
            self._leave()
        elif self._parser.get_http_version() in VERSIONS:
            method, keep_alive = self._parser.get_method().decode(), self._parser.should_keep_alive()
            self.request = Request(method, self._target.decode("latin-1"), self._headers, self._body, keep_alive)
        self.is_over = True
