"""Who may ask, and from which pages: API keys, and answers to other origins."""

from collections.abc import Sequence

from flask import Flask, current_app, request
from flask_cors import CORS
from werkzeug.datastructures import Authorization

from service.edges.own import pages
from service.errors import ForbiddenError, UnauthorizedError
from service.http.context import context
from service.http.endpoint import described
from service.http.record import asked_by
from service.keys import Keys

EXPOSED = ["Boundary-Grid", "ETag", "Retry-After", "X-Request-ID"]


def register(app: Flask, keys: Keys | None, origins: Sequence[str]) -> None:
    """Ask for one of the keys where there are some, and let pages of these other origins in."""
    if keys is not None:
        app.before_request(lambda: _check(keys))
    if origins:
        CORS(app, origins=origins, expose_headers=EXPOSED, max_age=3600)


def refuse_where_there_are_no_keys() -> None:
    """Raise ForbiddenError where no keys are set up: what a request changes is never open to everybody."""
    if context().keys is None:
        raise ForbiddenError("this needs an API key, and the service has none: SERVICE_API_KEYS_FILE is not set")


def _check(keys: Keys) -> None:
    """Raise UnauthorizedError where a key is needed and a right one is not there."""
    if request.method == "OPTIONS" or _is_open():  # OPTIONS: a browser's preflight, which sends no key
        return
    key = presented(request.headers.get("Authorization"), request.headers.get("X-API-Key"))
    if key is None:
        raise UnauthorizedError("send an API key as Authorization: Bearer KEY, or as X-API-Key: KEY")
    owner = keys.owner(key)
    if owner is None:
        raise UnauthorizedError("this API key is not known here, or was withdrawn")
    asked_by(owner)


def _is_open() -> bool:
    """Say whether anybody may ask: for pages, what is described as public, and where there is nothing at all."""
    if request.endpoint is None:
        return True
    asked = described(current_app.view_functions[request.endpoint])
    return request.blueprint == pages.blueprint.name or (asked is not None and asked.public)


def presented(authorization: str | None, api_key: str | None) -> str | None:
    """Return the key that a request brings in one of these headers, or None."""
    given = Authorization.from_header(authorization)
    if given is not None and given.type == "bearer" and given.token:
        return given.token
    return api_key
