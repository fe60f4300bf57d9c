"""Tests over all pairs, and of two models on the same points."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from verdicts.significance import holm, mcnemar


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


@given(st.integers(0, 500), st.integers(0, 500))
def test_mcnemars_p_value_is_the_binomial_tests(only_a: int, only_b: int) -> None:
    a = np.repeat([True, False], [only_a, only_b])
    expected = stats.binomtest(only_a, only_a + only_b).pvalue if len(a) else 1
    assert mcnemar(a, ~a) == pytest.approx(expected, abs=1e-12)
