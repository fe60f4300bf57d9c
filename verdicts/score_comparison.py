"""What a comparison of scores from elsewhere holds, as JSON has it."""

from dataclasses import dataclass
from typing import Annotated, Literal

from bundle.comparison import Pair, Summary
from bundle.records import schema_of


@dataclass(frozen=True)
class ScoredModel:
    model: str
    runs: Annotated[int, "with a score"]
    diverged: Annotated[int, "without one"]
    score: Annotated[Summary | None, "over runs; of several data sets over their means; null where no run has a score"]
    average_rank: Annotated[float | None, "over data sets, 1 is the best; null with one"]


@dataclass(frozen=True)
class ScoredDataset:
    dataset: str
    means: Annotated[dict[str, float | None], "of each model's runs"]
    is_ranked: Annotated[str | None, "why it has no ranks; null where it has"] = None


@dataclass(frozen=True)
class Ranks:
    """Models ranked on each data set (Demšar, 2006)."""

    datasets: Annotated[int, "that every model has a score on"]
    friedman_p: Annotated[float | None, "that ranks differ this much if all models are alike"]
    critical_difference: Annotated[float | None, "of average ranks, at 5% (Nemenyi)"]
    groups: Annotated[list[list[str]], "models that are not told apart, best first"]


@dataclass(frozen=True)
class ScoreComparison:
    score: Annotated[str, "what was compared"]
    higher_is_better: bool
    rope: float
    design: Annotated[
        Literal["paired", "unpaired", "data sets"],
        "what a pair's differences are taken over: common runs, or data sets",
    ]
    overlap: Annotated[float, "test set's size over training set's where runs share training data, else 0"]
    models: list[ScoredModel]
    pairs: list[Pair]
    datasets: Annotated[list[ScoredDataset], "where there are several"]
    ranks: Annotated[Ranks | None, "where there are several data sets"]
    notes: Annotated[list[str], "what was taken from the scores, and what is doubtful about them"]


ScoreComparisonSchema = schema_of(ScoreComparison)
