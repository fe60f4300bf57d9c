"""A study: the same training for every combination of some factors, and the claims that it puts to the test.

    models/_studies/<study>/study.json                          what is asked, and the cells: a `Study`
    models/_studies/<study>/rows/<cell>-<first>-<last>.parquet  what came of it: `bundle.study_rows`
    models/_studies/<study>/failed/<cell>-<first>-<last>.json   what came to nothing: a `Failure`

A field that is added gets a default, with which older files are read.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias

from bundle.card import Task
from bundle.records import schema_of

Level: TypeAlias = str | float | int | bool | None
"""Of a factor; None where a cell has none, as a linear model has no width."""

Outcome: TypeAlias = Literal["holds", "does not hold", "undecided"]


@dataclass(frozen=True)
class StudyCell:
    """One combination of levels. `digest` is the first 16 hex digits of the SHA-256 of all that determines its rows.

    `model` is the bundle that it is exported as, in the experiment of the study's name.
    """

    digest: str
    name: str
    factors: Annotated[dict[str, Any], "a level of each of the study's factors"]
    hidden_layers: list[int]
    model: str | None = None


@dataclass(frozen=True)
class Claim:
    """What a study puts to the test, as its file says it.

    Of the rows that `where` chooses, at the last epoch if it does not say, the means of `metric` over replicates are
    compared: those of each level of the factor `along` with those of the level before, of the levels that are given or
    of all, ascending; or those of the rows that `better` chooses with those of `than`. Without either the metric itself
    is held against `low` and `high`. Expected is that the later, or the better, is more by more than `rope` (`expect`),
    or, of every two levels, the same within it; of logarithms to the base 10 if `log`. `verdicts.claims` judges it.
    """

    text: str
    metric: str
    expect: Literal["more", "less", "same", "within"]
    where: dict[str, Any] = field(default_factory=dict)
    along: str | None = None
    levels: list[Any] | None = None
    better: dict[str, Any] | None = None
    than: dict[str, Any] | None = None
    rope: float | None = None
    low: float | None = None
    high: float | None = None
    log: bool = False


@dataclass(frozen=True)
class Failure:
    """Replicates of a cell that came to nothing: first to last, both counted."""

    cell: str
    first: int
    last: int
    reason: str


@dataclass(frozen=True)
class Study:
    """What a study asks. `factors` are the names of its columns, in the order of the file.

    `axes` are the two factors that a heat map has, x first, and `metric` is what it shows, if nothing else is asked.
    `recipe` says in words how all cells are trained, for what is found holds for it: "at rate 0.001 and 500 epochs".
    `overlap` is 0 where every replicate draws its own data, else the test set's size over the training set's.
    """

    name: str
    title: str
    text: Annotated[str, "what it is about, in Markdown"]
    replicates: int
    factors: list[str]
    metric: str
    axes: list[str]
    cells: list[StudyCell]
    claims: list[Claim]
    task: Task
    started_at: datetime
    recipe: str = ""
    overlap: float = 0.0


def ordered(levels: Iterable[Level]) -> list[Level]:
    """Return the levels of a factor, each once: none first, numbers ascending, text in the order in which it comes."""
    found = dict.fromkeys(levels)
    numbers = [level for level in found if isinstance(level, int | float) and not isinstance(level, bool)]
    texts = [level for level in found if isinstance(level, str | bool)]
    return [*([None] if None in found else []), *sorted(numbers), *texts]


StudySchema = schema_of(Study)
FailureSchema = schema_of(Failure)
