"""Distributions without SciPy give SciPy's numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from verdicts import student

DF = [0.5, 2, 3, 4, 9, 29, 41, 100, 599, 1e4, 1e5]


@pytest.mark.parametrize("df", DF)
def test_probabilities_are_scipys(df: float) -> None:
    t = np.concatenate([-np.geomspace(1e-6, 1e6, 200), [0], np.geomspace(1e-6, 1e6, 200)])
    np.testing.assert_allclose(student.cdf(t, df), stats.t.cdf(t, df), rtol=0, atol=1e-10)
    np.testing.assert_allclose(student.sf(t[:200], df), stats.t.sf(t[:200], df), rtol=0, atol=1e-10)


@pytest.mark.parametrize("df", DF)
def test_quantiles_are_scipys(df: float) -> None:
    p = np.array([1e-8, 1e-4, 0.025, 0.2, 0.6, 0.8, 0.95, 0.975, 0.999, 1 - 1e-6])
    np.testing.assert_allclose(student.ppf(p, df), stats.t.ppf(p, df), rtol=1e-10)
    assert student.ppf(0.5, df) == 0


@given(st.floats(0.001, 0.999), st.floats(1, 1000))
def test_a_quantile_has_its_probability(p: float, df: float) -> None:
    assert student.cdf(student.ppf(p, df), df) == pytest.approx(p, abs=1e-12)


def test_many_are_computed_at_once_in_their_shape() -> None:
    p, df = np.array([[0.9], [0.975]]), np.array([3.0, 29.0, 29.5])
    np.testing.assert_allclose(student.ppf(p, df), stats.t.ppf(p, df), rtol=1e-12)


def test_what_is_infinite_or_unknown_stays_so() -> None:
    np.testing.assert_array_equal(student.cdf([-np.inf, np.inf, np.nan], 3), [0, 1, np.nan])


@pytest.mark.parametrize(("f", "d1", "d2"), [(0.1, 1, 3), (2.5, 3, 20), (10, 30, 500), (100, 2, 1)])
def test_the_f_distribution_is_scipys(f: float, d1: float, d2: float) -> None:
    assert student.f_sf(f, d1, d2) == pytest.approx(stats.f.sf(f, d1, d2), abs=1e-10)
