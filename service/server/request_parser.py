"""A request, parsed from what a connection has received so far. It knows HTTP and nothing of the service.

Only a plain request is parsed here: alone, with a head that `PLAIN_HEAD` describes to its last byte. All else is
delegated to gunicorn's parser, which knows all of HTTP and words its errors. So what is refused, and what is taken
although its form is odd, does not depend on who answers. It is delegated once it is there as a whole, so that no thread
waits for a client.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from service.server.framing import Extent, Framing
from service.server.long_body import LongBody

RECEIVE_BYTES = 2**16
"""Received at once: 2,000 points in JSON. Larger pieces cost more, as the system has to give memory for each."""

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
    body: bytes | bytearray
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
        request: a plain request, once it is there.
        is_whole: whether nothing of the request is still to come.
    """

    def __init__(self, max_body_bytes: int) -> None:
        self.state = State.NEED_DATA
        self.request: Request | None = None
        self.is_whole = False
        self._max_body_bytes = max_body_bytes
        self._head: Request | None = None
        self._framing: Framing | None = None
        self._received: bytes | bytearray = b""
        self._long_body: LongBody | None = None  # of a plain request
        self._body_begins = self._body_bytes = 0

    def receive_data(self, data: bytes | memoryview) -> State:
        """Parse on, and return the state; a view is of `room`."""
        if self._long_body is not None:
            self._long_body.add(data)
            self.state = self._state_of_body()
            return self.state
        if not self._received:
            self._received = bytes(data)
        else:  # only long requests come in several pieces
            self._received = bytearray(self._received) if isinstance(self._received, bytes) else self._received
            self._received += data
        self.state = self._receive(bytes(data))
        return self.state

    def room(self) -> memoryview | None:
        """Return where to receive more, where that is known."""
        return None if self._long_body is None else self._long_body.room()

    @property
    def received(self) -> bytes | bytearray:
        """All that came in."""
        return self._received if self._long_body is None else self._received + self._long_body.content

    @property
    def n_received(self) -> int:
        """How many bytes came in."""
        return len(self._received) + (0 if self._long_body is None else self._long_body.n_received)

    @property
    def n_held(self) -> int:
        """How many bytes this holds."""
        return len(self._received) + (0 if self._long_body is None else self._long_body.n_held)

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
            if not _has_ended(self._received):
                return State.NEED_DATA
            self._head = self._parse_head()
            if self._head is None:
                self._framing = Framing(self._max_body_bytes)
                return self._follow(self._framing, self._received)
        return self._state_of_body()

    def _follow(self, framing: Framing, data: bytes | bytearray) -> State:
        state = _STATES[framing.receive_data(data)]
        # What llhttp refuses, gunicorn may take: it is whole where the head has ended and declares no body.
        self.is_whole = framing.is_whole or (framing.is_refused_head and not DECLARED_BODY.search(self._received))
        return state

    def _state_of_body(self) -> State:
        missing = self._body_begins + self._body_bytes - self.n_received
        if self._body_bytes > self._max_body_bytes:
            return State.DELEGATE
        if missing > 0:
            if self._long_body is None and self._body_bytes > RECEIVE_BYTES:
                self._long_body = LongBody(self._received[self._body_begins :], self._body_bytes)
                self._received = bytes(self._received[: self._body_begins])
            return State.NEED_DATA
        self.is_whole = True
        if missing < 0 or self._head is None:  # another request follows
            return State.DELEGATE
        body = self._long_body
        self._head.body = bytes(self._received[self._body_begins :]) if body is None else body.content
        self.request = self._head
        return State.COMPLETE

    def _parse_head(self) -> Request | None:
        """Return a request without its body; None where it is not plain."""
        found = PLAIN_HEAD.match(self._received)
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
