"""Many points in a JSON body, read as one array: no Python object is made for each number and each list.

The body is read in pieces that fit the processor's nearest caches, by simdjson. Where that is not installed, as for a
Python that it has no wheel for, orjson reads the pieces in twice the time.
"""

import os
import struct
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
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

WHITESPACE = b" \t\n\r"

MAX_GAP = 40
"""Rows that are further apart, for all that is indented between them, are not read as an array."""

ARRAY_PARSE_MIN_BYTES = 512
"""Of a body that is longer, points are parsed faster as one array than as lists."""

PIECE_BYTES = 2**15
"""With 8 KiB the calls begin to count, from 128 KiB on the caches, and memory that the system has to give for each."""

NO_NUMBERS = (ValueError, TypeError, RuntimeError, struct.error, OverflowError)
"""What the parsers say of no JSON, of no numbers, of numbers without end and of too deep a list."""

PLACEHOLDER = ["#"]
"""What stands in the place of numbers that were cut out of a body."""

_PLACEHOLDER_JSON = orjson.dumps(PLACEHOLDER)
_parsers: "deque[simdjson.Parser]" = deque(maxlen=os.cpu_count())


def parse_points_json(
    content: Body, *names: str, objects: tuple[str, ...] = (), limits: tuple[int, int] | None = None
) -> Any:
    """Return what a JSON body says, as `parse_json` does, but for its rows of numbers by one of the names: an array.

    The rows may also stand one level deeper, in an object that has one of the names `objects`. The array is float32
    [n, d], and there only where the rows are most of the body and as they should be: n lists of d numbers, all of them
    in range. All else is left as it is, so that whoever looks at it says what is wrong. `limits` are those of
    `refuse_excess`.

    Raises:
        MalformedError: it is not JSON.
        TooLargeError: see `refuse_excess`.
    """
    rows, rest = None, content
    if len(content) >= ARRAY_PARSE_MIN_BYTES:
        rows, rest = _cut(content, *_list_around(content, len(content) // 2))
    if limits is not None:
        refuse_excess_beside(rows, rest, content, *limits)
    if rows is not None and rows.ndim == 2:
        with suppress(orjson.JSONDecodeError):
            document = orjson.loads(rest)
            if isinstance(document, dict) and _put_back(document, rows, names, objects):
                return document
    return parse_json(content)


def refuse_excess_beside(numbers: Points | None, rest: Body, content: Body, max_points: int, n_features: int) -> None:
    """Refuse a long body as `refuse_excess` does, unless numbers that are not too many were cut out of it."""
    has_few = numbers is not None and numbers.size <= max_points * n_features and len(rest) <= COUNT_FROM_BYTES
    if len(content) > COUNT_FROM_BYTES and not has_few:
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
    characters = np.frombuffer(content, np.uint8)
    is_flat = content.find(b"[", start + 1, end) < 0
    width, gap = (0, 0) if is_flat else _form(content, start + 1, end)
    arrays: list[Points] = []
    for first, last in _pieces(content, start + 1, end - 1, b"," if is_flat else b"]"):
        piece = characters[first:last]
        if not len(piece):
            return None
        numbers = _flattened(b"[" + piece.tobytes() + b"]") if is_flat else _flattened_rows(piece, width, gap)
        if numbers is None or not is_surely_in_range(numbers):
            return None
        arrays.append(numbers.astype(np.float32))
    together = arrays[0] if len(arrays) == 1 else np.concatenate(arrays)
    return together if is_flat else together.reshape(-1, width)


def _pieces(content: Body, start: int, end: int, last: bytes) -> Iterator[tuple[int, int]]:
    """Yield where the parts of a list's inside begin and end that are parsed at once, without the commas between them.

    A part ends where `last` is found and a comma follows.
    """
    while start >= 0:
        stop = content.find(last, start + PIECE_BYTES, end)
        comma = content.find(b",", stop, end) if stop >= 0 else -1
        yield _stripped(content, start, end if comma < 0 else comma)
        start = comma + 1 if comma >= 0 else -1


def _stripped(content: Body, start: int, end: int) -> tuple[int, int]:
    while start < end and content[start] in WHITESPACE:
        start += 1
    while start < end and content[end - 1] in WHITESPACE:
        end -= 1
    return start, end


def _form(content: Body, start: int, end: int) -> tuple[int, int]:
    """Return how many numbers the first of some rows has, and how far from the comma behind it the next row begins."""
    close = content.find(b"]", start, end)
    gap = content.find(b"[", close, end) - content.find(b",", close, end)
    return content.count(b",", start, close) + 1, gap if 0 < gap <= MAX_GAP else 1


def _flattened_rows(rows: NDArray[np.uint8], width: int, gap: int) -> NDArray[np.float64] | None:
    """Return all numbers of rows in JSON, `[1, 2], [3, 4]`; None where they are not all of `width` numbers, or not
    `gap` characters from the comma between two of them to the next.

    They are parsed as one list, with spaces for their brackets. So it is known that there is a comma between any two
    numbers. That brackets are around every `width`th comma, and nowhere else, is looked at here.

    Raises:
        one of NO_NUMBERS: they are something else.
    """
    length = len(rows)
    opens, closes = rows == ord("["), rows == ord("]")
    commas, between = np.zeros((2, -(-length // 4) * 4), np.bool_)  # all commas; those behind a row and before one
    np.equal(rows, ord(","), out=commas[:length])
    inside = slice(1, max(1, length - gap))
    found = between[inside]
    np.logical_and(commas[inside], closes[: len(found)], out=found)
    found &= opens[gap + 1 :]
    if gap > 1:
        is_space = rows <= ord(" ")
        for i in range(1, gap):
            found &= is_space[1 + i :][: len(found)]
    n = int(np.count_nonzero(found)) + 1
    is_enclosed = opens[0] and closes[-1]
    brackets = np.logical_or(opens, closes, out=opens).view(np.uint8)
    if not (is_enclosed and np.count_nonzero(brackets) == 2 * n):
        return None
    brackets -= 1
    brackets |= 0x20  # a space where there is one, 0xFF elsewhere
    text = np.minimum(rows, brackets, out=brackets)
    text[0], text[-1] = ord("["), ord("]")
    numbers = _flattened(text.data)
    if len(numbers) != n * width:
        return None
    for several in (np.uint32, np.uint16):  # it is quicker where no four characters hold two commas; two cannot
        places = np.flatnonzero(commas.view(several) != 0)
        if len(places) == len(numbers) - 1:
            break
    return numbers if between.view(several)[places[width - 1 :: width]].all() else None


def _flattened(text: bytes | memoryview) -> NDArray[np.float64]:
    """Return the numbers of a list.

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


def _flattened_by_orjson(text: bytes | memoryview) -> NDArray[np.float64]:
    numbers = orjson.loads(text)
    if not set(map(type, numbers)) <= {int, float}:
        raise TypeError("not numbers alone")
    return np.frombuffer(struct.pack(f"{len(numbers)}d", *numbers))
