"""What stands below the models directory already, and what a run may put in its place."""

from pathlib import Path

from bundle import layout
from bundle.comparison import ComparisonSchema
from training.experiment import Experiment


def is_complete(experiment: Experiment, models_dir: Path) -> bool:
    """Say whether an experiment has its results, which are published last, and each of its models a version."""
    results = layout.experiment_dir(models_dir, experiment.name) / layout.COMPARISON
    return results.is_file() and all(layout.versions(models_dir, model.name) for model in experiment.models)


def others_compared(experiment: Experiment, models_dir: Path) -> list[str]:
    """Return the models for whose sake a part of an experiment leaves the comparison as it is.

    They are those in it that the part does not train: their answers to each test point, which a comparison with new
    ones needs, are not kept. A whole experiment leaves nothing, nor is there anything to leave in an unreadable file.
    """
    results = layout.experiment_dir(models_dir, experiment.name) / layout.COMPARISON
    if not experiment.is_part:
        return []
    try:
        compared = ComparisonSchema().read(results).models
    except (FileNotFoundError, ValueError):
        return []
    trained = {model.name for model in experiment.models}
    return [result.model for result in compared if result.model not in trained]
