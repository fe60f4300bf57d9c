"""Scores from elsewhere get the verdicts of the comparison, and are told what is doubtful about them."""

import math
from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest

from verdicts.elsewhere import Options, TooManyScoresError, compare_scores
from verdicts.pairs import compare_all
from verdicts.score_comparison import ScoreComparison
from verdicts.scores import Score, Scores, ScoresError


def scores(**models: Sequence[float | None]) -> list[Score]:
    return [Score(model, value, str(run)) for model, values in models.items() for run, value in enumerate(values)]


def compared(runs: list[Score], **asked: float | bool) -> ScoreComparison:
    return compare_scores(Scores(tuple(runs), "accuracy"), Options(**asked))  # type: ignore[arg-type]


def noted(found: ScoreComparison) -> str:
    return "; ".join(found.notes)


WIDE, DEEP = [0.90, 0.91, 0.92, 0.90, 0.93], [0.95, 0.97, 0.96, 0.95, 0.98]


def test_runs_with_common_names_are_paired_in_whatever_order_they_come() -> None:
    runs = scores(wide=WIDE, deep=DEEP)
    found = compared(runs[::-1])
    assert found.design == "paired"
    (pair,) = found.pairs
    (expected,) = compare_all({"deep": np.array(DEEP[::-1]), "wide": np.array(WIDE[::-1])})
    assert pair == expected
    assert (pair.verdict, pair.wins) == ("better", 5)


@pytest.mark.parametrize("names", [("0", "1"), (None, None)])
def test_runs_without_common_names_are_compared_as_independent_ones(names: tuple[str | None, str | None]) -> None:
    runs = [
        Score(model, value, None if name is None else f"{name}-{i}")
        for (model, values), name in zip({"wide": WIDE, "deep": DEEP}.items(), names, strict=True)
        for i, value in enumerate(values)
    ]
    found = compared(runs)
    assert found.design == "unpaired"
    assert "independent" in noted(found)
    assert found.pairs[0].verdict == "worse"
    assert found.pairs[0].wins == found.pairs[0].losses == 0


def test_the_rope_and_which_way_is_better_can_be_set() -> None:
    (pair,) = compared(scores(wide=WIDE, deep=DEEP), rope=0.2).pairs
    assert (pair.verdict, pair.rope) == ("equivalent", 0.2)
    (pair,) = compared(scores(wide=WIDE, deep=DEEP), higher_is_better=False).pairs
    assert pair.verdict == "better"
    loss = compare_scores(Scores(tuple(scores(wide=WIDE, deep=DEEP)), "val_loss"))
    assert (loss.higher_is_better, loss.pairs[0].verdict) == (False, "better")
    assert "less is taken to be better" in noted(loss)


@pytest.mark.parametrize(
    "name",
    [
        "test_nll",
        "cross_entropy",
        "log-loss",
        "MAPE",
        "mean_squared_error",
        "FPR",
        "regret",
        "latency_ms",
        "neg_log_likelihood",
    ],
)
def test_of_a_cost_by_any_usual_name_less_is_better(name: str) -> None:
    found = compare_scores(Scores(tuple(scores(wide=WIDE, deep=DEEP)), name))
    assert (found.higher_is_better, found.pairs[0].verdict) == (False, "better")
    assert f"of {name} less is taken to be better" in noted(found)


@pytest.mark.parametrize("name", ["accuracy", "roc_auc", "neg_log_loss", "neg_mean_squared_error", "log_likelihood"])
def test_of_what_is_known_to_be_better_more_of_nothing_is_said(name: str) -> None:
    found = compare_scores(Scores(tuple(scores(wide=WIDE, deep=DEEP)), name))
    assert found.higher_is_better
    assert "is taken to be better" not in noted(found)


@pytest.mark.parametrize("name", ["score", "psnr", "glow"])
def test_of_any_other_name_it_is_said_that_more_is_taken_to_be_better(name: str) -> None:
    found = compare_scores(Scores(tuple(scores(wide=WIDE, deep=DEEP)), name))
    assert found.higher_is_better
    assert f"of {name} more is taken to be better; higher_is_better says otherwise" in noted(found)
    asked = compare_scores(Scores(tuple(scores(wide=WIDE, deep=DEEP)), name), Options(higher_is_better=True))
    assert "is taken to be better" not in noted(asked)


def test_a_sentence_counts_every_run_that_only_one_of_two_models_has() -> None:
    """Also those that no other model has, which are not among what is compared."""
    found = compared(scores(wide=WIDE, deep=[*DEEP, 0.1, 0.2, None]))
    assert "5 wins, 0 ties, 0 losses, 2 runs left out" in found.pairs[0].words


@pytest.mark.parametrize("name", ["val_loss", "brier", "test_r2", "episode reward", "metrics.mae", "MCC", "kappa"])
def test_what_is_no_share_is_not_told_in_points_even_where_it_lies_between_0_and_1(name: str) -> None:
    found = compare_scores(Scores(tuple(scores(wide=WIDE, deep=DEEP)), name))
    assert "points" not in found.pairs[0].words
    assert "in their own units" in noted(found)


@pytest.mark.parametrize("name", ["score", "accuracy", "error_rate", "f1"])
def test_shares_are_told_in_points(name: str) -> None:
    found = compare_scores(Scores(tuple(scores(wide=WIDE, deep=DEEP)), name))
    assert "points" in found.pairs[0].words
    assert "own units" not in noted(found)


def test_of_several_data_sets_models_are_ranked() -> None:
    """Demšar (2006), table 6: four variants of C4.5 on fourteen data sets."""
    table = {
        "C4.5": [0.763, 0.599, 0.954, 0.628, 0.882, 0.936, 0.661, 0.583, 0.775, 1, 0.94, 0.619, 0.972, 0.957],
        "m": [0.768, 0.591, 0.971, 0.661, 0.888, 0.931, 0.668, 0.583, 0.838, 1, 0.962, 0.666, 0.981, 0.978],
        "cf": [0.771, 0.59, 0.968, 0.654, 0.886, 0.916, 0.609, 0.563, 0.866, 1, 0.965, 0.614, 0.9751, 0.946],
        "m+cf": [0.798, 0.569, 0.967, 0.657, 0.898, 0.931, 0.685, 0.625, 0.875, 1, 0.962, 0.669, 0.975, 0.97],
    }
    found = compared([Score(m, x, dataset=str(i)) for m, values in table.items() for i, x in enumerate(values)])
    ranks = {model.model: model.average_rank for model in found.models}
    assert ranks == pytest.approx({"C4.5": 3.143, "m": 2.0, "cf": 2.893, "m+cf": 1.964}, abs=5e-4)
    assert found.ranks is not None
    assert found.ranks.critical_difference == pytest.approx(1.25, abs=0.005)
    assert found.design == "data sets"


def test_a_data_set_that_a_model_lacks_is_not_ranked_and_says_why() -> None:
    runs = [Score(m, 0.5 + i / 100, dataset=str(i)) for m, i in product("ab", range(4)) if (m, i) != ("b", 3)]
    found = compared(runs)
    assert found.ranks is not None
    assert found.ranks.datasets == 3
    assert [data.is_ranked for data in found.datasets] == [None, None, None, "a model has no score on it"]


@pytest.mark.parametrize(
    ("runs", "words"),
    [
        (scores(a=[0.5], b=[0.6]), "one run says nothing of luck"),
        (scores(a=[0.5, 0.5, 0.5], b=[0.6, 0.7, 0.8]), "same score: a"),
        (scores(a=[0.5, None, 0.4], b=[0.6, 0.7, 0.8]), "left out of all numbers: a 1"),
        (scores(a=[50.0, 51.0], b=[60.0, 61.0]), "not all in [0, 1]"),
        (scores(a=[0.5 + 0.3 * (i % 2) + i / 1000 for i in range(20)], b=[i / 20 for i in range(20)]), "two clusters"),
    ],
)
def test_what_is_doubtful_is_said(runs: list[Score], words: str) -> None:
    found = compared(runs)
    assert words in noted(found)
    assert len(found.pairs) == 1


def test_a_model_alone_is_summed_up_without_a_pair() -> None:
    found = compared(scores(a=[0.5, 0.6]))
    assert (found.pairs, [model.runs for model in found.models]) == ([], [2])


def test_without_any_score_there_is_nothing_to_compare() -> None:
    with pytest.raises(ScoresError, match="no run has a score"):
        compared(scores(a=[None, None]))
    with pytest.raises(ScoresError, match="at least two models"):
        compared([])


def test_more_than_there_is_memory_for_is_refused() -> None:
    runs = [Score(f"m{model}", 0.5, str(run)) for model in range(200) for run in range(160)]
    with pytest.raises(TooManyScoresError, match="compare fewer"):
        compared(runs)


@pytest.mark.parametrize("value", [math.nan, math.inf, -1.0])
def test_rope_and_overlap_have_to_be_numbers(value: float) -> None:
    for name, asked in (("rope", Options(rope=value)), ("overlap", Options(overlap=value))):
        with pytest.raises(ScoresError, match=f"{name} must be a number from 0"):
            compare_scores(Scores(tuple(scores(wide=WIDE, deep=DEEP))), asked)
