"""Ranks over several data sets, against Demšar's published numbers (2006) and SciPy."""

from itertools import permutations, product

import numpy as np
import pytest
from scipy import stats

from verdicts.ranks import average_ranks, critical_difference, friedman, groups, ranks, studentized_range

DEMSAR = """
0.763 0.768 0.771 0.798
0.599 0.591 0.590 0.569
0.954 0.971 0.968 0.967
0.628 0.661 0.654 0.657
0.882 0.888 0.886 0.898
0.936 0.931 0.916 0.931
0.661 0.668 0.609 0.685
0.583 0.583 0.563 0.625
0.775 0.838 0.866 0.875
1.000 1.000 1.000 1.000
0.940 0.962 0.965 0.962
0.619 0.666 0.614 0.669
0.972 0.981 0.975 0.9749
0.957 0.978 0.946 0.970
"""
"""His table 6: C4.5 with parameters tuned in four ways, area under the curve on 14 data sets.
One value is ranked below another that is the same after rounding."""

SCORES = np.array([row.split() for row in DEMSAR.split("\n") if row], float)


def test_average_ranks_are_the_published_ones() -> None:
    assert average_ranks(SCORES) == pytest.approx([3.143, 2.000, 2.893, 1.964], abs=5e-4)
    assert average_ranks(-SCORES, higher_is_better=False).tolist() == average_ranks(SCORES).tolist()


def test_friedmans_statistic_is_the_published_one_and_its_p_value_is_corrected_for_ties() -> None:
    average = average_ranks(SCORES)
    assert 12 * 14 / 20 * (np.sum(average**2) - 4 * 25 / 4) == pytest.approx(9.28, abs=5e-3)
    many = np.tile(SCORES, (5, 1))
    chi2 = stats.friedmanchisquare(*many.T).statistic  # corrected, as Iman and Davenport's form of it is
    assert friedman(many) == pytest.approx(stats.f.sf(69 * chi2 / (70 * 3 - chi2), 3, 207))


@pytest.mark.parametrize(
    ("n", "k", "levels"), [(2, 2, 9), (5, 2, 9), (5, 2, 2), (4, 3, 9), (4, 3, 2), (3, 4, 9), (3, 4, 3)]
)
def test_on_few_data_sets_friedmans_p_value_is_the_share_of_all_permutations(n: int, k: int, levels: int) -> None:
    for scores in np.random.default_rng(n * k).integers(0, levels, (5, n, k)):
        given = ranks(scores)
        orders = [list(permutations(row)) for row in given.tolist()]
        squares = np.array([np.sum(np.sum(chosen, axis=0) ** 2) for chosen in product(*orders)])
        expected = np.mean(squares >= np.sum(given.sum(axis=0) ** 2) - 1e-9)
        assert friedman(scores) == pytest.approx(expected)


def test_ranks_that_agree_on_few_data_sets_may_do_so_by_chance() -> None:
    assert [friedman([[0.9, 0.8]] * n) for n in (2, 3, 6)] == [1 / 2, 1 / 4, 1 / 32]
    assert friedman([[0.9, 0.8, 0.7]] * 3) == pytest.approx(1 / 36)


@pytest.mark.parametrize(("n", "k"), [(40, 3), (14, 4), (7, 5)])
def test_the_counted_p_value_meets_the_approximate_one_where_data_sets_grow_many(n: int, k: int) -> None:
    scores = np.random.default_rng(n).normal(size=(n, k)) + np.linspace(0, 0.6, k)
    chi2 = stats.friedmanchisquare(*scores.T).statistic
    f = stats.f.sf((n - 1) * chi2 / (n * (k - 1) - chi2), k - 1, (k - 1) * (n - 1))
    assert friedman(scores) == pytest.approx(f, rel=0.15)


@pytest.mark.parametrize(
    ("k", "q05", "q10"),
    [  # his table 5(a)
        (2, 1.960, 1.645),
        (3, 2.343, 2.052),
        (4, 2.569, 2.291),
        (5, 2.728, 2.459),
        (6, 2.850, 2.589),
        (7, 2.949, 2.693),
        (8, 3.031, 2.780),
        (9, 3.102, 2.855),
        (10, 3.164, 2.920),
    ],
)
def test_critical_values_are_the_published_ones(k: int, q05: float, q10: float) -> None:
    assert studentized_range(k) / np.sqrt(2) == pytest.approx(q05, abs=1.1e-3)
    assert studentized_range(k, 0.1) / np.sqrt(2) == pytest.approx(q10, abs=1.1e-3)


def test_the_critical_difference_of_his_example() -> None:
    assert critical_difference(4, 14) == pytest.approx(1.25, abs=5e-3)
    assert critical_difference(4, 14, 0.1) == pytest.approx(1.12, abs=5e-3)


@pytest.mark.parametrize(("k", "alpha"), [(2, 0.05), (20, 0.05), (200, 0.01)])
def test_the_studentized_range_is_scipys(k: int, alpha: float) -> None:
    assert stats.studentized_range.sf(studentized_range(k, alpha), k, 1e6) == pytest.approx(alpha, rel=1e-3)


def test_ties_share_their_ranks() -> None:
    assert ranks([[0.9, 0.8, 0.9, 0.1]]).tolist() == [[1.5, 3, 1.5, 4]]


def test_groups_are_the_largest_that_are_not_told_apart() -> None:
    assert groups([3.143, 2.0, 2.893, 1.964], 1.12) == [[3, 1, 2], [2, 0]]
    assert groups([1.0, 1.5, 3.0, 3.2], 1.0) == [[0, 1], [2, 3]]
    assert groups([1.0, 2.5, 4.0], 1.0) == []
    assert groups([1.0, 1.5, 1.9], 1.0) == [[0, 1, 2]]


def test_too_few_data_sets_or_scores_get_an_answer() -> None:
    assert friedman([[0.9, 0.8]]) is None
    assert friedman([[0.9, 0.9], [0.8, 0.8]]) == 1
    assert friedman(np.tile(np.arange(30.0), (3, 1))) == 0  # too many orders to count
    with pytest.raises(ValueError, match="every model on every data set"):
        average_ranks([[0.9, np.nan]])
