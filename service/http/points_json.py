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

OF_NUMBERS = b"+-.0123456789Ee \t\n\r"
"""What numbers in JSON are written with, and what may stand around them."""

WORTH_KEEPING = 2**18
"""Bytes of text; a parser keeps 15 times the longest that it has read."""

_idle: deque[simdjson.Parser] = deque(maxlen=os.cpu_count())


def parse_json_with_rows(content: bytes, *names: str) -> Any:
    """Return what a JSON body says, as `parse_json` does, but for its rows of numbers by one of the names: an array.

    That is float64 [n, d], and only where they are as they should be, n lists of d numbers, and the body has no other
    list. All else is left as it is, so that whoever looks at it says what is wrong.

    Raises:
        MalformedError: it is not JSON.
    """
    start, end = content.find(b"["), content.rfind(b"]") + 1
    rows = _rows(content[start:end])
    if rows is not None:
        with suppress(orjson.JSONDecodeError):
            document = orjson.loads(content[:start] + b"[]" + content[end:])
            for name in names if isinstance(document, dict) else ():
                if document.get(name) == []:
                    return {**document, name: rows}
    return parse_json(content)


def _rows(text: bytes) -> NDArray[np.float64] | None:
    """Return a list of n lists of d numbers in JSON as [n, d], or None where the text is anything else."""
    try:
        numbers = np.frombuffer(_numbers(text))
    except (ValueError, TypeError, RuntimeError):  # what the parser says of no JSON, no numbers and too deep a list
        return None
    # It is valid JSON, so what is left of it without its numbers shows its form: [[,],[,]] are two rows of two. Of rows
    # without a comma, [[],[]], the count says whether each holds one number.
    form = text.translate(None, OF_NUMBERS)
    n = (len(form) - numbers.size - 1) // 2
    if n < 1 or not numbers.size or numbers.size % n:
        return None
    row = b"[" + b"," * (numbers.size // n - 1) + b"],"
    if form != b"[" + (row * n)[:-1] + b"]":
        return None
    return numbers.reshape(n, -1)


def _numbers(text: bytes) -> bytes:
    """Return all numbers of a list of lists of them, however deep, as float64."""
    try:
        parser = _idle.pop()
    except IndexError:
        parser = simdjson.Parser()
    numbers = cast(simdjson.Array, parser.parse(text)).as_buffer(of_type="d")
    if len(text) <= WORTH_KEEPING:
        _idle.append(parser)
    return numbers
