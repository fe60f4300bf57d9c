"""95% intervals of a mean and of a share."""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from verdicts import student

Floats = NDArray[np.float64]

CONFIDENCE = 0.95

STUDENT_FROM_RUNS = 20
"""So many runs, and Student's interval holds on real ones; with fewer it is one-sided near a bound, or leaves it:
docs/decisions/0026-verdicts.md."""

Bounds = tuple[float, float]
"""The least and the largest value that a score can have."""

SHARE: Bounds = (0.0, 1.0)
UNBOUNDED: Bounds = (-math.inf, math.inf)


def standard_error(sd: ArrayLike, n: ArrayLike, overlap: float) -> Floats:
    """Return the standard error of the mean of n values, sd · √(1/n + overlap).

    `overlap` is 0 where each replicate drew data of its own: they are independent. Where replicates split the same data
    anew, they share training points, and sd / √n may be too small; `overlap` is then the test set's size over the
    training set's (Nadeau & Bengio, 2003, "Inference for the generalization error"). What it is the error of is the
    mean over other data sets of this size. It is on the safe side: on real runs, whose initial weights and test points
    vary more than what other training data change, it is 2.1 to 2.4 times what it need be (`make benchmark-verdicts`).
    """
    return np.asarray(sd, np.float64) * np.sqrt(1 / np.asarray(n, np.float64) + overlap)


def mean_interval(x: Floats, overlap: float = 0, bounds: Bounds = UNBOUNDED) -> list[float] | None:
    """Return the 95% interval of the mean of finite values [n], within the bounds; None with fewer than two.

    From `STUDENT_FROM_RUNS` on it is Student's (1908, "The probable error of a mean"), mean ± t(0.975, n - 1) ·
    standard error. With fewer, or where that leaves the bounds, it is Student's interval of the transformed mean, taken
    back: of its logit between two bounds, of the logarithm of its distance from one (the delta method). Constant values
    give an interval without width: they say nothing of how others would vary.
    """
    n = len(x)
    if n < 2:
        return None
    mean, error = float(x.mean()), float(standard_error(x.std(ddof=1), n, overlap))
    half = quantile(n - 1) * error
    low, high = mean - half, mean + half
    if np.ptp(x) == 0:
        return [mean, mean]
    if n >= STUDENT_FROM_RUNS and bounds[0] <= low and high <= bounds[1]:
        return [low, high]
    return _within(mean, half, bounds)


@lru_cache(maxsize=1024)
def quantile(df: float) -> float:
    """Return how many standard errors the half width of a 95% interval is."""
    return float(student.ppf((1 + CONFIDENCE) / 2, df))


def _within(mean: float, half: float, bounds: Bounds) -> list[float]:
    """Return the interval on the scale on which the bounds are infinitely far away.

    The scale's derivative takes the half width there; distances from the bounds are multiplied by the exponential.
    """
    below, above = mean - bounds[0], bounds[1] - mean
    if below <= 0 or above <= 0:  # values that lie beyond what is said to bound them
        return [max(mean - half, bounds[0]), min(mean + half, bounds[1])]
    if math.isinf(below) and math.isinf(above):
        return [mean - half, mean + half]
    if math.isinf(below):
        return [bounds[1] - above * math.exp(min(700, half / above)), bounds[1] - above * math.exp(-half / above)]
    if math.isinf(above):
        return [bounds[0] + below * math.exp(-half / below), bounds[0] + below * math.exp(min(700, half / below))]
    width = below + above
    odds, step = below / above, half * width / (below * above)
    return [bounds[0] + width / (1 + math.exp(min(700, sign * step)) / odds) for sign in (1, -1)]


def wilson(successes: ArrayLike, n: ArrayLike) -> Floats:
    """Return the 95% interval of a share, [..., 2] (Wilson, 1927, "Probable inference"); it stays in [0, 1].

    Of nothing counted it is [0, 1].
    """
    k, count = np.asarray(successes, np.float64), np.asarray(n, np.float64)
    z = student.NORMAL.inv_cdf((1 + CONFIDENCE) / 2)
    centre = (k + z**2 / 2) / (count + z**2)
    half = z / (count + z**2) * np.sqrt(k * (count - k) / np.maximum(count, 1) + z**2 / 4)
    low = np.where(k == 0, 0.0, centre - half)
    high = np.where(k == count, 1.0, centre + half)
    return np.stack([low, high], axis=-1)


def bounds_of(score: str) -> Bounds:
    """Return the bounds of a metric by its name."""
    return _BOUNDS.get(score, SHARE)


_BOUNDS: dict[str, Bounds] = {
    "r2": (-math.inf, 1.0),
    "log_loss": (0.0, math.inf),
    "rmse": (0.0, math.inf),
    "mae": (0.0, math.inf),
    "brier": (0.0, 2.0),
}
