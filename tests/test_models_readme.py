"""The way from a table to trained models, as `models/README.md` describes it, can be gone as it stands there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bundle import layout
from bundle.card import Card, CardSchema
from tests import console
from tests.conftest import ROOT

pytestmark = pytest.mark.training

DOCUMENT = ROOT / "models" / "README.md"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the document's commands ran, each with the output that it is said to have."""
    directory = tmp_path_factory.mktemp("own")
    (table,) = re.findall(r"```csv\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    (directory / "plants.csv").write_text(table)
    for command, expected in console.examples(DOCUMENT):
        ended = subprocess.run(
            command.replace(".venv/bin/python", sys.executable),
            shell=True,
            cwd=directory,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=300,
            check=True,
        )
        assert ended.stdout == expected, ended.stderr
    return directory


def test_the_documents_example_is_trained(trained: Path) -> None:
    card = CardSchema().read(trained / "models" / "plants-10" / "1" / layout.CARD)
    assert isinstance(card, Card)
    assert (card.task, card.classes, card.target) == ("binary", ["no", "yes"], "survived")
    assert [(feature.name, feature.categories) for feature in card.features] == [
        ("height", None),
        ("soil", ["clay", "peat", "sand"]),
        ("watered", None),
    ]
