"""Many points in a JSON body, read as one array: no Python object is made for each number and each list."""

import os
from collections import deque
from contextlib import suppress
from typing import Any, cast

import numpy as np
import orjson
import simdjson
from numpy.typing import NDArray

from service.http.body import parse_json

NUMBER_CHARACTERS = b"+-.0123456789Ee \t\n\r"
"""What numbers in JSON are written with, and what may stand around them."""

POOL_MAX_BYTES = 2**18
"""A parser keeps 15 times the longest text that it has parsed; one that has parsed a longer text is not pooled."""

_idle: deque[simdjson.Parser] = deque(maxlen=os.cpu_count())


def parse_points_json(content: bytes, *names: str) -> Any:
    """Return what a JSON body says, as `parse_json` does, but for its rows of numbers by one of the names: an array.

    That is float64 [n, d], and only where they are as they should be, n lists of d numbers, and the body has no other
    list. All else is left as it is, so that whoever looks at it says what is wrong.

    Raises:
        MalformedError: it is not JSON.
    """
    start, end = content.find(b"["), content.rfind(b"]") + 1
    rows = _parse_numbers(content[start:end])
    if rows is not None and rows.ndim == 2:
        with suppress(orjson.JSONDecodeError):
            document = orjson.loads(content[:start] + b"[]" + content[end:])
            for name in names if isinstance(document, dict) else ():
                if document.get(name) == []:
                    return {**document, name: rows}
    return parse_json(content)


def cut_numbers(content: bytes, name: str) -> tuple[NDArray[np.float64] | None, bytes]:
    """Return the numbers behind a name in a JSON body, and the body with an empty list in their place.

    They are float64, [k] for a list of numbers and [n, d] for a list of equally long ones; None, beside the body as it
    is, where there are none such or the name cannot be told from what stands in a string.
    """
    key = b'"' + name.encode() + b'"'
    at = content.find(key)
    if at < 0 or b"\\" in content or content.count(key) > 1:
        return None, content
    start = content.find(b"[", at)
    if start < 0 or content[at + len(key) : start].strip() != b":":
        return None, content
    stops = [stop for stop in (content.find(b"}", start), content.find(b'"', start)) if stop >= 0]
    end = content.rfind(b"]", start, min(stops, default=len(content))) + 1
    numbers = _parse_numbers(content[start:end])
    return (None, content) if numbers is None else (numbers, content[:start] + b"[]" + content[end:])


def _parse_numbers(text: bytes) -> NDArray[np.float64] | None:
    """Return a list of numbers in JSON as [k], n lists of d numbers as [n, d], or None for anything else."""
    try:
        numbers = np.frombuffer(_flattened(text))
    except (ValueError, TypeError, RuntimeError):  # what the parser says of no JSON, no numbers and too deep a list
        return None
    if not numbers.size:
        return None
    # It is valid JSON, so what is left of it without its numbers shows its form: [[,],[,]] are two rows of two. Of rows
    # without a comma, [[],[]], the count says whether each holds one number.
    form = text.translate(None, NUMBER_CHARACTERS)
    if form == b"[" + b"," * (numbers.size - 1) + b"]":
        return numbers
    n = (len(form) - numbers.size - 1) // 2
    if n < 1 or numbers.size % n:
        return None
    row = b"[" + b"," * (numbers.size // n - 1) + b"],"
    if form != b"[" + (row * n)[:-1] + b"]":
        return None
    return numbers.reshape(n, -1)


def _flattened(text: bytes) -> bytes:
    """Return all numbers of a list of lists of them, however deep, as float64."""
    try:
        parser = _idle.pop()
    except IndexError:
        parser = simdjson.Parser()
    numbers = cast(simdjson.Array, parser.parse(text)).as_buffer(of_type="d")
    if len(text) <= POOL_MAX_BYTES:
        _idle.append(parser)
    return numbers
