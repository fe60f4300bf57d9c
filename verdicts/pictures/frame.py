"""The frame of a picture: its title, its legend and the notes below, laid out in pixels before anything is drawn."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import XAxis, YAxis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from verdicts.pictures.letters import FAMILY, fitted, line_height, widest, wrapped

FULL_WIDTH = 500
"""Below this width letters are smaller."""

HANDLE = 46
"""Pixels of a legend's entry beside its text."""

MARGIN = 10

Fonts = Callable[..., list[str]]
"""Returns the families of fonts that have the characters of some texts."""


def own_fonts(*_: str) -> list[str]:
    """Return Matplotlib's own font, whatever the texts are."""
    return [FAMILY]


@dataclass(frozen=True)
class Picture:
    """What is drawn, and how high it is in pixels."""

    height: float
    draw: Callable[[Figure], None]


@dataclass(frozen=True)
class Frame:
    """A picture's surroundings.

    Attributes:
        width: of the picture, in pixels.
        title: what stands above.
        entries: the legend's, each with a label.
        notes: what stands below.
        families: of fonts, for names.
    """

    width: int
    title: str
    entries: Sequence[Artist] = ()
    notes: Sequence[str] = ()
    families: Sequence[str] = (FAMILY,)

    @property
    def size(self) -> float:
        """The size of letters in points."""
        return 10 if self.width >= FULL_WIDTH else 7.5

    @property
    def line(self) -> float:
        """The height of a line in pixels."""
        return 1.35 * line_height(self.size)

    @property
    def _title_size(self) -> float:
        return 1.2 * self.size

    @property
    def _title_lines(self) -> list[str]:
        return wrapped(self.title, self.width - 2 * MARGIN, self._title_size)

    @property
    def _note_lines(self) -> list[str]:
        return [line for note in self.notes for line in wrapped(note, self.width - 2 * MARGIN, self.size, most=6)]

    @property
    def top(self) -> float:
        """Where the content begins."""
        return MARGIN + len(self._title_lines) * 1.2 * self.line + 4

    def _labels(self) -> list[str]:
        return [fitted(str(entry.get_label()), self.width - HANDLE - 2 * MARGIN, self.size) for entry in self.entries]

    def _columns(self) -> int:
        room = self.width - 2 * MARGIN
        each = widest(self._labels(), self.size) + HANDLE
        return max(1, min(len(self.entries), int(room // each)))

    @property
    def _rows(self) -> int:
        return math.ceil(len(self.entries) / self._columns()) if self.entries else 0

    @property
    def bottom(self) -> float:
        """The height of what stands below the content."""
        legend = self._rows * 1.05 * self.line + 8 if self.entries else 0
        return legend + len(self._note_lines) * self.line + MARGIN

    def height(self, content: float) -> float:
        """Return the height of a picture with so much content."""
        return math.ceil(self.top + content + self.bottom)

    def draw(self, figure: Figure) -> None:
        """Draw title, legend and notes."""
        figure.set_layout_engine("none")
        high = figure.bbox.height
        text: dict[str, Any] = {"family": list(self.families), "parse_math": False}
        figure.text(
            0.5,
            1 - MARGIN / high,
            "\n".join(self._title_lines),
            ha="center",
            va="top",
            fontsize=self._title_size,
            linespacing=1.25,
            **text,
        )
        notes = self._note_lines
        figure.text(
            MARGIN / self.width,
            MARGIN / high,
            "\n".join(notes),
            ha="left",
            va="bottom",
            fontsize=self.size,
            linespacing=1.2,
            color="#404040",
            **text,
        )
        if self.entries:
            legend = figure.legend(
                list(self.entries),
                self._labels(),
                loc="lower center",
                bbox_to_anchor=(0.5, (MARGIN + len(notes) * self.line) / high),
                ncols=self._columns(),
                fontsize=self.size,
                frameon=False,
                borderpad=0,
                borderaxespad=0,
                labelspacing=0.3,
                columnspacing=1,
                handletextpad=0.5,
            )
            for label in legend.get_texts():
                label.set_fontfamily(list(self.families))
                label.set_parse_math(False)

    def axes(self, figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
        """Return axes at a place in pixels from the left and the top of the picture."""
        high = figure.bbox.height
        axes = figure.add_axes((left / self.width, 1 - (top + height) / high, width / self.width, height / high))
        axes.tick_params(labelsize=self.size)
        axes.grid(alpha=0.3)
        axes.set_axisbelow(True)
        return axes

    def mark(self, axis: XAxis | YAxis, pixels: float, most: int = 8) -> None:
        """Have an axis so few ticks that their labels stand apart."""
        room = 3.2 * line_height(self.size) if isinstance(axis, XAxis) else 2.2 * self.line
        axis.set_major_locator(MaxNLocator(max(1, min(most, int(pixels / room))), steps=[1, 2, 2.5, 5, 10]))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.6g}".replace("-", "−")))


def extent(values: Sequence[float], margin: float = 0.04) -> tuple[float, float]:
    """Return the ends of an axis that has room for all values."""
    low, high = min(values), max(values)
    span = (high - low) or max(abs(high), 1) * 0.02
    return low - margin * span, high + margin * span
