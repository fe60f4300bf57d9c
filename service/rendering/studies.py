"""Studies as pictures, as PNG."""

from collections.abc import Mapping

from bundle.study import Study
from bundle.study_rows import BoundaryMap, Column
from service.rendering.fonts import families
from service.rendering.pictures import draw_picture
from verdicts.pictures import study_lines, study_map


def draw(
    kind: str,
    study: Study,
    columns: dict[str, Column],
    maps: Mapping[str, BoundaryMap],
    asked: tuple[str | None, str | None, str],
    width: int,
) -> bytes:
    """Return a PNG of a study's rows, over the factors x and y and of the metric that are asked for.

    Raises:
        ValueError: there is nothing for this kind of picture.
    """
    if kind == "map":
        picture = study_map.picture(study, columns, maps, asked, width, families)
    elif kind == "curves":
        picture = study_lines.curves(study, columns, asked, width, families)
    else:
        picture = study_lines.gradients(study, columns, asked[:2], width, families)
    return draw_picture(width, picture.height, picture.draw)
