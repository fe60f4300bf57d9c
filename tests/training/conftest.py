"""What tests of training share: a stand-in for the export, where it does not matter what a bundle computes."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bundle import layout

if TYPE_CHECKING:
    from training.exporter import Recorded

WEIGHTS = "variables/variables.data-00000-of-00001"


def export_weights_alone(recorded: "Recorded", _domain: object, directory: Path) -> tuple[str, None]:
    """Write what looks like a SavedModel: its files by their names, and the weights, but no graph.

    To trace, save and convert the signatures takes two seconds, and to compare both forms.
    """
    for name in (layout.SAVED_MODEL, "fingerprint.pb", "variables/variables.index", WEIGHTS):
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(name)
    (directory / WEIGHTS).write_bytes(b"".join(stack.tobytes() for stack in recorded.weights))
    (directory / layout.EXTRAS).mkdir()
    return layout.fingerprint(directory), None


@pytest.fixture(scope="module")
def weights_alone() -> Iterator[None]:
    """Have a module's trainings export weights alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.one_model.export", export_weights_alone)
        yield


@pytest.fixture
def whole_bundles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have this test's trainings export for real all the same."""
    from training import exporter  # noqa: PLC0415 (TensorFlow)

    monkeypatch.setattr("training.one_model.export", exporter.export)
