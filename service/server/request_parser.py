"""A request, parsed from what a connection has received so far. It knows HTTP and nothing of the service.

Only a plain request is parsed here: short, and alone, with a head that `PLAIN_HEAD` describes to its last byte. All
else is delegated to gunicorn's parser, which knows all of HTTP and words its errors. So what is refused, and what is
taken although its form is odd, does not depend on who answers. It is delegated once it is there as a whole, so that no
thread waits for a client.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from service.server.framing import Extent, Framing

MAX_REQUEST_BYTES = 2**16
"""2,000 points in JSON. A longer request takes longer than others should wait."""

MAX_HEAD_BYTES = 4096
"""Of a plain request. Gunicorn takes longer ones, within limits that it checks."""

MAX_LENGTH_DIGITS = 18
"""Of a plain request's Content-Length."""

PLAIN_HEAD = re.compile(
    rb"""
    (GET|HEAD|POST) [ ] (/[!-"$-~]*+) [ ] HTTP/(1\.[01]) \r\n   # no fragment in the target: gunicorn cuts it off
    ((?:
        [0-9A-Za-z!\#$%&'*+.^`|~-]++ : [\t\x20-\x7e\x80-\xff]*+ \r\n   # no underscore in a name: WSGI's hyphen
    ){0,100}+)   # gunicorn refuses more
    \r\n
    """,
    re.VERBOSE,
)
"""A head, short enough, that gunicorn's parser takes as it stands: method, target, version and fields."""

DECLARED_BODY = re.compile(rb"\n(content-length|transfer-encoding)[ \t]*:", re.IGNORECASE)

DELEGATED_FIELDS = frozenset({"expect", "transfer-encoding", "upgrade", "x-forwarded-protocol", "x-forwarded-ssl"})
"""Fields that this parser does not implement, and those that may contradict X-Forwarded-Proto."""

IS_KEPT = {
    ("", "1.1"): True,
    ("", "1.0"): False,
    ("keep-alive", "1.1"): True,
    ("keep-alive", "1.0"): True,
    ("close", "1.1"): False,
    ("close", "1.0"): False,
}
"""Whether the connection is kept, by the field Connection and the version. Other values are delegated."""

DEFAULTS_NEEDED = (
    "limit_request_line",
    "limit_request_fields",
    "limit_request_field_size",
    "proxy_protocol",
    "secure_scheme_headers",
)
"""Gunicorn's settings with which it may refuse, or read otherwise, what is plain under its defaults. With the variable
SCRIPT_NAME it takes that from the front of each path.
"""


def agrees_with(config: Any) -> bool:
    """Say whether gunicorn reads plain requests, with these settings and this environment, as they are read here."""
    settings = [config.settings[name] for name in DEFAULTS_NEEDED]
    return all(setting.get() == type(setting)().get() for setting in settings) and not os.environ.get("SCRIPT_NAME")


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


_STATES = {Extent.PART: State.NEED_DATA, Extent.ENOUGH: State.DELEGATE, Extent.TOO_MUCH: State.TOO_LONG}


class RequestParser:
    """Parses one request as it comes in. One with a body of more than `max_body_bytes` is delegated before it is there.

    Attributes:
        received: all that came in.
        is_whole: whether nothing of the request is still to come.
    """

    def __init__(self, max_body_bytes: int) -> None:
        self.received: bytes | bytearray = b""
        self.state = State.NEED_DATA
        self.request: Request | None = None
        self.is_whole = False
        self._max_body_bytes = max_body_bytes
        self._head: Request | None = None
        self._framing: Framing | None = None
        self._body_begins = self._body_bytes = 0

    def receive_data(self, data: bytes) -> State:
        """Parse on, and return the state."""
        if not self.received:
            self.received = data
        else:  # only long requests come in several pieces
            self.received = bytearray(self.received) if isinstance(self.received, bytes) else self.received
            self.received += data
        self.state = self._receive(data)
        return self.state

    def expects_continue(self) -> bool:
        """Say, once, whether the client waits to be told that it may send the body."""
        if self._framing is None or not self._framing.expects_continue:
            return False
        self._framing.expects_continue = False
        return True

    def _receive(self, data: bytes) -> State:
        if self._framing is not None:
            return self._follow(self._framing, data)
        if self._head is None:
            if not _has_ended(self.received):
                return State.NEED_DATA
            self._head = self._parse_head()
            if self._head is None:
                self._framing = Framing(self._max_body_bytes)
                return self._follow(self._framing, self.received)
        return self._read_body(self._head)

    def _follow(self, framing: Framing, data: bytes | bytearray) -> State:
        state = _STATES[framing.receive_data(data)]
        # What llhttp refuses, gunicorn may take: it is whole where the head has ended and declares no body.
        self.is_whole = framing.is_whole or (framing.is_refused_head and not DECLARED_BODY.search(self.received))
        return state

    def _read_body(self, head: Request) -> State:
        missing = self._body_begins + self._body_bytes - len(self.received)
        if self._body_bytes > self._max_body_bytes:
            return State.DELEGATE
        if missing > 0:
            return State.NEED_DATA
        self.is_whole = True
        if missing < 0 or self._body_bytes > MAX_REQUEST_BYTES:  # another request follows, or this one is long
            return State.DELEGATE
        head.body = bytes(self.received[self._body_begins :])
        self.request = head
        return State.COMPLETE

    def _parse_head(self) -> Request | None:
        """Return a request without its body; None where it is not plain."""
        found = PLAIN_HEAD.match(self.received)
        if found is None or found.end() > MAX_HEAD_BYTES:
            return None
        method, target, version, fields = found.groups()
        headers = _headers(fields)
        if headers is None:
            return None
        length = headers.get("content-length", "0")
        kept = IS_KEPT.get((headers.get("connection", "").lower(), version.decode()))
        if kept is None or not length.isdecimal() or len(length) > MAX_LENGTH_DIGITS:
            return None
        self._body_begins, self._body_bytes = found.end(), int(length)
        return Request(method.decode(), target.decode(), headers, b"", version.decode(), kept)


def _has_ended(received: bytes | bytearray) -> bool:
    """Say whether a head has come in, whole or too long; or one with a bare LF, which gunicorn refuses at once.

    Whatever else is wrong with a head, its end is waited for here, where it holds no thread.
    """
    return b"\r\n\r\n" in received or len(received) > MAX_HEAD_BYTES or received.count(b"\n") != received.count(b"\r\n")


def _headers(fields: bytes) -> dict[str, str] | None:
    """Return fields by their names in lower case; None where gunicorn reads one of them in a special way."""
    lines = fields.decode("latin-1").split("\r\n")[:-1]
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip(" \t")
    is_plain = len(headers) == len(lines) and DELEGATED_FIELDS.isdisjoint(headers)
    return headers if is_plain else None
