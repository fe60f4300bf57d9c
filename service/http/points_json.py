"""Many points in a JSON body, read as one array: no Python object is made for each number and each list.

The body is read in pieces that fit the processor's nearest caches, by simdjson. Where that is not installed, as for a
Python that it has no wheel for, orjson reads the pieces in twice the time.
"""

import os
import struct
from collections import deque
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any, cast

import numpy as np
import orjson
from numpy.typing import NDArray

from service.dataplane.points import is_surely_in_range
from service.engines import Points
from service.http.body import COUNT_FROM_BYTES, Body, parse_json, refuse_excess

try:
    import simdjson
except ImportError:  # it is quicker, and nothing else
    simdjson = None  # type: ignore[assignment]

NUMBER_CHARACTERS = b"+-.0123456789Ee \t\n\r"
"""What numbers in JSON are written with, and what may stand around them."""

ARRAY_PARSE_MIN_BYTES = 512
"""Of a body that is longer, points are parsed faster as one array than as lists."""

PIECE_BYTES = 2**16
"""With 8 KiB the calls begin to count, from 128 KiB on the caches."""

NO_NUMBERS = (ValueError, TypeError, RuntimeError, struct.error, OverflowError)
"""What the parsers say of no JSON, of no numbers, of numbers without end and of too deep a list."""

PLACEHOLDER = ["#"]
"""What stands in the place of numbers that were cut out of a body."""

ExcessLimits = Callable[[], tuple[int, int]]
"""Gives the limits of `refuse_excess`, and is asked for a long body only."""

_PLACEHOLDER_JSON = orjson.dumps(PLACEHOLDER)
_parsers: "deque[simdjson.Parser]" = deque(maxlen=os.cpu_count())


def parse_points_json(
    content: Body, *names: str, objects: tuple[str, ...] = (), limits: ExcessLimits | None = None
) -> Any:
    """Return what a JSON body says, as `parse_json` does, but for its rows of numbers by one of the names: an array.

    The rows may also stand one level deeper, in an object that has one of the names `objects`. The array is float32
    [n, d], and there only where the rows are most of the body and as they should be: n lists of d numbers, all of them
    in range. All else is left as it is, so that whoever looks at it says what is wrong.

    Raises:
        MalformedError: it is not JSON.
        TooLargeError: see `refuse_excess`.
    """
    rows, rest = None, content
    if len(content) >= ARRAY_PARSE_MIN_BYTES:
        rows, rest = _cut(content, *_list_around(content, len(content) // 2))
    if limits is not None:
        refuse_excess_beside(rows, rest, content, limits)
    if rows is not None and rows.ndim == 2:
        try:
            document = orjson.loads(rest)
        except orjson.JSONDecodeError:
            document = None
        if isinstance(document, dict) and _put_back(document, rows, names, objects):
            return document
    return parse_json(content)


def refuse_excess_beside(numbers: Points | None, rest: Body, content: Body, limits: ExcessLimits) -> None:
    """Refuse a long body as `refuse_excess` does, unless numbers that are not too many were cut out of it."""
    if len(content) <= COUNT_FROM_BYTES:
        return
    max_points, n_features = limits()
    if numbers is None or numbers.size > max_points * n_features or len(rest) > COUNT_FROM_BYTES:
        refuse_excess(content, max_points, n_features)


def cut_numbers(content: Body, name: str) -> tuple[Points | None, Body]:
    """Return the numbers behind a name in a JSON body, and the body with PLACEHOLDER in their place.

    They are float32, [k] for a list of numbers and [n, d] for a list of equally long ones, all in range; None, beside
    the body as it is, where there are none such or the name cannot be told from what stands in a string.
    """
    key = b'"' + name.encode() + b'"'
    at = content.find(key)
    start = content.find(b"[", at)
    if at < 0 or start < 0 or content[at + len(key) : start].strip() != b":":
        return None, content
    numbers, rest = _cut(content, *_list_around(content, start))
    return (None, content) if rest.count(key) > 1 else (numbers, rest)


def _put_back(document: dict[str, Any], rows: Points, names: tuple[str, ...], objects: tuple[str, ...]) -> bool:
    """Put rows back into a document where they were cut out of it; say whether that was by one of the names."""
    for name in names:
        if document.get(name) == PLACEHOLDER:
            document[name] = rows
            return True
    for found in filter(lambda value: isinstance(value, dict), map(document.get, objects)):
        for name, value in cast("dict[str, Any]", found).items():
            if value == PLACEHOLDER:
                cast("dict[str, Any]", found)[name] = rows
                return True
    return False


def _list_around(content: Body, at: int) -> tuple[int, int]:
    """Return where what may be a list of numbers around a place begins and ends: no string or object is in it."""
    brace = content.find(b"}", at)
    end = len(content) if brace < 0 else brace
    quote = content.find(b'"', at, end)
    start, end = content.rfind(b'"', 0, at) + 1, end if quote < 0 else quote
    return content.find(b"[", start, end), content.rfind(b"]", start, end) + 1


def _cut(content: Body, start: int, end: int) -> tuple[Points | None, Body]:
    """Return the list of numbers in this part of a body, and the body without it; None and the body where it is none,
    or what is left might hold a placeholder of its own.
    """
    rest = bytes(content[: max(0, start)] + _PLACEHOLDER_JSON + content[end:])
    if start < 0 or b"\\" in rest or rest.count(_PLACEHOLDER_JSON[1:-1]) > 1:
        return None, content
    try:
        numbers = _numbers(content, start, end)
    except NO_NUMBERS:
        numbers = None
    return (None, content) if numbers is None else (numbers, rest)


def _numbers(content: Body, start: int, end: int) -> Points | None:
    """Return a list of numbers in JSON as [k], n lists of d numbers as [n, d], or None for anything else.

    Raises:
        one of NO_NUMBERS: the same.
    """
    is_flat = content.find(b"[", start + 1, end) < 0
    close = content.find(b"]", start, end)
    width = 0 if is_flat else content.count(b",", start, close) + 1  # of the first row, if these are rows
    arrays: list[Points] = []
    for text in _pieces(content, start, end, b"," if is_flat else b"]"):
        numbers = _flattened(text)
        if not (is_flat or _are_rows(text, numbers.size, width)):
            return None
        if not numbers.size or not is_surely_in_range(numbers):
            return None
        arrays.append(numbers.astype(np.float32))
    together = arrays[0] if len(arrays) == 1 else np.concatenate(arrays)
    return together if is_flat else together.reshape(-1, width)


def _pieces(content: Body, start: int, end: int, last: bytes) -> Iterator[bytes]:
    """Yield lists with the entries of a list, many at a time; one ends where `last` is found and a comma follows."""
    if end - start <= PIECE_BYTES:
        yield bytes(content[start:end])
        return
    view = memoryview(content)
    start, end = start + 1, end - 1
    while True:
        stop = content.find(last, start + PIECE_BYTES, end)
        comma = content.find(b",", stop, end) if stop >= 0 else -1
        if comma < 0:
            yield b"".join((b"[", view[start:end], b"]"))
            return
        yield b"".join((b"[", view[start:comma], b"]"))
        start = comma + 1


def _are_rows(text: bytes, size: int, width: int) -> bool:
    """Say whether a list in valid JSON with so many numbers is one of lists of `width` numbers."""
    # What is left of it without its numbers shows its form: [[,],[,]] are two rows of two. Of rows without a comma,
    # [[],[]], the count says whether each holds one number.
    n, more = divmod(size, width)
    row = b"[" + b"," * (width - 1) + b"],"
    return not more and text.translate(None, NUMBER_CHARACTERS) == b"[" + (row * n)[:-1] + b"]"


def _flattened(text: bytes) -> NDArray[np.float64]:
    """Return all numbers of a list of them or of lists of them.

    Raises:
        one of NO_NUMBERS: it is something else.
    """
    if simdjson is None:
        return _flattened_by_orjson(text)
    try:
        parser = _parsers.pop()
    except IndexError:
        parser = simdjson.Parser()
    numbers = cast("simdjson.Array", parser.parse(text)).as_buffer(of_type="d")
    if len(text) <= 2 * PIECE_BYTES:  # it keeps 15 times the longest text that it has parsed
        _parsers.append(parser)
    return np.frombuffer(numbers)


def _flattened_by_orjson(text: bytes) -> NDArray[np.float64]:
    entries = orjson.loads(text)
    if entries and isinstance(entries[0], list):
        entries = list(chain.from_iterable(entries))
    if not set(map(type, entries)) <= {int, float}:
        raise TypeError("not numbers alone")
    return np.frombuffer(struct.pack(f"{len(entries)}d", *entries))
