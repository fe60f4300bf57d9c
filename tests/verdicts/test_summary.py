"""What a model's values sum up to, and intervals that stay where the score can be."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from verdicts.intervals import SHARE, UNBOUNDED, bounds_of, mean_interval, wilson
from verdicts.summary import interquartile_mean, summarize


def test_the_summary_of_known_values() -> None:
    summary = summarize([0.9, 0.8, 1.0, 0.7])
    assert (summary.mean, summary.min, summary.max) == pytest.approx((0.85, 0.7, 1.0))
    assert summary.median == pytest.approx(0.85)
    assert summary.interquartile_mean == pytest.approx(0.85)
    assert summary.sd == pytest.approx(np.sqrt(0.05 / 3))
    half = 3.182446 * np.sqrt(0.05 / 3) / 2  # t(0.975, 3) from a table
    assert summary.ci95 == pytest.approx([0.85 - half, 0.85 + half], abs=1e-6)


def test_one_value_has_no_spread() -> None:
    summary = summarize([0.9], bounds=SHARE)
    assert (summary.mean, summary.sd, summary.ci95, summary.values) == (0.9, None, None, [0.9])


def test_no_value_is_an_error_that_says_so() -> None:
    with pytest.raises(ValueError, match="none of the values is a finite number"):
        summarize([np.nan, np.inf])


def test_a_replicate_that_diverged_is_left_out_and_keeps_its_place() -> None:
    summary = summarize([0.9, np.nan, 0.8])
    assert summary.values == [0.9, None, 0.8]
    assert summary.mean == pytest.approx(0.85)
    assert summary.diverged == 1
    assert summary.ci95 == summarize([0.9, 0.8]).ci95


def test_the_interquartile_mean_is_scipys_trimmed_one() -> None:
    for n in range(1, 40):
        x = np.random.default_rng(n).random(n)
        assert interquartile_mean(x) == pytest.approx(stats.trim_mean(x, 0.25))


def test_thirty_runs_have_students_interval() -> None:
    x = np.random.default_rng(0).uniform(0.6, 0.9, 30)
    low, high = stats.t.interval(0.95, 29, x.mean(), stats.sem(x))
    assert mean_interval(x, 0, SHARE) == pytest.approx([low, high], abs=1e-12)


def test_few_runs_have_students_interval_of_the_logit() -> None:
    x = np.array([0.97, 0.99, 0.995, 0.98, 0.99])
    logit, slope = np.log(x.mean() / (1 - x.mean())), 1 / (x.mean() * (1 - x.mean()))
    half = stats.t.ppf(0.975, 4) * stats.sem(x) * slope
    expected = [1 / (1 + np.exp(-(logit + sign * half))) for sign in (-1, 1)]
    assert mean_interval(x, 0, SHARE) == pytest.approx(expected)


def test_three_accuracies_near_1_have_no_interval_beyond_it() -> None:
    """Student's is 0.941 ± 0.202."""
    low, high = mean_interval(np.array([0.999, 0.85, 0.975]), 0, SHARE) or (0, 2)
    assert 0 < low < 0.85
    assert 0.975 < high < 1


@given(
    st.lists(st.floats(0, 1), min_size=2, max_size=40),
    st.sampled_from([SHARE, (-np.inf, 1.0), (0.0, np.inf), UNBOUNDED]),
    st.sampled_from([0.0, 0.5]),
)
def test_an_interval_holds_the_mean_and_stays_within_the_bounds(
    values: list[float], bounds: tuple[float, float], overlap: float
) -> None:
    x = np.array(values)
    low, high = mean_interval(x, overlap, bounds) or (np.nan, np.nan)
    assert bounds[0] <= low <= x.mean() + 1e-12
    assert x.mean() - 1e-12 <= high <= bounds[1]


def test_constant_values_have_an_interval_without_width() -> None:
    assert mean_interval(np.full(5, 0.9), 0, SHARE) == pytest.approx([0.9, 0.9])
    assert mean_interval(np.ones(30), 0.5, SHARE) == [1, 1]


def test_splitting_the_same_data_anew_widens_the_interval() -> None:
    """Nadeau & Bengio (2003): the variance of the mean is s² (1/n + n_test / n_train), not s²/n."""
    values = [0.91, 0.93, 0.9, 0.94, 0.92]
    plain, corrected = summarize(values).ci95, summarize(values, overlap=0.5).ci95
    assert plain is not None
    assert corrected is not None
    ratio = (corrected[1] - corrected[0]) / (plain[1] - plain[0])
    assert ratio == pytest.approx(np.sqrt((1 / 5 + 0.5) / (1 / 5)))


@pytest.mark.parametrize("n", [5, 10, 30])
def test_intervals_hold_the_mean_of_skewed_scores_near_1_as_often_as_they_say(n: int) -> None:
    """Errors of a good classifier are gamma distributed about as those of real runs: 0.9% ± 0.43 points."""
    x = 1 - np.random.default_rng(n).gamma(4.2, 0.0088 / 4.2, (4000, n))
    ends = np.array([mean_interval(values, 0, SHARE) for values in x])
    assert 0.935 <= np.mean((ends[:, 0] <= 1 - 0.0088) & (ends[:, 1] >= 1 - 0.0088)) <= 0.97
    assert ends.max() <= 1


def test_a_share_has_wilsons_interval() -> None:
    for k, n in [(0, 30), (17, 30), (30, 30), (1, 2)]:
        expected = stats.binomtest(k, n).proportion_ci(method="wilson")
        assert wilson(k, n).tolist() == pytest.approx([expected.low, expected.high], abs=1e-12)
    assert wilson(81, 263) == pytest.approx([0.2553, 0.3662], abs=5e-5)  # Newcombe (1998), table I, method 3


def test_wilsons_intervals_grow_with_the_successes() -> None:
    assert all(np.all(a < b) for a, b in pairwise(wilson(np.arange(11), 10)))


def test_the_bounds_are_those_of_the_score() -> None:
    assert bounds_of("accuracy") == bounds_of("recall_b") == (0, 1)
    assert bounds_of("r2") == (-np.inf, 1)
    assert bounds_of("rmse") == (0, np.inf)
