"""Fonts for characters that Matplotlib's own, DejaVu Sans, does not have: Chinese, Japanese, Korean and others."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

import structlog
from matplotlib.font_manager import findfont, findSystemFonts, fontManager
from matplotlib.ft2font import FT2Font
from structlog.typing import FilteringBoundLogger

log: FilteringBoundLogger = structlog.get_logger()

OWN_FONT = "DejaVu Sans"

# Said once, below; Matplotlib would say it in each picture, where somebody may have made an error of every warning.
warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from font")
warnings.filterwarnings("ignore", "Matplotlib currently does not support .* natively")


@dataclass(frozen=True)
class _Font:
    """A font on this machine, and which of the characters that are wanted it has."""

    path: str
    family: str
    has: frozenset[int]
    is_regular: bool

    def rank(self, missing: frozenset[int]) -> tuple[int, bool, bool, bool]:
        """Return how well it serves: with many of these characters, then upright, proportional and without serifs."""
        return len(self.has & missing), self.is_regular, "Mono" not in self.family, "Sans" in self.family


def families(*texts: str) -> list[str]:
    """Return the families of fonts that have the characters of all texts, Matplotlib's own first.

    Matplotlib takes each character from the first one that has it, and draws a box where none has.
    """
    characters = frozenset(ord(character) for text in texts for character in text if character.isprintable())
    return [OWN_FONT, *_others(characters - _own_characters())]


@cache
def _own_characters() -> frozenset[int]:
    return frozenset(FT2Font(findfont(OWN_FONT)).get_charmap())


@lru_cache(maxsize=256)
def _others(missing: frozenset[int]) -> tuple[str, ...]:
    """Return as few families as have these characters, and log what none has."""
    if not missing:
        return ()
    fonts, chosen = list(_installed(missing)), []
    while any(font.has & missing for font in fonts):
        best = max(fonts, key=lambda font: font.rank(missing))
        if all(entry.fname != best.path for entry in fontManager.ttflist):  # its list may be older than the font
            fontManager.addfont(best.path)
        chosen.append(best.family)
        missing -= best.has
    if missing:
        log.warning("no font", characters="".join(map(chr, sorted(missing))))
    return tuple(chosen)


def _installed(wanted: frozenset[int]) -> Iterator[_Font]:
    """Yield the fonts on this machine that have any of these characters."""
    for path in sorted(findSystemFonts()):
        try:
            font = FT2Font(path)
            has = frozenset(code for code in wanted if font.get_char_index(code))
        except (OSError, RuntimeError):  # gone, or no font that FreeType reads
            continue
        if has and font.scalable:  # others have one size, and fail at any other
            yield _Font(path, font.family_name, has, not font.style_flags)
