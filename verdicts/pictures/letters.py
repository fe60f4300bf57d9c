"""Texts in the room that a picture has for them, measured in its font."""

from collections.abc import Sequence
from functools import lru_cache
from unicodedata import east_asian_width

from matplotlib.font_manager import findfont, get_font
from matplotlib.ft2font import FT2Font

from verdicts.words import without_middle

DOTS_PER_INCH = 100
FAMILY = "DejaVu Sans"


@lru_cache(maxsize=8)
def _font(size: float) -> tuple[FT2Font, frozenset[int]]:
    font = FT2Font(findfont(FAMILY))
    font.set_size(size, DOTS_PER_INCH)
    return font, frozenset(get_font(findfont(FAMILY)).get_charmap())


def width_of(text: str, size: float) -> float:
    """Return the pixels that a line takes at a size in points; characters of other fonts count as wide ones."""
    font, own = _font(size)
    known = "".join(character for character in text if ord(character) in own)
    font.set_text(known)
    others = sum(1.1 if east_asian_width(c) in "WF" else 0.8 for c in text if ord(c) not in own)
    return float(font.get_width_height()[0]) / 64 + others * line_height(size)


def line_height(size: float) -> float:
    """Return the pixels of an em at a size in points."""
    return size * DOTS_PER_INCH / 72


def fitted(text: str, pixels: float, size: float) -> str:
    """Return a text in one line, without its middle where it would be wider."""
    line = " ".join(text.split())
    if width_of(line, size) <= pixels:
        return line
    low, high = 2, len(line)
    while low < high:  # the most characters that fit
        middle = (low + high + 1) // 2
        low, high = (middle, high) if width_of(without_middle(line, middle), size) <= pixels else (low, middle - 1)
    return without_middle(line, low)


def wrapped(text: str, pixels: float, size: float, most: int = 3) -> list[str]:
    """Return a text in as few lines as it needs; a word that is too long is shortened, and so is the last line."""
    lines: list[str] = []
    for word in text.split():
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and width_of(joined, size) <= pixels:
            lines[-1] = joined
        else:
            lines.append(word)
    if len(lines) > most:
        lines = [*lines[: most - 1], " ".join(lines[most - 1 :])]
    return [fitted(line, pixels, size) for line in lines]


def widest(texts: Sequence[str], size: float) -> float:
    """Return the pixels of the widest of some lines."""
    return max((width_of(line, size) for text in texts for line in text.split("\n")), default=0.0)
