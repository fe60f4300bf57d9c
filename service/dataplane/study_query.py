"""What is asked of a study's rows: which, in which groups, and which of their metrics."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import unquote

from service.errors import InvalidError
from verdicts.cells import LAST

MAX_GROUP = 6
"""Columns that rows are grouped by."""

Condition = tuple[str, tuple[str, ...]]
"""A column, and what it may be: any of these."""


@dataclass(frozen=True)
class StudyQuery:
    """Without `group` it is about the rows themselves, else about what groups of them sum up to.

    Without `metrics` it is about all of them, or of groups about the study's own.
    """

    where: tuple[Condition, ...] = ()
    group: tuple[str, ...] | None = None
    metrics: tuple[str, ...] = ()

    @property
    def is_of_last_epoch(self) -> bool:
        """Whether it is about each cell's last epoch alone; groups are, unless it is said which epochs."""
        epochs = [choices for name, choices in self.where if name == "epoch"]
        return (LAST,) in epochs or (self.group is not None and not epochs and "epoch" not in self.group)

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns that it names."""
        return (*(name for name, _ in self.where), *(self.group or ()), *self.metrics)

    def of_metric(self, metric: str) -> "StudyQuery":
        return replace(self, metrics=(metric,))


def read_where(text: str | None) -> tuple[Condition, ...]:
    """Return the conditions of `width:10,activation:tanh|relu,epoch:last`.

    What is a separator here is escaped in names and levels, as in a URL: %2C for a comma, %3A for a colon, %7C for |.

    Raises:
        InvalidError: it is not of this form.
    """
    return tuple(_conditions(text)) if text else ()


def _conditions(text: str) -> Iterator[Condition]:
    for part in text.split(","):
        name, colon, choices = part.partition(":")
        if not colon or not name or not choices:
            raise InvalidError.of(
                "where",
                f"{part!r} is no condition; write column:level, such as width:10, activation:tanh|relu, "
                "n_samples:>=100, width:none or epoch:last, with commas between.",
            )
        yield unquote(name), tuple(unquote(choice) for choice in choices.split("|"))


def read_group(text: str | None) -> tuple[str, ...] | None:
    """Return the columns that rows are grouped by.

    Raises:
        InvalidError: there are too many.
    """
    if text is None:
        return None
    names = read_names(text)
    if not 1 <= len(names) <= MAX_GROUP:
        raise InvalidError.of("group", f"must name 1 to {MAX_GROUP} columns, with commas between.")
    return names


def read_names(text: str | None) -> tuple[str, ...]:
    """Return the names of columns, with commas between; one that is named twice counts once."""
    return tuple(dict.fromkeys(unquote(name) for name in (text or "").split(",") if name))
