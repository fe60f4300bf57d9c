"""The way from a table to trained models, as `models/README.md` describes it, can be gone as it stands there.

Its commands run within this process, which has TensorFlow, and their bundles hold weights alone.
"""

import re
import shlex
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from bundle import layout
from bundle.card import Card, CardSchema
from tests import console
from tests.conftest import ROOT
from tests.training.conftest import export_weights_alone
from training.cli import main

pytestmark = pytest.mark.training

DOCUMENT = ROOT / "models" / "README.md"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the document's commands ran, each with the output that it is said to have."""
    directory = tmp_path_factory.mktemp("own")
    (table,) = re.findall(r"```csv\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    (directory / "plants.csv").write_text(table)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(directory)
        patch.setattr("training.one_model.export", export_weights_alone)
        for command, expected in console.examples(DOCUMENT):
            assert run(command) == expected
    return directory


def run(command: str) -> str:
    """Return what a command of the document prints, through the pipe behind it if there is one."""
    training, _, pipe = command.partition(" | ")
    *program, arguments = training.split(maxsplit=3)
    assert program == [".venv/bin/python", "-m", "training"]
    ended = CliRunner().invoke(main, shlex.split(arguments))
    assert ended.exit_code == 0, ended.output
    return subprocess.check_output(pipe, shell=True, input=ended.stdout, text=True) if pipe else ended.stdout


def test_the_documents_example_is_trained(trained: Path) -> None:
    card = CardSchema().read(trained / "models" / "plants-10" / "1" / layout.CARD)
    assert isinstance(card, Card)
    assert (card.task, card.classes, card.target) == ("binary", ["no", "yes"], "survived")
    assert [(feature.name, feature.categories) for feature in card.features] == [
        ("height", None),
        ("soil", ["clay", "peat", "sand"]),
        ("watered", None),
    ]
