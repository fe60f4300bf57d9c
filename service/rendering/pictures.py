"""Pictures: PNGs of figures, which leave nothing in memory."""

import gc
import io
from collections.abc import Callable

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from service import heap
from verdicts.pictures.letters import DOTS_PER_INCH


def draw_picture(width: int, height: float, draw: Callable[[Figure], None]) -> bytes:
    """Return a PNG `width` pixels wide and `height` pixels high.

    The figure is made without pyplot, whose state is shared between threads. It refers to itself in many places: left
    to the garbage collector, which counts objects and not bytes, the 400 MB of a large one stayed for good.
    """
    try:
        return _png(width, height, draw)
    finally:
        gc.collect()  # 15 ms; what was loaded at the start is frozen
        heap.give_back()


def _png(width: int, height: float, draw: Callable[[Figure], None]) -> bytes:
    figure = Figure(figsize=(width / DOTS_PER_INCH, height / DOTS_PER_INCH), dpi=DOTS_PER_INCH)
    figure.set_layout_engine("constrained")
    draw(figure)
    file = io.BytesIO()
    FigureCanvasAgg(figure).print_png(file)  # type: ignore[no-untyped-call]
    return file.getvalue()
