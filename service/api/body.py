"""Reading a JSON body: whole, within its limit, and strictly JSON."""

import json
from typing import Any

import orjson
from flask import request

from service.errors import MalformedError, TooLargeError, UnsupportedMediaTypeError

JSON = "application/json"


def read_json(max_bytes: int) -> Any:
    """Return the decoded body.

    `NaN` and `Infinity` are no JSON, but some encoders write them: they are let through, so that the field that holds
    one is named in the answer.

    Raises:
        UnsupportedMediaTypeError: the body is not declared as JSON.
        TooLargeError: it is longer than `max_bytes`.
        MalformedError: it is shorter than declared, or not JSON.
    """
    if request.mimetype != JSON:
        sent = f"not {request.mimetype}" if request.mimetype else "but no Content-Type was sent"
        raise UnsupportedMediaTypeError(f"send the body as Content-Type: {JSON}, {sent}")
    content = _read(max_bytes)
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as strict:
        try:
            return json.loads(content)
        except (ValueError, RecursionError):
            raise MalformedError(f"the body is not valid JSON: {strict}") from strict


def _read(max_bytes: int) -> bytes:
    """Read the whole body. Werkzeug's own limit would cut a chunked one short in silence."""
    declared = request.content_length
    if declared is not None and declared > max_bytes:
        raise TooLargeError(f"the body has {declared} bytes; at most {max_bytes} are taken")
    stream = request.environ["wsgi.input"]
    content: bytes = stream.read(max_bytes + 1 if declared is None else declared)
    if len(content) > max_bytes:
        raise TooLargeError(f"the body has more than {max_bytes} bytes, the most that is taken")
    if declared is not None and len(content) < declared:
        raise MalformedError(f"the body has {len(content)} bytes, fewer than its Content-Length of {declared}")
    return content
