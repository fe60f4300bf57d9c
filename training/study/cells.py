"""A cell of a study: one architecture, recipe and data set, all that determines its numbers but the replicate."""

from dataclasses import dataclass
from functools import cached_property

from bundle.study import Level
from training.experiment import Experiment


@dataclass(frozen=True)
class Cell:
    """`content` is canonical JSON of everything that determines the rows; the digest is of nothing else.

    It travels to workers as it is. Replicate r draws, splits, starts and shuffles as replicate r of any experiment with
    this seed does, whatever the study, the machine and the number of replicates; so cells with the same data compare
    run by run.
    """

    digest: str
    name: str
    factors: dict[str, Level]
    content: str

    @cached_property
    def experiment(self) -> Experiment:
        """What is trained: one model."""
        raise NotImplementedError

    @cached_property
    def epochs(self) -> tuple[int, ...]:
        """Return the epochs that are recorded, ascending from 0 to the last."""
        raise NotImplementedError
