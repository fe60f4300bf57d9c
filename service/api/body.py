"""Reading a JSON body: whole, within its limit, and strictly JSON."""

import json
from typing import TYPE_CHECKING, Any

import orjson
from werkzeug.http import parse_options_header

from service.errors import MalformedError, TooLargeError, UnsupportedMediaTypeError

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

JSON = "application/json"

WORTH_COUNTING = 2**20
"""Bytes; what is shorter takes no memory to speak of."""


def read_body(environ: "WSGIEnvironment", max_bytes: int) -> bytes:
    """Return a request's whole body. Werkzeug's own limit would cut a chunked one short in silence.

    Raises:
        UnsupportedMediaTypeError: the body is not declared as JSON.
        TooLargeError: it is longer than `max_bytes`.
        MalformedError: it is shorter than declared.
    """
    kind = environ.get("CONTENT_TYPE", "")
    if kind != JSON and parse_options_header(kind)[0].lower() != JSON:
        sent = f"not {kind}" if kind else "but no Content-Type was sent"
        raise UnsupportedMediaTypeError(f"send the body as Content-Type: {JSON}, {sent}")
    declared = int(environ["CONTENT_LENGTH"]) if environ.get("CONTENT_LENGTH") else None
    if declared is not None and declared > max_bytes:
        raise TooLargeError(f"the body has {declared} bytes; at most {max_bytes} are taken")
    content: bytes = environ["wsgi.input"].read(max_bytes + 1 if declared is None else declared)
    if len(content) > max_bytes:
        raise TooLargeError(f"the body has more than {max_bytes} bytes, the most that is taken")
    if declared is not None and len(content) < declared:
        raise MalformedError(f"the body has {len(content)} bytes, fewer than its Content-Length of {declared}")
    return content


def parse_json(content: bytes, max_points: int) -> Any:
    """Return what a JSON body says. One with far too many lists to be points is refused unread: it would take 25 times
    its size in memory.

    `NaN` and `Infinity` are no JSON, but some encoders write them: they are let through, so that the field that holds
    one is named in the answer.

    Raises:
        TooLargeError: it holds more lists than `max_points` could need.
        MalformedError: it is not JSON.
    """
    if len(content) > WORTH_COUNTING and content.count(b"[") > max_points + 64:
        raise TooLargeError(f"the body holds more than {max_points} points, the most that is taken at once")
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as strict:
        try:
            return json.loads(content)
        except (ValueError, RecursionError):
            raise MalformedError(f"the body is not valid JSON: {strict}") from strict
