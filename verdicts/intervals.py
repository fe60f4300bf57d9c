"""95% intervals of a mean and of a share."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from verdicts import student

Floats = NDArray[np.float64]

CONFIDENCE = 0.95

Bounds = tuple[float, float]
"""The least and the largest value that a score can have."""

SHARE: Bounds = (0.0, 1.0)
UNBOUNDED: Bounds = (-math.inf, math.inf)


def standard_error(sd: ArrayLike, n: ArrayLike, overlap: float) -> Floats:
    """Return the standard error of the mean of n values, sd · √(1/n + overlap).

    `overlap` is 0 where each replicate drew data of its own: they are independent. Where replicates split the same data
    anew, they share training points, and sd / √n is too small; `overlap` is then the test set's size over the training
    set's (Nadeau & Bengio, 2003, "Inference for the generalization error").
    """
    return np.asarray(sd, np.float64) * np.sqrt(1 / np.asarray(n, np.float64) + overlap)


def mean_interval(x: Floats, overlap: float = 0, bounds: Bounds = UNBOUNDED) -> list[float] | None:
    """Return the 95% interval of the mean of finite values [n], within the bounds; None with fewer than two."""
    n = len(x)
    if n < 2:
        return None
    half = float(student.ppf((1 + CONFIDENCE) / 2, n - 1) * standard_error(x.std(ddof=1), n, overlap))
    mean = float(x.mean())
    return [max(bounds[0], mean - half), min(bounds[1], mean + half)]


def wilson(successes: ArrayLike, n: ArrayLike) -> Floats:
    """Return the 95% interval of a share, [..., 2] (Wilson, 1927, "Probable inference"); it stays in [0, 1]."""
    k, count = np.asarray(successes, np.float64), np.asarray(n, np.float64)
    z = student.NORMAL.inv_cdf((1 + CONFIDENCE) / 2)
    centre = (k + z**2 / 2) / (count + z**2)
    half = z / (count + z**2) * np.sqrt(k * (count - k) / count + z**2 / 4)
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


def as_list(interval: Sequence[float] | Floats) -> list[float]:
    return [float(end) for end in interval]
