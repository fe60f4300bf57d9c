"""Cells of a study as bundles: trained, measured and published as any experiment's models are.

Seeds follow from the study's, so that the bundles have the very weights of the study.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

from bundle import layout
from bundle.card import CardSchema
from bundle.comparison import ComparisonSchema
from bundle.study import Study
from training import TrainingError
from training.experiment import Experiment
from training.study import threads
from training.study.cells import Cell
from training.study.names import MAX_NAME_CHARS, shortened

ENDED = "the process that exports ended: out of memory, or a crash; the same command tries again"


def model_of(study: str, cell: Cell) -> str:
    """Return what a cell is exported as."""
    name = f"{study}-{cell.name}"
    return name if len(name) <= MAX_NAME_CHARS else shortened(name, cell.digest)


def published(before: Study | None, replicates: int, models_dir: Path) -> dict[str, str]:
    """Return the models of the cells that a study says are exported, and that are, with so many replicates."""
    known = {cell.digest: cell.model for cell in before.cells if cell.model is not None} if before else {}
    return {digest: model for digest, model in known.items() if _replicates(models_dir, model) == replicates}


def _replicates(models_dir: Path, model: str) -> int | None:
    version = max(layout.versions(models_dir, model), default=0)
    try:
        return CardSchema().read(models_dir / model / str(version) / layout.CARD).replicates
    except (OSError, ValueError):
        return None


def check_free(study: str, experiments: Iterable[Experiment], models_dir: Path) -> None:
    """Raise ValueError where an experiment's results would be lost that are not this study's."""
    for experiment in experiments:
        try:
            path = layout.experiment_dir(models_dir, experiment.name) / layout.COMPARISON
            models = [result.model for result in ComparisonSchema().read(path).models]
        except (FileNotFoundError, ValueError):
            continue
        others = [model for model in models if not model.startswith(study[: MAX_NAME_CHARS - 9])]
        if others:
            raise ValueError(
                f"there is an experiment {experiment.name} with other models, such as {others[0]}: its comparison "
                "would be lost; call the study something else"
            )


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
    return f"{study[: MAX_NAME_CHARS - 1 - len(str(number))]}-{number}"


def train(experiments: Sequence[Experiment], models_dir: Path) -> dict[str, str]:
    """Train and publish experiments as `python -m training train` does, and return by model why others failed.

    It is done in a process of its own, with one thread for arithmetic, as a study's cells are trained. Where that
    process ends before its time, none of them counts as published.
    """
    try:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=threads.limit_to_one) as pool:
            return pool.submit(_train, experiments, models_dir).result()
    except BrokenProcessPool:
        return {model.name: ENDED for experiment in experiments for model in experiment.models}


def _train(experiments: Sequence[Experiment], models_dir: Path) -> dict[str, str]:
    from training.pipeline import run  # noqa: PLC0415 (TensorFlow, in this process alone)

    failed: dict[str, str] = {}
    for experiment in experiments:
        try:
            result = run(experiment, models_dir, lambda _name, _epochs: None, resume=True)
        except (TrainingError, ValueError, OSError) as error:
            failed |= {model.name: str(error) for model in experiment.models}
        else:
            failed |= result.comparison.failed
    return failed
