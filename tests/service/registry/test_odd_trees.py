"""Whatever stands in the models directory: good models answer, at the start and later; each bad one says why."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bundle import layout
from harness.bundles import copy, publish
from harness.waiting import wait_for
from tests.conftest import Server, StartServer


def within(make: Callable[[Path], object]) -> Callable[[Path], object]:
    """Return what makes a folder and then something in it."""

    def make_both(folder: Path) -> None:
        folder.mkdir()
        make(folder)

    return make_both


def loop(folder: Path) -> None:
    (folder / "1").mkdir()
    (folder / "1" / "again").symlink_to("..")


def within_version(name: str) -> Callable[[Path], object]:
    return lambda model: within(lambda version: (version / name).touch())(model / "1")


NO_VERSION = "no folder that is named by a version number"
NO_SAVED_MODEL = "there is no saved_model.pb"

ODD: dict[str, tuple[Callable[[Path], object], str | None]] = {
    "empty": (Path.mkdir, NO_VERSION),
    "word-for-a-version": (within(lambda m: (m / "v1").mkdir()), NO_VERSION),
    "zeros-in-front": (within(lambda m: (m / "001").mkdir()), "without leading zeros; rename 001"),
    "zero": (within(lambda m: (m / "0").mkdir()), "a whole number from 1 to 8999999999999999999"),
    "no-folder-around-it": (within(lambda m: (m / layout.SAVED_MODEL).touch()), "move its saved_model.pb"),
    "keras-file": (within(within_version("theirs.keras")), "`python -m training adopt` makes one of theirs.keras"),
    "negative": (within(lambda m: (m / "-1").mkdir()), NO_VERSION),
    "file-for-a-version": (within(lambda m: (m / "1").write_text("x")), NO_VERSION),
    "dangling-link-for-a-version": (within(lambda m: (m / "1").symlink_to("gone")), NO_VERSION),
    "version-is-a-fifo": (within(lambda m: os.mkfifo(m / "1")), NO_VERSION),
    "version-links-to-itself": (within(lambda m: (m / "1").symlink_to("1")), NO_VERSION),
    "version-in-nanoseconds": (within(lambda m: (m / "1795810856000000000").mkdir()), NO_SAVED_MODEL),
    "version-past-int64": (within(lambda m: (m / "9223372036854775808").mkdir()), NO_VERSION),
    "version-of-20-digits": (within(lambda m: (m / "20261126091500123456").mkdir()), NO_VERSION),
    "empty-version": (within(lambda m: (m / "1").mkdir()), NO_SAVED_MODEL),
    "bundle-is-a-loop": (within(loop), NO_SAVED_MODEL),
    "largest-version": (within(lambda m: (m / str(layout.MAX_VERSION)).mkdir()), NO_SAVED_MODEL),
    "version-past-2-to-the-53": (within(lambda m: (m / "20261126091500123").mkdir()), NO_SAVED_MODEL),
    "name-of-64-" + "x" * 53: (Path.mkdir, NO_VERSION),
    "name-of-65-" + "x" * 54: (Path.mkdir, None),
    "a file": (lambda m: m.write_text("x"), None),
    "dangling": (lambda m: m.symlink_to("nowhere"), None),
    "looping": (lambda m: m.symlink_to("looping"), None),
    "fifo": (os.mkfifo, None),
    "with space": (Path.mkdir, None),
    "ünïcode": (Path.mkdir, None),
    ".hidden": (Path.mkdir, None),
    "_private": (Path.mkdir, None),
    "$HOME": (Path.mkdir, None),
    "..data": (Path.mkdir, None),
}
"""Entries by name: how each is made, and the reason that is shown; None for what is no model by its name or kind."""


def replace_extra(path: str, make: Callable[[Path], object]) -> Callable[[Path], object]:
    def spoil(bundle: Path) -> None:
        (bundle / path).unlink()
        make(bundle / path)

    return spoil


def oversize(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(layout.MAX_JSON_BYTES + 1)


SPOILT: dict[str, tuple[Callable[[Path], object], str]] = {
    "card-is-a-fifo": (replace_extra(layout.CARD, os.mkfifo), "card.json is not a regular file"),
    "card-is-a-folder": (replace_extra(layout.CARD, Path.mkdir), "card.json is not a regular file"),
    "card-is-huge": (replace_extra(layout.CARD, oversize), "at most"),
    "card-is-empty": (replace_extra(layout.CARD, Path.touch), "the card cannot be read"),
    "card-is-a-list": (replace_extra(layout.CARD, lambda p: p.write_text("[]")), "the card cannot be read"),
    "card-is-cut-off": (replace_extra(layout.CARD, lambda p: p.write_text('{"name": "x"')), "the card cannot be read"),
    "card-is-deep": (replace_extra(layout.CARD, lambda p: p.write_text("[" * 100_000)), "the card cannot be read"),
    "card-is-binary": (replace_extra(layout.CARD, lambda p: p.write_bytes(os.urandom(999))), "the card cannot be read"),
    "saved-model-is-a-fifo": (replace_extra(layout.SAVED_MODEL, os.mkfifo), NO_SAVED_MODEL),
    "saved-model-is-a-folder": (replace_extra(layout.SAVED_MODEL, Path.mkdir), NO_SAVED_MODEL),
    "compiled-is-a-fifo": (replace_extra(layout.COMPILED, os.mkfifo), "model.tflite is not a regular file"),
    "compiled-is-a-folder": (replace_extra(layout.COMPILED, Path.mkdir), "model.tflite is not a regular file"),
    "compiled-is-gone": (lambda b: (b / layout.COMPILED).unlink(), "there is no compiled form"),
    "compiled-is-another": (replace_extra(layout.COMPILED, lambda p: p.write_bytes(b"x")), "not the one that the card"),
    "saved-model-is-another": (lambda b: (b / layout.SAVED_MODEL).write_bytes(b"x"), "is stale"),
}
"""Bundles, and the reason that is shown; with SERVICE_ENGINE=litert, so that TensorFlow is not asked."""


def spoil_everything(models: Path, good: Path) -> None:
    for name, (make, _) in ODD.items():
        make(models / name)
    for name, (spoil, _) in SPOILT.items():
        bundle = publish(good, models.parent / "beside", name, 1)
        spoil(bundle)
        bundle.parent.rename(models / name)  # spoilt in its place, it might be looked at halfway, and not again


def reasons(server: Server) -> dict[str, str]:
    models = server.get("/models").json()["models"]
    return {
        model["name"]: model.get("reason") or "; ".join(str(version["reason"]) for version in model["versions"])
        for model in models
    }


def decided(server: Server) -> set[str]:
    """Return the models with no version that is still being loaded, whose reason is not known yet."""
    models = server.get("/models").json()["models"]
    return {model["name"] for model in models if "LOADING" not in {version["state"] for version in model["versions"]}}


def check(server: Server) -> None:
    assert server.predict(points=[[0.1, 0.2]], model="linear").status_code == 200
    assert server.get("/health/ready").status_code == 200
    shown = reasons(server)
    for name, (_, reason) in {**ODD, **SPOILT}.items():
        assert (reason is None) == (name not in shown), name
        assert reason is None or reason in shown[name], (name, shown[name])


@pytest.fixture
def models(models_dir: Path, tmp_path: Path) -> Path:
    return copy(models_dir, tmp_path / "models", "linear")


def test_an_odd_entry_never_decides_for_the_others_at_the_start(
    start_server: StartServer, models: Path, models_dir: Path
) -> None:
    spoil_everything(models, models_dir / "tanh-3" / "1")
    server = start_server(SERVICE_MODELS_DIR=str(models), SERVICE_ENGINE="litert", SERVICE_DEFAULT_MODEL="linear")
    check(server)
    assert server.tracebacks() == 0


def test_an_odd_entry_never_decides_for_the_others_while_serving(
    start_server: StartServer, models: Path, models_dir: Path
) -> None:
    copy(models_dir, models, "relu-3")
    options = {"SERVICE_ENGINE": "litert", "SERVICE_DEFAULT_MODEL": "linear", "SERVICE_POLL_SECONDS": "0.2"}
    server = start_server(SERVICE_MODELS_DIR=str(models), **options)
    spoil_everything(models, models_dir / "tanh-3" / "1")
    shown = {name for name, (_, reason) in {**ODD, **SPOILT}.items() if reason is not None}
    wait_for(lambda: shown <= decided(server))
    check(server)
    (models / "relu-3").rename(models.parent / "gone")
    wait_for(lambda: "relu-3" not in reasons(server))
    assert server.predict(points=[[0.1, 0.2]], model="relu-3").status_code == 404


def test_what_a_link_points_to_decides_which_version_it_is(models_dir: Path, tmp_path: Path) -> None:
    """As Kubernetes mounts volumes: `..data` is swapped, and nothing else changes."""
    data = tmp_path / "bundle"
    for name in ("tanh-3", "linear"):
        copy(models_dir, data / f"..{name}", name)
    (data / "..data").symlink_to("..tanh-3/tanh-3/1")
    for entry in ("saved_model.pb", "fingerprint.pb", "variables", "assets.extra"):
        (data / entry).symlink_to(f"..data/{entry}")
    assert layout.fingerprint(data) == layout.fingerprint(models_dir / "tanh-3" / "1")
    (data / "..data").unlink()
    (data / "..data").symlink_to("..linear/linear/1")
    assert layout.fingerprint(data) == layout.fingerprint(models_dir / "linear" / "1")
