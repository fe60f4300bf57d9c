"""One input on one connection, and what is wrong with what comes back."""

import gzip
import re
import socket
import zlib
from contextlib import suppress

import orjson

from chaos.hostile.heads import HostileInput

TIMEOUT_SECONDS = 60
MAY_FAIL = {501, 503}
"""Statuses from 500 on that are right: of a transfer coding that nobody knows, and of a service that is busy."""


def send(address: tuple[str, int], hostile: HostileInput) -> str | None:
    """Send an input to its end, and return what is wrong with the answer."""
    received = b""
    try:
        with socket.create_connection(address, timeout=TIMEOUT_SECONDS) as connection:
            with suppress(ConnectionError):  # it may be refused before all of it is sent
                connection.sendall(hostile.content)
                connection.shutdown(socket.SHUT_WR)
            with suppress(ConnectionError):
                while piece := connection.recv(2**16):
                    received += piece
    except TimeoutError:
        return f"no end of the answer after {TIMEOUT_SECONDS} s; so far: {received[:200]!r}"
    return fault(hostile, received)


def fault(hostile: HostileInput, received: bytes) -> str | None:
    """Return what is wrong with all that was received."""
    if not received:
        return "no answer" if hostile.is_whole else None
    head, _, body = received.partition(b"\r\n\r\n")
    first = re.match(rb"HTTP/1\.[01] (\d{3}) ", received)
    if first is None:
        return f"no HTTP: {received[:200]!r}"
    statuses = {int(status) for status in re.findall(rb"(?:\A|\r\n\r\n|[}\])>])HTTP/1\.[01] (\d{3}) ", received)}
    wrong = sorted(status for status in statuses if status >= 500 and status not in MAY_FAIL)
    if wrong:
        return f"{wrong[0]}: {body[:200]!r}"
    is_json = re.search(rb"(?i)^content-type: application/(problem\+)?json\r?$", head, re.MULTILINE) is not None
    if re.search(rb"(?i)^content-encoding: gzip\r?$", head, re.MULTILINE):  # as `Accept-Encoding: *` allows
        body = _decompressed(body)
    if hostile.is_whole and body and is_json and len(statuses) == 1 and not _is_json(body):
        return f"{int(first[1])} with broken JSON: {body[:200]!r}"
    return None


def _decompressed(body: bytes) -> bytes:
    """Return what a body was before it was compressed; what cannot be decompressed is no JSON."""
    try:
        return gzip.decompress(body)
    except (OSError, EOFError, zlib.error):
        return b"not gzip: " + body


def _is_json(body: bytes) -> bool:
    with suppress(orjson.JSONDecodeError):
        orjson.loads(body)
        return True
    return False
