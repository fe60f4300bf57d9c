"""Where things lie below the models directory, and how they get there: whole or not at all.

    models/<model>/<version>/                    a SavedModel directory, never changed once written
    models/<model>/<version>/assets.extra/       card.json and model.tflite
    models/_experiments/<experiment>/            comparison.json and dataset.csv

Names that start with `_` or `.` are never models, so a half-written sibling is never picked up.
"""

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

SAVED_MODEL = "saved_model.pb"
EXTRAS = "assets.extra"
CARD = f"{EXTRAS}/card.json"
COMPILED = f"{EXTRAS}/model.tflite"
EXPERIMENTS = "_experiments"
COMPARISON = "comparison.json"
DATASET = "dataset.csv"

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
"""The whole name of a model or an experiment: safe as a path component and in a URL."""

VERSION = re.compile(r"[1-9][0-9]{0,17}")
_PARTIAL = ".partial-"


def model_names(models_dir: Path) -> list[str]:
    """Return the names of the model directories, sorted; empty where there is no models directory."""
    if not models_dir.is_dir():
        return []
    return sorted(p.name for p in models_dir.iterdir() if NAME.fullmatch(p.name) and p.is_dir())


def versions(models_dir: Path, name: str) -> list[int]:
    """Return the versions of a model on disk, ascending; empty where there is none."""
    directory = models_dir / name
    if not directory.is_dir():
        return []
    return sorted(int(p.name) for p in directory.iterdir() if VERSION.fullmatch(p.name) and p.is_dir())


def experiment_dir(models_dir: Path, experiment: str) -> Path:
    return models_dir / EXPERIMENTS / experiment


def fingerprint(bundle: Path) -> str:
    """Return the SHA-256 of the SavedModel in a bundle: its files' names and contents, extras left out.

    The compiled form and the card lie among the extras; both record this value, so either of them is known to be
    stale as soon as the SavedModel beside it is another one.
    """
    digest = hashlib.sha256()
    for path in sorted(p for p in bundle.rglob("*") if p.is_file()):
        relative = path.relative_to(bundle)
        if relative.parts[0] == EXTRAS:
            continue
        content = path.read_bytes()
        digest.update(f"{relative.as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


@contextlib.contextmanager
def writing(models_dir: Path) -> Iterator[None]:
    """Hold the models directory for one writer, and clear away what a killed one left half-written.

    Raises:
        BlockingIOError: another training writes to this directory.
    """
    models_dir.mkdir(parents=True, exist_ok=True)
    with (models_dir / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the kernel frees it, however the process ends
        for leftover in (*models_dir.glob(f"{_PARTIAL}*"), *models_dir.glob(f"*/{_PARTIAL}*")):
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        yield


@contextlib.contextmanager
def staging(models_dir: Path) -> Iterator[Path]:
    """Give an empty directory beside the models in which to build what `publish` then renames into place."""
    directory = models_dir / f"{_PARTIAL}{uuid.uuid4().hex}"
    directory.mkdir(parents=True)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def publish(staged: Path, target: Path) -> None:
    """Move a staged file or directory to its final place in one rename, after its content is on the disk.

    A file replaces the one before it; a directory must be new.
    """
    for path in (staged, *staged.rglob("*")):
        _sync(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    staged.replace(target)
    _sync(target.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
