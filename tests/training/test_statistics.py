"""The statistics against published examples, other implementations, and by property."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from training.statistics import compare, expected_calibration_error, holm, mcnemar, summarize


def test_the_summary_of_known_values() -> None:
    summary = summarize([0.9, 0.8, 1.0, 0.7])
    assert (summary.mean, summary.min, summary.max) == pytest.approx((0.85, 0.7, 1.0))
    assert summary.median == pytest.approx(0.85)
    assert summary.sd == pytest.approx(np.sqrt(0.05 / 3))
    half = 3.182446 * np.sqrt(0.05 / 3) / 2  # t(0.975, 3) from a table
    assert summary.ci95 == pytest.approx([0.85 - half, 0.85 + half], abs=1e-6)


def test_one_value_has_no_spread() -> None:
    summary = summarize([0.9])
    assert (summary.mean, summary.sd, summary.ci95, summary.values) == (0.9, None, None, [0.9])


def test_students_sleep_data_give_the_published_p_value() -> None:
    """Student's own example (1908): ten patients, two drugs; t = -4.0621, p = 0.002833."""
    a = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
    b = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
    result = compare(a, b)
    assert result.mean_difference == pytest.approx(-1.58)
    assert result.p_value == pytest.approx(0.002833, abs=5e-7)
    assert result.ci95 == pytest.approx([-2.4598858, -0.7001142], abs=1e-6)
    assert result.probability_a_better == pytest.approx(0.05)  # one tie of ten


@pytest.mark.parametrize(("shift", "p_value"), [(0.0, 1.0), (0.5, 0.0)])
def test_differences_without_variance_are_decided_by_their_value(shift: float, p_value: float) -> None:
    assert compare([1 + shift, 2 + shift], [1, 2]).p_value == p_value


def test_a_replicate_that_diverged_is_left_out_and_keeps_its_place() -> None:
    summary = summarize([0.9, np.nan, 0.8])
    assert summary.values == [0.9, None, 0.8]
    assert summary.mean == pytest.approx(0.85)
    assert summary.ci95 == summarize([0.9, 0.8]).ci95
    assert compare([0.9, np.nan, 0.8], [0.7, 0.9, 0.5]) == compare([0.9, 0.8], [0.7, 0.5])


def test_splitting_the_same_data_anew_widens_the_interval() -> None:
    """Nadeau & Bengio (2003): the variance of the mean is s² (1/n + n_test / n_train), not s²/n."""
    values = [0.91, 0.93, 0.9, 0.94, 0.92]
    plain, corrected = summarize(values).ci95, summarize(values, overlap=0.5).ci95
    assert plain is not None
    assert corrected is not None
    ratio = (corrected[1] - corrected[0]) / (plain[1] - plain[0])
    assert ratio == pytest.approx(np.sqrt((1 / 5 + 0.5) / (1 / 5)))
    other = [0.9, 0.9, 0.9, 0.9, 0.9]
    p_plain, p_corrected = compare(values, other).p_value, compare(values, other, overlap=0.5).p_value
    assert p_plain == pytest.approx(stats.ttest_rel(values, other).pvalue)
    assert p_plain is not None
    assert p_corrected is not None
    assert p_corrected > p_plain


@pytest.mark.parametrize("skew", ["normal", "two clusters"])
def test_intervals_cover_the_truth_and_the_test_rejects_it_as_often_as_they_say(skew: str) -> None:
    """Simulated experiments of 30 replicates: 95% intervals cover 93 to 97%, a true null is rejected about 5%."""
    rng = np.random.default_rng(0)
    shape = (4000, 30)
    noise = rng.normal(0, 0.01, shape)
    if skew == "two clusters":  # as three units have: a run ends near 0.76 or near 0.95
        noise += np.where(rng.random(shape) < 0.45, 0.76, 0.95) - (0.45 * 0.76 + 0.55 * 0.95)
    other = rng.permuted(noise, axis=1)
    covered = [low <= 0 <= high for low, high in filter(None, (summarize(runs).ci95 for runs in noise))]
    assert len(covered) == 4000
    assert 0.93 <= np.mean(covered) <= 0.97
    compared = [compare(a, b) for a, b in zip(noise, np.roll(other, 1, axis=0), strict=True)]
    assert 0.04 <= np.mean([result.p_value is not None and result.p_value < 0.05 for result in compared]) <= 0.06
    covered = [low <= 0 <= high for low, high in (result.ci95 or (1, 1) for result in compared)]
    assert 0.93 <= np.mean(covered) <= 0.97


def test_holm_on_a_known_example() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_holm_lies_between_the_p_value_and_bonferroni_and_keeps_the_order(p_values: list[float]) -> None:
    p, adjusted = np.array(p_values), holm(p_values)
    assert np.all(adjusted >= p)
    assert np.all(adjusted <= np.minimum(1, p * len(p)) + 1e-12)
    assert np.all(np.diff(adjusted[np.argsort(p, kind="stable")]) >= 0)


def test_mcnemar_looks_at_the_points_that_one_alone_gets_right() -> None:
    a = np.array([True] * 50 + [True] * 8 + [False] * 2)
    b = np.array([True] * 50 + [False] * 8 + [True] * 2)
    assert mcnemar(a, b) == pytest.approx(2 * stats.binom.cdf(2, 10, 0.5))
    assert mcnemar(a, a) == 1.0


def test_calibration_error_of_known_answers() -> None:
    labels, probabilities = [0, 1, 1, 1], [0.25, 0.25, 0.75, 1.0]
    # bin [0.2, 0.3): mean 0.25, share 0.5; bin [0.7, 0.8): 0.75 and 1; last bin: 1 and 1
    assert expected_calibration_error(labels, probabilities) == pytest.approx((2 * 0.25 + 0.25) / 4)


@given(st.lists(st.tuples(st.integers(0, 1), st.floats(0, 1)), min_size=1, max_size=50))
def test_calibration_error_is_between_0_and_1(answers: list[tuple[int, float]]) -> None:
    labels, probabilities = zip(*answers, strict=True)
    assert 0 <= expected_calibration_error(labels, probabilities) <= 1
