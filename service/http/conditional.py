"""Conditional responses (RFC 9110, 13): entity tags, how long a response may be kept, and every 304."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from werkzeug.http import parse_etags

from service.http.context import Call
from service.http.responses import JSON, Header, RawResponse, to_json

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
    return conditional(call, Validators.of_content(content), media_type, lambda: [content])


def conditional_json(call: Call, document: Any) -> RawResponse:
    """Return a small document, tagged by its content."""
    return conditional_content(call, to_json(document), JSON)


def _has(if_none_match: str | None, etag: str) -> bool:
    if if_none_match is None:
        return False
    return if_none_match == f'"{etag}"' or parse_etags(if_none_match).contains_weak(etag)
