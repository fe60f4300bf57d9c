"""Responses, before a server sends them: JSON with NumPy arrays, and what compresses or marks a response."""

import gzip
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import orjson
from werkzeug.datastructures import Accept
from werkzeug.http import HTTP_STATUS_CODES, parse_accept_header

JSON = "application/json"

GZIP_LEVEL = 1
"""The highest level makes a tenth less of a response, in five times the time."""

BEST_GZIP_LEVEL = 9
"""Of what is compressed once and sent often."""

GZIP_MAGIC = b"\x1f\x8b"

Header = tuple[str, str]

STATUS_LINES = {code: f"{code} {phrase.upper()}" for code, phrase in HTTP_STATUS_CODES.items()}


@dataclass(slots=True)
class RawResponse:
    """A response whose body is all there. Its headers lack Content-Type and Content-Length; a 304 has neither."""

    body: Sequence[bytes]
    media_type: str | None
    status: int = 200
    headers: list[Header] = field(default_factory=list)

    @property
    def status_line(self) -> str:
        return STATUS_LINES[self.status]

    def all_headers(self) -> list[Header]:
        """Return the headers with those of the body."""
        if self.media_type is None:
            return self.headers
        length = str(sum(map(len, self.body)))
        return [*self.headers, ("Content-Type", self.media_type), ("Content-Length", length)]


def to_json(document: Any) -> bytes:
    """Return a document as JSON; NumPy arrays are written as (nested) lists, float32 with float32's digits."""
    return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)


def json_response(document: Any, status: int = 200, headers: Iterable[Header] = ()) -> RawResponse:
    """Return a document as a response."""
    return RawResponse([to_json(document)], JSON, status, [*headers])


def compress_once(content: bytes) -> bytes:
    """Return content as small as gzip gets it; the same bytes each time."""
    return gzip.compress(content, BEST_GZIP_LEVEL, mtime=0)


def is_compressible(media_type: str) -> bool:
    """Say whether such content gets a third of its size or less: text does, arrays and pictures hardly shrink."""
    return media_type == JSON or media_type.startswith("text/")


@lru_cache
def takes_gzip(accept_encoding: str | None) -> bool:
    """Say whether a client takes gzip, by its header."""
    return accept_encoding is not None and parse_accept_header(accept_encoding, Accept)["gzip"] > 0


def is_gzip(body: Sequence[bytes]) -> bool:
    """Say whether a body of text is compressed: no text begins like that."""
    return body[0].startswith(GZIP_MAGIC)


NO_STORE = ("Cache-Control", "no-store")
"""The header of a response that holds for this moment only."""


def maybe_compress(response: RawResponse, accept_encoding: str | None) -> RawResponse:
    """Compress a response for a client that accepts gzip or deflate and no other coding.

    HTTP libraries list all that they can decode, whether they are glad of it or not: float32 hardly gets smaller and
    takes longer than the model. A client that names one coding means it.
    """
    accepted = parse_accept_header(accept_encoding, Accept) if accept_encoding else ()
    codings = [value for value, quality in accepted if quality > 0 and value not in ("identity", "*")]
    if codings == ["gzip"]:
        body = gzip.compress(b"".join(response.body), GZIP_LEVEL, mtime=0)
    elif codings == ["deflate"]:
        body = zlib.compress(b"".join(response.body), GZIP_LEVEL)
    else:
        return response
    return RawResponse(
        [body], response.media_type, response.status, [*response.headers, ("Content-Encoding", codings[0])]
    )
