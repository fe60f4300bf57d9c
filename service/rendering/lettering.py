"""Names as pictures have room for them: columns and classes are named by others, at any length."""

from collections.abc import Sequence
from textwrap import wrap

PIXELS_A_CHARACTER = 8
"""Of a label, with some room for wide characters."""

BEGINNING = 0.7
"""The share of a shortened name that is its beginning; names that begin alike may differ at their ends."""


def shortened(text: str, pixels: float) -> str:
    """Return a text in one line, without its middle where it is wider than this."""
    most = max(4, int(pixels / PIXELS_A_CHARACTER))
    line = " ".join(text.split())
    if len(line) <= most:
        return line
    first = int(BEGINNING * (most - 1))
    return f"{line[:first].rstrip()}…{line[len(line) - (most - 1 - first) :].lstrip()}"


def in_two_lines(text: str, pixels: float) -> str:
    """Return a text in one line or two, without its middle where these are wider than this."""
    most = max(4, int(pixels / PIXELS_A_CHARACTER))
    return "\n".join(wrap(shortened(text, 1.8 * pixels), most, break_on_hyphens=False))


def in_a_row(texts: Sequence[str]) -> float:
    """Return how many pixels texts take beside each other, each with as much room as the longest one."""
    return PIXELS_A_CHARACTER * len(texts) * (max(map(len, texts), default=0) + 1)
