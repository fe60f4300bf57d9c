"""Where things lie below the models directory, and how they get there: whole or not at all.

    models/<model>/<version>/                    a SavedModel directory, never changed once written
    models/<model>/<version>/assets.extra/       card.json and model.tflite
    models/<model>/<version>/model.savedmodel/   both of them, in a repository that was Triton's
    models/_experiments/<experiment>/            comparison.json and dataset.csv
    models/_studies/<study>/                     study.json, rows/ and failed/: bundle.study
    models/.finished/<experiment>/<digest>/      what a training that has not ended has finished: bundle/ and more

Names that start with `_` or `.` are never models, so a half-written sibling is never picked up.
"""

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import stat
import uuid
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

SAVED_MODEL = "saved_model.pb"
NESTED = "model.savedmodel"
EXTRAS = "assets.extra"
CARD = f"{EXTRAS}/card.json"
COMPILED = f"{EXTRAS}/model.tflite"
EXPERIMENTS = "_experiments"
COMPARISON = "comparison.json"
DATASET = "dataset.csv"
STUDIES = "_studies"
STUDY = "study.json"
STUDY_ROWS = "rows"
STUDY_FAILED = "failed"

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
"""The whole name of a model or an experiment: safe as a path component and in a URL."""

VERSION = re.compile(r"(?:[1-9][0-9]{0,17}|[1-8][0-9]{18})")
"""The whole name of a version: a number that an int64 holds, as protobuf's are; nanoseconds since 1970 are some."""

MAX_VERSION = 8_999_999_999_999_999_999
_PARTIAL = ".partial-"
_FINISHED = ".finished"


MAX_JSON_BYTES = 8 * 2**20
"""Of a card or a comparison; a card of 500 epochs has 60 kB. Parsed, JSON takes thirty times its size."""


MAX_FILES = 1000
"""Of a bundle: a SavedModel has five, with assets some more."""


def model_names(models_dir: Path) -> list[str]:
    """Return the names of the model directories, sorted; empty where there is no models directory.

    Raises:
        OSError: the models directory cannot be listed.
    """
    if not models_dir.is_dir():
        return []
    return sorted(p.name for p in models_dir.iterdir() if NAME.fullmatch(p.name) and is_dir(p))


def versions(models_dir: Path, name: str) -> list[int]:
    """Return the versions of a model on disk, ascending; empty where there is none.

    Raises:
        OSError: the model's directory cannot be listed.
    """
    directory = models_dir / name
    if not directory.is_dir():
        return []
    return sorted(int(p.name) for p in directory.iterdir() if VERSION.fullmatch(p.name) and is_dir(p))


def bundle_dir(models_dir: Path, name: str, version: int) -> Path:
    """Return where a version's SavedModel lies: its folder, or where that has none, the one in it that Triton's
    repositories have.
    """
    folder = models_dir / name / str(version)
    nested = folder / NESTED
    return nested if is_dir(nested) and not os.path.lexists(folder / SAVED_MODEL) else folder


def is_dir(path: Path) -> bool:
    """Say whether there is a directory that may be looked at."""
    try:
        return path.is_dir()
    except OSError:  # who may not look at an entry does not see it
        return False


def files(bundle: Path) -> list[tuple[PurePosixPath, Path]]:
    """Return the files of a bundle with their names in it, sorted by name.

    Links are followed, as Kubernetes mounts volumes as links: `variables` to `..data/variables`, `..data` to a folder
    that is swapped. Hidden names, such as that folder's, are no part of a bundle.

    Raises:
        OSError: a folder cannot be listed.
        ValueError: there are more than MAX_FILES; a link leads elsewhere.
    """

    def fail(error: OSError) -> None:
        raise error

    names: list[tuple[PurePosixPath, Path]] = []
    walked: set[str] = set()
    for folder, folders, entries in os.walk(bundle, onerror=fail, followlinks=True):
        real = os.path.realpath(folder)
        folders[:] = [] if real in walked else sorted(name for name in folders if not name.startswith("."))
        if real not in walked:
            names += [
                (PurePosixPath(path.relative_to(bundle).as_posix()), path)
                for path in (Path(folder, entry) for entry in entries if not entry.startswith("."))
                if path.is_file()
            ]
        walked.add(real)
        if len(names) > MAX_FILES:
            raise ValueError(f"it has more than {MAX_FILES} files")
    return sorted(names, key=lambda named: named[0].parts)


def read_regular(path: Path, max_bytes: int = MAX_JSON_BYTES) -> bytes:
    """Return what a file holds.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no regular file, or longer than `max_bytes`.
        OSError: it cannot be read.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(f"{path.name} is not a regular file")
    if status.st_size > max_bytes:
        raise ValueError(f"{path.name} has {status.st_size} bytes; at most {max_bytes} are read")
    return path.read_bytes()


def experiment_dir(models_dir: Path, experiment: str) -> Path:
    return models_dir / EXPERIMENTS / experiment


def study_dir(models_dir: Path, study: str) -> Path:
    return models_dir / STUDIES / study


def finished_dir(models_dir: Path, experiment: str) -> Path:
    """Return where an experiment's training keeps each model that is finished, until all are published together.

    What lies there is whole. It outlives a training that is interrupted, so that the next one may take it up.
    """
    return models_dir / _FINISHED / experiment


def fingerprint(bundle: Path) -> str:
    """Return the SHA-256 of the SavedModel in a bundle: its files' names and contents, extras left out.

    The compiled form and the card lie among the extras; both record this value, so either of them is known to be
    stale as soon as the SavedModel beside it is another one.
    """
    digest = hashlib.sha256()
    for relative, path in files(bundle):
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
