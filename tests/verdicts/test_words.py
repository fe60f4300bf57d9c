"""Verdicts in sentences: what is said of a pair, of which recipe, and on what it rests."""

from dataclasses import replace

import numpy as np
import pytest

from bundle.comparison import Pair
from verdicts.pairs import compare_all, compare_all_unpaired
from verdicts.words import recipe_of_all, sentence

PAIR = Pair(
    a="relu-10-10",
    b="tanh-10-10",
    mean_difference=-0.002,
    ci95=[-0.0042, -0.0008],
    probability_a_better=0.35,
    p_value=0.0071,
    p_value_holm=0.0142,
    mcnemar_p=None,
    wins=8,
    ties=5,
    losses=17,
    verdict="equivalent",
)
SAME = dict.fromkeys((PAIR.a, PAIR.b), "at rate 0.001 and 500 epochs")


def test_equivalent_models_are_told_with_their_recipe_effect_and_significance() -> None:
    assert sentence(PAIR, SAME) == (
        "relu-10-10 and tanh-10-10 are equivalent within 0.5 points at rate 0.001 and 500 epochs: "
        "8 wins, 5 ties, 17 losses; "
        "difference −0.2 points [−0.4, −0.1], p = 0.007 (Holm 0.014)"
    )


def test_the_better_one_comes_first() -> None:
    worse = replace(PAIR, verdict="worse", mean_difference=-0.02, ci95=[-0.03, -0.01], p_value=1e-9, p_value_holm=1e-8)
    told = sentence(worse, dict.fromkeys(SAME, "tuned on validation data"))
    assert told == (
        "tanh-10-10 is better than relu-10-10 by more than 0.5 points, each tuned on validation data: "
        "17 wins, 5 ties, 8 losses; difference 2.0 points [1.0, 3.0], p < 0.001 (Holm < 0.001)"
    )
    flipped = replace(
        worse, a=worse.b, b=worse.a, verdict="better", mean_difference=0.02, ci95=[0.01, 0.03], wins=17, losses=8
    )
    assert sentence(flipped, dict.fromkeys(SAME, "tuned on validation data")) == told


def test_undecided_ones_are_told_how_many_runs_would_tell() -> None:
    undecided = replace(PAIR, verdict="undecided", runs_needed=1077)
    said = "it is undecided whether relu-10-10 and tanh-10-10 differ"
    assert sentence(undecided, {}).startswith(f"{said} by more than 0.5 points: 8 wins")
    assert sentence(replace(undecided, rope=0), {}).startswith(f"{said}: 8 wins")
    assert sentence(undecided, {}).endswith("; about 1,077 runs would tell (80% power), there are 30")
    assert sentence(replace(undecided, runs_needed=None), {}).endswith("; more runs would hardly tell, there are 30")


def test_different_recipes_stand_beside_the_names() -> None:
    told = sentence(PAIR, {PAIR.a: "at rate 0.01 and 20 epochs", PAIR.b: "tuned on validation data"})
    assert told.startswith(
        "relu-10-10 (at rate 0.01 and 20 epochs) and tanh-10-10 (tuned on validation data) are equivalent within 0.5 "
    )


def test_one_run_does_not_tell() -> None:
    (pair,) = compare_all({"a": np.array([0.9]), "b": np.array([0.8])})
    assert pair.words == (
        "it is undecided whether a and b differ by more than 0.5 points: 1 win, 0 ties, 0 losses; "
        "difference 10.0 points; one run does not tell"
    )


def test_the_rope_is_told_as_it_was_asked_for() -> None:
    assert " are equivalent within 0.25 points: " in sentence(replace(PAIR, rope=0.0025), {})
    assert " are equivalent within 1 point: " in sentence(replace(PAIR, rope=0.01), {})


def test_few_runs_are_told_to_be_few() -> None:
    few = replace(PAIR, wins=1, ties=1, losses=3)
    assert sentence(few, {}).endswith("(Holm 0.014); 5 runs may not show all that training does")


def test_few_runs_of_models_with_nothing_in_common_are_told_to_be_few_too() -> None:
    (pair,) = compare_all_unpaired({"a": np.array([0.9, 0.901, 0.902, 0.9]), "b": np.array([0.5, 0.501])})
    assert pair.verdict == "better"
    assert pair.words.endswith("; 2 runs may not show all that training does")


def test_runs_that_only_one_has_are_told_to_be_left_out() -> None:
    none = np.nan
    a, b = np.array([0.9, 0.91, 0.92, none, none]), np.array([0.5, 0.52, 0.5, 0.4, none])
    (pair,) = compare_all({"a": a, "b": b})
    assert ": 3 wins, 0 ties, 0 losses, 1 run left out; difference " in pair.words


def test_data_sets_are_told_as_such() -> None:
    (pair,) = compare_all({"a": np.array([0.9, 0.8, 0.7]), "b": np.array([0.5, 0.9, 0.6])}, of="data set")
    assert "data sets would tell (80% power), there are 3" in pair.words
    (pair,) = compare_all({"a": np.array([0.9, 0.8, 0.7]), "b": np.array([0.4, 0.31, 0.2])}, of="data set")
    assert pair.words.endswith("; 3 data sets are few")
    few, many = (np.array([0.9, 0.8, 0.7] * times) for times in (1, 3))
    (pair,) = compare_all({"a": few, "b": few - 0.5}, of="data set")
    assert pair.words.endswith("the difference is the same in all 3 data sets, too few to take it for certain")
    (pair,) = compare_all({"a": many, "b": many - 0.5}, of="data set")
    assert pair.words.endswith("the difference is the same in all data sets, and taken for certain")
    assert "run" not in pair.words


def test_constant_scores_are_told_to_be_constant() -> None:
    (pair,) = compare_all({"a": np.array([0.95, 0.9] * 4), "b": np.array([0.85, 0.8] * 4)})
    assert pair.words == (
        "a is better than b by more than 0.5 points: 8 wins, 0 ties, 0 losses; difference 10.0 points [10.0, 10.0], "
        "p < 0.001 (Holm < 0.001); the difference is the same in all runs, and taken for certain"
    )


@pytest.mark.parametrize(("runs", "told"), [(2, "undecided"), (6, "undecided"), (7, "better")])
def test_a_few_differences_that_happen_to_be_the_same_are_no_certainty(runs: int, told: str) -> None:
    """Scores with two digits are: as of claims, there is no verdict then, and no p value of 0."""
    a = np.round(0.9 + np.arange(runs) / 100, 2)
    paired = compare_all({"a": a, "b": a - 0.01})[0]
    unpaired = compare_all_unpaired({"a": np.full(runs, 0.91), "b": np.full(runs + 1, 0.9)})[0]
    assert (paired.verdict, unpaired.verdict) == (told, told)
    if told == "undecided":
        for pair, words in (
            (paired, f"the difference is the same in all {runs} runs, too few to take it for certain"),
            (unpaired, f"scores are the same in all {runs} runs of each, too few to take it for certain"),
        ):
            assert (pair.p_value, pair.ci95, pair.probability_better, pair.runs_needed) == (None, None, None, None)
            assert pair.words.endswith(f"difference 1.0 points; {words}")


def test_scores_that_are_no_shares_are_told_as_they_are() -> None:
    a, b = np.array([1.25, 1.31, 1.28]), np.array([2.5, 2.41, 2.47])
    (pair,) = compare_all({"a": a, "b": b}, rope=0.1, higher_is_better=False, unit="")
    assert pair.words.startswith("a is better than b by more than 0.1: 3 wins, 0 ties, 0 losses; difference −1.18 [")


def test_the_recipe_of_all_is_the_usual_one_and_names_who_has_another() -> None:
    usual = "at rate 0.001 and 500 epochs"
    assert recipe_of_all({"a": usual, "b": usual}) == usual
    assert recipe_of_all({"l": "at rate 0.001 and 20 epochs", "a": usual, "b": usual}) == (
        "at rate 0.001 and 500 epochs; l at rate 0.001 and 20 epochs"
    )
    assert recipe_of_all({"a": "tuned on validation data", "b": "tuned on validation data"}) == (
        "each tuned on validation data"
    )
    assert recipe_of_all({"a": "", "b": ""}) == recipe_of_all({}) == ""


def test_no_sentence_calls_a_p_value_a_chance() -> None:
    for verdict in ("better", "worse", "equivalent", "undecided"):
        told = sentence(replace(PAIR, verdict=verdict), SAME)
        assert not any(word in told for word in ("chance", "likely", "luck", "significant"))
