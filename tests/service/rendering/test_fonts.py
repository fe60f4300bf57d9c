"""Names in pictures, in scripts for which Matplotlib brings no font."""

import io
from collections.abc import Iterator
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

from harness.bundles import change_card, publish
from tests.conftest import Server, running

SQUARE = "距"
"""A character that the installed font has, as a black square."""

NAMES = {
    "Chinese, of which the font has half": (f"{SQUARE}离", "y"),
    "Arabic and Hebrew, from right to left": ("طول الموجة", "אורך abc"),
    "no script": ("a\tb\x00c\u200b", "$x^$ \ud7ff"),
    "an emoji and combining marks": ("🌡 e\u0301\u0302", "ความยาว"),
}


def install_font(directory: Path) -> None:
    """Make a font of one character, as the user of a machine has fonts."""
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    for corner in ((0, 1000), (1000, 1000), (1000, 0)):
        pen.lineTo(corner)
    pen.closePath()
    font = FontBuilder(1000)
    font.setupGlyphOrder([".notdef", "square"])
    font.setupCharacterMap({ord(SQUARE): "square"})
    font.setupGlyf({".notdef": TTGlyphPen(None).glyph(), "square": pen.glyph()})
    font.setupHorizontalMetrics({".notdef": (1000, 0), "square": (1000, 0)})
    font.setupHorizontalHeader(ascent=1000, descent=0)
    font.setupNameTable({"familyName": "Square", "styleName": "Regular"})
    font.setupOS2()
    font.setupPost()
    directory.mkdir(parents=True)
    font.save(directory / "square.ttf")


@pytest.fixture(scope="module")
def server(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A model a case, on a machine with that font beside others and a broken one; every warning is an error."""
    directory = tmp_path_factory.mktemp("fonts")
    install_font(directory / "data/fonts")
    (directory / "data/fonts/broken.ttf").write_bytes(b"no font")
    for number, names in enumerate(NAMES.values()):
        (directory / "models").mkdir(exist_ok=True)
        published = publish(models_dir / "linear/1", directory / "models", f"model-{number}", 1)
        features = [{"name": name, "low": -1.0, "high": 1.0} for name in names]
        change_card(published, features=features)
    environment = {
        "SERVICE_MODELS_DIR": str(directory / "models"),
        "XDG_DATA_HOME": str(directory / "data"),
        "PYTHONWARNINGS": "error:Glyph,error:Matplotlib",
    }
    with running(directory, **environment) as started:
        started.wait_until_ready()
        yield started


@pytest.mark.parametrize("number", range(len(NAMES)), ids=NAMES)
def test_no_name_keeps_a_picture_from_being_drawn(server: Server, number: int) -> None:
    answer = server.get(f"/boundary?model=model-{number}&format=png")
    assert (answer.status_code, answer.content[:4]) == (200, b"\x89PNG"), answer.text


def test_a_font_of_the_machine_draws_what_matplotlibs_own_does_not_have(server: Server) -> None:
    content = server.get("/boundary?model=model-0&format=png").content
    label = matplotlib.image.imread(io.BytesIO(content), format="png")[-40:, :, :3].sum(axis=2)
    square = max(np.diff(np.flatnonzero(np.diff([0, *(row < 0.1), 0])))[::2].max(initial=0) for row in label)
    assert square >= 10  # black pixels side by side: no letter has as many


def test_what_no_font_has_is_logged_once_and_not_in_every_request(server: Server) -> None:
    for width in (300, 301, 302):
        server.get(f"/boundary?model=model-0&format=png&width={width}")
    assert [event["characters"] for event in server.events("no font")].count("离") == 1
    assert "Glyph" not in server.log.read_text()
