"""Tests of significance: over all pairs of models, and of two models on the same points."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Adjust p values for testing all of them (Holm, 1979, "A simple sequentially rejective multiple test procedure").

    The k-th smallest of m is multiplied by m - k + 1; none may fall below the one before, or exceed 1.
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(1, np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)))
    return adjusted


def mcnemar(a_correct: NDArray[np.bool_], b_correct: NDArray[np.bool_]) -> float:
    """Return the exact two-sided p value of McNemar's test on two classifiers' answers to the same points.

    Of the points that just one of them gets right, either is as likely to be that one if they are equally accurate:
    a binomial test with p = 1/2 (McNemar, 1947; exact form in Dietterich, 1998). With no such point p is 1.
    """
    only_a = int(np.sum(a_correct & ~b_correct))
    only_b = int(np.sum(b_correct & ~a_correct))
    n, least = only_a + only_b, min(only_a, only_b)
    tail = sum(math.comb(n, k) for k in range(least + 1))
    return min(1.0, tail / 2 ** (n - 1)) if n else 1.0
