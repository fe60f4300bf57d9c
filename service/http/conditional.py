"""Conditional responses (RFC 9110, 13): entity tags, how long a response may be kept, every 304, and compression.

What never changes, or is small enough to be known by its content, is compressed once and kept. Grids are not: they are
asked for as they are needed, and get to clients within a machine faster as they are.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from werkzeug.http import parse_etags

from service.http.context import Call
from service.http.responses import (
    JSON,
    Header,
    RawResponse,
    is_compressible,
    is_gzip,
    takes_gzip,
    to_json,
)

ONE_YEAR = 365 * 24 * 3600


@dataclass(frozen=True)
class Validators:
    """A response's strong entity tag, and the headers that go with it."""

    etag: str
    headers: tuple[Header, ...]

    @classmethod
    def of(
        cls, *parts: str, immutable: bool = False, vary: str = "Accept", headers: tuple[Header, ...] = ()
    ) -> "Validators":
        """Return the validators of a response that these parts determine. One that is `immutable` may be kept for good,
        any other after asking again.
        """
        etag = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
        return cls._with(etag, immutable, vary, headers)

    @classmethod
    def of_content(cls, content: bytes) -> "Validators":
        """Return the validators of a response that is known by its content."""
        return cls._with(hashlib.sha256(content).hexdigest()[:32], immutable=False, vary="Accept", headers=())

    def varying(self, name: str) -> "Validators":
        """Return the same for a response that depends on one more header of the request."""
        headers = ((key, f"{value}, {name}" if key == "Vary" else value) for key, value in self.headers)
        return replace(self, headers=tuple(headers))

    def tagged(self, coding: str) -> "Validators":
        """Return the same for a response in this coding."""
        etag = f"{self.etag}-{coding}"
        headers = ((key, f'"{etag}"' if key == "ETag" else value) for key, value in self.headers)
        return Validators(etag, tuple(headers))

    @classmethod
    def _with(cls, etag: str, immutable: bool, vary: str, headers: tuple[Header, ...]) -> "Validators":
        how_long = f"public, max-age={ONE_YEAR}, immutable" if immutable else "no-cache"
        return cls(etag, (("ETag", f'"{etag}"'), ("Cache-Control", how_long), ("Vary", f"{vary}, Origin"), *headers))


def conditional(
    call: Call, validators: Validators, media_type: str, make_body: Callable[[], Sequence[bytes]]
) -> RawResponse:
    """Return 304 where the client has this response already; else the response, whose body is only then made."""
    headers = [*validators.headers] if call.context.keys is None else [*map(_private, validators.headers)]
    if _is_of_other_origin(call):
        headers = [*map(_asked_again, headers)]
    if _has(call.headers.get("if-none-match"), validators.etag):
        return RawResponse([], None, 304, headers)
    return RawResponse(make_body(), media_type, headers=headers)


def compressible(
    call: Call, validators: Validators, media_type: str, make_body: Callable[[], Sequence[bytes]]
) -> RawResponse:
    """Return the same compressed, where the client takes that and it is worth it: under another tag, as it is another
    representation.
    """
    validators = validators.varying("Accept-Encoding")
    if not takes_gzip(call.headers.get("accept-encoding")):
        return conditional(call, validators, media_type, make_body)
    validators = validators.tagged("gzip")
    response = conditional(call, validators, media_type, lambda: call.plane.compressed(validators.etag, make_body))
    if response.body and is_gzip(response.body):
        response.headers.append(("Content-Encoding", "gzip"))
    return response


def _private(header: Header) -> Header:
    """Return a header for those with a key alone: a shared cache must not show others what it answers."""
    name, value = header
    return name, value.replace("public,", "private,")


def _is_of_other_origin(call: Call) -> bool:
    """Say whether a page asks whose origin is not let in; perhaps it will be, so it keeps nothing for good."""
    origin, let_in = call.headers.get("origin"), call.context.settings.cors_origins
    return origin is not None and "*" not in let_in and origin not in let_in


def _asked_again(header: Header) -> Header:
    return ("Cache-Control", "no-cache") if header[0] == "Cache-Control" else header


def conditional_content(call: Call, content: bytes, media_type: str) -> RawResponse:
    """Return a small response, tagged by its content."""
    answer = compressible if is_compressible(media_type) else conditional
    return answer(call, Validators.of_content(content), media_type, lambda: [content])


def conditional_json(call: Call, document: Any) -> RawResponse:
    """Return a small document, tagged by its content."""
    return conditional_content(call, to_json(document), JSON)


def _has(if_none_match: str | None, etag: str) -> bool:
    if if_none_match is None:
        return False
    return if_none_match == f'"{etag}"' or parse_etags(if_none_match).contains_weak(etag)
