"""Cells of a study as bundles: trained, measured and published as any experiment's models are.

Seeds follow from the study's, so that the bundles have the very weights of the study.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from bundle import layout
from bundle.card import CardSchema
from training import TrainingError
from training.experiment import Experiment
from training.study import threads
from training.study.cells import Cell
from training.study.names import LONGEST, shortened


@dataclass(frozen=True)
class Exported:
    """What has been published: by cells' digests the models' names; and why others are not there."""

    models: dict[str, str]
    failed: dict[str, str]


def model_of(study: str, cell: Cell) -> str:
    """Return what a cell is exported as."""
    name = f"{study}-{cell.name}"
    return name if len(name) <= LONGEST else shortened(name, cell.digest)


def published(study: str, cells: Iterable[Cell], replicates: int, models_dir: Path) -> dict[str, str]:
    """Return the cells that are published already, with so many replicates, by digest with the models' names.

    A model is another's if it says that it is of another experiment, or of another recipe than this cell.
    """
    names = {cell.digest: model_of(study, cell) for cell in cells}
    return {digest: name for digest, name in names.items() if _is_of(models_dir, name, study, replicates)}


def _is_of(models_dir: Path, name: str, study: str, replicates: int) -> bool:
    version = max(layout.versions(models_dir, name), default=0)
    try:
        card = CardSchema().read(models_dir / name / str(version) / layout.CARD)
    except (FileNotFoundError, ValueError):
        return False
    return card.replicates == replicates and card.experiment is not None and card.experiment.startswith(study)


def experiments_of(study: str, cells: Iterable[Cell], replicates: int) -> list[Experiment]:
    """Return an experiment for each data set of the cells, of the study's name; numbered if there are several."""
    by_data: dict[str, list[Experiment]] = {}
    for cell in cells:
        one = cell.experiment
        (model,) = one.models
        named = replace(one, models=(replace(model, name=model_of(study, cell)),))
        by_data.setdefault(f"{one.dataset}", []).append(named)
    return [
        replace(
            same[0],
            name=study if len(by_data) == 1 else _numbered(study, i + 1),
            replicates=replicates,
            models=tuple(model for one in same for model in one.models),
        )
        for i, same in enumerate(by_data.values())
    ]


def _numbered(study: str, number: int) -> str:
    return f"{study[: LONGEST - 1 - len(str(number))]}-{number}"


def train(experiments: Iterable[Experiment], models_dir: Path) -> Mapping[str, str]:
    """Train and publish experiments as `python -m training train` does, and return by model why others failed.

    For a process of its own, which has one thread for arithmetic, as those have that train a study's cells.
    """
    threads.limit_to_one()
    from training.pipeline import run  # noqa: PLC0415 (TensorFlow, in this process alone)

    failed: dict[str, str] = {}
    for experiment in experiments:
        try:
            result = run(experiment, models_dir, lambda name, epochs: None, resume=True)
        except (TrainingError, ValueError, OSError) as error:
            failed |= {model.name: str(error) for model in experiment.models}
        else:
            failed |= result.comparison.failed
    return failed
