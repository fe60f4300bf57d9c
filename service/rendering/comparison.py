"""Comparisons as pictures, as PNG."""

from bundle.comparison import Comparison
from service.rendering.fonts import families
from service.rendering.pictures import draw_picture
from verdicts.pictures import album
from verdicts.score_comparison import ScoreComparison


def draw(kind: str, comparison: Comparison, score: str, width: int) -> bytes:
    """Return a PNG of an experiment's models, `width` pixels wide.

    Raises:
        ValueError: the experiment has nothing for this kind of picture.
    """
    picture = album.of_comparison(kind, comparison, score, width, families)
    return draw_picture(width, picture.height, picture.draw)


def draw_scores(kind: str, comparison: ScoreComparison, width: int) -> bytes:
    """Return a PNG of scores from elsewhere.

    Raises:
        ValueError: the scores have nothing for this kind of picture.
    """
    picture = album.of_scores(kind, comparison, width, families)
    return draw_picture(width, picture.height, picture.draw)
