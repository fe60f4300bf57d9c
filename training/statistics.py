"""The statistics of the comparison: pure functions of NumPy arrays, each with its source."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from bundle.comparison import Summary


def summarize(values: ArrayLike, overlap: float = 0) -> Summary:
    """Sum up one value a replicate: mean, sample SD (n - 1), range, median, and the mean's 95% interval.

    A replicate that diverged has NaN; it is left out of all of them and stands as None among the values. At least one
    must be finite. For `overlap` see `t_interval`.
    """
    every = np.asarray(values, dtype=np.float64)
    x = every[np.isfinite(every)]
    return Summary(
        mean=float(x.mean()),
        sd=float(x.std(ddof=1)) if len(x) > 1 else None,
        min=float(x.min()),
        median=float(np.median(x)),
        max=float(x.max()),
        ci95=t_interval(x, overlap),
        values=[float(value) if np.isfinite(value) else None for value in every],
    )


def t_interval(x: NDArray[np.float64], overlap: float = 0, confidence: float = 0.95) -> list[float] | None:
    """Return Student's interval of the mean, [low, high]; None with fewer than two values.

    It is mean ± t(0.975, n - 1) · standard error (Student, 1908, "The probable error of a mean").
    """
    if len(x) < 2:
        return None
    half = stats.t.ppf((1 + confidence) / 2, len(x) - 1) * _standard_error(x, overlap)
    return [float(x.mean() - half), float(x.mean() + half)]


def _standard_error(x: NDArray[np.float64], overlap: float) -> float:
    """Return the standard error of the mean of n values, sd · √(1/n + overlap).

    `overlap` is 0 where each replicate drew data of its own: they are independent. Where replicates split the same data
    anew, they share training points, and sd / √n is too small; `overlap` is then the test set's size over the training
    set's (Nadeau & Bengio, 2003, "Inference for the generalization error").
    """
    return float(x.std(ddof=1) * np.sqrt(1 / len(x) + overlap))


@dataclass(frozen=True)
class PairedComparison:
    mean_difference: float
    ci95: list[float] | None
    probability_a_better: float
    p_value: float | None


def compare(a: ArrayLike, b: ArrayLike, overlap: float = 0) -> PairedComparison:
    """Compare two models replicate by replicate: both saw the same data, so differences are what varies.

    The p value is the two-sided paired t test's (Student, 1908; with `overlap` the corrected resampled t test of Nadeau
    & Bengio, 2003); the interval is the differences' t interval. The probability that a is better counts ties half
    (Vargha & Delaney, 2000, for pairs). Where all differences are the same the test has no variance to work with: p is
    1 for no difference and 0 for any other. Replicates in which either diverged (NaN) are left out.
    """
    d = np.asarray(a, dtype=np.float64) - np.asarray(b, dtype=np.float64)
    d = d[np.isfinite(d)]
    better = float(np.mean(d > 0) + np.mean(d == 0) / 2)
    if len(d) < 2:
        return PairedComparison(float(d.mean()), None, better, None)
    error = _standard_error(d, overlap)
    p_value = float(2 * stats.t.sf(abs(d.mean()) / error, len(d) - 1)) if np.ptp(d) > 0 else float(d[0] == 0)
    return PairedComparison(float(d.mean()), t_interval(d, overlap), better, p_value)


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
    if only_a + only_b == 0:
        return 1.0
    return float(stats.binomtest(only_a, only_a + only_b, 0.5).pvalue)


def expected_calibration_error(labels: ArrayLike, probabilities: ArrayLike, bins: int = 10) -> float:
    """Return the expected calibration error of P(y = 1), in [0, 1].

    Over equal-width bins of the probability: the distance between the mean probability and the share of ones,
    weighted by the bin's share of the points (Naeini, Cooper & Hauskrecht, 2015).
    """
    y = np.asarray(labels, dtype=np.float64)
    p = np.asarray(probabilities, dtype=np.float64)
    which = np.minimum((p * bins).astype(int), bins - 1)
    gaps = np.bincount(which, weights=p - y, minlength=bins)
    return float(np.abs(gaps).sum() / len(p))
