"""The verdicts, against published examples, other implementations, and by simulation."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from bundle.comparison import Pair
from verdicts.differences import paired, posterior
from verdicts.pairs import compare_all, compare_all_unpaired
from verdicts.power import runs_needed

A = [0.91, 0.93, 0.90, 0.94, 0.92, 0.95, 0.91, 0.90, 0.93, 0.92]
B = [0.90, 0.91, 0.91, 0.92, 0.92, 0.93, 0.90, 0.91, 0.91, 0.91]
C = [0.915, 0.93, 0.90, 0.93, 0.925, 0.945, 0.91, 0.905, 0.93, 0.92]
D = [0.85, 0.95, 0.80, 0.99, 0.75, 0.97, 0.88, 0.70, 0.93, 0.90]


def compare(a: list[float], b: list[float], **options: float) -> Pair:
    (pair,) = compare_all({"a": np.array(a), "b": np.array(b)}, **options)  # type: ignore[arg-type]
    return pair


@pytest.mark.parametrize(
    ("b", "rope", "runs", "expected"),
    [  # baycomp 1.0.3: CorrelatedTTest.probs(x, y, rope, runs)
        (B, 0.005, 1, (0.757195, 0.227081, 0.015724)),
        (B, 0.005, 2, (0.706977, 0.253277, 0.039746)),
        (B, 0.01, 1, (0.429888, 0.566498, 0.003614)),
        (B, 0.02, 1, (0.038295, 0.961448, 0.000256)),
        (B, 0.02, 2, (0.077415, 0.921236, 0.00135)),
        (C, 0.005, 1, (0.023177, 0.953646, 0.023177)),
        (C, 0.01, 2, (0.002939, 0.994122, 0.002939)),
        (D, 0.005, 1, (0.858886, 0.044137, 0.096977)),
        (D, 0.01, 2, (0.774345, 0.093621, 0.132034)),
        (D, 0.02, 2, (0.713691, 0.187778, 0.098531)),
    ],
)
def test_the_posterior_is_baycomps(b: list[float], rope: float, runs: int, expected: tuple[float, ...]) -> None:
    """Its correction for `runs` repetitions of k-fold cross-validation is 1 / (k - 1), test size over training size."""
    pair = compare(A, b, rope=rope, overlap=1 / (10 / runs - 1))
    found = (pair.probability_better, pair.probability_equivalent, pair.probability_worse)
    assert found == pytest.approx(expected, abs=2e-6)


def test_students_sleep_data_give_the_published_p_value() -> None:
    """Student's own example (1908): ten patients, two drugs; t = -4.0621, p = 0.002833."""
    a = np.array([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0])
    b = np.array([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4])
    (pair,) = compare_all({"a": a, "b": b}, rope=0.5, unit="")
    assert pair.mean_difference == pytest.approx(-1.58)
    assert pair.p_value == pytest.approx(0.002833, abs=5e-7)
    assert pair.ci95 == pytest.approx([-2.4598858, -0.7001142], abs=1e-6)
    assert (pair.wins, pair.ties, pair.losses) == (0, 1, 9)
    assert pair.probability_a_better == pytest.approx(0.05)
    assert pair.verdict == "worse"


def test_models_without_common_runs_are_compared_by_welch() -> None:
    a, b = np.array(A), np.array(D[:7])
    (pair,) = compare_all_unpaired({"a": a, "b": b})
    expected = stats.ttest_ind(a, b, equal_var=False)
    assert pair.p_value == pytest.approx(expected.pvalue)
    assert pair.ci95 == pytest.approx(list(expected.confidence_interval()))
    assert pair.probability_a_better == pytest.approx(stats.mannwhitneyu(a, b).statistic / 70)
    assert (pair.wins, pair.ties, pair.losses, pair.wins_ci95) == (0, 0, 0, None)


def test_splitting_the_same_data_anew_makes_the_test_more_careful() -> None:
    plain, corrected = compare(A, B), compare(A, B, overlap=0.5)
    assert plain.p_value == pytest.approx(stats.ttest_rel(A, B).pvalue)
    assert plain.p_value is not None
    assert corrected.p_value is not None
    assert corrected.p_value > plain.p_value


@pytest.mark.parametrize(("shift", "p_value", "verdict"), [(0.0, 1.0, "equivalent"), (0.5, 0.0, "better")])
def test_differences_without_variance_are_decided_by_their_value(shift: float, p_value: float, verdict: str) -> None:
    pair = compare([0.1 + shift, 0.2 + shift, 0.3 + shift] * 3, [0.1, 0.2, 0.3] * 3)
    assert pair.verdict == verdict
    assert pair.p_value == pytest.approx(p_value, abs=1e-12)


def test_one_run_gives_the_difference_and_no_verdict() -> None:
    pair = compare([0.9], [0.8])
    assert pair.mean_difference == pytest.approx(0.1)
    assert (pair.verdict, pair.runs_needed) == ("undecided", None)
    assert {pair.ci95 is None, pair.p_value is None, pair.probability_better is None} == {True}


def test_runs_that_either_lacks_are_left_out() -> None:
    with_gap = compare([0.9, np.nan, 0.8, 0.7], [0.7, 0.9, 0.5, np.nan])
    assert replace(with_gap, words="") == replace(compare([0.9, 0.8], [0.7, 0.5]), words="")
    assert "2 wins, 0 ties, 0 losses, 2 runs left out" in with_gap.words


def test_models_without_a_common_run_have_a_difference_and_no_verdict_and_leave_other_pairs_theirs() -> None:
    a, b, c = np.array([0.9, 0.8, *[np.nan] * 2]), np.array([*[np.nan] * 2, 0.6, 0.85]), np.array([0.5, 0.4, 0.2, 0.5])
    apart, *others = compare_all({"a": a, "b": b, "c": c})
    undecided = "it is undecided whether a and b differ by more than 0.5 points"
    assert apart.words == f"{undecided}: difference 12.5 points; they have no run in common"
    assert (apart.wins, apart.ties, apart.losses, apart.wins_ci95) == (0, 0, 0, [0, 1])
    assert (apart.probability_a_better, apart.p_value_holm, apart.ci95) == (0.75, None, None)
    alone = [compare_all({"a": a, "c": c})[0], compare_all({"b": b, "c": c})[0]]
    assert [pair.p_value for pair in others] == pytest.approx([pair.p_value for pair in alone])
    (less,) = compare_all({"a": a, "b": b}, higher_is_better=False)
    assert less.probability_a_better == 0.25


@pytest.mark.parametrize("function", [compare_all, compare_all_unpaired])
def test_a_model_without_a_score_is_an_error_that_names_it(function: Callable[..., list[Pair]]) -> None:
    with pytest.raises(ValueError, match="b has no finite score"):
        function({"a": np.array([0.9]), "b": np.array([np.nan])})


def test_less_is_better_where_it_is_said() -> None:
    more, less = compare(A, [x - 0.1 for x in A]), compare(A, [x - 0.1 for x in A], higher_is_better=False)
    assert (more.verdict, more.wins, less.verdict, less.losses) == ("better", 10, "worse", 10)
    assert less.mean_difference == more.mean_difference
    assert less.probability_worse == more.probability_better


def test_every_pair_comes_once_with_what_holds_for_all_of_them() -> None:
    scores = {name: np.array(values) for name, values in zip("abcd", (A, B, C, D), strict=True)}
    pairs = compare_all(scores)
    assert [pair.a + pair.b for pair in pairs] == ["ab", "ac", "ad", "bc", "bd", "cd"]
    for pair in pairs:
        assert pair.ci95 is not None
        assert pair.simultaneous_ci95 is not None
        assert pair.p_value is not None
        assert pair.p_value_holm is not None
        half = stats.t.ppf(1 - 0.025 / 6, 9) * stats.sem(scores[pair.a] - scores[pair.b])
        assert pair.simultaneous_ci95 == pytest.approx([pair.mean_difference - half, pair.mean_difference + half])
        assert pair.p_value <= pair.p_value_holm


def test_mcnemars_test_is_looked_up_by_the_names() -> None:
    scores = {"a": np.array(A), "b": np.array(B)}
    known: Mapping[tuple[str, str], float | None] = {("a", "b"): 0.25}
    assert compare_all(scores, mcnemar=known)[0].mcnemar_p == 0.25
    assert compare_all(scores, mcnemar=lambda a, b: float(a < b))[0].mcnemar_p == 1
    assert compare_all(scores)[0].mcnemar_p is None


def test_two_hundred_models_are_nearly_twenty_thousand_pairs() -> None:
    rng = np.random.default_rng(0)
    scores: dict[str, NDArray[np.float64]] = {f"m{i}": rng.normal(0.9 + i % 20 / 1e3, 0.01, 30) for i in range(200)}
    pairs = compare_all(scores)
    assert len(pairs) == 19_900
    assert {pair.verdict for pair in pairs} == {"better", "worse", "equivalent", "undecided"}
    last = pairs[-1]
    assert last.p_value == pytest.approx(stats.ttest_rel(scores["m198"], scores["m199"]).pvalue)


def test_verdicts_are_wrong_no_more_often_than_they_say() -> None:
    """On the edge of the rope neither is more than half true: 2.5% are called better, and 5% equivalent."""
    d = np.random.default_rng(1).normal(0.005, 0.0045, (20_000, 30))
    given = posterior(paired(d), 0.005).verdicts
    assert given.count("better") / 20_000 == pytest.approx(0.025, abs=0.0035)
    assert given.count("equivalent") / 20_000 == pytest.approx(0.05, abs=0.005)


@pytest.mark.parametrize(("mean", "verdict"), [(0.0, "equivalent"), (0.002, "equivalent"), (0.008, "better")])
def test_as_many_runs_as_are_needed_tell_four_times_of_five(mean: float, verdict: str) -> None:
    n = int(runs_needed(mean, 0.01, 0, 0.005))
    given = posterior(paired(np.random.default_rng(2).normal(mean, 0.01, (4000, n))), 0.005).verdicts
    assert given.count(verdict) / 4000 == pytest.approx(0.8, abs=0.03)


def test_no_number_of_runs_is_promised_where_none_would_tell() -> None:
    assert np.isnan(runs_needed(0.005, 0.01, 0, 0.005))  # on the edge
    assert np.isnan(runs_needed(0.01, 0.03, 0.5, 0.005))  # splits of the same data, however many
    assert np.isnan(runs_needed(0.00501, 0.5, 0, 0.005))  # millions
