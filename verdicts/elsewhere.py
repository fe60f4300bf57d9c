"""The comparison of scores from elsewhere: the same verdicts, of whatever was measured."""

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bundle.comparison import ROPE, Pair, Summary
from bundle.wording import listed
from verdicts import pairs, ranks
from verdicts.clusters import clusters
from verdicts.intervals import SHARE, Bounds
from verdicts.score_comparison import Ranks, ScoreComparison, ScoredDataset, ScoredModel
from verdicts.scores import MAX_SCORE, Grid, Scores, ScoresError, grid_of
from verdicts.summary import summarize
from verdicts.words import Unit

Floats: TypeAlias = NDArray[np.float64]

MAX_DIFFERENCES = 3_000_000
"""Pairs times runs that are compared at once; some arrays of 24 MB."""


MAX_OVERLAP = 100
"""A test set a hundred times as large as the training set: more than there is."""


class TooManyScoresError(ScoresError):
    """They would take too much memory."""


_listed = partial(listed, most=5)

_COSTS = (
    r"loss|brier|\bece\b|perplexity|\bppl\b|\bfid\b|\bkid\b|\bnll\b|\b(neg|negative) log|entropy|deviance|divergence"
    r"|\bkl\b|\b(r|rm|m)?sl?e\b|\bs?ma[dp]?e\b|squared (log )?err|absolute (percentage )?err|\bcrps\b|\bbp[cd]\b|regret"
    r"|latency|\btimes?\b|runtime|duration|seconds|\bms\b|\bcosts?\b|distance"
)
"""Names of scores that have no upper bound, and of which less is better."""

LESS_IS_BETTER = re.compile(
    rf"{_COSTS}|\berr(ors?)?\b|error|\b[wcep]er\b|\b(fpr|fnr|fdr)\b|false (pos|neg)|miss rate|hamming"
)
"""Names of scores of which less is better."""

NEGATED = re.compile(r"(?<!false )\bneg (?!log lik)")
"""Names by which scikit-learn has less of a cost as more of a score, such as `neg_log_loss`."""

MORE_IS_BETTER = re.compile(
    r"acc|\bf ?(1|beta)\b|f1|au(ro|pr)?c|precision|recall|sensitivity|specificity|\br ?(2|squared)\b|reward|return"
    r"|bleu|rouge|ndcg|\bm?ap\b|\bm?iou\b|dice|jaccard|kappa|\bmcc\b|matthews|correlation|likelihood|correct"
    r"|success|\bwins?\b|hits?\b"
)
"""Names of scores of which more is known to be better; of others it is taken to be, and that is said."""

NO_SHARE = re.compile(
    rf"{_COSTS}|\br ?(2|squared)\b|reward|return|kappa|\bmcc\b|matthews|corr\b|correlation|pearson|spearman|kendall"
    r"|silhouette|likelihood"
)
"""Names of scores that are no shares of a whole, even where all of them lie in [0, 1]."""


@dataclass(frozen=True)
class Options:
    """What was asked for; what is None is decided by the scores, and said in the notes."""

    rope: float | None = None
    higher_is_better: bool | None = None
    overlap: float | None = None


DEFAULTS = Options()


def compare_scores(scores: Scores, options: Options = DEFAULTS) -> ScoreComparison:
    """Compare models by scores of their runs.

    With common names of runs they are paired, else independent (Welch). Of several data sets each is one value a model,
    the mean of its runs, and models are ranked.

    Raises:
        ScoresError: there is nothing to compare, a model has the same run twice, or what was asked for is no number.
    """
    for name, value, most in (("rope", options.rope, MAX_SCORE), ("overlap", options.overlap, MAX_OVERLAP)):
        if value is not None and not 0 <= value <= most:  # NaN is neither
            raise ScoresError(f"{name} must be a number from 0 to {most:g}, not {value:g}")
    grid = grid_of(scores.runs)
    if not grid.models:
        raise ScoresError("there are no scores; give at least two models with two runs each")
    setting = _Setting(scores, options)
    several = len(grid.datasets) > 1
    table = _means(grid) if several else _runs(grid)
    known = {name: x for name, x in zip(grid.models, table, strict=True) if _counts(grid, name)[0]}
    if not known:
        raise ScoresError("no run has a score")
    return _with_ranks(grid, known, setting) if several else _of_runs(grid, known, setting)


class _Setting:
    """How the scores are compared, and why."""

    def __init__(self, scores: Scores, options: Options) -> None:
        finite = np.array([run.value for run in scores.runs if run.value is not None])
        self.name = scores.name
        self.notes = list(scores.notes)
        self._words = " ".join(re.split(r"[\s_\-./]+", self.name.lower()))
        is_within = bool(len(finite)) and finite.min() >= 0 and finite.max() <= 1
        self.is_share = is_within and not NO_SHARE.search(self._words)
        self.overlap = scores.overlap if options.overlap is None else options.overlap
        self.higher_is_better = self._higher_is_better(options.higher_is_better)
        self.rope = self._rope(options.rope)
        self.bounds = self._bounds(is_within)

    def _bounds(self, is_within: bool) -> Bounds | None:
        if self.is_share and self.higher_is_better:
            return SHARE
        return (0, math.inf) if is_within and not self.higher_is_better else None

    def _higher_is_better(self, asked: bool | None) -> bool:
        if asked is not None:
            return asked
        if NEGATED.search(self._words):
            return True
        if LESS_IS_BETTER.search(self._words):
            self.notes.append(f"of {self.name} less is taken to be better; higher_is_better says otherwise")
            return False
        if not MORE_IS_BETTER.search(self._words):
            self.notes.append(f"of {self.name} more is taken to be better; higher_is_better says otherwise")
        return True

    def _rope(self, asked: float | None) -> float:
        if asked is None and not self.is_share:
            self.notes.append(
                f"scores are no shares, or not all in [0, 1]; a difference of at most {ROPE:g} in their own units is "
                "taken for none: rope sets another"
            )
        return ROPE if asked is None else asked

    def pairs(
        self, known: dict[str, Floats], *, paired: bool, of: Unit = "run", counts: Mapping[str, int] | None = None
    ) -> list[Pair]:
        """Return every pair's verdict; `counts` are of all of a model's runs, of which `known` may have a part."""
        unit = "points" if self.is_share else ""
        if paired:
            return pairs.compare_all(
                known, self.overlap, self.rope, self.higher_is_better, unit=unit, of=of, counts=counts
            )
        return pairs.compare_all_unpaired(known, self.rope, self.higher_is_better, unit=unit)

    def result(
        self, design: Literal["paired", "unpaired", "data sets"], models: list[ScoredModel], compared: list[Pair]
    ) -> ScoreComparison:
        return ScoreComparison(
            score=self.name,
            higher_is_better=self.higher_is_better,
            rope=self.rope,
            design=design,
            overlap=self.overlap,
            models=models,
            pairs=compared,
            datasets=[],
            ranks=None,
            notes=self.notes,
        )

    def summary(self, x: Floats) -> Summary | None:
        return summarize(x, self.overlap, self.bounds) if np.isfinite(x).any() else None


def _runs(grid: Grid) -> Floats:
    """Return scores [models, runs] of the runs that several models have, NaN where there is none."""
    values = next(iter(grid.values.values()))
    models_of = Counter(run for of_model in values.values() for run in of_model)
    shared = [run for run, count in models_of.items() if count > 1] if grid.has_runs else []
    _refuse_excess(len(grid.models), len(shared))
    at = {run: i for i, run in enumerate(shared)}
    table = np.full((len(grid.models), len(at)), np.nan)
    for row, model in enumerate(grid.models):
        for run, value in values[model].items():
            if run in at and value is not None:
                table[row, at[run]] = value
    return table


def _refuse_excess(models: int, runs: int) -> None:
    if models * (models - 1) // 2 * runs > MAX_DIFFERENCES:
        raise TooManyScoresError(
            f"{models} models with {runs} runs or data sets in common are too many at once; compare fewer"
        )


def _means(grid: Grid) -> Floats:
    """Return the means over runs [models, data sets], NaN where a model has no score on one."""
    _refuse_excess(len(grid.models), len(grid.datasets))
    table = np.full((len(grid.models), len(grid.datasets)), np.nan)
    for column, dataset in enumerate(grid.datasets):
        for row, model in enumerate(grid.models):
            found = [value for value in grid.values[dataset].get(model, {}).values() if value is not None]
            if found:
                table[row, column] = np.mean(found)
    return table


def _counts(grid: Grid, model: str) -> tuple[int, int]:
    """Return how many of a model's runs have a score, and how many have none."""
    found = [value for of_dataset in grid.values.values() for value in of_dataset.get(model, {}).values()]
    return sum(value is not None for value in found), sum(value is None for value in found)


def _models(grid: Grid, setting: _Setting, values: Callable[[str], Floats]) -> list[ScoredModel]:
    return [ScoredModel(name, *_counts(grid, name), setting.summary(values(name)), None) for name in grid.models]


def _of_runs(grid: Grid, known: dict[str, Floats], setting: _Setting) -> ScoreComparison:
    """Compare models by runs on the same data."""
    runs = next(iter(grid.values.values()))

    def values(name: str) -> Floats:
        return np.array([np.nan if value is None else value for value in runs[name].values()], np.float64)

    paired = _is_paired(grid, known, setting)
    counts = {name: _counts(grid, name)[0] for name in known}
    compared = setting.pairs(known if paired else {name: values(name) for name in known}, paired=paired, counts=counts)
    models = _models(grid, setting, values)
    _note_what_is_doubtful(models, setting.notes)
    return setting.result("paired" if paired else "unpaired", models, compared)


def _is_paired(grid: Grid, known: dict[str, Floats], setting: _Setting) -> bool:
    """Say whether every two models have runs in common, at least two where they have two."""
    if not grid.has_runs:
        setting.notes.append("runs have no names: they are compared as independent ones; a run's name would pair them")
        return False
    finite = np.isfinite(np.stack(list(known.values()))).astype(int)
    common = finite @ finite.T
    own = np.array([_counts(grid, name)[0] for name in known])
    pairs_of = np.triu_indices(len(known), 1)
    shared = common[pairs_of]
    if not len(shared):
        return True
    needed = np.minimum(2, np.minimum(own[pairs_of[0]], own[pairs_of[1]]))
    if np.any(shared < needed):
        i = int(np.argmin(shared))
        names = list(known)
        a, b = names[pairs_of[0][i]], names[pairs_of[1][i]]
        setting.notes.append(
            f"runs are not matched ({a} and {b} have {shared[i]} in common): they are compared as independent ones"
        )
        return False
    if shared.min() < own.max():
        setting.notes.append(
            f"runs are paired by name; of {own.max()} at most, two models have {shared.min()} or more in common"
        )
    else:
        setting.notes.append("runs are paired by name")
    return True


def _with_ranks(grid: Grid, known: dict[str, Floats], setting: _Setting) -> ScoreComparison:
    """Compare models over data sets."""
    setting.overlap = 0.0  # other data sets share nothing
    names = list(known)
    table = np.stack(list(known.values()))
    complete = np.asarray(np.isfinite(table).all(axis=0))
    setting.notes.append(
        f"of each of {len(grid.datasets)} data sets the mean over runs is one value, paired by data set"
    )
    common = np.isfinite(table).astype(int) @ np.isfinite(table).astype(int).T
    if common.min() == 0:
        raise ScoresError("two models have no data set in common; leave one of them out, or complete its scores")
    compared = setting.pairs(known, paired=True, of="data set")
    blank = np.full(len(grid.datasets), np.nan)
    models = _models(grid, setting, lambda name: known.get(name, blank))
    _note_what_is_doubtful(models, setting.notes)
    found, average = _ranked(names, table[:, complete], setting)
    models = [replace(model, average_rank=average.get(model.model)) for model in models]
    datasets = [
        ScoredDataset(
            str(dataset),
            {name: None if np.isnan(table[row, i]) else float(table[row, i]) for row, name in enumerate(names)},
            None if bool(complete[i]) else "a model has no score on it",
        )
        for i, dataset in enumerate(grid.datasets)
    ]
    return replace(setting.result("data sets", models, compared), datasets=datasets, ranks=found)


def _ranked(names: Sequence[str], table: Floats, setting: _Setting) -> tuple[Ranks | None, dict[str, float]]:
    """Return what ranks on the data sets that all models have say, and each model's average rank."""
    count = table.shape[1]
    if count < 2 or len(names) < 2:
        setting.notes.append(f"every model has a score on {count} of the data sets: too few to rank")
        return None, {}
    average = ranks.average_ranks(table.T, setting.higher_is_better)
    difference = ranks.critical_difference(len(names), count)
    groups = [[names[i] for i in group] for group in ranks.groups(average, difference)]
    return Ranks(count, ranks.friedman(table.T), difference, groups), dict(zip(names, average.tolist(), strict=True))


def _note_what_is_doubtful(models: Sequence[ScoredModel], notes: list[str]) -> None:
    single = [model.model for model in models if model.score is not None and model.score.sd is None]
    if single:
        notes.append(
            f"one run says nothing of luck, so there is no verdict on {_listed(single)}; give at least two, better ten"
        )
    diverged = [f"{model.model} {model.diverged}" for model in models if model.diverged]
    if diverged:
        notes.append(f"runs without a score are left out of all numbers: {_listed(diverged)}")
    constant = [model.model for model in models if model.score is not None and model.score.sd == 0]
    if constant:
        notes.append(f"all runs have the same score: {_listed(constant)}; are they different runs?")
    for model in models:
        split = None if model.score is None else clusters([value for value in model.score.values if value is not None])
        if split is not None:
            notes.append(
                f"runs of {model.model} lie in two clusters, around {split[0]:.3g} and {split[1]:.3g}: see the median"
            )
