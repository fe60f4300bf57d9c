"""Who may ask, and from which pages: API keys, and responses to other origins."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from flask import Flask
from flask_cors import CORS
from flask_cors.core import get_cors_headers, get_cors_options
from werkzeug.datastructures import Authorization, Headers

from service.errors import ForbiddenError, UnauthorizedError
from service.http.context import Call
from service.http.responses import Header

EXPOSED_HEADERS = ["Boundary-Grid", "ETag", "Retry-After", "X-Request-ID"]

OPTIONS: dict[str, Any] = {
    "expose_headers": EXPOSED_HEADERS,
    "always_send": False,
    "send_wildcard": True,
    "vary_header": False,
}
"""Only who names an origin is sent flask-cors's headers. What may be kept says by itself that it varies by origin, also
where none is let in yet (`service.http.conditional`).
"""


class CrossOrigin:
    """Lets pages of other origins in. Flask's responses are given the headers by flask-cors, the loop's by the same
    functions of it.
    """

    def __init__(self, app: Flask, origins: Sequence[str]) -> None:
        self._options = get_cors_options(app, {"origins": origins, **OPTIONS})
        self._is_open = bool(origins)
        self._cached = lru_cache(maxsize=1024)(self._headers)
        if origins:
            CORS(app, origins=origins, max_age=3600, **OPTIONS)

    def headers(self, origin: str | None) -> Sequence[Header]:
        """Return what the response to a request from this origin has besides; to one that is no preflight."""
        return self._cached(origin) if self._is_open else ()

    def _headers(self, origin: str | None) -> Sequence[Header]:
        sent = Headers() if origin is None else Headers({"Origin": origin})
        return [(name, str(value)) for name, value in get_cors_headers(self._options, sent, "GET").items(multi=True)]


def authenticate(public: bool, call: Call) -> None:
    """Note whose key a call brings.

    Raises:
        UnauthorizedError: it needs a key, and brings none or a wrong one.
    """
    keys = call.context.keys
    if keys is None or public:
        return
    key = presented(call.headers.get("authorization"), call.headers.get("x-api-key"))
    if key is None:
        raise UnauthorizedError("send an API key as Authorization: Bearer KEY, or as X-API-Key: KEY")
    owner = keys.owner(key)
    if owner is None:
        raise UnauthorizedError("this API key is unknown, or was withdrawn")
    call.record.set_client(owner)


def refuse_without_keys(call: Call) -> None:
    """Raise ForbiddenError where no keys are set up: what a request changes is never open to everybody."""
    if call.context.keys is None:
        raise ForbiddenError("this needs an API key, and the service has none: SERVICE_API_KEYS_FILE is not set")


def presented(authorization: str | None, api_key: str | None) -> str | None:
    """Return the key that a request brings in one of these headers, or None."""
    given = Authorization.from_header(authorization)
    if given is not None and given.type == "bearer" and given.token:
        return given.token
    return api_key
