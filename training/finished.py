"""Models that an interrupted training finished, kept until they are published.

Each lies below a digest of all that determines it: the recipe, the very data, the seed, the libraries and this program.
So a training takes up only what it would itself have made.
"""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from bundle import layout
from training.comparison import Measurements, MeasurementsSchema
from training.datasets import DataSource, ReplicateSplits

BUNDLE, MEASUREMENTS = "bundle", "measurements.json"


class FinishedModels:
    """The finished models of one experiment. Only for who holds the models directory; see `layout.writing`."""

    def __init__(self, models_dir: Path, experiment: str) -> None:
        self._directory = layout.finished_dir(models_dir, experiment)

    def take(self, digest: str) -> Measurements | None:
        """Return what was measured of a model that is there whole, else None."""
        try:
            return MeasurementsSchema().read(self._directory / digest / MEASUREMENTS)
        except (FileNotFoundError, ValueError):
            shutil.rmtree(self._directory / digest, ignore_errors=True)
            return None

    def keep(self, digest: str, staged: Path, measured: Measurements) -> None:
        """Keep a staged model, a directory with its bundle, and what was measured of it."""
        MeasurementsSchema().write(measured, staged / MEASUREMENTS)
        layout.publish(staged, self._directory / digest)

    def bundle(self, digest: str) -> Path:
        return self._directory / digest / BUNDLE

    def clear(self) -> None:
        shutil.rmtree(self._directory, ignore_errors=True)


def digest_of(recipe: Mapping[str, Any], data: str, libraries: Mapping[str, str]) -> str:
    """Return the digest of all that determines a model: its recipe, the digest of its data, the programs."""
    everything = {"recipe": recipe, "data": data, "libraries": libraries, "program": _program()}
    return hashlib.sha256(json.dumps(everything, sort_keys=True, default=str).encode()).hexdigest()


def digest_of_data(source: DataSource, splits: ReplicateSplits) -> str:
    """Return the digest of the data of all replicates, and of what is said of them."""
    known = [getattr(source, name) for name in ("replication", "population", "task", "classes", "target", "scale")]
    described = [asdict(column) for column in source.columns], known, source.domain, source.held
    digest = hashlib.sha256(json.dumps(described, default=str).encode())
    for split in (splits.train, splits.validation, splits.test):
        for array in (split.points, split.labels, split.rows):
            if array is not None:
                digest.update(f"{array.shape}{array.dtype}".encode())
                digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


@cache
def _program() -> str:
    """Return the digest of the code that trains, evaluates and exports."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
