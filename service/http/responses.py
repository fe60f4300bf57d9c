"""Building responses: JSON with NumPy arrays, and conditional answers."""

import gzip
import hashlib
import zlib
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import orjson
from flask import Response, request

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

OF_A_BODY = frozenset({"Content-Type", "Content-Length", "Content-Encoding"})

QUICK = 1
"""The level of compression: the highest makes a tenth less of it, in five times the time."""

ONE_YEAR = 365 * 24 * 3600


class Answer(Response):
    """An answer whose body is all there, as a list of bytes, and is sent as it stands.

    Werkzeug's own way looks through it again for what redirects, streams and texts need: a tenth of the time that one
    point takes.
    """

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "HEAD":
            return super().__call__(environ, start_response)
        headers = self.headers.to_wsgi_list()
        if self.status_code == HTTPStatus.NOT_MODIFIED:
            start_response(self.status, [header for header in headers if header[0] not in OF_A_BODY])
            return []
        body: list[bytes] = self.response  # type: ignore[assignment]
        if not any(name == "Content-Length" for name, _ in headers):
            headers.append(("Content-Length", str(sum(map(len, body)))))
        start_response(self.status, headers)
        return body


def json_response(document: Any, status: int = 200) -> Response:
    """Return a document as JSON; NumPy arrays are written as (nested) lists, float32 with float32's digits."""
    content = orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
    return Answer(content, status, content_type="application/json")


def uncached(response: Response) -> Response:
    """Say that an answer holds for this moment only."""
    response.headers["Cache-Control"] = "no-store"
    return response


def etag_of(*parts: str) -> str:
    """Return a strong entity tag of everything that determines an answer."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def not_modified(etag: str) -> bool:
    """Say whether the client has the answer with this tag already (RFC 9110, If-None-Match)."""
    return request.if_none_match.contains_weak(etag)


def validators(etag: str, *, immutable: bool = False) -> tuple[tuple[str, str], ...]:
    """Return the headers with the entity tag, and how long an answer may be kept: for good, or after asking again."""
    how_long = f"public, max-age={ONE_YEAR}, immutable" if immutable else "no-cache"
    return (("ETag", f'"{etag}"'), ("Cache-Control", how_long), ("Vary", "Accept"))


def conditional(response: Response) -> Response:
    """Tag a small answer with its content's hash, and turn it into a 304 if the client has it."""
    response.headers.extend(validators(hashlib.sha256(response.get_data()).hexdigest()[:32]))
    response.make_conditional(request)
    return response


def compressed(response: Response) -> Response:
    """Compress an answer for a client that accepts gzip or deflate and no other coding.

    HTTP libraries list all that they can decode, whether they are glad of it or not: float32 hardly gets smaller and
    takes longer than the model. A client that names one coding means it.
    """
    codings = [value for value, quality in request.accept_encodings if quality > 0 and value not in ("identity", "*")]
    if codings == ["gzip"]:
        response.set_data(gzip.compress(response.get_data(), QUICK, mtime=0))
    elif codings == ["deflate"]:
        response.set_data(zlib.compress(response.get_data(), QUICK))
    else:
        return response
    response.headers["Content-Encoding"] = codings[0]
    return response
