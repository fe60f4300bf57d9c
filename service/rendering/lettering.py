"""Names as pictures have room for them: columns and classes are named by others, at any length."""

from collections.abc import Sequence
from textwrap import wrap

from verdicts.words import without_middle

PIXELS_A_CHARACTER = 8
"""Of a label, with some room for wide characters."""

PIXELS_A_CHARACTER_OF_A_TITLE, NARROW, MAX_LINES = 11, 400, 2
"""Of a title, whose letters are larger, but not in a picture narrower than this; and how many lines it may have."""


def shortened(text: str, pixels: float) -> str:
    """Return a text in one line, without its middle where it is wider than this."""
    most = max(4, int(pixels / PIXELS_A_CHARACTER))
    line = " ".join(text.split())
    return line if len(line) <= most else without_middle(line, most - 1)


def in_two_lines(text: str, pixels: float) -> str:
    """Return a text in one line or two, without its middle where these are wider than this."""
    most = max(4, int(pixels / PIXELS_A_CHARACTER))
    return "\n".join(wrap(shortened(text, 1.8 * pixels), most, break_on_hyphens=False))


def in_a_row(texts: Sequence[str]) -> float:
    """Return how many pixels texts take beside each other, each with as much room as the longest one."""
    return PIXELS_A_CHARACTER * len(texts) * (max(map(len, texts), default=0) + 1)


def title_lines(text: str, width: int) -> list[str]:
    """Return what stands above a picture of a width, in as many lines as it may have."""
    pixels = PIXELS_A_CHARACTER_OF_A_TITLE if width >= NARROW else PIXELS_A_CHARACTER
    return wrap(text, width // (pixels + 1), max_lines=MAX_LINES, placeholder=" …", break_on_hyphens=False)


def title_size(width: float) -> str:
    """Return the size of letters of which `title_lines` have room, as Matplotlib names it."""
    return "large" if width >= NARROW else "small"
