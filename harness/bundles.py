"""Models to serve: trained by the command that users run, copied, published as training does, and spoiled."""

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import orjson
from ai_edge_litert.interpreter import Interpreter

from bundle import layout
from harness.server import ROOT

Spoil = Callable[[Path], object]
"""Makes a bundle, not published yet, one that must never answer."""

DEFAULT = ROOT / "training" / "experiments" / "gaussian-quantiles.toml"


def default_experiment(directory: Path) -> Path:
    """Write the default experiment's file into a directory, and return its path.

    Two of the replicates are trained once more for each source of luck, not ten: that is half of all trainings, changes
    no weight, and only makes the estimate of each source's part, which no test knows, more precise.
    """
    file = directory / DEFAULT.name
    file.write_text(re.sub(r"(?m)^variance_runs = \d+", "variance_runs = 2", DEFAULT.read_text()))
    return file


def train(models: Path) -> None:
    """Train the default experiment by the command that users run."""
    with tempfile.TemporaryDirectory() as directory:
        file = default_experiment(Path(directory))
        command = [sys.executable, "-m", "training", "train", str(file), "--models-dir", str(models)]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)  # noqa: S603 (our own command)


def save_foreign(models: Path) -> None:
    """Write models that training would not write, of `harness.foreign`."""
    from harness import foreign  # noqa: PLC0415 (TensorFlow: who runs all tests has loaded it)

    foreign.save(models)


def save_kinds(models: Path) -> None:
    """Write models of every kind, of `harness.kinds`."""
    from harness import kinds  # noqa: PLC0415

    kinds.save(models)


def save_site(models: Path, site: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Save the pages with these models by the command that users run."""
    command = [sys.executable, "-m", "service.site", str(site), "--models-dir", str(models), *options]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S603 (our own command)


def copy(source: Path, models: Path, *names: str) -> Path:
    """Copy models of these names, with all their versions, and `_experiments` if named; return where they are."""
    for name in names:
        shutil.copytree(source / name, models / name)
    return models


def publish(bundle: Path, models: Path, name: str, version: int, spoil: Spoil | None = None) -> Path:
    """Publish a copy of a bundle as a model's version: complete beside its place, then one rename. Return its place.

    Its card, where it has one, names that version, so versions can be told apart by their numbers alone.
    """
    place = models / name / str(version)
    with layout.staging(models) as staged:
        copied = shutil.copytree(bundle, staged / "bundle")
        if (copied / layout.CARD).exists():
            change_card(copied, name=name, version=version)
        if spoil is not None:
            spoil(copied)
        layout.publish(copied, place)
    return place


def change_card(bundle: Path, **fields: object) -> None:
    path = bundle / layout.CARD
    path.write_bytes(orjson.dumps({**orjson.loads(path.read_bytes()), **fields}))


def without_saved_model(bundle: Path) -> None:
    (bundle / layout.SAVED_MODEL).unlink()


def with_half_a_card(bundle: Path) -> None:
    _cut(bundle / layout.CARD)


def with_a_cut_compiled_form(bundle: Path) -> None:
    """Cut the compiled form in half, as an interrupted copy does; its checksum on the card shows it."""
    _cut(bundle / layout.COMPILED)


def with_a_cut_compiled_form_that_the_card_describes(bundle: Path) -> None:
    """The same with the checksum made right, so that LiteRT itself must refuse it."""
    with_a_cut_compiled_form(bundle)
    _describe_compiled_form(bundle)


def with_weights_that_are_not_numbers(bundle: Path) -> None:
    """Write NaN over the weights in the compiled form, as training that diverged unnoticed would."""
    compiled = bundle / layout.COMPILED
    content = compiled.read_bytes()
    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    for detail in interpreter.get_tensor_details():
        if detail["dtype"] is np.float32 and detail["name"].startswith("ReadVariableOp"):
            weights = interpreter.get_tensor(detail["index"])
            content = content.replace(weights.tobytes(), np.full_like(weights, np.nan).tobytes())
    compiled.write_bytes(content)
    _describe_compiled_form(bundle)


SPOILS: tuple[Spoil, ...] = (
    with_a_cut_compiled_form,
    without_saved_model,
    with_half_a_card,
    with_weights_that_are_not_numbers,
    with_a_cut_compiled_form_that_the_card_describes,
)


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def _describe_compiled_form(bundle: Path) -> None:
    card = orjson.loads((bundle / layout.CARD).read_bytes())
    sha256 = hashlib.sha256((bundle / layout.COMPILED).read_bytes()).hexdigest()
    change_card(bundle, compiled={**card["compiled"], "sha256": sha256})
